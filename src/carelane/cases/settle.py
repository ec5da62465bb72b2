"""An effect's outcome reaches its case: states that wait on it move on, what failed becomes a person's work.

Payload `effect`: `outcome` (`done`, `refused`, `needs-person`, `withdrawn`) and `cause`; `refers.effect` says which.
"""

from collections.abc import Mapping
from uuid import UUID

from carelane.cases import effects, levels
from carelane.cases.go import Why, follow, move
from carelane.cases.milestones import is_milestone
from carelane.cases.model import EffectState, EffectView, OpenStep
from carelane.cases.run import Run
from carelane.cases.words import EFFECT_UNKNOWN
from carelane.facts.intent import UNREACHED, Audience
from carelane.facts.replacing import replace

_ENDS: Mapping[str, EffectState] = {
    "done": EffectState.DONE,
    "refused": EffectState.DEAD,
    "needs-person": EffectState.DEAD,
    "withdrawn": EffectState.WITHDRAWN,
}
_TOLD = ("name", "cause", "capability", "connection")
_WELL = frozenset({EffectState.DONE, EffectState.WITHDRAWN})


def settle(run: Run) -> str:
    """Note the outcome and act on it, once."""
    effect = _find(run, run.fact.refers.get("effect"))
    outcome = _outcome(run)
    if effect is None or outcome not in _ENDS:
        return EFFECT_UNKNOWN
    after = replace(effect, state=_ENDS[outcome])
    run.effects = [after if each.id == effect.id else each for each in run.effects]
    run.because(f"effect {effect.name}", outcome)
    if outcome == "done":
        _done(run, after)
    elif outcome != "withdrawn":
        _failed(run, after, outcome)
    run.owed = tuple(each for each in run.owed if each != effect.id)
    return ""


def _find(run: Run, effect: UUID | None) -> EffectView | None:
    return next((each for each in run.effects if each.id == effect), None)


def _outcome(run: Run) -> str:
    told = run.fact.payload.reveal().get("effect")
    outcome = told.get("outcome") if isinstance(told, Mapping) else None
    return outcome if isinstance(outcome, str) else ""


def _done(run: Run, effect: EffectView) -> None:
    if run.cancelled or effect.id in run.owed:
        effects.compensate(run, effect)
    step = _step(run, effect)
    if step is None:
        return
    edge = run.state(step.state).effect_outcomes.get("done")
    waiting = any(each.step == step.id and each.state not in _WELL for each in run.effects)
    if edge is not None and not waiting:
        follow(run, step, edge, Why(how=f"effect {effect.name} done"))


def _failed(run: Run, effect: EffectView, outcome: str) -> None:
    """Refused or given up: the state's own edge, else what the effect declares, else a person."""
    if is_milestone(run, effect):
        return  # who can't be written to reads it where it stands; a dead letter has an owner anyway
    step = _step(run, effect)
    if effect.compensates is not None or step is None:
        _give(run, effect)
        return
    if run.definition.language > 1 and effect.audience is not Audience.STAFF:
        effects.fail(run, effect)
    edge = run.state(step.state).effect_outcomes.get(outcome)
    if edge is not None:
        follow(run, step, edge, Why(how=f"effect {effect.name} {outcome}"))
        return
    _as_declared(run, effect, step)


def _as_declared(run: Run, effect: EffectView, step: OpenStep) -> None:
    kind = run.definition.effects.get(
        effect.name
    )  # none: an alert that the engine made of a notice
    wanted = kind.on_failure if kind is not None else "level_up"
    if wanted == "level_up":
        above = [each for each in run.state(step.state).escalate if each.level > step.clock.level]
        if above:
            lowest = min(above, key=lambda each: each.level)
            levels.fire(run, step, [lowest], calendar=levels.bound(run, step).calendar)
            return
    elif wanted in run.definition.states:
        move(run, step, wanted, Why(how=f"effect {effect.name} failed"), afresh=True)
        return
    _give(run, effect)


def _give(run: Run, effect: EffectView) -> None:
    """A person's work: with what was wanted, and why it could not be."""
    found = run.fact.payload.reveal().get("effect")
    said = found if isinstance(found, Mapping) else {}
    told = {name: said[name] for name in _TOLD if isinstance(said.get(name), str)}
    unreached = effect.audience is Audience.PATIENT and said.get("cause") in UNREACHED
    run.emit_dead(effect.id, told=told, unreached=unreached)


def _step(run: Run, effect: EffectView) -> OpenStep | None:
    return run.step(effect.step) if effect.step is not None else None
