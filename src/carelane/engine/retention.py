"""The nightly sweep: removes what is past its time to live unless an open case or a legal hold needs it.

`store/retention.py` is the list and `store/sql/retention.sql` the statements. Each page is one transaction with
one leaf of counts (I4); pages go by primary key, so that no index is paid for on the way in.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from carelane.audit.actions import Action
from carelane.audit.leaf import Change, Thing
from carelane.engine.runtime import Runtime
from carelane.facts.errors import SetupFault
from carelane.facts.fact import Actor
from carelane.facts.ids import derive
from carelane.pathways.definition import Definition
from carelane.store.changes import Deed, record
from carelane.store.database import Row, Tx
from carelane.store.retention import HOLD_REASONS, cutoffs
from carelane.store.shapes import decode_payload, encode
from carelane.store.vault import Vault

PAGE = 1_000
_FIRST = UUID(int=0)
_FIELDS = "case_fields"


class HoldFault(SetupFault):
    """The legal hold can't be placed or released: the message says why."""

    code = "legal-hold"


async def sweep(runtime: Runtime, *, page: int = PAGE) -> Mapping[str, int]:
    """Remove everything that is past its time now; how much of what."""
    now, removed = runtime.now(), Counter[str]()
    for name, ttl in cutoffs().items():
        removed[name] = await _pages(runtime, name, now - ttl, now, page)
    removed[_FIELDS] = await _fields(runtime, now, page)
    runtime.vault.forget()  # an emptied key must not live on in memory
    for name, number in removed.items():
        runtime.observer.count("retention_removed", {"what": name}, number)
    return dict(removed)


async def _pages(runtime: Runtime, name: str, before: datetime, now: datetime, page: int) -> int:
    total, after = 0, _FIRST
    while True:
        async with runtime.worker.transaction() as tx:
            row = await tx.one(f"retention.{name}", before=before, after=after, page=page)
            removed = row["removed"] if row else 0
            if removed:
                _leaf(runtime, tx, now, name, removed)
        total += removed
        if row is None or (row["last"] is None and not removed):
            return total
        after = row["last"] or after


async def _fields(runtime: Runtime, now: datetime, page: int) -> int:
    """Copied fields of closed cases, each by its own time to live."""
    total, after, before = 0, _FIRST, now - shortest(runtime.releases.published.values())
    while True:
        async with runtime.worker.transaction() as tx:
            rows = await tx.rows("retention.closed_cases", after=after, before=before, page=page)
            removed = sum([await _fewer(runtime, tx, row, now) for row in rows if not row["held"]])
            if removed:
                _leaf(runtime, tx, now, _FIELDS, removed)
        total += removed
        if not rows:
            return total
        after = rows[-1]["id"]


def shortest(definitions: Iterable[Definition]) -> timedelta:
    """The shortest time to live of any field: younger cases need no look."""
    lives = [each.ttl for definition in definitions for each in definition.fields.values()]
    return min(lives, default=timedelta(0))


async def _fewer(runtime: Runtime, tx: Tx, row: Row, now: datetime) -> int:
    """Reseal one closed case without the fields that are past their time; how many went."""
    vault = runtime.vault
    if row["known"]:
        vault.learn(row["identity"], row["identity_key"])
        if row["identity_key"] is None:
            return 0  # shredded: nothing readable is left
    definition = runtime.releases.published.get(row["release"])
    fields = _open(vault, row)
    left = remaining(fields, definition, now - row["closed_at"])
    if len(left) == len(fields) and left:
        return 0
    sealed = _seal(vault, row, left) if left else None
    changed = await tx.run(
        "retention.fewer_fields", id=row["id"], revision=row["revision"], sealed=sealed
    )
    return max(len(fields) - len(left), 1) if changed else 0


def remaining(
    fields: Mapping[str, Any], definition: Definition | None, age: timedelta
) -> dict[str, Any]:
    """The fields whose time is not up; those that no release declares are past it."""
    known = definition.fields if definition else {}
    return {
        name: value for name, value in fields.items() if name in known and known[name].ttl > age
    }


def _open(vault: Vault, row: Row) -> Mapping[str, Any]:
    return decode_payload(
        vault.open(row["identity"], "pathway_case", row["id"], "sealed", row["sealed"])
    )


def _seal(vault: Vault, row: Row, fields: Mapping[str, Any]) -> bytes:
    return vault.seal(row["identity"], "pathway_case", row["id"], "sealed", encode(fields))


async def hold(runtime: Runtime, subject: UUID, *, reason: str, by: str) -> bool:
    """From now on nothing of this patient is removed; False if such a hold is in force already.

    Raises:
        HoldFault: the reason is not one of `HOLD_REASONS`, or nobody has that id.
    """
    if reason not in HOLD_REASONS:
        raise HoldFault(f"the reason must be one of {', '.join(HOLD_REASONS)}")
    now = runtime.now()
    async with runtime.worker.transaction() as tx:
        if not await tx.rows("engine.subjects", subjects=[subject]):
            raise HoldFault(f"no subject {subject}. Remedy: take its id from `carelane case show`")
        row = await tx.one("retention.hold", id=derive(now, "hold", subject, reason), subject=subject,
                           organisation=runtime.organisation, reason=reason, by=by, now=now)  # fmt: skip
        if row is not None:
            _hold_leaf(runtime, tx, Action.HOLD_PLACED, subject, reason, by, now)
    return row is not None


async def release(runtime: Runtime, subject: UUID, *, reason: str, by: str) -> bool:
    """End a hold; False if there was none."""
    now = runtime.now()
    async with runtime.worker.transaction() as tx:
        row = await tx.one("retention.release", subject=subject, reason=reason, by=by, now=now)
        if row is not None:
            _hold_leaf(runtime, tx, Action.HOLD_RELEASED, subject, reason, by, now)
    return row is not None


def _hold_leaf(  # noqa: PLR0913, PLR0917  # one door for both leaves
    runtime: Runtime, tx: Tx, action: Action, subject: UUID, reason: str, by: str, now: datetime
) -> None:
    deed = Deed(
        organisation=runtime.organisation, at=now, action=action, actor=Actor.PERSON, name=by
    )
    after = "held" if action is Action.HOLD_PLACED else "free"
    before = "free" if after == "held" else "held"
    change = Change(
        thing=Thing.SUBJECT, id=subject, before=before, after=after, detail={"reason": reason}
    )
    record(tx, deed, change)


def _leaf(runtime: Runtime, tx: Tx, now: datetime, name: str, removed: int) -> None:
    deed = Deed(organisation=runtime.organisation, at=now, action=Action.RETENTION_SWEPT, actor=Actor.CARELANE,
                name="retention", detail={"what": name, "removed": removed})  # fmt: skip
    record(tx, deed)
