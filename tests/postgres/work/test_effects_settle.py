"""What becomes of an effect when the other side is slow, busy, lying or gone: once, or a named person is told."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from carelane.cases.model import EffectState
from carelane.effects import settlement
from carelane.effects.claim import claim
from carelane.effects.dispatch import attempt, send_ready
from carelane.effects.flight import Flight
from carelane.effects.letters import answer, discard, groups, redrive
from carelane.effects.reconcile import reconcile_once
from carelane.effects.settle import settle
from carelane.effects.sweep import sweep
from carelane.facts.intent import EffectClass
from carelane.facts.ports import Sent, Verdict
from carelane.testing.senders import Mood, ScriptedSystem

Rig = Any  # the fixture's class lives in conftest
KEYED, SEARCHABLE, BLIND = EffectClass.KEYED, EffectClass.SEARCHABLE, EffectClass.BLIND


async def _run(
    rig: Rig, outbox: Any, *, rounds: int = 12, step: timedelta = timedelta(minutes=15)
) -> None:
    """Send and reconcile as time goes by."""
    for _ in range(rounds):
        await send_ready(outbox, "ehr")
        await reconcile_once(outbox, "ehr")
        rig.hand.forward(seconds=step.total_seconds())


@pytest.mark.invariant("I3")
@pytest.mark.parametrize(
    ("kind", "if_unknown", "mood", "state", "held", "told"),
    [
        (KEYED, "ask", Mood.CUT_AFTER, "done", 1, ["effect.settled"]),
        (KEYED, "ask", Mood.CUT_BEFORE, "done", 1, ["effect.settled"]),
        (
            SEARCHABLE,
            "ask",
            Mood.CUT_AFTER,
            "done",
            1,
            ["effect.unknown", "effect.settled", "effect.resolved"],
        ),
        (SEARCHABLE, "ask", Mood.CUT_BEFORE, "done", 1, ["effect.unknown", "effect.settled"]),
        (BLIND, "ask", Mood.CUT_AFTER, "unknown", 1, ["effect.unknown", "effect.settled"]),
        (BLIND, "ask", Mood.CUT_BEFORE, "unknown", 0, ["effect.unknown", "effect.settled"]),
        (BLIND, "drop", Mood.CUT_BEFORE, "withdrawn", 0, ["effect.settled"]),
        (BLIND, "resend", Mood.CUT_AFTER, "done", 2, ["effect.settled"]),
        (BLIND, "resend", Mood.CUT_BEFORE, "done", 1, ["effect.settled"]),
        (BLIND, "ask", Mood.REFUSES, "dead", 0, ["effect.settled", "effect.dead"]),
        (KEYED, "ask", Mood.CONFLICT, "dead", 0, ["effect.settled", "effect.dead"]),
        (KEYED, "ask", Mood.DOWN, "done", 1, ["effect.settled"]),
    ],
)
@pytest.mark.requirement("R92")
async def test_an_unknown_outcome_ends_as_class_and_effect_say(  # noqa: PLR0917  # a table
    rig: Rig,
    system: ScriptedSystem,
    kind: EffectClass,
    if_unknown: str,
    mood: Mood,
    state: str,
    held: int,
    told: list[str],
) -> None:
    effect = rig.effect(if_unknown=if_unknown)
    system.effect_class, system.horizon_s = kind, 600
    system.lag = timedelta(seconds=300)
    system.moods.append(mood)
    await _run(rig, rig.outbox(system))
    assert rig.row(effect)["state"] == state
    assert system.held(effect) == held
    assert sorted(rig.told(effect)) == sorted(told)


@pytest.mark.invariant("I3")
@pytest.mark.parametrize("mutant", [False, True])
async def test_a_searchable_effect_is_absent_only_when_absent_twice(
    rig: Rig,
    system: ScriptedSystem,
    *,
    mutant: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The write shows 5 minutes late. Whoever believes the first empty look-up (the mutant) makes a second one."""
    if mutant:
        monkeypatch.setattr(settlement, "_absent", _believe_at_once)
    effect = rig.effect()
    system.effect_class, system.horizon_s = SEARCHABLE, 600
    system.lag = timedelta(minutes=5)
    system.moods.append(Mood.CUT_AFTER)
    outbox = rig.outbox(system)
    await send_ready(outbox, "ehr")
    for _ in range(40):
        await reconcile_once(outbox, "ehr")
        await send_ready(outbox, "ehr")
        rig.hand.forward(seconds=60)
    assert (system.held(effect) == 1) is not mutant
    assert rig.row(effect)["state"] == "done"


@pytest.mark.invariant("I3")
@pytest.mark.parametrize("kind", [KEYED, SEARCHABLE, BLIND])
async def test_a_sender_that_dies_in_flight_leaves_an_unknown_effect(
    rig: Rig, system: ScriptedSystem, kind: EffectClass
) -> None:
    """The request went out, the process died before it could settle: found by its lease, never just sent again."""
    effect = rig.effect()
    system.effect_class = kind
    outbox = rig.outbox(system)
    [flight] = await claim(outbox, "ehr", limit=1)
    await attempt(outbox, flight)

    await reconcile_once(outbox, "ehr")
    assert rig.row(effect)["state"] == "sending", "the lease still runs"
    rig.hand.forward(seconds=91)
    await _run(rig, outbox)
    assert system.held(effect) == 1
    assert rig.row(effect)["state"] == ("unknown" if kind is BLIND else "done")
    if kind is BLIND:
        assert rig.told(effect) == ["effect.unknown", "effect.settled"]


async def test_a_late_done_counts_and_another_late_outcome_does_not(
    rig: Rig, system: ScriptedSystem
) -> None:
    effect = rig.effect()
    system.effect_class = BLIND
    outbox = rig.outbox(system)
    [flight] = await claim(outbox, "ehr", limit=1)
    settled = await attempt(outbox, flight)
    rig.hand.forward(seconds=91)
    await reconcile_once(outbox, "ehr")
    assert not await settle(outbox, flight, settlement.dead("late", settlement.Outcome.REFUSED))
    assert rig.row(effect)["state"] == "unknown"
    assert await settle(outbox, flight, settled)
    assert rig.row(effect)["state"] == "done"


async def test_nothing_is_sent_before_retry_after(rig: Rig, system: ScriptedSystem) -> None:
    """Not this effect, nor any other to the same connection."""
    effect, other = rig.effect(), rig.effect()
    outbox = rig.outbox(system, concurrency=1)
    system.moods.append(Mood.BUSY)
    start = rig.hand()
    for _ in range(100):
        await send_ready(outbox, "ehr")
        rig.hand.forward(seconds=1)
    times = [at for _, at in system.requests]
    assert times[0] == start
    assert all(at >= start + system.back_in for at in times[1:])
    assert {rig.row(each)["state"] for each in (effect, other)} == {"done"}


@pytest.mark.requirement("R25", "R94")
@pytest.mark.invariant("I10")
@pytest.mark.parametrize("mutant", [False, True])
@pytest.mark.requirement("R95")
async def test_retries_end_with_a_person_within_the_budget(
    rig: Rig,
    system: ScriptedSystem,
    *,
    mutant: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if mutant:
        monkeypatch.setattr(settlement, "_again", _for_ever)
    effect = rig.effect()
    system.mood = Mood.DOWN
    outbox = rig.outbox(system, attempts_max=4, breaker_failures=100)
    await _run(rig, outbox, rounds=20)
    caught = system.sent()[effect] > 4 or rig.row(effect)["state"] != "dead"
    assert caught is mutant
    if not mutant:
        assert rig.row(effect)["cause"] == "http-503"
        assert rig.told(effect) == ["effect.settled", "effect.dead"]


@pytest.mark.requirement("R93")
async def test_the_breaker_opens_and_one_probe_closes_it(rig: Rig, system: ScriptedSystem) -> None:
    """100 effects, an EHR that is down for 10 minutes: few requests reach it, and one probe at a time."""
    for _ in range(100):
        rig.effect()
    system.mood = Mood.DOWN
    outbox = rig.outbox(system, breaker_failures=5, attempts_max=100)
    for _ in range(60):
        await send_ready(outbox, "ehr")
        rig.hand.forward(seconds=10)
    down = len(system.requests)
    assert down <= 5 + 4 + 600 / 15, "no herd against a dead system"
    system.mood = Mood.WELL
    for _ in range(60):
        await send_ready(outbox, "ehr")
        rig.hand.forward(seconds=10)
    assert rig.value("select count(*) from effect where state = 'done'") == 100
    assert rig.value("select state from connection where name = 'ehr'") == "closed"


async def test_requests_stay_under_the_quota_while_a_backlog_drains(
    rig: Rig, system: ScriptedSystem
) -> None:
    for _ in range(40):
        rig.effect()
    outbox = rig.outbox(system, per_second=2.0, burst=4, concurrency=8)
    start = rig.hand()
    while rig.value("select count(*) from effect where state <> 'done'"):
        await send_ready(outbox, "ehr")
        rig.hand.forward(seconds=1)
        spent = (rig.hand() - start).total_seconds()
        assert len(system.requests) <= 4 + 2 * spent
    assert (rig.hand() - start).total_seconds() >= (40 - 4) / 2


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"writes": ()}, "not-allowed:resource"),
        ({"capabilities": frozenset()}, "not-allowed:capability"),
    ],
)
async def test_a_write_that_is_not_on_the_list_never_leaves(
    rig: Rig, system: ScriptedSystem, changes: dict[str, Any], cause: str
) -> None:
    effect = rig.effect()
    await send_ready(rig.outbox(system, **changes), "ehr")
    assert system.requests == []
    assert (rig.row(effect)["state"], rig.row(effect)["cause"]) == ("dead", cause)


@pytest.mark.invariant("I6")
@pytest.mark.parametrize("mood", [Mood.CUT_AFTER, Mood.CUT_BEFORE])
async def test_unknown_when_the_case_is_cancelled_is_looked_up_not_repeated(
    rig: Rig, system: ScriptedSystem, mood: Mood
) -> None:
    case = rig.case()
    effect = rig.effect(case)
    system.moods.append(mood)
    outbox = rig.outbox(system)
    [flight] = await claim(outbox, "ehr", limit=1)
    rig.sql("update pathway_case set cancelled = true where id = %(c)s", c=case)
    rig.hand.forward(seconds=1)
    judged = await attempt(outbox, flight)
    await settle(outbox, flight, judged)
    await _run(rig, outbox)
    assert system.sent()[effect] == 1
    assert rig.row(effect)["state"] == ("done" if mood is Mood.CUT_AFTER else "withdrawn")


@pytest.mark.requirement("R94")
@pytest.mark.requirement("R97")
async def test_dead_letters_are_grouped_previewed_and_redriven(
    rig: Rig, system: ScriptedSystem
) -> None:
    dead = [rig.effect() for _ in range(3)]
    cancelled = rig.effect(rig.case())
    late = rig.effect(not_after=rig.hand() + timedelta(hours=1))
    system.mood = Mood.REFUSES
    outbox = rig.outbox(system, concurrency=10)
    await send_ready(outbox, "ehr")
    rig.sql(
        "update pathway_case c set cancelled = true from effect e where e.case_id = c.id and e.id = %(e)s",
        e=cancelled,
    )
    rig.hand.forward(hours=2)
    async with rig.runtime.worker.transaction() as tx:
        [group] = await groups(tx)
    assert (group.cause, group.count, group.connection) == ("http-422", 5, "ehr")

    preview = await redrive(rig.runtime, actor="r.moreau", cause="http-422")
    assert set(preview.again) == set(dead)
    assert dict(preview.refused) == {cancelled: "cancelled", late: "too-late"}
    assert {rig.row(each)["state"] for each in dead} == {"dead"}, "a preview changes nothing"

    system.mood = Mood.WELL
    await redrive(rig.runtime, actor="r.moreau", cause="http-422", preview=False)
    await send_ready(outbox, "ehr")
    assert {rig.row(each)["state"] for each in dead} == {"done"}
    assert "effect.resolved" in rig.told(dead[0])
    assert await discard(rig.runtime, late, actor="r.moreau", reason="done-by-hand")
    assert rig.row(late)["state"] == "withdrawn"
    leaves = rig.value(
        "select count(*) from audit_leaf where convert_from(body, 'utf8') like '%%r.moreau%%'"
    )
    assert leaves == 4


@pytest.mark.parametrize(("done", "state"), [(True, "done"), (False, "dead")])
async def test_a_person_answers_an_unknown_effect(
    rig: Rig,
    system: ScriptedSystem,
    *,
    done: bool,
    state: str,
) -> None:
    effect = rig.effect()
    system.effect_class = BLIND
    system.moods.append(Mood.CUT_BEFORE)
    outbox = rig.outbox(system)
    await _run(rig, outbox, rounds=2)
    assert await answer(
        rig.runtime, effect, actor="r.moreau", done=done, reference="seen in the chart"
    )
    assert rig.row(effect)["state"] == state
    assert not await answer(rig.runtime, effect, actor="r.moreau", done=True) or state == "dead"


async def test_the_sweep_finds_what_exists_twice(rig: Rig, system: ScriptedSystem) -> None:
    once, twice = rig.effect(), rig.effect(if_unknown="resend")
    outbox = rig.outbox(system, concurrency=5)
    await send_ready(outbox, "ehr")
    system.made[twice].append(rig.hand())

    async def count(_: str, effect: Any) -> int:
        return system.held(effect)

    [double] = await sweep(outbox, "ehr", count)
    assert (double.effect, double.found) == (twice, 2)
    assert double.effect != once


def _believe_at_once(flight: Flight, _: Sent, terms: settlement.Terms) -> settlement.Settlement:
    """Mutant: one empty look-up counts as absent."""
    absent = Sent(verdict=Verdict.RETRY, cause="absent")
    return settlement.sent(replace(flight, maybe=False), absent, terms)


def _for_ever(
    _: Flight, __: Sent, terms: settlement.Terms, *, health: settlement.Health
) -> settlement.Settlement:
    """Mutant: a silent retry for ever."""
    return settlement.Settlement(state=EffectState.READY, next_at=terms.now, health=health)
