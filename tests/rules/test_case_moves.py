"""Running cases move between releases: never without a clock, a kept clock keeps its time, and a move can be undone."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carelane.cases import clocks, moves
from carelane.cases.model import Case, Clock, Definitions, View
from carelane.cases.moves import ClockRule, Target
from carelane.cases.words import (
    ACTED_ON,
    CASE_MIGRATED,
    CASE_RESTORED,
    EFFECT_OUTSTANDING,
    MOVED_ALREADY,
    NOT_MAPPED,
)
from carelane.facts.fact import Actor, Fact, Json
from carelane.facts.replacing import replace
from carelane.pathways.calendar import elapsed
from carelane.pathways.definition import ClockKind, Definition, State
from carelane.proofs.mapping import alike, draft, read_mapping
from carelane.store.shapes import decode_case, encode, moved_of, moved_shape
from carelane.testing.core import invariants
from carelane.testing.core.pathways import critical, referral
from carelane.testing.core.play import Play
from carelane.testing.core.site import OFFICE_HOURS, fact
from tests.rules.language2 import REVIEW, begun, do
from tests.rules.test_step_properties import DEFINITIONS, MINUTE, MOVES, Move, make
from tests.rules.texts import edited, loaded

OLD = referral()
_FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def faster(state: State) -> State:
    """Half the time, where a clock has a time."""
    clock = state.clock
    if (
        clock is None
        or clock.due is None
        or clock.kind in {ClockKind.BUSINESS_DAYS, ClockKind.CALENDAR_DAYS}
    ):
        return state
    return replace(
        state, clock=replace(clock, due=clock.due / 2, warn=clock.warn / 2 if clock.warn else None)
    )


def newer(**changed: State) -> Definition:
    """Another release: faster clocks, and these states instead."""
    states = {name: faster(state) for name, state in OLD.states.items()} | changed
    return replace(OLD, version="2", digest="referral-2", states=states)


NEW = newer()
BOTH = Definitions(
    pinned={**DEFINITIONS.pinned, NEW.digest: NEW, critical().digest: critical()},
    active=DEFINITIONS.active,
)
WAITING = [name for name, state in OLD.states.items() if not state.final]


def migrated(
    case: Case, targets: Mapping[str, Target], at: datetime, *, to: str = NEW.digest
) -> Fact:
    """The fact that moves a case."""
    states: dict[str, Json] = {
        name: {"to": each.to, "clock": each.clock.value} for name, each in targets.items()
    }
    return fact(CASE_MIGRATED, at=at, payload={"migration": {"to": to, "states": states}}, refers={"case": case.id},
                actor=Actor.PERSON, person="kira.sandoval", name=case.revision)  # fmt: skip


def restored(case: Case, at: datetime) -> Fact:
    """The fact that takes a move back."""
    return fact(
        CASE_RESTORED, at=at, refers={"case": case.id}, actor=Actor.PERSON, name=case.revision
    )


def played(history: Sequence[Move]) -> Play:
    """A history of the old release."""
    game = Play(definitions=BOTH)
    for move in history:
        make(game, move)
    return game


def used(clock: Clock, at: datetime) -> timedelta:
    """How much of its kind of time a clock has counted; told apart from the core's own way."""
    ran = [(each.from_at, each.to_at) for each in clock.intervals if each.from_at != each.to_at]
    if clock.paused_at is None:
        ran.append((clocks.running_since(clock), at))
    return sum((elapsed(clock.kind, one, two, OFFICE_HOURS) for one, two in ran), timedelta(0))


def open_ones(view: View) -> list[Case]:
    """Open cases of the pathway that moves."""
    return [case for case in view.cases if case.pathway == OLD.name and case.parked_by is None]


@pytest.mark.invariant("I7")
@pytest.mark.requirement("R5")
@_FEW
@given(
    MOVES,
    st.lists(st.sampled_from(list(ClockRule)), min_size=len(WAITING), max_size=len(WAITING)),
    MOVES,
)
def test_no_case_is_ever_without_a_clock_and_a_kept_one_keeps_its_time(
    history: list[Move], rules: list[ClockRule], after: list[Move]
) -> None:
    """After any history, by any rules; what follows on the new release breaks nothing either."""
    game = played(history)
    targets = {name: Target(to=name, clock=rule) for name, rule in zip(WAITING, rules, strict=True)}
    for case in open_ones(game.view):
        game.tell(migrated(case, targets, game.now))
        now = next(each for each in game.view.cases if each.id == case.id)
        assert now.release in {NEW.digest, case.release}
        assert [step.id for step in now.steps] == [step.id for step in case.steps]
        for was, step in zip(case.steps, now.steps, strict=True):
            assert step.clock.due_at is not None
            if targets[was.state].clock is ClockRule.KEEP:
                for later in (timedelta(0), timedelta(hours=7), timedelta(days=4)):
                    assert used(step.clock, game.now + later) == used(was.clock, game.now + later)
                assert step.clock.due_at == was.clock.due_at
            if targets[was.state].clock is ClockRule.CONVERT and step.clock.kind is was.clock.kind:
                assert used(step.clock, game.now) == used(was.clock, game.now)
    assert invariants.owned(game.view) == []
    for move in after:
        make(game, move)
        assert invariants.owned(game.view) == []


@_FEW
@given(MOVES, st.sampled_from(list(ClockRule)))
def test_a_move_nobody_acted_on_is_taken_back_exactly(history: list[Move], rule: ClockRule) -> None:
    """State, owner, clock, deadline, urgency and values are those from before; also through the store's shape."""
    game = played(history)
    for case in open_ones(game.view):
        game.tell(migrated(case, {name: Target(to=name, clock=rule) for name in WAITING}, game.now))
        moved = next(each for each in game.view.cases if each.id == case.id)
        if moved.release != NEW.digest:
            continue
        assert (
            moved_of(decode_case(encode({"moved": moved_shape(moved.moved), "v": 1})).moved)
            == moved.moved
        )
        game.tell(restored(moved, game.now + MINUTE))
        back = next(each for each in game.view.cases if each.id == case.id)
        assert replace(back, revision=0, undo=None) == replace(case, revision=0, undo=None)


def test_mutant_a_kept_clock_that_starts_anew_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were `keep` to start the clock again, its elapsed time would not be what it was."""
    game = Play(definitions=BOTH)
    game.tell(
        fact(
            "referral.received",
            keys={"placer_order": "R1"},
            payload={"request": {"priority": "routine", "specialty": "cardiology"}},
        )
    )
    game.wait(timedelta(hours=2))
    was = game.open_step()
    real = moves._clock  # noqa: SLF001  # the mutant breaks the one place where the rule is applied
    monkeypatch.setattr(
        moves, "_clock", lambda run, step, state, _: real(run, step, state, ClockRule.RESTART)
    )
    game.tell(migrated(game.case(), {name: Target(to=name) for name in WAITING}, game.now))
    assert used(game.open_step().clock, game.now) != used(was.clock, game.now)


def started() -> Play:
    """A referral in triage."""
    game = Play(definitions=BOTH)
    game.tell(
        fact(
            "referral.received",
            keys={"placer_order": "R1"},
            payload={"request": {"priority": "routine", "specialty": "cardiology"}},
        )
    )
    return game


def everywhere(**changed: Target) -> dict[str, Target]:
    """All states to themselves, these otherwise."""
    return {name: Target(to=name) for name in WAITING} | changed


def test_a_case_goes_once_and_only_where_it_is_mapped() -> None:
    """A second time it is there already; what the mapping leaves out or gives to a person stays."""
    game = started()
    state = game.state()
    stays = game.tell(migrated(game.case(), {state: Target(to="person")}, game.now))
    assert stays.reason == NOT_MAPPED
    assert game.tell(migrated(game.case(), {}, game.now + MINUTE)).reason == NOT_MAPPED
    assert game.tell(migrated(game.case(), everywhere(), game.now)).reason == ""
    assert game.case().release == NEW.digest
    assert game.tell(migrated(game.case(), everywhere(), game.now + MINUTE)).reason == MOVED_ALREADY


def test_a_release_that_is_not_there_moves_nothing() -> None:
    """The case keeps its release, owner and clock; nothing is parked."""
    game = started()
    before = game.case()
    told = game.tell(migrated(before, everywhere(), game.now, to="unknown"))
    assert told.reason == "not-moved:release-missing"
    assert game.case() == before


def test_somebody_acted_on_it() -> None:
    """A reassigned or warned wait has no way back."""
    game = started()
    game.tell(migrated(game.case(), everywhere(), game.now))
    step = game.open_step()
    assert step.task is not None
    game.tell(fact("task.reassigned", at=game.now + MINUTE, refers={"task": step.task, "case": game.case().id},
                   payload={"task": {"form": {"pool": "other-desk"}}}, actor=Actor.PERSON))  # fmt: skip
    assert game.open_step().owner.name == "other-desk"
    assert game.tell(restored(game.case(), game.now + MINUTE)).reason == ACTED_ON


def test_whoever_was_given_a_case_keeps_it() -> None:
    """Where both releases give a state to the same owner, a person it was handed to has it after the move."""
    game = started()
    step = game.open_step()
    assert step.task is not None
    game.tell(fact("task.reassigned", at=game.now, refers={"task": step.task, "case": game.case().id},
                   payload={"task": {"form": {"person": "gwen.ashby"}}}, actor=Actor.PERSON))  # fmt: skip
    game.tell(migrated(game.case(), everywhere(), game.now))
    assert game.open_step().owner.name == "gwen.ashby"
    assert game.open_step().task == step.task


def test_an_effect_on_its_way_that_the_new_release_does_not_know() -> None:
    """The case is left to a person: nobody would hear how the effect ended."""
    game = started()
    game.do("accept")
    case = game.case()
    assert any(each.state == "ready" for each in case.effects)
    bare = replace(NEW, digest="bare", effects={})
    game.definitions = Definitions(pinned={**BOTH.pinned, "bare": bare}, active=BOTH.active)
    assert game.tell(migrated(case, everywhere(), game.now, to="bare")).reason == EFFECT_OUTSTANDING


def test_another_task_is_another_task_of_the_same_wait() -> None:
    """The old one ends as moved, the new one opens; the wait and its clock go on."""
    game = started()
    step = game.open_step()
    name = step.state
    kind = replace(NEW.tasks[step.task_name], name="second-look")
    other = replace(newer(**{name: replace(NEW.states[name], task="second-look")}), digest="other",
                    tasks={**NEW.tasks, "second-look": kind})  # fmt: skip
    game.definitions = Definitions(pinned={**BOTH.pinned, "other": other}, active=BOTH.active)
    told = game.tell(migrated(game.case(), everywhere(), game.now, to="other"))
    (was, now, how) = told.changes[0].retasked[0]
    assert (was.id, was.task_name, now.task_name, how) == (
        step.id,
        step.task_name,
        "second-look",
        f"moved to {name}",
    )
    assert now.task not in {None, was.task}
    assert game.open_step().clock.due_at == step.clock.due_at


# Mappings as text.
TEXT = """\
pathway: small
version: "VERSION"
language: 1
subject: patient
title: A small pathway
touches: [none]
events:
  thing.happened:
    key: placer_order
    start: { when: always, unique: placer_order }
    several: one
    none: { ignore: not ours }
tasks:
  look: { title: Look, outcomes: [done, could-not-do], could_not: could-not-do, reasons: [absent] }
pools: { desk: [routine] }
start: open
everywhere: { thing.happened: stay }
states:
  open:
    status: o
    task: look
    owner: { pool: desk }
    clock: { kind: wall, due: 4h }
    fallback: { state: urgent }
    outcomes: { done: closed, could-not-do: late }
  urgent:
    status: o
    task: look
    owner: { pool: desk }
    clock: { kind: wall, due: 1h, safety: true }
    fallback: { state: late }
    outcomes: { done: closed, could-not-do: late }
  late:
    status: o
    task: look
    owner: { pool: desk }
    clock: { kind: business, due: 4h }
    fallback: { repeat: until acknowledged, to: desk }
    outcomes: { done: closed, could-not-do: again }
  closed: { final: true }
"""
HEAD = """\
migrate: small
from: "1"
to: "2"
reason: it is better
"""
WHOLE = """\
states:
  open: { to: open, clock: keep, reason: same }
  urgent: { to: urgent, clock: convert, reason: same }
  late: { to: late, clock: restart, reason: same }
"""


def small(version: str, *edits: tuple[str, str]) -> Definition:
    """A release of the small pathway."""
    return loaded(edited(TEXT.replace("VERSION", version), *edits))


def test_a_mapping_is_read_and_named() -> None:
    """Where each state goes, what each clock does, and why; its digest names it in the audit."""
    found, problems = read_mapping(HEAD + WHOLE, small("1"), small("2"))
    assert problems == ()
    assert found is not None
    assert {name: (each.to, each.clock.value) for name, each in found.targets.items()} == {
        "open": ("open", "keep"),
        "urgent": ("urgent", "convert"),
        "late": ("late", "restart"),
    }
    assert len(found.digest) == 64
    alone, _ = read_mapping(
        HEAD + "unchanged: { clock: keep, reason: same }\n", small("1"), small("2")
    )
    assert alone is not None
    assert set(alone.targets) == {"open", "urgent", "late"}


BAD = [
    (
        WHOLE.replace("  late: { to: late, clock: restart, reason: same }\n", ""),
        "Nothing says where cases in `late` go",
        "open:",
    ),
    (WHOLE.replace("to: late", "to: closed"), "No case waits in `closed`", "late:"),
    (WHOLE.replace("to: late", "to: nowhere"), "no state `nowhere`", "late:"),
    (
        WHOLE.replace("urgent, clock: convert", "urgent, clock: restart"),
        "never started anew",
        "urgent:",
    ),
    (
        WHOLE.replace("to: open, clock: keep", "to: late, clock: keep"),
        "kept only where both count",
        "open:",
    ),
    (
        WHOLE.replace("to: open, clock: keep", "to: urgent, clock: restart"),
        "never started anew",
        "open:",
    ),
    (WHOLE.replace(", reason: same }", " }", 1), "has no `reason`", "open:"),
    (WHOLE.replace("clock: keep, ", ""), "does not say what its clock does", "open:"),
    (WHOLE.replace("clock: keep", "clock: stop"), "can't be `stop`", "open:"),
    (WHOLE + "  opne: { to: open, clock: keep, reason: same }\n", "called `opne`", "opne:"),
]


@pytest.mark.parametrize(("states", "says", "where"), BAD, ids=[each[1] for each in BAD])
def test_a_mapping_that_is_not_total_is_refused(states: str, says: str, where: str) -> None:
    """Each gap with line, column and remedy; a state nobody named, a clock that would give more time."""
    text = HEAD + states
    found, problems = read_mapping(text, small("1"), small("2"), place="map.yaml")
    assert found is None
    mine = [each for each in problems if says in each.message]
    assert mine, [each.line() for each in problems]
    line = 1 + text[: text.index(where)].count("\n")
    assert mine[0].place.startswith(f"map.yaml, line {line}"), mine[0].line()
    assert mine[0].remedy


def test_the_head_names_the_releases() -> None:
    """A mapping of other releases is no mapping of these."""
    _, problems = read_mapping(HEAD.replace('to: "2"', 'to: "3"') + WHOLE, small("1"), small("2"))
    assert ["says `3`, the release is 2" in each.message for each in problems] == [True]
    _, problems = read_mapping(HEAD.replace("small", "large") + WHOLE, small("1"), small("2"))
    assert any("Map one pathway to itself" in each.remedy for each in problems)


def test_a_draft_asks_for_what_nobody_can_know() -> None:
    """States that both say alike keep their clocks; one that changed is to be decided; it is total once filled in.

    As long as a reason is missing it is refused, at each place.
    """
    new = small("2", ("clock: { kind: wall, due: 4h }", "clock: { kind: wall, due: 2h }"))
    assert alike(small("1"), new) == ("urgent", "late")
    text = draft(small("1"), new, {})
    assert "  open: { to: open, clock: convert, reason: WHY }" in text
    found, problems = read_mapping(text, small("1"), new)
    assert found is None
    assert [each.place for each in problems] == ["line 7, column 37", "line 4, column 1"]
    found, problems = read_mapping(text.replace("WHY", "it is faster"), small("1"), new)
    assert found is not None, [each.line() for each in problems]
    assert set(found.targets) == {"open", "urgent", "late"}


# Blocks: regions go one to one.
def renamed_review() -> Definition:
    """The review with its clinical side called medical, and a day less for the money."""
    text = REVIEW.replace("clinical:", "medical:").replace("review.clinical", "review.medical")
    return loaded(text.replace('version: "1"', 'version: "2"').replace("due: 5d", "due: 4d"))


REGIONS = """\
migrate: transplant-review
from: "1"
to: "2"
reason: the side has another name
states:
  review: { to: review, clock: keep, reason: same }
  read: { to: read, clock: keep, reason: same }
  wait-for-records: { to: wait-for-records, clock: keep, reason: same }
  funding: { to: funding, clock: convert, reason: a day less }
  late: { to: late, clock: keep, reason: same }
"""


def test_a_case_in_a_block_moves_with_its_regions() -> None:
    """Its open regions have the new names, its clocks go on, and the join is reached on the new release."""
    old, new = loaded(REVIEW), renamed_review()
    mapping, problems = read_mapping(REGIONS, old, new)
    assert mapping is not None, [each.line() for each in problems]
    game = begun()
    do(game, "fund", "payer")
    game.definitions = Definitions(pinned={old.digest: old, new.digest: new}, active=(new,))
    before = game.case()
    game.tell(migrated(before, mapping.targets, game.now, to=new.digest))
    assert set(game.case().regions) == {"review/medical", "review/money"}
    assert game.case().regions["review/money"].outcome == "found"
    assert {step.state for step in game.case().steps} == {"review", "read"}
    do(game, "look", "looked", fit=True)
    assert game.last().outcome == "accepted"


def test_a_restored_case_in_a_block_has_its_regions_again() -> None:
    """Exactly as it was, the names of its regions too."""
    old, new = loaded(REVIEW), renamed_review()
    mapping, _ = read_mapping(REGIONS, old, new)
    assert mapping is not None
    game = begun()
    game.definitions = Definitions(pinned={old.digest: old, new.digest: new}, active=(new,))
    before = game.case()
    game.tell(migrated(before, mapping.targets, game.now, to=new.digest))
    game.tell(restored(game.case(), game.now + MINUTE))
    assert replace(game.case(), revision=0, undo=None) == replace(before, revision=0, undo=None)


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (
            ("read: { to: read, clock: keep", "read: { to: late, clock: keep"),
            "Only one of the two stands in a region",
        ),
        (
            ("funding: { to: funding, clock: convert", "funding: { to: read, clock: convert"),
            "do not go one to one",
        ),
        (("review: { to: review", "review: { to: late"), "Only one of the two is a block"),
    ],
)
def test_a_mapping_keeps_regions_together(edit: tuple[str, str], says: str) -> None:
    """A region that would be lost, shared or left alone is refused."""
    assert edit[0] in REGIONS
    found, problems = read_mapping(REGIONS.replace(*edit), loaded(REVIEW), renamed_review())
    assert found is None
    assert any(says in each.message for each in problems), [each.line() for each in problems]
