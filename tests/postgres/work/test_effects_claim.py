"""Effects are claimed once, in order, within breaker, quota and concurrency, and never past a cancellation."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from carelane.effects import claim as claiming
from carelane.effects.claim import claim
from carelane.effects.dispatch import dispatch, send_ready
from carelane.effects.reconcile import end_overdue, reconcile_once
from carelane.effects.routing import route_new
from carelane.facts.ids import derive, name_id
from carelane.store.database import Later, Tx
from carelane.testing.senders import Mood, ScriptedSystem

Rig = Any  # the fixture's class lives in conftest


async def test_a_ready_effect_is_sent_and_settled(rig: Rig, system: ScriptedSystem) -> None:
    effect = rig.effect()
    outbox = rig.outbox(system)

    assert await send_ready(outbox, "ehr") == 1
    assert system.held(effect) == 1
    row = rig.row(effect)
    assert (row["state"], row["reference"], row["format"], row["attempts"]) == (
        "done",
        "Task/1",
        "scripted",
        1,
    )
    assert rig.told(effect) == ["effect.settled"]
    assert (
        rig.value(
            """select count(*) from audit_leaf where convert_from(body, 'utf8') like '%%"action":"effect.settled"%%'"""
        )
        == 1
    )
    assert await send_ready(outbox, "ehr") == 0


@pytest.mark.invariant("I3")
async def test_many_claimers_take_each_effect_once(rig: Rig, system: ScriptedSystem) -> None:
    """Eight hosts claim at once: no effect twice, never more in flight than the destination allows."""
    for _ in range(30):
        rig.effect()
    outbox = rig.outbox(system, concurrency=12)

    taken = await asyncio.gather(*(claim(outbox, "ehr", limit=5) for _ in range(8)))
    ids = [flight.id for flights in taken for flight in flights]
    assert len(ids) == len(set(ids)) == 12
    assert rig.value("select count(*) from effect where state = 'sending'") == 12
    assert await claim(outbox, "ehr", limit=5) == []


async def test_the_dispatcher_keeps_to_its_concurrency_and_ends_what_it_began(
    rig: Rig, system: ScriptedSystem
) -> None:
    """Twelve effects, three at a time; told to stop in the middle, it lets what is in flight end."""
    for _ in range(12):
        rig.effect()
    outbox, stop = rig.outbox(system, concurrency=3), asyncio.Event()
    loop = asyncio.create_task(dispatch(outbox, "ehr", stop))
    while len(system.requests) < 6:
        await rig.runtime.bell.wait("drain", seconds=5)
    stop.set()
    await loop
    assert system.in_flight_max <= 3
    assert rig.value("select count(*) from effect where state = 'sending'") == 0
    assert rig.value("select count(*) from effect where state = 'done'") == len(system.requests)


async def test_urgent_effects_go_first(rig: Rig, system: ScriptedSystem) -> None:
    rig.effect()
    urgent = rig.effect(urgency=3)
    flights = await claim(rig.outbox(system, concurrency=1), "ehr", limit=1)
    assert [flight.id for flight in flights] == [urgent]


async def test_an_effect_waits_for_its_undo_window(rig: Rig, system: ScriptedSystem) -> None:
    rig.effect(held_until=rig.hand() + timedelta(seconds=10))
    outbox = rig.outbox(system)
    assert await claim(outbox, "ehr", limit=5) == []
    rig.hand.forward(seconds=10)
    assert len(await claim(outbox, "ehr", limit=5)) == 1


async def test_a_successor_waits_until_its_predecessor_is_done(
    rig: Rig, system: ScriptedSystem
) -> None:
    case = rig.case()
    first = rig.effect(case)
    second = rig.effect(case, after=[first], urgency=3)
    outbox = rig.outbox(system)
    system.moods.append(Mood.DOWN)

    await send_ready(outbox, "ehr")
    assert system.sent()[second] == 0, "the first is not settled"
    rig.hand.forward(hours=1)
    await send_ready(outbox, "ehr")
    await send_ready(outbox, "ehr")
    assert [effect for effect, _ in system.requests] == [first, first, second]


async def test_a_successor_of_a_failed_one_goes_to_a_person(
    rig: Rig, system: ScriptedSystem
) -> None:
    case = rig.case()
    first = rig.effect(case)
    second = rig.effect(case, after=[first])
    outbox = rig.outbox(system)
    system.mood = Mood.REFUSES
    await send_ready(outbox, "ehr")
    await reconcile_once(outbox, "ehr")
    assert (rig.row(second)["state"], rig.row(second)["cause"]) == ("dead", "predecessor")
    assert rig.told(second) == ["effect.settled", "effect.dead"]


@pytest.mark.parametrize(
    ("if_unknown", "state"), [("drop", "withdrawn"), ("ask", "dead"), ("resend", "dead")]
)
async def test_past_its_time_an_effect_is_not_sent_and_someone_is_told(
    rig: Rig, system: ScriptedSystem, if_unknown: str, state: str
) -> None:
    effect = rig.effect(not_after=rig.hand() + timedelta(hours=1), if_unknown=if_unknown)
    outbox = rig.outbox(system)
    rig.hand.forward(hours=1)
    assert await claim(outbox, "ehr", limit=5) == []
    await end_overdue(outbox, "ehr")
    assert (rig.row(effect)["state"], rig.row(effect)["cause"]) == (state, "too-late")
    assert "effect.settled" in rig.told(effect)


@pytest.mark.invariant("I10")
async def test_what_never_got_its_turn_ends_with_a_person(rig: Rig, system: ScriptedSystem) -> None:
    """A breaker that stays open for a day doesn't hide an effect: it goes to a person."""
    effect = rig.effect(next_at=rig.hand() + timedelta(days=2))
    outbox = rig.outbox(system)
    rig.hand.forward(hours=24, seconds=1)
    await end_overdue(outbox, "ehr")
    assert (rig.row(effect)["state"], rig.row(effect)["cause"]) == ("dead", "gave-up")


@pytest.mark.invariant("I6")
@pytest.mark.parametrize(
    ("changes", "leaves"),
    [
        ({}, False),
        ({"audience": "patient"}, False),
        ({"audience": "staff"}, True),
        ({"compensates": "done"}, True),
    ],
)
@pytest.mark.parametrize("durable", ["applied", "pending"])
async def test_after_a_cancellation_only_staff_alerts_and_compensations_leave(
    rig: Rig,
    system: ScriptedSystem,
    changes: dict[str, Any],
    *,
    leaves: bool,
    durable: str,
) -> None:
    case = rig.case()
    if "compensates" in changes:
        changes = {"compensates": rig.effect(case, state="done", settled_at=rig.hand())}
    effect = rig.effect(case, **changes)
    _cancel(rig, case, durable)
    taken = await claim(rig.outbox(system), "ehr", limit=5)
    assert [flight.id for flight in taken] == ([effect] if leaves else [])


@pytest.mark.invariant("I6")
@pytest.mark.parametrize("confirmed", [True, False])
async def test_a_cancellation_between_claim_and_send_stops_it(
    rig: Rig,
    system: ScriptedSystem,
    *,
    confirmed: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The cancel commits after our claim and before the first byte. The mutant that doesn't confirm sends it."""
    case = rig.case()
    effect = rig.effect(case)
    outbox = rig.outbox(system)
    spent = claiming._spend  # noqa: SLF001  # the instant between claim and commit

    def cancel_first(*arguments: Any) -> Any:
        _cancel(rig, case, "pending")
        return spent(*arguments)

    monkeypatch.setattr(claiming, "_spend", cancel_first)
    if not confirmed:
        _never_called_back(monkeypatch)
    await send_ready(outbox, "ehr")
    sent = system.sent()[effect]
    assert sent == (0 if confirmed else 1)
    if confirmed:
        assert rig.row(effect)["state"] == "ready"
        rig.sql("update pathway_case set cancelled = true where id = %(c)s", c=case)
        await end_overdue(outbox, "ehr")
        assert rig.row(effect)["state"] == "withdrawn", "no effect is left behind as ready"


async def test_compensations_go_in_reverse_and_only_for_what_was_done(
    rig: Rig, system: ScriptedSystem
) -> None:
    case = rig.case(cancelled=True)
    at = rig.hand()
    one = rig.effect(case, state="done", settled_at=at)
    two = rig.effect(case, state="done", settled_at=at + timedelta(seconds=1))
    never = rig.effect(case, state="withdrawn", settled_at=at)
    undo_one, undo_two = (rig.effect(case, compensates=done) for done in (one, two))
    undo_never = rig.effect(case, compensates=never)
    outbox = rig.outbox(system)
    await send_ready(outbox, "ehr")
    await send_ready(outbox, "ehr")
    await end_overdue(outbox, "ehr")
    assert [effect for effect, _ in system.requests] == [undo_two, undo_one]
    assert (rig.row(undo_never)["state"], rig.row(undo_never)["cause"]) == (
        "withdrawn",
        "nothing-to-undo",
    )


async def test_an_ordered_destination_keeps_the_order_of_a_subject(
    rig: Rig, system: ScriptedSystem
) -> None:
    subject = name_id("subject", "ordered")
    first, second = (rig.effect(rig.case(subject=subject)) for _ in range(2))
    other = rig.effect()
    outbox = rig.outbox(system, ordered=True)
    system.mood = Mood.DOWN
    await send_ready(outbox, "ehr")
    assert set(system.sent()) == {first, other}
    assert system.sent()[second] == 0


async def test_a_capability_that_nobody_has_goes_to_a_person(
    rig: Rig, system: ScriptedSystem
) -> None:
    nobody = rig.effect(connection="", capability="patient.fax")
    mine = rig.effect(connection="")
    await route_new(rig.outbox(system))
    assert (rig.row(nobody)["state"], rig.row(nobody)["cause"]) == ("dead", "no-connection")
    assert rig.row(mine)["connection"] == "ehr"


def _cancel(rig: Rig, case: Any, durable: str) -> None:
    if durable == "applied":
        rig.sql("update pathway_case set cancelled = true where id = %(c)s", c=case)
        return
    subject = rig.value("select subject from pathway_case where id = %(c)s", c=case)
    rig.insert(
        "inbox",
        subject=subject,
        organisation=rig.organisation,
        cancels=True,
        fact=derive(rig.hand(), "cancel", case),
    )


def _never_called_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plant a mutant: nobody asks, after the claim, whether something was cancelled meanwhile."""
    asked = Tx.afterwards

    def but_one(tx: Tx, query: str, **values: object) -> Later:
        return Later() if query == "effects.called_back" else asked(tx, query, **values)

    monkeypatch.setattr(Tx, "afterwards", but_one)
