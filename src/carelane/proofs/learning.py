"""Reads one decision of the engine: where the case stands then, and what it did to counters, variables and outcomes.

A region is looked at by itself: of several open steps the one in the region at hand counts, and those that were begun
by the move; what other regions did at the same time is found when they are looked at.
"""

from collections.abc import Iterator

from carelane.cases.model import Case, Disposition, EffectState, OpenStep, Step
from carelane.pathways.definition import Branch, Definition, OwnerKind, State
from carelane.proofs.boxes import Undecided
from carelane.proofs.moves import Move
from carelane.proofs.nodes import Class, Explored, Way
from carelane.proofs.scenes import Scene
from carelane.proofs.turns import Control, Turn

_UNSETTLED = frozenset({EffectState.READY, EffectState.SENDING, EffectState.UNKNOWN})
Deed = tuple[Scene, tuple[Step, ...]]


def learnt(  # noqa: PLR0913, PLR0917  # what one decision says, put together
    found: Explored, was: Control, move: Move, part: Class, deed: Deed, at: str
) -> Way:
    """The way that a decision took."""
    scene, steps = deed
    before, after = found.scenes[was].case, scene.case
    branch = move.edge.branches[part.branch] if move.edge is not None else None
    targets = tuple(_targets(found, was, move, part, deed, branch.then if branch else at))
    entered = [found.definition.states[each] for each in _entered(found, was, before, after)]
    turn = Turn(
        definition=found.definition, move=move, was=was, now=targets[0], before=before, after=after,
        steps=steps,
    )  # fmt: skip
    return Way(
        move=move,
        pieces=part.pieces,
        targets=targets,
        adds=tuple(
            dict.fromkeys(n.name for one in entered for n in one.counters if n.add == "enter")
        ),
        sets=tuple(_sets(found, branch, part, after, entered)),
        turn=turn,
    )


def unsettled(definition: Definition, case: Case, step: OpenStep) -> frozenset[str]:
    """Effects of a step whose end is still to come; those that the engine made of notices are not the pathway's."""
    return frozenset(
        each.name
        for each in case.effects
        if each.step == step.id and each.state in _UNSETTLED and each.name in definition.effects
    )


def matters(definition: Definition, state: str, effect: str) -> bool:
    """Whether an end of this effect can move a case that waits there."""
    kind = definition.effects[effect]
    return bool(definition.states[state].effect_outcomes) or kind.on_failure in definition.states


def step_in(definition: Definition, case: Case, within: str) -> OpenStep | None:
    """The open step in a region (empty: outside all blocks)."""
    here = (each for each in case.steps if definition.states[each.state].region == within)
    return next(here, None)


def _targets(  # noqa: PLR0913, PLR0917  # what one decision says, put together
    found: Explored, was: Control, move: Move, part: Class, deed: Deed, then: str
) -> Iterator[Control]:
    scene, steps = deed
    case, before = scene.case, found.scenes[was].case
    if case is None or any(each.disposition is Disposition.PARKED for each in steps):
        yield was
        return
    kept = was.kept | found.promises.kept_by(move)
    if not case.steps:
        final = then if then in found.definition.states else was.state
        yield Control(state=final, closed=True, kept=kept, flagged=part.flagged)
        return
    main = _main(found, was, case)
    if main is None:
        yield Control(
            state=then, within=was.within, ended=True, kept=kept, flagged=part.flagged,
            cancelled=case.cancelled, acted=_acted(found, case),
        )  # fmt: skip
        return
    old = {each.id for each in before.steps} if before is not None else set()
    begun = [each for each in case.steps if each.id not in old and each.id != main.id]
    fresh = main.id not in old
    for step in (main, *(begun if fresh else ())):
        owner = (part.owner if fresh else was.owner) if step is main else ""
        yield _standing(found, case, step, kept, part.flagged, owner)


def _main(found: Explored, was: Control, case: Case) -> OpenStep | None:
    """The step that goes on where the move was made; none where its region is over."""
    within = was.within
    step = step_in(found.definition, case, within)
    while step is None and within:
        if within in case.regions and case.regions[within].outcome:
            return None
        within = found.definition.states[within.rpartition("/")[0]].region
        step = step_in(found.definition, case, within)
    if step is None:
        raise Undecided("A case stands where the prover does not know it.")
    return step


def _standing(  # noqa: PLR0913, PLR0917  # a control's parts
    found: Explored, case: Case, step: OpenStep, kept: frozenset[int], flagged: int, owner: str
) -> Control:
    definition, state = found.definition, found.definition.states[step.state]
    pending = (n for n in unsettled(definition, case, step) if matters(definition, step.state, n))
    return Control(
        state=step.state,
        within=state.region,
        opened=frozenset(_opened(state, case)),
        owner=owner,
        pending=frozenset(pending),
        failed=_failed(definition, case, step),
        cancelled=case.cancelled,
        acted=_acted(found, case),
        kept=kept,
        flagged=flagged,
    )


def _opened(state: State, case: Case) -> Iterator[str]:
    for name in state.block.regions if state.block is not None else ():
        if f"{state.name}/{name}" in case.regions:
            yield name


def _failed(definition: Definition, case: Case, step: OpenStep) -> bool:
    """Whether an effect of the step ended badly, so that `done` can't come any more."""
    if "done" not in definition.states[step.state].effect_outcomes:
        return False
    return any(each.step == step.id and each.state is EffectState.DEAD for each in case.effects)


def _acted(found: Explored, case: Case) -> bool:
    asked = any(
        state.owner is not None and state.owner.kind is OwnerKind.PERSON
        for state in found.definition.states.values()
    )
    return bool(case.last_actor) and asked


def _entered(found: Explored, was: Control, before: Case | None, after: Case | None) -> list[str]:
    """The states that the move entered: in its own region, and what they begin."""
    if after is None or not after.steps:
        return []
    old = {each.id for each in before.steps} if before is not None else set()
    main = _main(found, was, after)
    if main is None or main.id in old:
        return []
    return [each.state for each in after.steps if each.id not in old]


def _sets(
    found: Explored,
    branch: Branch | None,
    part: Class,
    after: Case | None,
    entered: list[State],
) -> Iterator[tuple[int, int]]:
    """Variables that the branch sets, outcomes that a block which begins forgets, answers that were taken."""
    if after is None:
        return
    names = set(branch.sets) if branch is not None else set()
    for state in entered:
        if state.block is not None:
            names |= {
                one for one in found.regions.space.coordinates if one.startswith(f"{state.name}.")
            }
    for name, one in found.regions.space.coordinates.items():
        answered = name.startswith("closed.") and not part.box & one.missing
        if name in names or (answered and after.values.get(name) is None and entered):
            yield one.mask, one.holding(after.values.get(name))
