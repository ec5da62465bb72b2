"""A click that can't be taken back: others were told by it, or an effect that the wait goes on by is under way."""

from uuid import UUID

import pytest

from carelane.cases import undoing
from carelane.cases.model import Disposition, EffectState, Step
from carelane.facts.fact import Actor
from carelane.facts.replacing import replace
from carelane.pathways.definition import Definition
from carelane.testing.core.play import Play
from carelane.testing.core.site import definitions_of, fact, settled
from tests.rules.texts import loaded

TEXT = """
pathway: undoing
version: "1"
language: 2
subject: patient
title: A letter is read while its answer is written
touches: [none]
events:
  referral.received: { keys: [referral], start: { when: always, unique: referral }, several: one, none: { ignore: no } }
variables:
  looked: { type: instant }
tasks:
  look: { title: Look, outcomes: [done, could-not-do], could_not: could-not-do, reasons: [other] }
fields:
  patient_identifier: { from: patient.identifier, label: Patient number, authority: ehr, ttl: 365d }
effects:
  write:
    capability: referrer.letter
    audience: record
    if_unknown: ask
    sends: [patient_identifier]
    template: letter
pools: { desk: [routine, urgent, asap, stat] }
start: looking
everywhere: { referral.received: stay }
states:
  looking:
    status: open
    task: look
    owner: { pool: desk }
    clock: { kind: wall, due: 1d }
    fallback: { repeat: until acknowledged, to: desk }
    outcomes: { done: EDGE, could-not-do: again }
    EFFECTS
  filed:
    status: filed
    owner: { pool: desk }
    clock: { kind: wall, due: 1d }
    fallback: { state: looking }
    task: look
    outcomes: { done: closed, could-not-do: looking }
  closed: { final: true, status: closed, outcome: over }
"""
AWAITED = "effects: [write]\n    effect_outcomes: { done: closed, refused: looking, needs-person: looking }"


def sending(edge: str = "filed", effects: str = "effects: [write]") -> Definition:
    """The pathway, with what its click leads to and what its first state sends."""
    return loaded(TEXT.replace("EDGE", edge).replace("EFFECTS", effects))


TOLD = sending("{ then: filed, emit: question.opened, to: self, keys: [referral] }")
WAITS_FOR_LETTER = sending(effects=AWAITED)
SENDS_A_LETTER = sending()


def begun(definition: Definition) -> Play:
    """A case in its first state."""
    game = Play(definitions=definitions_of(definition))
    game.tell(fact("referral.received", keys={"referral": "r1"}))
    return game


def clicked(game: Play, letter: EffectState = EffectState.READY) -> Step:
    """The click, while the letter stands so, and its undo a minute before it is too late."""
    case = game.case()
    now = tuple(replace(each, state=letter) for each in case.effects)
    game.view = replace(game.view, cases=(replace(case, effects=now),))
    task = game.open_step().task
    assert task is not None
    game.do("done")
    assert game.state() == "filed"
    return undone(game, task)


def undone(game: Play, task: UUID) -> Step:
    """The last click is taken back at once."""
    refers = {"task": task, "case": game.case().id}
    return game.tell(fact("task.undone", at=game.now, refers=refers, actor=Actor.PERSON))


def test_undo_is_refused_once_others_were_told() -> None:
    """Another subject acts on what it heard; the case stays where the click led it, and the answer says why."""
    game = begun(TOLD)
    decided = clicked(game)

    assert (decided.disposition, decided.reason) == (Disposition.IGNORED, "undo-told")
    assert game.state() == "filed"
    assert len(told_of(game)) == 1


@pytest.mark.parametrize("letter", [EffectState.READY, EffectState.SENDING, EffectState.UNKNOWN])
def test_undo_is_refused_while_an_effect_that_the_wait_goes_on_by_is_under_way(
    letter: EffectState,
) -> None:
    """Its end is told to the wait that wanted it; the wait anew would never hear of it."""
    game = begun(WAITS_FOR_LETTER)
    decided = clicked(game, letter)

    assert (decided.disposition, decided.reason) == (Disposition.IGNORED, "undo-under-way")
    assert game.state() == "filed"


@pytest.mark.parametrize(
    ("definition", "letter"),
    [
        (WAITS_FOR_LETTER, EffectState.DONE),
        (WAITS_FOR_LETTER, EffectState.WITHDRAWN),
        (WAITS_FOR_LETTER, EffectState.DEAD),
        (SENDS_A_LETTER, EffectState.READY),
        (SENDS_A_LETTER, EffectState.SENDING),
    ],
)
def test_undo_goes_where_nobody_waits_for_an_effect(
    definition: Definition, letter: EffectState
) -> None:
    """One that has ended, or whose end changes nothing, is in nobody's way."""
    game = begun(definition)
    decided = clicked(game, letter)

    assert decided.disposition is Disposition.APPLIED
    assert game.state() == "looking"


def test_mutant_that_takes_back_what_others_were_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the refusal, others are told again by the second click: what they hear and what the case is part."""
    monkeypatch.setattr(undoing, "_refused", _never)
    game = begun(TOLD)
    decided = clicked(game)

    assert decided.disposition is Disposition.APPLIED
    game.do("done")
    assert len(told_of(game)) == 2


def test_mutant_that_takes_back_a_click_beside_an_effect_under_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without the refusal, the letter's end finds no wait: the case stays where the letter should lead it on."""
    monkeypatch.setattr(undoing, "_awaits", lambda _run, _step: False)
    game = begun(WAITS_FOR_LETTER)
    decided = clicked(game, EffectState.SENDING)

    assert decided.disposition is Disposition.APPLIED
    (letter,) = game.case().effects
    game.tell(settled(letter.id, "done", at=game.now, case=game.case().id))
    assert game.state() == "looking"


def test_a_letter_whose_end_the_wait_hears_leads_it_on() -> None:
    """What the mutant loses."""
    game = begun(WAITS_FOR_LETTER)
    (letter,) = game.case().effects
    game.tell(settled(letter.id, "done", at=game.now, case=game.case().id))

    assert not game.view.cases


def _never(*_: object, **__: object) -> str:
    return ""


def told_of(game: Play) -> list[str]:
    """What others have heard by now."""
    return [each.fact for one in game.steps for each in one.emissions]
