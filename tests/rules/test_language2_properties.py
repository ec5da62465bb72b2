"""Properties of the core over random histories of a pathway that uses every construct, each with a mutant.

Moves are declared facts, people's outcomes on any open step, effects' ends, undos, and passing time.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from carelane.cases import step
from carelane.cases.model import Case, Change, Definitions, Late, OpenStep, Step, View
from carelane.cases.regions import block_of
from carelane.facts.fact import Actor, Fact, Json
from carelane.facts.replacing import replace
from carelane.testing.core import invariants
from carelane.testing.core.play import Decide, Play, ending, replay
from carelane.testing.core.site import completed, definitions_of, fact, settled
from tests.rules.language2 import ANY, BOARD
from tests.rules.test_language2_pathways import FOLDER, definition_of
from tests.rules.texts import loaded

MINUTE = timedelta(minutes=1)
DEFINITIONS = definitions_of(
    definition_of(FOLDER / "surgery-clearance.yaml"), loaded(ANY), loaded(BOARD)
)
Move = tuple[str, int, int]
_KINDS = (
    "surgery.requested", "surgery.cancelled", "question.asked", "message.received", "records.requested",
    "records.arrived", "patient.died", "case.closed", "request.received", "request.cancelled", "patient.asked",
    "patient.answered", "task", "task", "task", "effect", "effect", "undo", "override", "wait", "wait",
)  # fmt: skip
MOVES = st.lists(
    st.tuples(st.sampled_from(_KINDS), st.integers(0, 7), st.integers(0, 11)), max_size=24
)
START: list[Move] = [("surgery.requested", 0, 2), ("request.received", 0, 2)]
TWO_HOLDS: list[Move] = [*[("surgery.cancelled", 0, 0)] * 3, ("wait", 0, 4)]
_FEW = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def message(kind: str, which: int, detail: int, at: datetime) -> Fact:
    """A fact about one of two orders, with details that differ by number."""
    payload: dict[str, Json] = {
        "request": {
            "organ": ("heart", "lung", "both", "none")[detail % 4],
            "risk": ("low", "high")[detail % 2],
            "implant": ["one"] * (detail % 3),
            "site": ("heart", "lung", "both", "neither")[detail % 4],
            "surgery_at": (at + timedelta(days=detail)).isoformat(),
        },
        "message": {"text": ("hello", "a fever", "Chest pain!")[detail % 3]},
        "closed": {
            "pathway": ("prior-authorisation", "another")[detail % 2],
            "outcome": ("approved", "denied", "lost")[detail % 3],
        },
    }
    return fact(kind, at=at, keys={"placer_order": f"order-{which % 2}"}, payload=payload)


def make(game: Play, move: Move) -> None:
    """One move; those that find nothing to do let a minute pass."""
    kind, which, detail = move
    game.now += MINUTE
    steps = [(case, each) for case in game.view.cases for each in case.steps]
    if kind == "wait":
        game.wait(detail * detail * timedelta(hours=2))
    elif kind in {"task", "override"} and steps:
        acted = act(game, kind, *steps[which % len(steps)], detail)
        if acted is not None:
            game.tell(acted)
    elif kind == "undo":
        for case in game.view.cases:
            if case.undo is not None and case.undo.step.task is not None:
                refers = {"task": case.undo.step.task, "case": case.id}
                game.tell(fact("task.undone", at=game.now - MINUTE, refers=refers, name=detail))
    elif kind == "effect":
        effects = [
            (case, one) for case in (*game.view.cases, *game.view.closed) for one in case.effects
        ]
        if effects:
            case, one = effects[which % len(effects)]
            outcome = ("done", "refused", "needs-person", "withdrawn")[detail % 4]
            game.tell(settled(one.id, outcome, at=game.now, case=case.id))
    elif kind not in {"task", "override"}:
        game.tell(message(kind, which, detail, game.now))


def act(game: Play, kind: str, case: Case, at: OpenStep, detail: int) -> Fact | None:
    """What a person does to an open step: one of its outcomes, or a state of the pathway against the rule."""
    definition = DEFINITIONS.pinned[case.release]
    if kind == "override":
        names = sorted(definition.states)
        form: dict[str, Json] = {"state": names[detail % len(names)], "reason": "x"}
        refers = {"step": at.id, "case": case.id}
        payload: dict[str, Json] = {"task": {"form": form}}
        return fact(
            "routing.overridden", at=game.now, refers=refers, payload=payload, actor=Actor.PERSON
        )
    outcomes = sorted(definition.states[at.state].outcomes)
    if at.task is None or not outcomes:
        return None
    kinds = definition.tasks[at.task_name]
    form = {"reached": True, "fit": detail % 2 == 0, "reason": next(iter(kinds.reasons), "x")}
    return completed(
        at.task, outcomes[detail % len(outcomes)], at=game.now, form=form, case=case.id
    )


def structured(view: View) -> list[str]:
    """Blocks: a step inside one has the block's own step open, and each open region waits exactly once."""
    found: list[str] = []
    for case in view.cases:
        states = DEFINITIONS.pinned[case.release].states
        open_in = [each.state for each in case.steps]
        regions = [states[name].region for name in open_in]
        if len(set(regions)) != len(regions):
            found.append(f"case {case.id} waits twice in one region")
        found.extend(
            f"case {case.id} waits inside a block that does not"
            for region in filter(None, regions)
            if block_of(region) not in open_in
        )
        going_on = {path for path, each in case.regions.items() if not each.outcome}
        if going_on != {region for region in regions if region}:
            found.append(f"case {case.id} says other regions go on than wait")
    found.extend(f"case {case.id} is closed with regions" for case in view.closed if case.regions)
    return found


def safe_clocks(view: View) -> list[str]:
    """A paused clock has an end, and no safety clock is paused."""
    return [
        f"clock of {each.state} is paused without an end"
        for case in view.cases
        for each in case.steps
        if each.clock.paused_at is not None
        and (each.clock.safety or each.clock.due_at <= each.clock.paused_at)
    ]


def broken(moves: Sequence[Move], decide: Decide = step) -> list[str]:
    """What a history breaks, asked after every decision."""
    game = Play(definitions=DEFINITIONS)
    found: list[str] = []

    def watched(d: Definitions, view: View, late: Late, told: Fact, now: datetime) -> Step:
        decided = decide(d, view, late, told, now)
        found.extend(invariants.cancel_wins(view, decided))
        found.extend(invariants.only_raised(view, decided))
        found.extend(invariants.explained(decided))
        found.extend(f"parked: {each.parked}" for each in decided.changes if each.parked)
        return decided

    game.decide = watched
    for move in (*START, *moves):
        make(game, move)
        for check in (invariants.owned, invariants.unique, structured, safe_clocks):
            found.extend(check(game.view))
        if found:
            return found
    return found + invariants.in_order(game.steps)


@pytest.mark.invariant("I6")
@pytest.mark.invariant("I7")
@pytest.mark.invariant("I17")
@_FEW
@given(MOVES)
def test_language2_no_history_breaks_an_invariant(moves: list[Move]) -> None:
    """Nothing is parked, and every open case waits with owner, clock and fallback: the core is total."""
    assert broken(moves) == []


@pytest.mark.invariant("I15")
@_FEW
@given(MOVES)
@example(TWO_HOLDS)
def test_language2_the_same_history_gives_the_same_state_and_ids(moves: list[Move]) -> None:
    """Facts and their times, decided again from nothing, give the same ends and the same snapshot."""
    game = played(moves)
    assert kept(replay(game)) == kept(game)


def played(moves: Sequence[Move], decide: Decide = step) -> Play:
    """A whole history."""
    game = Play(definitions=DEFINITIONS, decide=decide)
    for move in (*START, *moves):
        make(game, move)
    return game


def kept(game: Play) -> dict[str, object]:
    """All that a replay must give again: what came of each fact, and where everything stands."""
    return {
        "ends": [ending(each) for each in game.steps],
        "regions": [case.regions for case in game.view.cases],
        **invariants.snapshot(game.view),
    }


def by_chance(change: str) -> Decide:
    """The core, with tasks' ids or the time of a hold from a counter instead of from facts and times."""
    numbers = count(1)

    def chance(changed: Change) -> Change:
        steps = tuple(replace(s, task=UUID(int=next(numbers))) for s in changed.after.steps)
        return replace(changed, after=replace(changed.after, steps=steps))

    def mutant(d: Definitions, view: View, late: Late, told: Fact, now: datetime) -> Step:
        decided = step(d, view, late, told, now)
        if change == "ids":
            return replace(decided, changes=tuple(chance(each) for each in decided.changes))
        if decided.held is None:
            return decided
        until = decided.held.until + next(numbers) * timedelta(hours=3)
        return replace(decided, held=replace(decided.held, until=until))

    return mutant


@pytest.mark.invariant("I15")
@pytest.mark.parametrize("change", ["ids", "holds"])
def test_language2_the_replay_check_catches_chance(change: str) -> None:
    """A history in which two holds end at one instant; the property holds it for the real core."""
    game = played(TWO_HOLDS, by_chance(change))
    ends = [each.now for each in game.steps if each.reason == "hold-over"]
    assert len(ends) == 2
    assert len(set(ends)) == 1
    assert kept(replay(game)) != kept(game)


def changed(change: str) -> Decide:
    """The core, with each changed case spoilt in one way."""

    def spoil(case: Case) -> Case:
        first = next((each for each in case.steps if len(case.steps) > 1), None)
        if first is None:
            return case
        if change == "loses the join":
            return replace(case, steps=tuple(each for each in case.steps if each is not first))
        if change == "forgets a region":
            return replace(case, regions=dict(list(case.regions.items())[1:]))
        if change == "opens twice":
            return replace(case, steps=(*case.steps, case.steps[-1]))
        return replace(case, steps=(replace(first, fallback=""), *case.steps[1:]))

    def mutant(d: Definitions, view: View, late: Late, told: Fact, now: datetime) -> Step:
        decided = step(d, view, late, told, now)
        return replace(
            decided,
            changes=tuple(replace(each, after=spoil(each.after)) for each in decided.changes),
        )

    return mutant


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("loses the join", "inside a block that does not"),
        ("forgets a region", "says other regions"),
        ("opens twice", "waits twice"),
        ("has no fallback", "no fallback"),
    ],
)
def test_language2_the_checks_catch_a_mutant(change: str, sentence: str) -> None:
    """Each broken core is found on the shortest history, which the real one passes."""
    assert broken([]) == []
    assert any(sentence in each for each in broken([], changed(change)))
