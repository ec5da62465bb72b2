"""Properties of the core over random histories, each with a mutant that its check catches (TRUST 1).

A history is a list of moves of one patient: messages, people's outcomes, effects' outcomes, passing time.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from carelane.cases import step
from carelane.cases.model import Case, Definitions, Late, Step, View
from carelane.facts.fact import Fact, Json, Urgency
from carelane.facts.replacing import replace
from carelane.testing.core import invariants
from carelane.testing.core.pathways import critical, referral
from carelane.testing.core.play import Decide, Play, ending, replay
from carelane.testing.core.site import NOON, Site, definitions_of, fact, settled

MINUTE = timedelta(minutes=1)
DEFINITIONS = definitions_of(referral(), critical())
Move = tuple[str, int, int]
_KINDS = (
    "referral.received",
    "referral.cancelled",
    "report.received",
    "appointment.noshow",
    "result.reported",
    "result.corrected",
    "patient.died",
    "task",
    "effect",
    "wait",
)
MOVES = st.lists(
    st.tuples(st.sampled_from(_KINDS), st.integers(0, 2), st.integers(0, 9)), max_size=14
)
_FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def message(kind: str, which: int, detail: int, at: datetime) -> Fact:
    """A message about one of three orders, with details that differ by number."""
    key = "filler_order" if kind.startswith("result") else "placer_order"
    return fact(
        kind,
        at=at,
        occurred_at=at - detail * MINUTE,
        keys={key: f"order-{which}"},
        payload={
            "request": {
                "priority": ("routine", "urgent", "stat")[detail % 3],
                "specialty": ("cardiology", "neurology")[detail % 2],
            },
            "result": {
                "status": ("final", "corrected")[detail % 2],
                "issued": (at - detail * MINUTE).isoformat(),
                "observation": [{"interpretation": ("N", "HH", "LL")[detail % 3]}],
            },
        },
    )


def make(game: Play, move: Move) -> None:
    """One move; those that find nothing to do let a minute pass."""
    kind, which, detail = move
    game.now += MINUTE
    open_cases = game.view.cases
    if kind == "wait":
        game.wait(detail * detail * timedelta(hours=1))
    elif kind == "task" and open_cases:
        case = open_cases[which % len(open_cases)]
        outcomes = game.definitions.pinned[case.release].states[case.steps[0].state].outcomes
        if outcomes:
            form: dict[str, Json] = {"read_back": True, "reason": "x"}
            game.do(sorted(outcomes)[detail % len(outcomes)], case=case, form=form)
    elif kind == "effect" and open_cases:
        case = open_cases[which % len(open_cases)]
        if case.effects:
            effect = case.effects[detail % len(case.effects)]
            outcome = ("done", "refused", "needs-person", "withdrawn")[detail % 4]
            game.tell(settled(effect.id, outcome, at=game.now, case=case.id))
    elif kind not in {"task", "effect"}:
        game.tell(message(kind, which, detail, game.now))


def broken(moves: Sequence[Move], decide: Decide = step) -> list[str]:
    """What a history breaks, asked after every decision."""
    game = Play(definitions=DEFINITIONS)
    found: list[str] = []

    def watched(d: Definitions, view: View, late: Late, told: Fact, now: datetime) -> Step:
        decided = decide(d, view, late, told, now)
        found.extend(invariants.cancel_wins(view, decided))
        found.extend(invariants.only_raised(view, decided))
        found.extend(invariants.explained(decided))
        return decided

    game.decide = watched
    for move in moves:
        make(game, move)
        found.extend(invariants.owned(game.view))
        found.extend(invariants.unique(game.view))
        if found:
            return found
    return found + invariants.in_order(game.steps)


@pytest.mark.invariant("I5")
@pytest.mark.invariant("I6")
@pytest.mark.invariant("I7")
@pytest.mark.invariant("I17")
@_FEW
@given(MOVES)
def test_no_history_breaks_an_invariant(moves: list[Move]) -> None:
    """Owner, clock and fallback; cancel wins; urgency only rises; one open case per key; a reason for all."""
    assert broken(moves) == []


def each_case(change_case: Callable[[Case], Case]) -> Decide:
    """The core, with each changed case spoilt."""

    def mutant(d: Definitions, view: View, late: Late, told: Fact, now: datetime) -> Step:
        decided = step(d, view, late, told, now)
        changes = tuple(replace(each, after=change_case(each.after)) for each in decided.changes)
        return replace(decided, changes=changes)

    return mutant


def no_owner(case: Case) -> Case:
    """A step nobody owns."""
    steps = tuple(replace(each, owner=replace(each.owner, name="")) for each in case.steps)
    return replace(case, steps=steps)


def no_step(case: Case) -> Case:
    """An open case that waits for nothing."""
    return replace(case, steps=()) if case.closed_at is None else case


def no_cancel_check(case: Case) -> Case:
    """Forgets that the case was cancelled, and says so only too late."""
    return replace(case, cancelled=False)


def lowers(case: Case) -> Case:
    """A rule that lowers an urgency."""
    return replace(case, urgency=Urgency.ROUTINE if case.revision > 1 else case.urgency)


def skips(case: Case) -> Case:
    """Applies out of order: revisions jump."""
    return replace(case, revision=case.revision + 1)


def two_for_one_key(d: Definitions, view: View, late: Late, told: Fact, now: datetime) -> Step:
    """Does not look for an open case before it starts one."""
    if told.type == "referral.received":
        return step(d, replace(view, cases=(), closed=()), late, told, now)
    return step(d, view, late, told, now)


def silent(d: Definitions, view: View, late: Late, told: Fact, now: datetime) -> Step:
    """Moves cases without a reason."""
    decided = step(d, view, late, told, now)
    changes = tuple(replace(each, reasons=()) for each in decided.changes)
    return replace(decided, changes=changes)


HISTORY: list[Move] = [
    ("referral.received", 0, 2),
    ("referral.received", 0, 0),
    ("task", 0, 0),
    ("result.reported", 0, 1),
    ("patient.died", 0, 0),
    ("task", 0, 0),
    ("wait", 0, 4),
]
TWO_HOLDS: list[Move] = [
    ("referral.cancelled", 0, 0),
    ("report.received", 1, 0),
    ("wait", 0, 27),  # past the longer hold, so that both end at one instant
]


@pytest.mark.invariant("I5")
@pytest.mark.invariant("I6")
@pytest.mark.invariant("I7")
@pytest.mark.invariant("I17")
@pytest.mark.parametrize(
    ("mutant", "sentence"),
    [
        (each_case(no_owner), "no owner"),
        (each_case(no_step), "no outcome"),
        (each_case(lowers), "fell from"),
        (each_case(skips), "skipped a revision"),
        (two_for_one_key, "two open cases"),
        (silent, "without a reason"),
    ],
)
def test_the_checks_catch_a_mutant(mutant: Decide, sentence: str) -> None:
    """Each broken core is found on one short history, which the real one passes."""
    assert broken(HISTORY) == []
    assert any(sentence in each for each in broken(HISTORY, mutant))


@pytest.mark.invariant("I6")
def test_the_cancel_check_catches_no_cancel_check() -> None:
    """A core that forgets cancellations starts a record of an acknowledged result after death."""
    game = Play(definitions=DEFINITIONS)
    game.tell(message("result.reported", 0, 1, NOON))
    game.tell(fact("patient.died", at=NOON + MINUTE))
    known = game.view
    forgot = replace(known, cases=tuple(no_cancel_check(case) for case in known.cases))
    for view, found in ((known, 0), (forgot, 1)):
        game.view = view
        decided = game.do("acknowledged", form={"read_back": True})
        assert len(invariants.cancel_wins(known, decided)) == found


@pytest.mark.invariant("I15")
@_FEW
@given(MOVES)
@example(TWO_HOLDS)
def test_the_same_history_gives_the_same_state_and_ids(moves: list[Move]) -> None:
    """Facts and their times, decided again from nothing, give the same snapshot."""
    assert same(moves, step)


@pytest.mark.invariant("I15")
def test_the_replay_check_catches_ids_by_chance() -> None:
    """Mutant: a counter in place of derived ids."""
    numbers = iter(range(1, 10_000))

    def chance(case: Case) -> Case:
        steps = tuple(replace(each, task=UUID(int=next(numbers))) for each in case.steps)
        return replace(case, steps=steps)

    assert not same(HISTORY[:2], each_case(chance))


def same(moves: Sequence[Move], decide: Decide) -> bool:
    """Whether replaying the recorded facts gives the same ends and the same snapshot."""
    game = Play(definitions=DEFINITIONS, decide=decide)
    for move in moves:
        make(game, move)
    again = replay(game)
    ends = [[ending(each) for each in play.steps] for play in (again, game)]
    return ends[0] == ends[1] and invariants.snapshot(again.view) == invariants.snapshot(game.view)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_reordered_messages_of_one_order_converge(order: tuple[int, ...]) -> None:
    """Request, change and cancellation, in whatever order they come: cancelled, once."""
    sent = [
        message("referral.received", 1, 0, NOON),
        message("referral.received", 1, 1, NOON + 10 * MINUTE),
        message("referral.cancelled", 1, 0, NOON + 20 * MINUTE),
    ]
    game = Play(definitions=DEFINITIONS)
    for place, number in enumerate(order):
        game.tell(replace(sent[number], recorded_at=NOON + timedelta(hours=1 + place)))
    assert [case.outcome for case in game.view.closed] == ["closed-cancelled"]
    assert not game.view.cases
    assert not game.view.held


@_FEW
@given(MOVES, st.integers(0, 3))
def test_a_repeated_message_changes_nothing_but_revisions(moves: list[Move], times: int) -> None:
    """The same content under another id: refused as stale, or applied without moving anything."""
    game = Play(definitions=DEFINITIONS)
    for move in moves:
        make(game, move)
    told = message("referral.received", 0, 0, game.now + MINUTE)
    game.tell(told)
    before = states(game.view)
    for number in range(times):
        game.tell(replace(told, id=UUID(int=number)))
    assert states(game.view) == before


def states(view: View) -> list[tuple[UUID, UUID, str, Urgency]]:
    """Where every case is."""
    return [
        (case.id, each.id, each.state, case.urgency) for case in view.cases for each in case.steps
    ]


def test_a_site_that_changes_its_mind_changes_no_decided_step() -> None:
    """Late-bound answers are read once; a new directory version is for the next step."""
    game = Play(definitions=DEFINITIONS)
    game.tell(message("referral.received", 0, 0, NOON))
    owner = game.open_step().owner
    game.site = Site(version=7)
    game.tell(message("referral.received", 0, 1, NOON + 3 * MINUTE))
    assert game.open_step().owner == owner
    game.do("accept")
    assert game.open_step().owner.version == 7
