"""After a downtime clocks don't all fire at once: what happened meanwhile is decided first (SEMANTICS 6).

A downtime is 60 s without any drainer's heartbeat. The first worker that comes back records it, before its own
first beat, so that every worker knows; it ends when everything that waited is decided, or after 15 minutes.
Safety clocks never wait.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from carelane.cases import GRACE
from carelane.engine.runtime import Runtime
from carelane.store.database import Tx

SILENCE = timedelta(seconds=60)
_NAME = "downtime"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grace:
    """Since when we are back, and up to when everything received has been decided (None: nothing yet)."""

    since: datetime
    drained_until: datetime | None


async def begin(runtime: Runtime) -> bool:
    """Find out at start whether there was a downtime; call it before the first heartbeat. Whether there was."""
    now = runtime.now()
    async with runtime.worker.transaction() as tx:
        beat = await tx.one("engine.last_beat", kind="work")
        told = await tx.one("engine.last_beat", kind=_NAME)
        known = told["at"] if told else None
        last = beat["at"] if beat else None
        if last is not None and now - last > SILENCE and (known is None or known < last):
            tx.put("engine.beat", process=_NAME, organisation=runtime.organisation, kind=_NAME, at=now,
                         detail="{}")  # fmt: skip
            known = now
    runtime.back_since = known if known is not None and now - known < GRACE else None
    return runtime.back_since is not None


async def grace(runtime: Runtime, tx: Tx, now: datetime) -> Grace | None:
    """The grace in force, or None: the usual case costs no statement."""
    if runtime.back_since is None:
        return None
    oldest = await tx.one("engine.oldest_waiting")
    drained_until = oldest["at"] if oldest and oldest["at"] is not None else now
    if now - runtime.back_since >= GRACE or drained_until == now:
        runtime.back_since = None
        return None
    return Grace(since=runtime.back_since, drained_until=drained_until)
