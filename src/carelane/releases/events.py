"""Recorded decisions out of the database, as `proofs.events` has them: one line per subject, nothing sealed is read.

Every subject that the pathway has to do with since an instant comes with its whole history, because a decision depends
on all that went before it. What can't be replayed is named, not dropped.
"""

import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from carelane.audit.actions import Action
from carelane.cases.vector import plain
from carelane.directory.site import load_site
from carelane.engine.runtime import Runtime
from carelane.facts.fact import Actor
from carelane.pathways.definition import Definition
from carelane.proofs.events import (
    FORMAT,
    Active,
    Applied,
    CaseEnd,
    EffectEnd,
    Ended,
    Header,
    Heard,
    History,
    Merge,
    StepEnd,
    Text,
    Told,
    reduced,
)
from carelane.proofs.joined import Parts
from carelane.store.changes import Deed, record
from carelane.store.database import Database, Row, Tx
from carelane.store.shapes import decode_case, decode_step, encode, untag

PAGE = 100
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = UUID(int=0)
_Raw = dict[str, Any]


async def header(runtime: Runtime, tx: Tx, pathway: str, since: datetime | None) -> Header:
    """Under what was decided: releases, activations and directories, with their times."""
    releases = [
        Text(digest=row["digest"], content=row["content"])
        for row in await tx.rows("releases.published")
    ]
    activations = [Active(**row) for row in await tx.rows("backtest.activations")]
    directories = [
        reduced(load_site(json.loads(row["files"]), version=row["version"])[0], row["loaded_at"])
        for row in await tx.rows("backtest.directories")
    ]
    return Header(
        carelane_events=FORMAT,
        pathway=pathway,
        organisation=runtime.organisation,
        since=since,
        releases=tuple(releases),
        activations=tuple(activations),
        directories=tuple(directories),
    )


async def export(
    runtime: Runtime, pathway: str, since: datetime | None
) -> tuple[Header, AsyncIterator[History]]:
    """The head and the subjects of a recording; one leaf says that it left."""
    async with runtime.worker.transaction() as tx:
        head = await header(runtime, tx, pathway, since)
        detail: dict[str, str | int | bool] = {"pathway": pathway}
        record(tx, Deed(organisation=runtime.organisation, at=runtime.now(), action=Action.EVENTS_EXPORTED,
                              actor=Actor.CARELANE, name="command line", detail=detail))  # fmt: skip
    return head, histories(runtime.worker, head, heard_by(runtime.releases.published, pathway))


async def histories(
    database: Database, head: Header, heard: Sequence[str]
) -> AsyncIterator[History]:
    """Every subject with such facts or cases, page by page in the order of their ids."""
    after = _FIRST
    while True:
        async with database.transaction() as tx:
            rows = await tx.tuples("backtest.subjects", {"after": after, "limit": PAGE})
            page = [row[0] for row in rows]
            found = await of_subjects(tx, head, heard, page) if page else []
        for each in found:
            yield each
        if not page:
            return
        after = page[-1]


async def of_subjects(
    tx: Tx, head: Header, heard: Sequence[str], subjects: Sequence[UUID]
) -> list[History]:
    """The histories of those of these subjects that the pathway has to do with."""
    rows = await tx.rows(
        "backtest.histories", subjects=list(subjects), heard=list(heard), pathway=head.pathway,
        since=head.since or ALWAYS,
    )  # fmt: skip
    return [history(row, head) for row in rows]


def history(row: Row, head: Header) -> History:
    """One subject as recorded; or why it can't be replayed."""
    facts, cases = _list(row["facts"]), _list(row["cases"])
    reason = _left_out(row, facts, cases)
    if reason:
        return History(subject=row["id"], kind=row["kind"], left_out=reason)
    heard, merges = _facts(facts, _list(row["merges"]), head)
    found = History(
        subject=row["id"],
        kind=row["kind"],
        facts=heard,
        merges=merges,
        cases=tuple(_case(each) for each in cases),
        steps=tuple(_step(each) for each in _list(row["steps"])),
        effects=tuple(msgspec.convert(each, EffectEnd) for each in _list(row["effects"])),
        told=tuple(msgspec.convert(each, Told) for each in _list(row["told"])),
    )
    unclear = merges and Parts(found).unclear()
    return History(subject=row["id"], kind=row["kind"], left_out="merged") if unclear else found


def _left_out(row: Row, facts: Iterable[_Raw], cases: Iterable[_Raw]) -> str:
    if any(each["back"] for each in _list(row["merges"])):
        return "unmerged"  # what was moved is with whom it came from again, and can't be told apart
    if any(each["vector"] is None for each in facts):
        return "before-vectors"
    if any("values" not in each["state"] for each in cases):
        return "swept"
    if any(each["why"].startswith("commit:") for each in facts):
        return "set-aside"
    return ""


def _facts(
    raws: list[_Raw], merges: list[_Raw], head: Header
) -> tuple[tuple[Heard, ...], tuple[Merge, ...]]:
    """Facts with the places of their ends, and the merges between them."""
    ends = [
        (end["at"], int(end.get("xid") or 0), end.get("n") or 0, number, end)
        for number, raw in enumerate(raws)
        for end in _ends(raw)
    ]
    ends += [(_instant(each["at"]), int(each["xid"]), 0, len(raws) + number, each)
             for number, each in enumerate(merges)]  # fmt: skip
    placed: dict[int, list[Ended]] = {}
    found: list[Merge] = []
    for order, (at, _, _, number, end) in enumerate(sorted(ends, key=lambda each: each[:4])):
        if number < len(raws):
            placed.setdefault(number, []).append(_ended(raws[number], end, at, order, head))
        else:
            found.append(msgspec.convert(
                {"order": order, "survivor": end["survivor"], "retired": end["retired"],
                 "identities": end["moved"]["identities"]}, Merge))  # fmt: skip
    heard = [_heard(raws[number], tuple(those)) for number, those in placed.items()]
    return tuple(sorted(heard, key=lambda each: each.ends[0].order)), tuple(found)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _ends(raw: _Raw) -> list[_Raw]:
    """How a fact ended, oldest first."""
    vector = raw["vector"]
    last = {"at": raw["at"], "xid": raw["xid"], "n": vector.get("n"), "ended": raw["how"],
            "reason": raw["why"], "seen": vector.get("seen")}  # fmt: skip
    return [{**end, "at": _instant(end["at"])} for end in (*vector.get("before", ()), last)]


def _ended(raw: _Raw, end: _Raw, at: datetime, order: int, head: Header) -> Ended:
    bound = [each["directory"] for each in raw["applied"] or () if each.get("directory")]
    return Ended(
        at=at,
        order=order,
        how=end["ended"],
        why=end["reason"],
        directory=bound[-1] if bound else _directory(head, at),
        seen=end.get("seen") or {},
    )


def _directory(head: Header, at: datetime) -> int:
    """The directory in force then, where no answer of it was recorded."""
    loaded = [each.version for each in head.directories if each.loaded_at <= at]
    return max(loaded, default=head.directories[0].version if head.directories else 0)


_FACT = ("id", "type", "occurred_at", "recorded_at", "keys", "refers", "entity", "urgency", "actor", "actor_name",
         "connection", "origin", "correlation", "identity", "site", "service_line")  # fmt: skip


def _heard(raw: _Raw, ends: tuple[Ended, ...]) -> Heard:
    vector = raw["vector"]
    shape = {name: raw[name] for name in _FACT}
    shape |= {"read": vector.get("read", {}), "said": vector.get("said", {}), "ends": []}
    applied = [
        Applied(
            case=UUID(each["case"]),
            revision=each["revision"],
            release=each["release"],
            why=tuple((rule, answer) for rule, answer in each["why"] or ()),
            parked=each["parked"],
        )
        for each in raw["applied"] or ()
    ]
    return msgspec.structs.replace(msgspec.convert(shape, Heard), ends=ends, applied=tuple(applied))


def _case(raw: _Raw) -> CaseEnd:
    state = decode_case(encode(raw.pop("state")))
    values = {name: untag(pair) for name, pair in state.values.items()}
    known = msgspec.convert(raw, CaseEnd)
    return msgspec.structs.replace(
        known,
        values={name: None if value is None else plain(value) for name, value in values.items()},
        counters=state.counters,
        keys={name: tuple(tokens) for name, tokens in state.keys.items()},
        stale=state.stale,
    )


def _step(raw: _Raw) -> StepEnd:
    detail = decode_step(encode(raw.pop("detail")))
    known = msgspec.convert(raw, StepEnd)
    if known.closed_at is not None:
        return known
    return msgspec.structs.replace(known, owner=detail.owner, clock=detail.clock)


def _list(text: str | None) -> list[_Raw]:
    found: list[_Raw] = msgspec.json.decode(text) if text else []
    return found


def heard_by(definitions: Mapping[str, Definition], pathway: str) -> list[str]:
    """The fact types that any release of the pathway hears."""
    return sorted({name for each in definitions.values() if each.name == pathway for name in each.events})  # fmt: skip
