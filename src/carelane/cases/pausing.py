"""Clocks that stop by declared states and events (`pauses`), and run on after them. Safety clocks never stop."""

from dataclasses import replace

from carelane.cases import clocks, levels
from carelane.cases.model import OpenStep
from carelane.cases.regions import block_of
from carelane.cases.run import Run
from carelane.pathways.definition import PauseRule, State


def entered(run: Run, state: State) -> None:
    """A state inside blocks is entered: the clocks that name it stop."""
    for step, rule in _around(run, state):
        pause(run, step, rule)


def left(run: Run, state: State) -> None:
    """A state inside blocks is left: the clocks that it stopped run on."""
    for step, rule in _around(run, state):
        resume(run, step, rule)


def heard(run: Run) -> None:
    """An event was applied: clocks of steps that are still open stop by it, or run on."""
    for step in tuple(run.steps):
        for rule in _rules(run, step):
            if rule.event == run.fact.type:
                pause(run, step, rule)
            elif rule.until and rule.until == run.fact.type:
                resume(run, step, rule)


def _around(run: Run, state: State) -> list[tuple[OpenStep, PauseRule]]:
    found: list[tuple[OpenStep, PauseRule]] = []
    here = state.region
    while here:
        step = run.waiting_in(block_of(here))
        if step is None:
            break
        found.extend((step, rule) for rule in _rules(run, step) if rule.state == state.name)
        here = run.state(step.state).region
    return found


def _rules(run: Run, step: OpenStep) -> tuple[PauseRule, ...]:
    spec = run.state(step.state).clock
    return spec.pauses if spec is not None else ()


def pause(run: Run, step: OpenStep, rule: PauseRule) -> None:
    """Stop a step's clock for this reason, with an end; one that has stopped keeps its reason and its end."""
    if step.clock.safety or step.clock.paused_at is not None:
        return
    clock = clocks.pause(
        step.clock,
        now=run.now,
        by=run.now + rule.resume_by,
        reason=rule.reason,
        calendar=levels.bound(run, step).calendar,
    )
    levels.replaced(run, replace(step, clock=clock))
    run.because(f"pause {step.state}", rule.reason)


def resume(run: Run, step: OpenStep, rule: PauseRule) -> None:
    """Let a clock that stopped for this reason run on."""
    if step.clock.paused_at is None or step.clock.pause_reason != rule.reason:
        return
    clock = clocks.resume(
        step.clock,
        run.state(step.state).escalate,
        now=run.now,
        bound=levels.bound(run, step),
    )
    levels.replaced(run, replace(step, clock=clock))
    run.because(f"resume {step.state}", rule.reason)
