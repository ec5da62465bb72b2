"""The first read models, each one statement over what was committed. Codes, counts and seconds only."""

from datetime import datetime

from carelane.store.database import Row, Tx


async def open_work(tx: Tx, now: datetime) -> list[Row]:
    """Open tasks by owner, pathway, urgency and age band: `open`, `overdue`, `oldest_s`."""
    return await tx.rows("measures.open_work", now=now)


async def turnaround(tx: Tx, from_at: datetime, to_at: datetime) -> list[Row]:
    """Per state and way out, over waits that ended in [from_at, to_at): `ended`, `median_s`, `p90_s`, `late`."""
    return await tx.rows("measures.turnaround", from_at=from_at, to_at=to_at)


async def breaches(tx: Tx, from_at: datetime, to_at: datetime) -> list[Row]:
    """Waits whose due time in [from_at, to_at) passed: `breaches`, `still_open`, `worst_s`."""
    return await tx.rows("measures.breaches", from_at=from_at, to_at=to_at)


async def touches(tx: Tx, from_at: datetime, to_at: datetime) -> list[Row]:
    """People's doings per case closed in [from_at, to_at), by pathway."""
    return await tx.rows("measures.touches", from_at=from_at, to_at=to_at)


async def overrides(tx: Tx, from_at: datetime, to_at: datetime) -> list[Row]:
    """Routings against a rule in [from_at, to_at), by rule, release and reason."""
    return await tx.rows("measures.overrides", from_at=from_at, to_at=to_at)


async def effects(tx: Tx, now: datetime) -> list[Row]:
    """Effects by connection, capability and state: `effects`, `attempts`, `oldest_s` of the unsettled."""
    return await tx.rows("measures.effects", now=now)


async def connections(tx: Tx) -> list[Row]:
    """Breaker, failures and Retry-After of each connection."""
    return await tx.rows("measures.connections")


async def standing(tx: Tx, pathway: str, now: datetime) -> list[Row]:
    """The open waits of a pathway by release and state: `open`, `oldest_at`, and `late`, past due."""
    return await tx.rows("measures.standing", pathway=pathway, now=now)
