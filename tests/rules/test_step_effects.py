"""Effects as the core decides them: outcomes, cancellation, compensation, failure (SEMANTICS 7; I6)."""

from datetime import timedelta
from uuid import UUID

import pytest

from carelane.cases.model import Case, Disposition, EffectState, Step
from carelane.facts.fact import Json
from carelane.facts.intent import Audience
from carelane.facts.phi import Phi
from carelane.facts.replacing import replace
from carelane.pathways.definition import Definition
from carelane.testing.core.pathways import critical, referral, to
from carelane.testing.core.play import Play
from carelane.testing.core.site import NOON, definitions_of, fact, settled

MINUTE = timedelta(minutes=1)


def scheduled(definition: Definition | None = None) -> Play:
    """An accepted referral: the record is to be told, and a letter to go after that."""
    game = Play(definitions=definitions_of(definition or referral()))
    game.tell(fact("referral.received", keys={"placer_order": "p1"}))
    game.do("accept")
    return game


def called() -> Play:
    """A critical result at level 1."""
    game = Play(definitions=definitions_of(critical()))
    observation: Json = [{"interpretation": "HH"}]
    result: Json = {"status": "final", "issued": NOON.isoformat(), "observation": observation}
    told = fact("result.reported", keys={"filler_order": "l1"}, payload={"result": result})
    game.tell(told)
    return game


def effect(case: Case, name: str) -> UUID:
    return next(each.id for each in case.effects if each.name == name)


def states(case: Case) -> dict[str, EffectState]:
    return {each.name: each.state for each in case.effects}


def outcome(game: Play, name: str, what: str) -> Step:
    """The outcome of a named effect of the open (or last) case."""
    case = game.view.cases[0] if game.view.cases else game.last()
    game.now += MINUTE
    return game.tell(settled(effect(case, name), what, at=game.now, case=case.id))


def cancelled(game: Play) -> Step:
    """The referral is cancelled."""
    game.now += MINUTE
    return game.tell(fact("referral.cancelled", at=game.now, keys={"placer_order": "p1"}))


def moved(game: Play, name: str, state: EffectState) -> None:
    """The `effects` room has taken this effect further."""
    case = game.case()
    changed = tuple(
        replace(each, state=state) if each.name == name else each for each in case.effects
    )
    game.view = replace(game.view, cases=(replace(case, effects=changed),))


@pytest.mark.invariant("I6")
def test_a_cancellation_withdraws_what_has_not_started() -> None:
    """Nothing was sent, nothing is."""
    game = scheduled()
    (change,) = cancelled(game).changes
    assert len(change.withdrawn) == 2
    assert not change.intents
    assert set(states(game.last()).values()) == {EffectState.WITHDRAWN}
    assert game.last().cancelled


@pytest.mark.invariant("I6")
@pytest.mark.requirement("R90")
def test_a_done_effect_is_compensated_by_the_effect_it_declares() -> None:
    """Once, also when its own outcome is heard afterwards."""
    game = scheduled()
    outcome(game, "accepted-told", "done")
    (change,) = cancelled(game).changes
    (undo,) = change.intents
    done = effect(game.last(), "accepted-told")
    assert (undo.name, undo.compensates, undo.held_until) == ("acceptance-withdrawn", done, None)
    again = game.tell(settled(done, "done", at=game.now + MINUTE, case=game.last().id))
    assert not again.changes[0].intents


@pytest.mark.invariant("I6")
@pytest.mark.parametrize("state", [EffectState.SENDING, EffectState.UNKNOWN])
def test_an_effect_in_flight_is_compensated_once_it_is_settled(state: EffectState) -> None:
    """Also when the case has closed meanwhile."""
    game = scheduled()
    moved(game, "accepted-told", state)
    (change,) = cancelled(game).changes
    assert not change.intents
    assert not game.view.cases
    (change,) = outcome(game, "accepted-told", "done").changes
    assert [intent.name for intent in change.intents] == ["acceptance-withdrawn"]


@pytest.mark.invariant("I6")
def test_a_compensation_that_fails_is_a_persons() -> None:
    """What can't be undone is somebody's work."""
    game = scheduled()
    outcome(game, "accepted-told", "done")
    cancelled(game)
    decided = outcome(game, "acceptance-withdrawn", "refused")
    (told,) = decided.emissions
    assert (told.fact, told.to) == ("effect.dead", "self")
    assert told.refers["effect"] == effect(game.last(), "acceptance-withdrawn")


@pytest.mark.invariant("I6")
def test_a_state_that_does_not_say_is_cancelled_all_the_same() -> None:
    """No edge for a cancel-class event: the case stays, its effects do not start."""
    base = referral()
    everywhere = {name: edge for name, edge in base.everywhere.items() if name != "patient.died"}
    game = scheduled(replace(base, everywhere=everywhere))
    (change,) = game.tell(fact("patient.died", at=game.now + MINUTE)).changes
    assert len(change.withdrawn) == 2
    assert game.case().cancelled
    (change,) = game.do("no-answer").changes  # entering the state again wants its effects again
    assert not change.intents


@pytest.mark.invariant("I6")
def test_alerts_to_staff_outlive_death() -> None:
    """A critical result still needs somebody, and nothing else of the case starts."""
    game = called()
    (change,) = game.tell(fact("patient.died", at=NOON + MINUTE)).changes
    assert not change.withdrawn
    game.wait(20 * MINUTE)
    late = [intent for decided in game.steps[2:] for c in decided.changes for intent in c.intents]
    assert {intent.audience for intent in late} == {Audience.STAFF}
    (change,) = game.do("acknowledged", form={"read_back": True}).changes
    assert not change.intents


def waiting_on_effects(**outcomes: str) -> Play:
    """A state whose way on is its effects' outcome."""
    base = referral()
    state = replace(
        base.states["scheduling"],
        effect_outcomes={name.replace("_", "-"): to(then) for name, then in outcomes.items()},
    )
    return scheduled(replace(base, states={**base.states, "scheduling": state}))


def test_a_state_moves_on_when_all_its_effects_are_done() -> None:
    """Not before the last one."""
    game = waiting_on_effects(done="waiting")
    outcome(game, "accepted-told", "done")
    assert game.state() == "scheduling"
    outcome(game, "letter", "done")
    assert game.state() == "waiting"


def test_a_dropped_effect_does_not_hold_a_state_up() -> None:
    """A reminder nobody misses counts as settled."""
    game = waiting_on_effects(done="waiting")
    outcome(game, "letter", "withdrawn")
    outcome(game, "accepted-told", "done")
    assert game.state() == "waiting"


@pytest.mark.parametrize("what", ["refused", "needs-person"])
def test_a_failed_effect_takes_the_states_own_edge(what: str) -> None:
    """Declared outcomes come before `on_failure`."""
    game = waiting_on_effects(refused="decide", needs_person="decide")
    decided = outcome(game, "accepted-told", what)
    assert game.state() == "decide"
    assert not decided.emissions


@pytest.mark.parametrize("what", ["refused", "needs-person"])
def test_a_failed_effect_is_otherwise_a_persons(what: str) -> None:
    """The case goes on; a system pathway takes the effect, with owner and clock."""
    game = scheduled()
    decided = outcome(game, "accepted-told", what)
    assert game.state() == "scheduling"
    assert [told.fact for told in decided.emissions] == ["effect.dead"]


@pytest.mark.parametrize(
    ("cause", "keys"),
    [("no-address", ["patient"]), ("opted-out", ["patient"]), ("no-template", [])],
)
def test_whom_no_message_reaches_is_one_piece_of_work(cause: str, keys: list[str]) -> None:
    """Messages that can't reach a patient are told under the patient; what else failed only under its own number."""
    base = referral()
    kind = replace(base.effects["letter"], audience=Audience.PATIENT)
    game = scheduled(replace(base, effects={**base.effects, kind.name: kind}))
    case = game.case()
    said: Json = {"name": "letter", "outcome": "needs-person", "cause": cause, "reference": "r"}
    heard = settled(effect(case, "letter"), "needs-person", at=game.now, case=case.id)
    (told,) = game.tell(replace(heard, payload=Phi({"effect": said}, "effect outcome"))).emissions
    assert told.keys == {name: str(case.subject) for name in keys}
    assert told.payload.reveal() == {"effect": {"name": "letter", "cause": cause}}


def test_a_failed_effect_may_lead_to_a_state() -> None:
    """`on_failure` names one."""
    base = referral()
    kind = replace(base.effects["accepted-told"], on_failure="decide")
    game = scheduled(replace(base, effects={**base.effects, kind.name: kind}))
    outcome(game, "accepted-told", "refused")
    assert game.state() == "decide"


def test_a_failed_alert_calls_the_next_level_and_at_the_end_a_person() -> None:
    """`level_up`: nobody waits for a message that did not arrive."""
    game = called()
    for level in (2, 3):
        alert = game.case().effects[-1]
        game.now += MINUTE
        game.tell(settled(alert.id, "needs-person", at=game.now, case=game.case().id))
        assert game.open_step().clock.level == level
    alert = game.case().effects[-1]
    decided = game.tell(settled(alert.id, "needs-person", at=game.now, case=game.case().id))
    assert [told.fact for told in decided.emissions] == ["effect.dead"]


def test_an_outcome_nobody_knows_is_ignored_with_a_reason() -> None:
    """Another case's effect, or a word that is no outcome."""
    game = scheduled()
    unknown = settled(UUID(int=1), "done", at=game.now, case=game.case().id)
    assert (game.tell(unknown).disposition, game.tell(unknown).reason) == (
        Disposition.IGNORED,
        "effect-unknown",
    )
    assert outcome(game, "letter", "perhaps").reason == "effect-unknown"
