"""The case page as data: summary, fields, work, effects, thread, timeline, and why this is here.

Only fields whose names the rooms above allow are opened; what is masked never leaves this room (I19).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from carelane.casebook.records import Record, records
from carelane.casebook.timeline import Entry, timeline
from carelane.casebook.why import HISTORY_MAX, Explanation, explain
from carelane.engine.runtime import Runtime
from carelane.facts.fact import Json, Payload
from carelane.facts.phi import Phi
from carelane.pathways.definition import Definition
from carelane.store.database import Row, Tx
from carelane.store.shapes import decode_payload
from carelane.store.vault import Shredded, Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One copied field: its label, its authoritative system, and the value, or None where the key was destroyed."""

    name: str
    label: str
    authority: str
    value: Phi[Json] = field(repr=False)
    role: str = ""  # of the payload it was copied from: `patient`, `request`


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One entry of the thread."""

    id: UUID
    author: str
    at: datetime
    kind: str
    content: Phi[Payload] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything about one case. `summary`, `tasks`, `steps`, `effects`, `notices` are rows of codes and instants."""

    id: UUID
    summary: Mapping[str, Any]
    patient: Phi[Payload] = field(repr=False)
    fields: tuple[Shown, ...]
    masked: tuple[str, ...]  # names of fields that exist and may not be seen
    steps: Sequence[Row]
    tasks: Sequence[Row]
    effects: Sequence[Row]
    notices: Sequence[Row]
    thread: tuple[Note, ...]
    timeline: tuple[Entry, ...]
    explanation: Explanation
    records: Mapping[str, Record] = field(default_factory=dict)  # by role


CASES_MAX = 100
"""The rows of a page of cases."""

_SECRET = frozenset(
    {"sealed", "identity_key", "subject_sealed", "subject_key", "identity", "subject_identity"}
)


async def page(
    runtime: Runtime,
    case: UUID,
    *,
    sites: Sequence[str],
    allowed: Collection[str],
    patient: bool = True,
) -> Page | None:
    """The page of a case in these sites; None if there is none in view.

    `allowed` are the names of fields that this person may see for this purpose; `patient`: whether name, birth
    date and identifiers may be shown.
    """
    async with runtime.app.transaction(sites=sites) as tx:
        row = await tx.one("casebook.case", id=case)
        if row is None:
            return None
        history = await tx.rows("casebook.history", id=case, limit=HISTORY_MAX)
        parts = {
            name: await tx.rows(f"casebook.{name}", id=case)
            for name in ("steps", "tasks", "effects", "notices", "thread")
        }
        came_from = await records(tx, runtime.vault, case)
        explanation = await explain(tx, runtime.releases.published, case)
    if explanation is None:
        return None
    definition = runtime.releases.published.get(row["release"])
    shown, masked = _fields(runtime.vault, row, definition, allowed)
    return Page(
        id=case,
        summary={name: value for name, value in row.items() if name not in _SECRET},
        patient=_patient(runtime.vault, row) if patient else Phi({}, "patient"),
        fields=shown,
        masked=masked,
        steps=parts["steps"],
        tasks=parts["tasks"],
        effects=parts["effects"],
        notices=parts["notices"],
        thread=tuple(_note(runtime.vault, each) for each in parts["thread"]),
        timeline=timeline(history),
        explanation=explanation,
        records=came_from,
    )


def _fields(
    vault: Vault, row: Row, definition: Definition | None, allowed: Collection[str]
) -> tuple[tuple[Shown, ...], tuple[str, ...]]:
    vault.learn(row["identity"], row["identity_key"])
    held = _opened(vault, row["identity"], "pathway_case", row["id"], row["sealed"]).reveal()
    declared = definition.fields if definition else {}
    shown = tuple(
        Shown(
            name=name,
            label=declared[name].label,
            authority=declared[name].authority,
            value=Phi(held[name], name),
            role=declared[name].path.partition(".")[0],
        )
        for name in declared
        if name in held and name in allowed
    )
    return shown, tuple(name for name in declared if name in held and name not in allowed)


def _patient(vault: Vault, row: Row) -> Phi[Payload]:
    vault.learn(row["subject_identity"], row["subject_key"])
    return _opened(vault, row["subject_identity"], "subject", row["subject"], row["subject_sealed"])


def opened_patient(vault: Vault, row: Row) -> Phi[Payload]:
    """What a row of `casebook.find` shows of its patient."""
    vault.learn(row["identity"], row["identity_key"])
    return _opened(vault, row["identity"], "subject", row["id"], row["sealed"])


def _note(vault: Vault, row: Row) -> Note:
    vault.learn(row["identity"], row["identity_key"])
    content = _opened(vault, row["identity"], "thread_entry", row["id"], row["sealed"])
    return Note(id=row["id"], author=row["author"], at=row["at"], kind=row["kind"], content=content)


def _opened(
    vault: Vault, identity: UUID | None, table: str, row: UUID, sealed: bytes | None
) -> Phi[Payload]:
    """What is sealed there; empty when nothing is, or when its key was destroyed."""
    if sealed is None:
        return Phi({}, table)
    try:
        return Phi(decode_payload(vault.open(identity, table, row, "sealed", sealed)), table)
    except Shredded:
        return Phi({}, table)


async def cases(  # noqa: PLR0913  # filters, by name
    tx: Tx,
    *,
    open_only: bool | None = None,
    pathway: str | None = None,
    subjects: Sequence[UUID] | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[Row]:
    """Cases in the transaction's view, newest first, at most 100; `after` is (opened_at, id) of the last row shown."""
    return await tx.rows(
        "casebook.cases",
        open=open_only,
        pathway=pathway,
        subjects=list(subjects) if subjects is not None else None,
        after_at=after[0] if after else None,
        after_id=after[1] if after else None,
        limit=min(max(limit, 1), CASES_MAX),
    )


async def all_cases(tx: Tx, subjects: Sequence[UUID]) -> list[Row]:
    """All cases of these subjects in the transaction's view, newest first, read a page at a time."""
    rows: list[Row] = []
    after: tuple[datetime, UUID] | None = None
    while True:
        found = await cases(tx, subjects=subjects, after=after, limit=CASES_MAX)
        rows += found
        if len(found) < CASES_MAX:
            return rows
        after = (found[-1]["opened_at"], found[-1]["id"])


async def cases_after(
    tx: Tx, row: Row, *, open_only: bool | None = None, pathway: str | None = None
) -> int:
    """How many cases in the transaction's view follow this row of `cases`, with the same filters."""
    found = await tx.one(
        "casebook.cases_after",
        open=open_only,
        pathway=pathway,
        after_at=row["opened_at"],
        after_id=row["id"],
    )
    return int(found["n"]) if found else 0
