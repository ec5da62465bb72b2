"""Clocks that stop by declared states and events (`pauses`), and run on after them. Safety clocks never stop."""

from carelane.cases import clocks, levels
from carelane.cases.model import OpenStep
from carelane.cases.regions import block_of
from carelane.cases.run import Run
from carelane.facts.replacing import replace
from carelane.pathways.definition import Pause, PauseRule, State


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
    if may_stop(step):
        stop(run, step, rule)


def may_stop(step: OpenStep) -> bool:
    """Whether a step's clock may stop: safety clocks never do, and one that has stopped stays as it is."""
    return not step.clock.safety and step.clock.paused_at is None


def stop(run: Run, step: OpenStep, why: Pause | PauseRule) -> None:
    """A clock that may stop stops for this reason, until the end that comes with it."""
    clock = clocks.pause(
        step.clock,
        now=run.now,
        by=run.now + why.resume_by,
        reason=why.reason,
        calendar=levels.bound(run, step).calendar,
    )
    levels.replaced(run, replace(step, clock=clock))
    run.because(f"pause {step.state}", why.reason)


def resume(run: Run, step: OpenStep, rule: PauseRule) -> None:
    """Let a clock that stopped for this reason run on."""
    if step.clock.paused_at is None or step.clock.pause_reason != rule.reason:
        return
    run_on(run, step, rule.reason)


def run_on(run: Run, step: OpenStep, reason: str = "") -> None:
    """A clock that has stopped runs on, because what it stopped for is over, or because a person says so."""
    clock = clocks.resume(
        step.clock,
        run.state(step.state).escalate,
        now=run.now,
        bound=levels.bound(run, step),
    )
    levels.replaced(run, replace(step, clock=clock))
    run.because(f"resume {step.state}", reason)
