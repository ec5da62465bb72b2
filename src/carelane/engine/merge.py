"""Merges, links and their reversal: links, inbox and cases are re-pointed under both turns (SEMANTICS 3; I18)."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import msgspec

from carelane.engine.deliver import deliver
from carelane.engine.runtime import Runtime
from carelane.facts.fact import Actor, Fact, Merge
from carelane.facts.ids import derive
from carelane.facts.phi import Phi
from carelane.store import turns
from carelane.store.database import Row, Tx
from carelane.store.leaf_rows import leaf

WAIT_MS = 2_000


async def merge(runtime: Runtime, tx: Tx, fact: Fact, merged: Merge) -> None:
    """Carry out what an identity message says, in the caller's transaction. `fact` tells of it, on the survivor."""
    tokens = [
        runtime.vault.tokens.identifier(each.authority, each.value) for each in merged.retired
    ]
    rows = await tx.tuples("intake.links", {"tokens": tokens})
    retired = [subject for _token, _id, _key, subject, *_ in rows]
    if merged.kind == "unlink":
        await _unlink(runtime, tx, fact, [row[1] for row in rows])
        return
    for subject in dict.fromkeys(retired):
        if subject != fact.subject:
            await _join(runtime, tx, fact, subject, merged.kind)


async def _join(runtime: Runtime, tx: Tx, fact: Fact, retired: UUID, kind: str) -> None:
    survivor = fact.subject
    await turns.both(tx, [survivor, retired], wait_ms=WAIT_MS)
    identities = [row["identity"] for row in await tx.rows("intake.identities_of", subject=retired)]
    moving = await tx.rows("intake.open_cases_of", subject=retired)
    staying = await tx.rows("intake.open_cases_of", subject=survivor)
    clashes = _clashes(staying, moving)
    for younger, older in clashes:
        await tx.run("intake.mark_duplicate", case=younger["id"], of=older["id"])
    await _move(tx, runtime, identities, retired, survivor)
    await tx.run("intake.retire", subject=retired, into=survivor)
    await _log(runtime, tx, fact, kind, survivor=survivor, retired=retired, identities=identities)
    await deliver(runtime, tx, [_duplicate(fact, younger, older) for younger, older in clashes])


async def _unlink(runtime: Runtime, tx: Tx, fact: Fact, identities: Sequence[UUID]) -> None:
    """Take back the newest merge that moved one of these identities; without one there is nothing to undo."""
    for row in await tx.rows("intake.merges_of", subjects=[fact.subject]):
        moved = [UUID(each) for each in msgspec.json.decode(row["moved"])["identities"]]
        if not set(moved) & set(identities):
            continue
        survivor, retired = row["survivor"], row["retired"]
        await turns.both(tx, [survivor, retired], wait_ms=WAIT_MS)
        await _move(tx, runtime, moved, survivor, retired)
        await tx.run("intake.retire", subject=retired, into=None)
        await tx.run("intake.reverse_merge", id=row["id"], by=fact.id)
        await _log(
            runtime, tx, fact, "unlink", survivor=retired, retired=survivor, identities=moved
        )
        return


async def _move(
    tx: Tx, runtime: Runtime, identities: Sequence[UUID], source: UUID, target: UUID
) -> None:
    """Links first, then everything that follows an identity."""
    wanted = {"identities": list(identities), "source": source, "target": target}
    await tx.run("intake.relink", subject=target, identities=list(identities), at=runtime.now())
    for query in ("facts", "inbox", "decisions", "cases", "steps", "tasks", "effects"):
        await tx.run(f"intake.move_{query}", **wanted)


async def _log(
    runtime: Runtime, tx: Tx, fact: Fact, kind: str, *, survivor: UUID, retired: UUID, identities: Sequence[UUID]
) -> None:  # fmt: skip
    now = runtime.now()
    moved = msgspec.json.encode({"identities": [str(each) for each in identities]}).decode()
    id_ = derive(now, "merge", fact.id, survivor, retired)
    await tx.run("intake.log_merge", id=id_, organisation=runtime.organisation, kind=kind, survivor=survivor,
                 retired=retired, moved=moved, fact=fact.id, at=now)  # fmt: skip
    content = {
        "kind": kind,
        "survivor": str(survivor),
        "retired": str(retired),
        "identities": len(identities),
    }
    _, at, body = leaf(id_=id_, organisation=runtime.organisation, at=now, action="subject.merged",
                       actor={"kind": "system", "name": fact.connection or ""}, content=content)  # fmt: skip
    await tx.run("house.leaf", id=id_, organisation=runtime.organisation, at=at, body=body)


def _clashes(staying: Sequence[Row], moving: Sequence[Row]) -> list[tuple[Row, Row]]:
    """Open cases of one thing on both sides: (younger, older)."""
    by_key = {_key(row): row for row in staying if row["unique_token"]}
    pairs = [
        (row, by_key[_key(row)]) for row in moving if row["unique_token"] and _key(row) in by_key
    ]
    return [
        tuple(sorted(pair, key=lambda row: (row["opened_at"], row["id"]), reverse=True))
        for pair in pairs
    ]  # type: ignore[misc]  # pairs of two


def _key(row: Row) -> tuple[str, str, str]:
    return (row["pathway"], row["unique_name"], row["unique_token"])


def _duplicate(fact: Fact, younger: Row, older: Row) -> Fact:
    return replace(
        fact,
        id=derive(fact.recorded_at, "duplicate", fact.id, younger["id"]),
        type="case.duplicate",
        payload=Phi({"duplicate": {"pathway": younger["pathway"]}}, "duplicate"),
        keys={"case": str(younger["id"])},
        refers={"case": younger["id"], "older": older["id"]},
        actor=Actor.CARELANE,
        entity=None,
    )
