"""Two listeners get one message at one instant: it is stored once, and both senders hear that it was accepted."""

import asyncio

from carelane.compose.connections import envelopes
from carelane.intake.receive import arrived_of, keep_one
from carelane.store.messages import keep, store_arrived
from carelane.testing import messages as make
from tests.flows.conftest import Feed

_HELD_UP = (
    "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
)
_LEAVES_OF = "select convert_from(bodies[1], 'UTF8') from audit_sheaf where convert_from(bodies[1], 'UTF8') like %s"


async def test_a_message_that_another_listener_stores_meanwhile_is_kept_once(feed: Feed) -> None:
    """The other has stored it and has not committed; ours finds nothing, and is held up by the index."""
    raw, runtime = make.referral(1), feed.house.runtime
    look = envelopes(runtime.directory)["mllp"]
    arrived = arrived_of(runtime, "mllp", raw, look(raw), site="north")
    async with runtime.worker.transaction() as tx:
        (first,) = await store_arrived(tx, runtime.vault, runtime.organisation, [arrived])
        ours = asyncio.create_task(keep_one(runtime, look(raw), "mllp", raw, site="north"))
        async with asyncio.timeout(20):
            while not feed.sql(_HELD_UP):  # noqa: ASYNC110  # the event is in the database
                await asyncio.sleep(0)
    receipt = await ours
    assert (first.outcome, receipt.outcome) == ("accepted", "duplicate")
    assert receipt.message == first.message
    assert len(feed.sql("select from message")) == 1


async def test_a_batch_with_one_that_was_sent_before_keeps_the_others_and_says_so_in_one_leaf(
    feed: Feed,
) -> None:
    """In one batch: sent before, new, new again, and the first one's control id over another body."""
    runtime = feed.house.runtime
    look = envelopes(runtime.directory)["mllp"]
    before, new, other = (make.referral(n) for n in (1, 2, 3))
    changed = other.replace(_control_id(other), _control_id(before))
    (known,) = await feed.store(before)
    batch = [
        arrived_of(runtime, "mllp", raw, look(raw), site="north")
        for raw in (before, new, new, changed)
    ]
    receipts = await keep(runtime.worker, runtime.vault, runtime.organisation, batch)
    said = [(each.outcome, each.message) for each in receipts]
    assert said == [
        ("duplicate", known.message),
        ("accepted", batch[1].id),
        ("duplicate", batch[1].id),
        ("conflict", batch[3].id),
    ]
    stored = [known.message, batch[1].id, batch[3].id]
    assert [row[0] for row in feed.sql("select id from message order by seq")] == stored
    assert len(feed.sql("select from message_body")) == 3
    (told,) = feed.sql(_LEAVES_OF, f"%{batch[3].id}%")
    assert told[0].count('["message"') == 2
    assert told[0].count('["repeat"') == 2


def _control_id(raw: bytes) -> bytes:
    return raw.split(b"|")[9]
