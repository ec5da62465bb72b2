"""Receive: raw bytes and digest are committed, then the sender gets its answer (I1, I2).

One writer and no timer: a batch is whatever arrived during the last commit (SEMANTICS 12, 5). What can't be
stored is answered with an error, never dropped in silence.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from uuid_utils.compat import uuid7

from carelane.engine.measure import received
from carelane.engine.runtime import Runtime
from carelane.facts.ports import Envelope, Receipt
from carelane.intake.backlog import Backlog
from carelane.store.messages import Arrived, keep

BATCH_MAX = 500
BATCH_BYTES_MAX = 64 * 1024 * 1024


@dataclass(slots=True)
class _Waiting:
    arrived: Arrived
    answer: asyncio.Future[Receipt]


@dataclass(slots=True)
class Receiver:
    """The one writer of a listener process. `envelopes` reads the little we must know, by connection."""

    runtime: Runtime
    envelopes: Mapping[str, Callable[[bytes], Envelope]]
    sites: Mapping[str, str] = field(default_factory=dict)
    backlog: Backlog | None = None
    _queue: asyncio.Queue[_Waiting] = field(default_factory=asyncio.Queue)

    async def receive(self, connection: str, raw: bytes) -> Receipt:
        """Store one message; the answer comes after the commit. Raises what the store raises."""
        envelope = self.envelopes[connection](raw)
        site = self.sites.get(connection, "")
        arrived = arrived_of(self.runtime, connection, raw, envelope, site=site)
        waiting = _Waiting(arrived, asyncio.get_running_loop().create_future())
        self._queue.put_nowait(waiting)
        return await waiting.answer

    async def write(self, stop: asyncio.Event) -> None:
        """Commit batch after batch until told to stop."""
        while not stop.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    first = await self._queue.get()
                if self.backlog is not None and (pause := self.backlog.pause_s()):
                    await asyncio.sleep(pause)
                await self._commit([first, *self._more(len(first.arrived.raw))])

    def _more(self, size: int) -> list[_Waiting]:
        more: list[_Waiting] = []
        while not self._queue.empty() and len(more) < BATCH_MAX and size < BATCH_BYTES_MAX:
            each = self._queue.get_nowait()
            size += len(each.arrived.raw)
            more.append(each)
        return more

    async def _commit(self, batch: Sequence[_Waiting]) -> None:
        try:
            receipts = await _kept(self.runtime, [each.arrived for each in batch])
        except Exception as cause:  # noqa: BLE001  # every sender must get an answer: AE, and it sends again
            for each in batch:
                if not each.answer.done():
                    each.answer.set_exception(cause)
            return
        _ring(self.runtime, {each.arrived.connection for each in batch})
        pairs = zip(batch, receipts, strict=True)
        received(
            self.runtime.observer, ((one.arrived.connection, got.outcome) for one, got in pairs)
        )
        for each, receipt in zip(batch, receipts, strict=True):
            if not each.answer.done():
                each.answer.set_result(receipt)


async def keep_one(
    runtime: Runtime, envelope: Envelope, connection: str, raw: bytes, *, site: str = ""
) -> Receipt:
    """Store one message that we fetched ourselves, in a transaction of its own; whoever asked goes on after it."""
    arrived = arrived_of(runtime, connection, raw, envelope, site=site)
    (receipt,) = await _kept(runtime, [arrived])
    _ring(runtime, {connection})
    received(runtime.observer, [(connection, receipt.outcome)])
    return receipt


def _ring(runtime: Runtime, connections: Iterable[str]) -> None:
    for name in connections:
        runtime.bell.ring(f"interpret/{name}")


async def _kept(runtime: Runtime, arrived: Sequence[Arrived]) -> list[Receipt]:
    return await keep(runtime.worker, runtime.vault, runtime.organisation, arrived)


def arrived_of(  # noqa: PLR0913  # each says one thing about the message
    runtime: Runtime,
    connection: str,
    raw: bytes,
    envelope: Envelope,
    *,
    site: str = "",
    replay_of: UUID | None = None,
) -> Arrived:
    """One message as it came, now."""
    return Arrived(
        id=uuid7(),
        connection=connection,
        site=site,
        raw=raw,
        digest=hashlib.sha256(raw).digest(),
        control_id=envelope.control_id,
        trigger=envelope.trigger,
        problems=envelope.problems,
        received_at=runtime.now(),
        replay_of=replay_of,
    )
