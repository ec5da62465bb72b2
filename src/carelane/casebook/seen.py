"""Who saw what, for a breach response: from the access tree alone, by reader or by patient. Ids and codes only."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from carelane.store.database import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One reader and one case: how often, where and for what. Without a patient: retention has removed the case."""

    person: str
    patient: UUID | None
    case: UUID
    screens: tuple[str, ...]
    purposes: tuple[str, ...]
    times: int
    first_at: datetime
    last_at: datetime


async def seen(
    tx: Tx, *, from_at: datetime, to_at: datetime, person: str | None, case: UUID | None
) -> tuple[Seen, ...]:
    """What a person read in the period, or who read anything of the patient of a case; all of it if neither is said."""
    rows = await tx.rows("casebook.seen", from_at=from_at, to_at=to_at, person=person, case=case)
    return tuple(
        Seen(
            person=row["person"],
            patient=row["subject"],
            case=row["case"],
            screens=tuple(row["screens"]),
            purposes=tuple(row["purposes"]),
            times=row["times"],
            first_at=row["first_at"],
            last_at=row["last_at"],
        )
        for row in rows
    )
