"""Links between source identities and subjects, frozen; the only thing that merges move.

`merge` plans on it; `apply` says what the store will hold after a plan, for chains within a batch
and for the checks of I18.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """`subject_of` maps identity to its current subject; `merged_into` retired ones to survivors."""

    subject_of: Mapping[UUID, UUID] = field(default_factory=dict)
    merged_into: Mapping[UUID, UUID] = field(default_factory=dict)

    def of(self, subject: UUID) -> tuple[UUID, ...]:
        """The identities that point to this subject now, in id order."""
        return tuple(sorted(i for i, current in self.subject_of.items() if current == subject))

    def current(self, subject: UUID) -> UUID:
        """Who this subject is now: follows merges, and stops at a loop rather than turn for ever."""
        seen = {subject}
        while (following := self.merged_into.get(subject)) is not None and following not in seen:
            seen.add(following)
            subject = following
        return subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One row of the merge log: what was moved from whom to whom. `id` orders rows by time."""

    id: UUID
    kind: str  # `merge` or `link`
    survivor: UUID
    retired: UUID
    identities: tuple[UUID, ...]
    reversed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to write, in one transaction and under both turns (`turns` in id order).

    `moves` maps identities to their new subject. `retire` maps subjects to what they were merged
    into, None taking it back. Where `reason` is set nothing moves: `already-one` and `never-merged`
    are no work for anybody, the rest is for a person (`ask`).
    """

    kind: str
    survivor: UUID | None = None
    retired: UUID | None = None
    moves: Mapping[UUID, UUID] = field(default_factory=dict)
    retire: Mapping[UUID, UUID | None] = field(default_factory=dict)
    reverses: UUID | None = None
    reason: str = ""
    ask: bool = False

    @property
    def turns(self) -> tuple[UUID, ...]:
        """The subjects whose turns are needed."""
        touched = {self.survivor, self.retired, *self.moves.values()} - {None}
        return tuple(sorted(subject for subject in touched if subject is not None))

    def log(self, id_: UUID) -> Moved | None:
        """The row to keep, so that it can be taken back; None where nothing moved."""
        if self.survivor is None or self.retired is None or self.reverses or self.reason:
            return None
        return Moved(
            id=id_,
            kind=self.kind,
            survivor=self.survivor,
            retired=self.retired,
            identities=tuple(sorted(self.moves)),
        )


def apply(links: Links, plan: Plan) -> Links:
    """The links after the plan."""
    merged = {**links.merged_into, **plan.retire}
    return Links(
        subject_of={**links.subject_of, **plan.moves},
        merged_into={subject: into for subject, into in merged.items() if into is not None},
    )


def stale(links: Links) -> tuple[UUID, ...]:
    """Identities that refer to a retired subject as current: must be empty (I18)."""
    return tuple(sorted(i for i, s in links.subject_of.items() if s in links.merged_into))


def mark_reversed(log: tuple[Moved, ...], plan: Plan) -> tuple[Moved, ...]:
    """The log after a reversal."""
    return tuple(replace(row, reversed=True) if row.id == plan.reverses else row for row in log)
