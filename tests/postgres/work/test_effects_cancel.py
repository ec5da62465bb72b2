"""A cancellation against effects in every state, with the real core: withdrawn, or compensated once settled (I6)."""

import asyncio
from typing import Any

import pytest

from carelane.effects.claim import claim
from carelane.effects.dispatch import attempt, send_ready
from carelane.effects.reconcile import reconcile_once
from carelane.effects.routing import assign
from carelane.effects.settle import settle
from carelane.engine.deliver import deliver
from carelane.engine.drain import drain
from carelane.facts.fact import Actor, Fact
from carelane.facts.ids import derive, name_id
from carelane.facts.phi import Phi
from carelane.testing.senders import Mood, ScriptedSystem
from carelane.worklist import acting
from carelane.worklist.viewer import Viewer

Rig = Any  # the fixture's class lives in conftest
WHO = Viewer(person="r.moreau", sites=("main",), pools=("referral-desk",))


async def _accepted(rig: Rig) -> Any:
    """A referral whose acceptance waits to be told to the EHR."""
    task = await rig.referral()
    await acting.complete(rig.runtime, WHO, task, version=1, outcome="accept")
    rig.hand.forward(minutes=1)
    return rig.value("select id from effect where name = 'accepted-told'")


async def _cancel(rig: Rig, *, decide: bool = True) -> None:
    fact = Fact(
        id=derive(rig.hand(), "cancel"), type="referral.cancelled", subject=name_id("patient", "one"),
        organisation=rig.organisation, occurred_at=rig.hand(), recorded_at=rig.hand(), payload=Phi({}, "cancel"),
        keys={"placer_order": "A1"}, actor=Actor.SYSTEM, connection="hl7", site="main",
    )  # fmt: skip
    async with rig.runtime.worker.transaction() as tx:
        await deliver(rig.runtime, tx, [fact])
    if decide:
        await drain(rig.runtime)


async def _settle_all(rig: Rig, outbox: Any) -> None:
    for _ in range(8):
        await send_ready(outbox, "ehr")
        await reconcile_once(outbox, "ehr")
        await drain(rig.runtime)
        rig.hand.forward(minutes=15)


def _undo(rig: Rig) -> list[tuple[str, int]]:
    rows: list[tuple[str, int]] = rig.sql(
        "select state, attempts from effect where name = 'acceptance-withdrawn'"
    )
    return rows


@pytest.mark.invariant("I6")
async def test_an_effect_that_has_not_started_is_withdrawn(
    rig: Rig, system: ScriptedSystem
) -> None:
    effect = await _accepted(rig)
    outbox = rig.outbox(system)
    await _cancel(rig, decide=False)
    assert await send_ready(outbox, "ehr") == 0, "pending in the inbox is enough"
    await drain(rig.runtime)
    await _settle_all(rig, outbox)
    assert rig.row(effect)["state"] == "withdrawn"
    assert system.requests == []
    assert _undo(rig) == []


@pytest.mark.invariant("I6")
@pytest.mark.parametrize(
    ("mood", "state", "undone"),
    [
        (Mood.WELL, "done", 1),
        (Mood.CUT_AFTER, "done", 1),
        (Mood.CUT_BEFORE, "withdrawn", 0),
        (Mood.DOWN, "withdrawn", 0),
    ],
)
async def test_one_in_flight_is_compensated_once_settled(
    rig: Rig, system: ScriptedSystem, mood: Mood, state: str, undone: int
) -> None:
    """The cancel is decided while the request is on its way; what then was done is undone, and nothing else is."""
    effect = await _accepted(rig)
    outbox = rig.outbox(system)
    await assign(outbox)
    [flight] = await claim(outbox, "ehr", limit=1)
    await _cancel(rig)
    system.moods.append(mood)
    await settle(outbox, flight, await attempt(outbox, flight))
    await drain(rig.runtime)
    await _settle_all(rig, outbox)
    assert rig.row(effect)["state"] == state
    assert system.sent()[effect] == 1
    assert [row[0] for row in _undo(rig)] == ["done"] * undone


@pytest.mark.invariant("I6")
async def test_a_repeated_effect_that_may_be_done_is_not_forgotten_by_a_cancel(
    rig: Rig, system: ScriptedSystem
) -> None:
    """Done, the answer lost, waiting to be repeated: a cancel then must find out and undo, not just withdraw."""
    effect = await _accepted(rig)
    outbox = rig.outbox(system)
    system.moods.append(Mood.CUT_AFTER)
    await send_ready(outbox, "ehr")
    assert (rig.row(effect)["state"], rig.row(effect)["maybe"]) == ("ready", True)
    await _cancel(rig)
    await _settle_all(rig, outbox)
    assert rig.row(effect)["state"] == "done"
    assert [row[0] for row in _undo(rig)] == ["done"]
    assert system.sent()[effect] == 1


@pytest.mark.invariant("I6")
async def test_claim_and_cancel_at_once_end_withdrawn_or_compensated(
    rig: Rig, system: ScriptedSystem
) -> None:
    """Both race; whichever wins, the EHR holds nothing that is not undone."""
    effect = await _accepted(rig)
    outbox = rig.outbox(system)
    await asyncio.gather(send_ready(outbox, "ehr"), _cancel(rig))
    await drain(rig.runtime)
    await _settle_all(rig, outbox)
    done = rig.row(effect)["state"] == "done"
    assert rig.row(effect)["state"] in ("done", "withdrawn")
    assert [row[0] for row in _undo(rig)] == ["done"] * done
