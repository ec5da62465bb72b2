"""Several cases and several subjects: first n in order, waits, calls, phrases, a waitlist together."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

import pytest

from carelane.cases.model import Case, View
from carelane.engine.outward import emitted, named
from carelane.facts.fact import Fact, Json, SubjectKind
from carelane.facts.ids import name_id
from carelane.pathways.definition import Definition
from carelane.pathways.inputs import carry
from carelane.pathways.phrases import found_in
from carelane.testing.core.play import Play
from carelane.testing.core.site import NOON, ORGANISATION, definitions_of, fact, settled, view_of
from tests.rules.language2 import ASK, CALLER, DAY, HOUR, REVIEW, begun, case, do, states, tell
from tests.rules.test_language2_pathways import FOLDER, definition_of
from tests.rules.texts import loaded

ENTRY = definition_of(FOLDER / "waitlist-entry.yaml")
OFFER = definition_of(FOLDER / "waitlist-offer.yaml")
SLOT = definition_of(FOLDER / "slot-fill.yaml")
CLEARANCE = definition_of(FOLDER / "surgery-clearance.yaml")


@dataclass(slots=True)
class World:
    """Several subjects, each played apart; what one sends reaches the other as `engine` would deliver it."""

    definitions: tuple[Definition, ...] = (ENTRY, OFFER, SLOT)
    games: dict[UUID, Play] = field(default_factory=dict)
    delivered: list[str] = field(default_factory=list)

    def game(self, subject: UUID, kind: SubjectKind) -> Play:
        """The play of one subject."""
        if subject not in self.games:
            view = view_of(subject, kind)
            self.games[subject] = Play(definitions=definitions_of(*self.definitions), view=view)
        return self.games[subject]

    def tell(self, told: Fact, kind: SubjectKind) -> None:
        """Decide a fact, then all that follows from it on other subjects."""
        waiting = [(told, kind)]
        while waiting:
            one, of = waiting.pop(0)
            decided = self.game(one.subject, of).tell(one)
            kinds = {subject: SubjectKind(made) for subject, made, _ in named([decided])}
            for each in emitted([decided]):
                self.delivered.append(each.type)
                known = self.games.get(each.subject)
                there = known.view.kind if known else kinds.get(each.subject, of)
                waiting.append((each, there))

    def cases(self, pathway: str) -> list[Case]:
        """All cases of a pathway, open ones first."""
        views = [game.view for game in self.games.values()]
        found = [one for view in views for one in (*view.cases, *view.closed)]
        return [one for one in found if one.pathway == pathway]


def patient(name: str) -> UUID:
    """A patient of ours."""
    return name_id(ORGANISATION, "patient", name)


COHORT = name_id(ORGANISATION, SubjectKind.SHARED, "cardiology")
A_SLOT = name_id(ORGANISATION, SubjectKind.SLOT, "S1")


def added(who: str, minute: int, **entry: Json) -> Fact:
    """A patient on the waiting list."""
    payload: dict[str, Json] = {
        "entry": {"patient": str(patient(who)), "cohort": "cardiology", "prepared": True, "language": "en", **entry}
    }  # fmt: skip
    at = NOON + timedelta(minutes=minute)
    return fact("waitlist.added", at=at, keys={"patient": who}, payload=payload, subject=COHORT)


def freed() -> Fact:
    """A slot in four days is free."""
    slot: dict[str, Json] = {
        "identifier": "S1", "cohort": "cardiology", "language": "en", "start": (NOON + 4 * DAY).isoformat(),
    }  # fmt: skip
    at = NOON + HOUR
    return fact("slot.freed", at=at, keys={"slot": "S1"}, payload={"slot": slot}, subject=A_SLOT)


def reply(world: World, who: str, answer: str, minute: int) -> None:
    """The patient answers the offer."""
    (offer,) = world.games[patient(who)].view.cases
    (token,) = offer.keys["offer"]
    told = fact(
        "offer.reply",
        at=NOON + HOUR + timedelta(minutes=minute),
        keys={"offer": token},
        payload={"reply": {"answer": answer}},
        subject=patient(who),
    )
    world.tell(told, SubjectKind.PATIENT)


def test_a_waitlist_of_three_pathways_gives_the_slot_to_exactly_one() -> None:
    """Two accept; the slot decides, in its own order; all are told, and the list is as it was for the others."""
    world = World()
    for minute, who in enumerate(("maria", "juan", "ana", "li")):
        world.tell(added(who, minute), SubjectKind.SHARED)
    world.tell(freed(), SubjectKind.SLOT)
    assert len(world.cases("waitlist-offer")) == 3
    assert patient("li") not in world.games
    reply(world, "juan", "yes", 2)
    reply(world, "maria", "yes", 3)
    (slot,) = world.cases("slot-fill")
    assert slot.values["winner"] == str(patient("juan"))
    for name in ("hold", "book"):
        (slot,) = world.cases("slot-fill")
        effect = next(each for each in slot.effects if each.name == name)
        told = settled(effect.id, "done", at=NOON + 2 * HOUR, case=slot.id)
        world.tell(on(told, A_SLOT), SubjectKind.SLOT)
    stands = {
        each.subject: [one.state for one in each.steps] for each in world.cases("waitlist-offer")
    }
    assert stands[patient("juan")] == ["won"]
    assert stands[patient("maria")] == ["lost"]
    assert {one.outcome for one in world.cases("slot-fill")} == {"filled"}
    assert world.delivered.count("offer.won") == 1


def on(told: Fact, subject: UUID) -> Fact:
    """The fact, on this subject."""
    return replace(told, subject=subject)


def test_first_n_follow_the_declared_order() -> None:
    """Urgency first, then who was never offered anything, then the longest wait; ties by id, so replay repeats it."""
    world = World()
    for minute, who in enumerate(("a", "b", "c", "d")):
        world.tell(added(who, minute), SubjectKind.SHARED)
    wanted = fact(
        "offers.wanted",
        at=NOON + HOUR,
        keys={"slot": "S1"},
        payload={"language": "en"},
        subject=COHORT,
    )
    world.tell(wanted, SubjectKind.SHARED)
    offered = [each for each in world.cases("waitlist-entry") if each.steps[0].state == "offered"]
    assert {next(iter(each.keys["patient"])) for each in offered} == {"a", "b", "c"}
    closed = fact("offers.closed", at=NOON + 2 * HOUR, keys={"slot": "S1"}, subject=COHORT)
    world.tell(closed, SubjectKind.SHARED)
    again = fact(
        "offers.wanted",
        at=NOON + 3 * HOUR,
        keys={"slot": "S2"},
        payload={"language": "en"},
        subject=COHORT,
    )
    world.tell(again, SubjectKind.SHARED)
    offered = [each for each in world.cases("waitlist-entry") if each.steps[0].state == "offered"]
    assert {next(iter(each.keys["patient"])) for each in offered} == {"d", "a", "b"}


def closed_fact(
    outcome: str, *, at_hour: int, pathway: str = "prior-authorisation", key: str = "R1"
) -> Fact:
    """Another case's end, as it is announced."""
    payload: Mapping[str, Json] = {"closed": {"pathway": pathway, "outcome": outcome}}
    return fact(
        "case.closed",
        at=NOON + at_hour * HOUR,
        keys={"placer_order": key},
        payload=payload,
        name=at_hour,
    )


def to_payer(game: Play) -> None:
    """As far as the wait for the payer."""
    tell(game, "surgery.requested", {"request": {"organ": "none"}}, placer_order="R1")
    do(game, "settle", "cleared")
    do(game, "ask/talk", "consented", reached=True)


@pytest.mark.parametrize(
    ("told", "state"),
    [
        (closed_fact("approved", at_hour=1), "booking"),
        (closed_fact("denied", at_hour=1), "by-hand"),
        (closed_fact("withdrawn", at_hour=1), "by-hand"),
        (closed_fact("approved", at_hour=1, pathway="another"), "payer"),
        (closed_fact("approved", at_hour=1, key="R2"), "payer"),
    ],
)
def test_a_wait_hears_of_its_own_case_only(told: Fact, state: str) -> None:
    """By pathway and key; an outcome nobody listed goes the other way."""
    game = Play(definitions=definitions_of(CLEARANCE))
    to_payer(game)
    game.tell(told)
    assert states(game) == {state}


@pytest.mark.parametrize(("later", "state"), [(5 * DAY, "booking"), (70 * DAY, "payer")])
def test_a_wait_counts_an_end_within_its_window_once(later: timedelta, state: str) -> None:
    """Heard of before anyone waited; too long ago counts no more."""
    game = Play(definitions=definitions_of(CLEARANCE))
    game.tell(closed_fact("approved", at_hour=0))
    assert game.steps[-1].disposition.value == "held"
    game.now += later
    game.expire_holds()
    to_payer(game)
    assert states(game) == {state}
    assert not [name for name in case(game).values if name.startswith("closed.")]


def test_a_pathway_announces_every_end_with_its_keys() -> None:
    """To the subjects it declares, so that others can wait for it."""
    game = Play(definitions=definitions_of(CLEARANCE))
    to_payer(game)
    decided = tell(game, "surgery.cancelled", placer_order="R1")
    (told,) = decided.emissions
    assert (told.fact, told.to, dict(told.keys)) == ("case.closed", "self", {"placer_order": "R1"})
    assert told.payload.reveal()["closed"] == {
        "pathway": "surgery-clearance",
        "outcome": "cancelled",
    }


def test_calls_of_one_sub_pathway_keep_their_values_apart() -> None:
    """What a form said in the first call is not known to the second; `again` enters a call anew."""
    game = begun(CALLER, **{"ask-patient": ASK})
    do(game, "first/phone", "spoke", told=True)
    assert states(game) == {"second/calling"}
    assert case(game).values["first/told"] is True
    assert "second/told" not in case(game).values
    do(game, "second/phone", "spoke")
    assert states(game) == {"second/calling"}
    tell(game, "request.cancelled", placer_order="R1")
    assert states(game) == {"second/calling"}
    first = begun(CALLER, **{"ask-patient": ASK})
    tell(first, "request.cancelled", placer_order="R1")
    assert case(first).outcome == "cancelled"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("I have CHEST\n  pain!", "stat"),
        ("no chest pain", "stat"),
        ("a chestpain", None),
        ("chest", None),
        ("fever, and worse", "urgent"),
        ("fever with chest pain", "stat"),
        ("", None),
        ("x" * 30_000 + " fever", None),
    ],
)
@pytest.mark.invariant("I17")
def test_phrases_are_whole_words_and_the_highest_counts(text: str, code: str | None) -> None:
    """Whatever the case and spacing; a negation is not understood, so that it can only raise."""
    phrases = {"chest pain": "stat", "fever": "urgent"}
    assert found_in(text, phrases, ("routine", "urgent", "stat")) == code


@pytest.mark.invariant("I17")
def test_raise_only_variables_never_go_down() -> None:
    """Whatever an edge sets later."""
    variables = CLEARANCE.variables
    assert variables["worst"].raise_only
    assert carry(variables, {"worst": "missed"}, {"worst": "delayed"})["worst"] == "missed"
    assert carry(variables, {"worst": "none"}, {"worst": "delayed"})["worst"] == "delayed"


def test_variables_keep_their_type() -> None:
    """An instant set to now is an instant, so that an order can rank by it."""
    codes = "  paid_by: { codes: [payer, fund] }\n"
    more = "  seen: { type: boolean }\n  when: { type: instant }\n  count: { type: integer }\n"
    edge = "patient.asked: { then: stay, set: { seen: true, when: now, count: 3 } }"
    text = REVIEW.replace(codes, codes + more).replace("patient.asked: stay", edge)
    game = Play(definitions=definitions_of(loaded(text)))
    tell(game, "request.received", placer_order="R1")
    tell(game, "patient.asked")
    assert case(game).values["seen"] is True
    assert case(game).values["when"] == game.now
    assert case(game).values["count"] == 3


def test_facts_to_nobody_are_not_sent() -> None:
    """A slot that nobody won has no winner to tell; the reason is written down."""
    world = World()
    world.tell(freed(), SubjectKind.SLOT)
    taken = fact("slot.taken", at=NOON + 2 * HOUR, keys={"slot": "S1"}, subject=A_SLOT)
    world.tell(taken, SubjectKind.SLOT)
    assert "offer.lost" not in world.delivered
    reasons = world.games[A_SLOT].steps[-1].changes[0].reasons
    assert ("emit offer.lost", "nobody to tell") in {(one.rule, one.answer) for one in reasons}


def test_a_view_of_another_kind_hears_nothing() -> None:
    """A pathway on slots does not take up a patient's fact of the same name."""
    view: View = view_of(A_SLOT, SubjectKind.PATIENT)
    game = Play(definitions=definitions_of(SLOT), view=view)
    game.tell(freed())
    assert not game.view.cases


TWO_WAITS = """\
pathway: two-waits
version: "1"
language: 2
subject: patient
title: Two waits by two keys
touches: [none]
events:
  request.received:
    keys: [placer_order, filler_order]
    start: { when: always, unique: placer_order }
    several: one
    none: { ignore: not ours }
pools: { desk: [routine] }
start: first
everywhere: { request.received: stay }
states:
  first:
    status: waiting
    owner: { pool: desk }
    clock: { kind: wall, due: 9d }
    fallback: { state: over }
    waits: { pathway: prior-authorisation, by: placer_order, outcomes: { approved: second }, else: over }
  second:
    status: waiting
    owner: { pool: desk }
    clock: { kind: wall, due: 9d }
    fallback: { state: over }
    waits: { pathway: prior-authorisation, by: filler_order, outcomes: { approved: over }, else: over }
  over: { final: true }
"""


def test_a_wait_is_by_its_own_key() -> None:
    """The other case shares a key with this one, but not the one this state waits by."""
    game = Play(definitions=definitions_of(loaded(TWO_WAITS)))
    tell(game, "request.received", placer_order="P1", filler_order="F1")
    payload: dict[str, Json] = {"closed": {"pathway": "prior-authorisation", "outcome": "approved"}}
    tell(game, "case.closed", payload, filler_order="F1")
    assert states(game) == {"first"}
    tell(game, "case.closed", payload, placer_order="P1")
    assert states(game) == {"second"}
