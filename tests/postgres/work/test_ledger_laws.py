"""The four laws balance over everything that happens, and each planted loss is found and named."""

import json
from typing import Any

import pytest

from carelane.audit.leaf import faults
from carelane.audit.recount import Recount
from carelane.casebook.ledger import Law, laws
from carelane.effects.dispatch import send_ready
from carelane.effects.letters import redrive
from carelane.effects.reconcile import reconcile_once
from carelane.engine.drain import drain
from carelane.facts.intent import EffectClass
from carelane.testing.senders import Mood, ScriptedSystem
from carelane.worklist import acting
from carelane.worklist.viewer import Viewer

Rig = Any  # the fixture's class lives in conftest
WHO = Viewer(person="r.moreau", sites=("main",), pools=("referral-desk",))


async def _laws(rig: Rig) -> dict[str, Law]:
    async with rig.runtime.worker.transaction() as tx:
        return {law.name: law for law in await laws(tx)}


async def _a_day(rig: Rig, system: ScriptedSystem) -> None:
    """Messages of every outcome; referrals, one of them completed and told to the EHR; an effect that died."""
    tasks = [await rig.referral(subject=f"p{n}", order=f"O{n}") for n in range(3)]
    for (origin,) in rig.sql("select origin from fact where type = 'referral.received'"):
        _message(rig, origin, "facts")
    await acting.complete(rig.runtime, WHO, tasks[0], version=1, outcome="accept")
    rig.hand.forward(minutes=1)
    await send_ready(rig.outbox(system), "ehr")
    rig.effect()
    system.mood = Mood.REFUSES
    await send_ready(rig.outbox(system), "ehr")
    await drain(rig.runtime)
    _message(rig, name="pending", outcome="pending")
    _message(rig, name="odd", outcome="no mapping")
    _message(rig, name="bad", outcome="rejected", reason="hl7v2.header")


def _message(
    rig: Rig, id_: Any = None, outcome: str = "facts", *, name: str = "", reason: str = ""
) -> None:
    id_ = id_ or rig.value("select gen_random_uuid()")
    rig.insert(
        "message", id=id_, organisation=rig.organisation, connection="hl7", received_at=rig.hand(),
        digest=b"\0" * 32, size=10, outcome=outcome, reason=reason, trigger=name,
    )  # fmt: skip
    if outcome != "rejected":
        rig.insert("message_body", message=id_, organisation=rig.organisation, sealed=b"x")


@pytest.mark.invariant("I9")
async def test_the_four_laws_balance_at_any_instant(rig: Rig, system: ScriptedSystem) -> None:
    assert all(law.balanced and law.total == 0 for law in (await _laws(rig)).values())
    await _a_day(rig, system)
    found = await _laws(rig)
    assert all(law.balanced for law in found.values()), [law.line() for law in found.values()]
    assert found["messages"].parts == {
        "pending": 1,
        "facts": 3,
        "no_mapping": 1,
        "quarantined": 0,
        "rejected": 1,
    }
    assert found["effects"].parts["done"] == 1
    assert found["effects"].parts["dead"] == 1
    assert found["cases"].parts["open"] >= 3


FIRST = "(select id from fact where type = 'referral.received' limit 1)"
TWICE = """insert into inbox (subject, organisation, fact)
  select subject, organisation, id from fact where type = 'referral.received' limit 1"""
STEPLESS = """set session_replication_role = replica;
  update step set closed_at = opened_at where case_id in (select id from pathway_case limit 1)"""
HALF_CLOSED = """set session_replication_role = replica;
  update pathway_case set closed_at = opened_at, outcome = 'x' where id in (select case_id from step limit 1)"""
PLANTED = {
    "a message that says facts and has none": (
        "messages",
        "update message set outcome = 'facts' where trigger = 'odd'",
    ),
    "a pending message without bytes": (
        "messages",
        "delete from message_body b using message m where m.id = b.message and m.outcome = 'pending'",
    ),
    "a quarantined message that nobody owns": (
        "messages",
        "update message set outcome = 'quarantined' where trigger = 'odd'",
    ),
    "a rejected message without a reason": (
        "messages",
        "update message set reason = '' where outcome = 'rejected'",
    ),
    "an applied fact without an application": (
        "facts",
        f"delete from application where fact in {FIRST}",  # noqa: S608  # a constant
    ),
    "a fact that was taken from the inbox and never decided": (
        "facts",
        f"delete from decision where fact in {FIRST}",  # noqa: S608  # a constant
    ),
    "a fact that is decided and waits as well": ("facts", TWICE),
    "an open case without a step": ("cases", STEPLESS),
    "a closed case with an open step": ("cases", HALF_CLOSED),
    "a done effect that the core never heard of": (
        "effects",
        "update fact set origin = null where type = 'effect.settled'",
    ),
    "a dead effect that nobody owns": (
        "effects",
        "update fact set origin = null where type = 'effect.dead'",
    ),
    "a withdrawn effect without a cause": (
        "effects",
        "update effect set state = 'withdrawn', cause = ''",
    ),
}


@pytest.mark.invariant("I9")
@pytest.mark.parametrize("loss", PLANTED)
async def test_a_planted_loss_is_found_by_its_law(
    rig: Rig, system: ScriptedSystem, loss: str
) -> None:
    name, statement = PLANTED[loss]
    await _a_day(rig, system)
    for part in statement.split(";"):
        rig.sql(part)
    rig.sql("set session_replication_role = origin")
    found = await _laws(rig)
    assert not found[name].balanced
    assert found[name].offenders
    assert "NOT BALANCED" in found[name].line()


@pytest.mark.invariant("I4")
async def test_the_audit_alone_gives_the_same_counts(rig: Rig, system: ScriptedSystem) -> None:
    """Each change of an effect is told once, from where it stood: retries, look-ups and redrives included."""
    for n in range(3):
        task = await rig.referral(subject=f"p{n}", order=f"O{n}")
        await acting.complete(rig.runtime, WHO, task, version=1, outcome="accept")
    rig.hand.forward(minutes=1)
    outbox = rig.outbox(system)
    system.effect_class = EffectClass.SEARCHABLE
    system.moods.extend([Mood.CUT_AFTER, Mood.DOWN, Mood.REFUSES])
    for _ in range(4):
        await send_ready(outbox, "ehr")
        await reconcile_once(outbox, "ehr")
        await drain(rig.runtime)
        rig.hand.forward(minutes=15)
    await redrive(rig.runtime, actor="r.moreau", cause="http-422", preview=False)
    await send_ready(outbox, "ehr")
    await drain(rig.runtime)

    recount = Recount()
    for (body,) in rig.sql("select convert_from(body, 'utf8') from audit_leaf order by seq"):
        leaf = json.loads(body)
        assert faults(leaf) == ()
        recount.take(leaf)
    counted = recount.counts()
    found = await _laws(rig)
    assert found["effects"].parts == counted.effects
    assert found["cases"].parts == counted.cases
    assert found["facts"].parts == counted.facts
    assert {code.message for code in recount.problems} == set()
