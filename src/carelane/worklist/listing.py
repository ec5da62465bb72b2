"""The list of open work: filters and keyset paging, in the viewer's scope.

`holding.py` and `acting.py` are what can be done with a row.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Self
from uuid import UUID

from carelane.engine.runtime import Runtime
from carelane.facts.fact import Payload, Urgency
from carelane.facts.phi import Phi
from carelane.store.database import Row
from carelane.store.shapes import decode_payload
from carelane.store.vault import Shredded, Vault
from carelane.worklist.viewer import Viewer

LIMIT_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What to show; empty: all in view. `everyone` looks past one's own pools, where access allowed it."""

    everyone: bool = False
    mine: bool = False
    unclaimed: bool = False
    snoozed: bool = False
    owner: str | None = None
    pathway: str | None = None
    site: str | None = None
    service_line: str | None = None
    name: str | None = None
    urgency: int | None = None
    due_before: datetime | None = None
    opened_after: datetime | None = None
    subject: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageKey:
    """The last row of a page: where the next begins. As text it is `urgency~due~id`."""

    urgency: int
    due_at: datetime
    id: UUID

    @property
    def text(self) -> str:
        """The key as `read` takes it."""
        return f"{self.urgency}~{self.due_at.isoformat()}~{self.id}"

    @classmethod
    def read(cls, text: str) -> Self:
        """The key that a page told, unchanged.

        Raises:
            ValueError: it is no such key.
            OverflowError: its instant is none that there is.
        """
        urgency, due, id_ = text.split("~")
        key = cls(urgency=Urgency(int(urgency)), due_at=datetime.fromisoformat(due), id=UUID(id_))
        if key.due_at.tzinfo is None:
            raise ValueError
        return key


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow:
    """One row of the list. `patient` is what the subject shows (name, birth date, identifiers), or None."""

    id: UUID
    case: UUID
    subject: UUID
    pathway: str
    name: str
    title: str
    business_status: str
    status: str
    urgency: int
    owner_kind: str
    owner_name: str
    assignee: str
    version: int
    opened_at: datetime
    due_at: datetime
    snoozed_until: datetime | None
    claimed_at: datetime | None
    site: str
    service_line: str
    state: str
    safety: bool
    clock_kind: str
    fallback: str
    offered: bool
    patient: Phi[Payload] | None = field(repr=False)

    @property
    def key(self) -> PageKey:
        """For the page after this row."""
        return PageKey(urgency=self.urgency, due_at=self.due_at, id=self.id)


_SAME = (
    "id", "subject", "pathway", "name", "title", "business_status", "status", "urgency", "owner_kind", "owner_name",
    "assignee", "version", "opened_at", "due_at", "snoozed_until", "claimed_at", "site", "service_line", "state",
    "safety", "clock_kind", "fallback", "offered",
)  # fmt: skip


async def tasks(
    runtime: Runtime,
    viewer: Viewer,
    *,
    filters: Filters | None = None,
    after: PageKey | None = None,
    limit: int = 50,
) -> list[TaskRow]:
    """A page of at most `limit` (up to 100) open tasks, by urgency, due time and id."""
    wanted = filters or Filters()
    async with runtime.app.transaction(sites=viewer.sites) as tx:
        rows = await tx.rows(
            "worklist.list",
            everyone=wanted.everyone,
            mine=wanted.mine,
            unclaimed=wanted.unclaimed,
            snoozed=wanted.snoozed,
            owner=wanted.owner,
            pathway=wanted.pathway,
            site=wanted.site,
            service_line=wanted.service_line,
            name=wanted.name,
            urgency=wanted.urgency,
            due_before=wanted.due_before,
            opened_after=wanted.opened_after,
            subject=wanted.subject,
            **_whose(runtime, viewer),
            after_urgency=after.urgency if after else None,
            after_due=after.due_at if after else None,
            after_id=after.id if after else None,
            limit=min(max(limit, 1), LIMIT_MAX),
        )
    return [_row(row, runtime.vault) for row in rows]


async def following(runtime: Runtime, viewer: Viewer, after: PageKey, *, mine: bool = False) -> int:
    """How many open tasks follow this row of `tasks`, in one's pools or (`mine`) in one's hands."""
    asked = {
        "mine": mine,
        "after_urgency": after.urgency,
        "after_due": after.due_at,
        "after_id": after.id,
        **_whose(runtime, viewer),
    }
    [((number,),)] = await runtime.app.ask(("worklist.following", asked), sites=viewer.sites)
    return int(number)


async def counts(runtime: Runtime, viewer: Viewer, *, everyone: bool = False) -> list[Row]:
    """Open, overdue and unclaimed work by owner: `owner_kind, owner_name, open, overdue, unclaimed`."""
    async with runtime.app.transaction(sites=viewer.sites) as tx:
        return await tx.rows("worklist.counts", everyone=everyone, **_whose(runtime, viewer))


def _whose(runtime: Runtime, viewer: Viewer) -> dict[str, object]:
    """Whose work a list is about, and when it is looked at."""
    return {
        "person": viewer.person,
        "pools": list(viewer.pools),
        "roles": list(viewer.roles),
        "now": runtime.now(),
    }


def _row(row: Row, vault: Vault) -> TaskRow:
    return TaskRow(
        case=row["case_id"], patient=patient_of(row, vault), **{name: row[name] for name in _SAME}
    )


def patient_of(
    row: Row, vault: Vault, *, table: str = "subject", key: str = "subject"
) -> Phi[Payload] | None:
    """What a row's sealed column shows of the patient; None where there is nothing, or the key was destroyed."""
    sealed = row["sealed"]
    if sealed is None:
        return None
    vault.learn(row["identity"], row["identity_key"])
    try:
        return Phi(
            decode_payload(vault.open(row["identity"], table, row[key], "sealed", sealed)),
            "patient",
        )
    except Shredded:
        return None
