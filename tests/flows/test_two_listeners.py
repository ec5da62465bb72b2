"""Two listeners get one message at one instant: it is stored once, and both senders hear that it was accepted."""

from typing import Any

import pytest

from carelane.compose.connections import envelopes
from carelane.intake.receive import keep_one
from carelane.store import messages as stored
from carelane.testing import messages as make
from tests.flows.conftest import Feed


async def test_a_message_that_another_listener_stores_meanwhile_is_kept_once(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other commits after ours has looked for the control id, and before ours has stored it."""
    raw, look = make.referral(1), stored._known  # noqa: SLF001  # the instant between both
    others: list[Any] = []

    async def look_early(*arguments: Any) -> Any:
        known = await look(*arguments)
        if not others:
            others.append(None)
            others[:] = await feed.store(raw)
        return known

    monkeypatch.setattr(stored, "_known", look_early)
    runtime = feed.house.runtime
    envelope = envelopes(runtime.directory)["mllp"](raw)
    receipt = await keep_one(runtime, envelope, "mllp", raw, site="north")
    assert (others[0].outcome, receipt.outcome) == ("accepted", "duplicate")
    assert receipt.message == others[0].message
    assert len(feed.sql("select from message")) == 1
