"""Reports of back-tests and shadow runs, kept with the digests of all they depend on; activation asks for them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from carelane.audit.actions import Action
from carelane.engine.runtime import Runtime
from carelane.facts.fact import Actor
from carelane.facts.ids import derive
from carelane.proofs.backtest import BacktestReport, encode
from carelane.store.changes import Deed, record
from carelane.store.database import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A kept report, as far as activation asks: which events, and whether it blocks."""

    id: UUID
    events: str
    blocks: bool
    made_at: datetime
    made_by: str
    report: str


async def keep(runtime: Runtime, tx: Tx, report: BacktestReport, *, by: str) -> UUID:
    """Keep a report; the same releases and events again replace it. One leaf says so."""
    now = runtime.now()
    id_ = derive(now, "backtest", report.old.digest, report.new.digest, report.events)
    row = await tx.one(
        "backtest.keep", id=id_, organisation=runtime.organisation, pathway=report.new.pathway,
        old=report.old.digest, new=report.new.digest, events=report.events,
        report=encode(report).decode(), blocks=report.blocks, made_at=now, made_by=by,
    )  # fmt: skip
    detail: dict[str, str | int | bool] = {
        "pathway": report.new.pathway,
        "old": report.old.digest,
        "release": report.new.digest,
        "blocks": report.blocks,
        "cases": report.cases,
    }
    record(tx, Deed(organisation=runtime.organisation, at=now, action=Action.BACKTEST_KEPT,
                          actor=Actor.PERSON, name=by, detail=detail))  # fmt: skip
    return row["id"] if row is not None else id_


async def newest(tx: Tx, *, old: str, new: str) -> Kept | None:
    """The newest report about a release against the one it would follow; None: nobody has judged it so."""
    row = await tx.one("backtest.newest", old=old, new=new)
    return Kept(**row) if row is not None else None
