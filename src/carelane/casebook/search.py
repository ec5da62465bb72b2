"""Finding a patient by blind tokens, at least two kinds of term; and reading the audit of a period."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import msgspec

from carelane.casebook.page import opened_patient
from carelane.engine.runtime import Runtime
from carelane.facts.fact import Json, Payload
from carelane.facts.phi import Phi
from carelane.store.database import Tx
from carelane.store.tokens import SEARCHED, SearchTerms, TooFewTerms

FOUND_MAX = 50  # of one search; whoever sees as many names more terms
_leaf = msgspec.json.Decoder(dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A subject that carries every term."""

    subject: UUID
    open_cases: int
    patient: Phi[Payload] = field(repr=False)


async def find(
    runtime: Runtime, terms: SearchTerms, *, sites: Sequence[str]
) -> list[Found] | TooFewTerms:
    """Patients in these sites that carry all the terms; refused with fewer than two kinds of them.

    One more than `FOUND_MAX` at most: then there are others, and who is looked for may be among those.
    """
    tokens = runtime.vault.tokens.sought(terms)
    if isinstance(tokens, TooFewTerms):
        return tokens
    async with runtime.app.transaction(sites=sites) as tx:
        wanted = {kind: [UUID(each) for each in tokens.get(kind, ())] for kind in SEARCHED}
        least = sum(len(each) for kind, each in wanted.items() if kind != "given")
        rows = await tx.rows("casebook.find", **wanted, least=least, limit=FOUND_MAX + 1)
    return [
        Found(
            subject=row["id"],
            open_cases=row["open_cases"],
            patient=opened_patient(runtime.vault, row),
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One leaf: its place in the tree (None: not numbered yet) and its body, ids and codes only."""

    id: UUID
    at: datetime
    index: int | None
    body: dict[str, Json]

    @property
    def key(self) -> str:
        """For the page behind this leaf: `at~id`."""
        return f"{self.at.isoformat()}~{self.id}"


async def leaves(  # noqa: PLR0913  # filters, by name
    tx: Tx,
    *,
    from_at: datetime,
    to_at: datetime,
    case: UUID | None = None,
    actor: str | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int = 100,
) -> list[AuditRow]:
    """Leaves of a period, oldest first; `after` is (at, id) of the last one shown."""
    rows = await tx.rows(
        "casebook.leaves",
        from_at=from_at,
        to_at=to_at,
        case=str(case) if case else None,
        actor=actor,
        after_at=after[0] if after else None,
        after_id=after[1] if after else None,
        limit=min(max(limit, 1), 1000),
    )
    return [
        AuditRow(
            id=row["id"], at=row["at"], index=row["tree_index"], body=_leaf.decode(row["body"])
        )
        for row in rows
    ]
