"""How far a case is, for its patient: the milestones so far with their dates, and by when somebody looks at it next.

Nothing sealed is opened: milestones are the pathway's words, the rest are codes and instants.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from carelane.engine.runtime import Runtime
from carelane.pathways.definition import Definition
from carelane.pathways.translations import in_languages
from carelane.store.database import Row

UNDONE = "undone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """One milestone, in the pathway's own words, in each other language it has, and by its public code."""

    at: datetime
    status: str
    words: str
    others: Mapping[str, str] = field(default_factory=dict)

    def said(self, language: str, own: str) -> str:
        """The words in this language; empty where the pathway has none. `own` is the pathway's."""
        return self.words if language == own else self.others.get(language, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a case stands. `due_at` is when somebody must have looked at it, while it is open."""

    milestones: tuple[Milestone, ...] = ()
    closed_at: datetime | None = None
    due_at: datetime | None = None


async def standing(runtime: Runtime, case: UUID, *, sites: Sequence[str]) -> Standing | None:
    """Where a case of these sites stands now; None if there is none in view."""
    async with runtime.app.transaction(sites=sites) as tx:
        row = await tx.one("casebook.standing", id=case)
        stood = await tx.rows("casebook.stood", id=case) if row is not None else []
    return None if row is None else of_rows(row, stood, runtime.releases.published)


def of_rows(row: Row, stood: Sequence[Row], releases: Mapping[str, Definition]) -> Standing:
    """The milestones of a case's waits, and of its end; the same one twice on end is one."""
    found: list[Milestone] = []
    for each in (*_waited(row, stood, releases), *_ended(row, releases)):
        if not found or found[-1].words != each.words:
            found.append(each)
    waits = [each["due_at"] for each in stood if each["closed_at"] is None]
    return Standing(
        milestones=tuple(found), closed_at=row["closed_at"], due_at=min(waits, default=None)
    )


def _waited(
    row: Row, stood: Sequence[Row], releases: Mapping[str, Definition]
) -> Iterator[Milestone]:
    """What a person took back was no milestone, nor what one fact led through, nor the pieces inside of a block."""
    for each in stood:
        definition = releases.get(each["release"]) or releases.get(row["release"])
        state = definition.states.get(each["state"]) if definition is not None else None
        passed = each["how"] == UNDONE or each["closed_at"] == each["opened_at"]
        if definition is None or state is None or passed or state.region or not state.milestone:
            continue
        others = in_languages(definition, state.milestone)
        yield Milestone(
            at=each["opened_at"], status=state.status, words=state.milestone, others=others
        )


def _ended(row: Row, releases: Mapping[str, Definition]) -> Iterator[Milestone]:
    definition = releases.get(row["release"])
    if row["closed_at"] is None or not row["milestone"]:
        return
    others = in_languages(definition, row["milestone"]) if definition is not None else {}
    yield Milestone(
        at=row["closed_at"], status=row["status"], words=row["milestone"], others=others
    )
