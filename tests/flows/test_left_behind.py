"""What comes while its subject's turn is taken: whoever brings it passes it by, so whoever had the turn looks again."""

from typing import Any

import pytest

from carelane.compose.connections import readers
from carelane.compose.people import outbox_of
from carelane.effects.reaching import address
from carelane.engine.decide import decide
from carelane.engine.drain import drain
from carelane.engine.loop import all_taken
from carelane.facts.fact import Actor, Fact
from carelane.facts.ids import derive
from carelane.facts.phi import Phi
from carelane.intake.interpret import interpret
from carelane.store import load
from carelane.testing import messages as make
from tests.flows.conftest import Feed


async def next_message(feed: Feed) -> None:
    """Interpret one more message, which rings."""
    assert await interpret(feed.house.runtime, readers(feed.house.runtime.directory), "mllp", limit=1)  # fmt: skip


def meanwhile(feed: Feed, patch: pytest.MonkeyPatch) -> None:
    """Reading what is to be decided, and as it has been read another process brings the next message."""
    work = load.work

    async def read(*arguments: Any, **named: Any) -> Any:
        found = await work(*arguments, **named)
        await next_message(feed)
        assert await feed.house.runtime.bell.wait("drain", seconds=0)
        assert (await drain(feed.house.runtime)).subjects == 0  # the turn is taken
        return found

    def once(*arguments: Any, **named: Any) -> Any:
        patch.setattr(load, "work", work)
        return read(*arguments, **named)

    patch.setattr(load, "work", once)


async def a_referral_and_its_changes(feed: Feed) -> None:
    await feed.send(make.referral(1))
    await feed.store(make.modify_referral(2, of=1), make.modify_referral(3, of=1))


async def test_a_drainer_looks_again(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    await a_referral_and_its_changes(feed)
    await next_message(feed)
    meanwhile(feed, monkeypatch)
    done = await drain(feed.house.runtime)
    assert (done.facts, done.left) == (1, True)
    assert not all_taken(done)
    done = await drain(feed.house.runtime)
    assert (done.facts, done.left) == (1, False)


async def test_a_persons_decision_rings(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = feed.house.runtime
    await a_referral_and_its_changes(feed)
    await runtime.bell.wait("drain", seconds=0)  # what has rung before
    await decide(runtime, nonsense(feed))
    assert not await runtime.bell.wait("drain", seconds=0)
    meanwhile(feed, monkeypatch)
    await decide(runtime, nonsense(feed))
    assert await runtime.bell.wait("drain", seconds=0)
    assert (await drain(runtime)).facts == 1


async def test_who_finds_another_process_addressing_messages_looks_again(feed: Feed) -> None:
    runtime, outbox = feed.house.runtime, outbox_of(feed.house)
    async with runtime.worker.transaction() as tx:
        row = await tx.one("effects.addressing")
        assert row is not None
        assert row["mine"]
        await runtime.bell.wait("effects", seconds=0)
        assert await address(outbox, ["north"]) == (0, frozenset())
        assert await runtime.bell.wait("effects", seconds=0)
    assert await address(outbox, ["north"]) == (0, frozenset())
    assert not await runtime.bell.wait("effects", seconds=0)


def nonsense(feed: Feed) -> Fact:
    """An outcome that the task does not have: decided, and nothing comes of it."""
    runtime = feed.house.runtime
    [(task, case)] = feed.sql("select id, case_id from task where closed_at is null")
    now = runtime.now()
    return Fact(
        id=derive(now, "nonsense", task, feed.sql("select count(*) from fact")[0][0]),
        type="task.completed", subject=feed.subject(1), organisation=runtime.organisation, occurred_at=now,
        recorded_at=now, payload=Phi({"task": {"outcome": "none", "form": {}}}, "task"),
        refers={"task": task, "case": case}, actor=Actor.PERSON, actor_name="dev.okafor",
    )  # fmt: skip
