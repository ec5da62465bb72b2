"""Subjects that became one since: on which of them each fact was decided, and what a merge made of two views.

A merge moves facts and cases to the survivor (SEMANTICS 3), so a recording has them together. Facts went with their
source identity; those without one went with their case. So each is decided again on the subject that it had then.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from carelane.cases.model import Case, View
from carelane.facts.replacing import replace
from carelane.proofs.events import Heard, History


@dataclass(frozen=True, slots=True)
class Parts:
    """A history's subjects over time."""

    history: History
    _opened_by: Mapping[UUID, Heard] = field(init=False)

    def __post_init__(self) -> None:
        opened = {
            applied.case: heard
            for heard in self.history.facts
            for applied in heard.applied
            if applied.revision == 1
        }
        object.__setattr__(self, "_opened_by", opened)

    def subject(self, heard: Heard, order: int) -> UUID:
        """Whose fact it was in this place of the decisions: merges that came later are taken back, newest first."""
        found, identity = self.history.subject, self._identity(heard)
        for merge in reversed(self.history.merges):
            if merge.order > order and merge.survivor == found and identity in merge.identities:
                found = merge.retired
        return found

    def unclear(self) -> bool:
        """Whether some fact from before a merge has neither an identity nor a case that has one."""
        last = max((merge.order for merge in self.history.merges), default=-1)
        return any(
            heard.ends[0].order < last and self._identity(heard) is None
            for heard in self.history.facts
        )

    def _identity(self, heard: Heard) -> UUID | None:
        seen: set[UUID] = set()
        while heard.identity is None:
            case = heard.refers.get("case")
            opener = self._opened_by.get(case) if case is not None else None
            if opener is None or opener.id in seen:
                return None
            seen.add(opener.id)
            heard = opener
        return heard.identity


def joined(survivor: View, retired: View) -> View:
    """All that was the retired subject's is the survivor's; of two cases of one thing the younger says so."""
    elders = {_key(case): case for case in survivor.cases if _claims(case)}
    marks: dict[UUID, UUID] = {}
    for case in retired.cases:
        other = elders.get(_key(case)) if _claims(case) else None
        if other is not None:
            older, younger = sorted((case, other), key=_age)
            marks[younger.id] = older.id
    cases = (_marked(case, marks) for case in (*survivor.cases, *_moved(retired.cases, survivor)))
    held = sorted(
        (*survivor.held, *retired.held), key=lambda each: (each.fact.recorded_at, each.fact.id)
    )
    return replace(
        survivor,
        cases=tuple(sorted(cases, key=_age)),
        closed=(*survivor.closed, *_moved(retired.closed, survivor)),
        held=tuple(replace(each, fact=replace(each.fact, subject=survivor.subject)) for each in held),
    )  # fmt: skip


def _moved(cases: Iterable[Case], to: View) -> tuple[Case, ...]:
    return tuple(replace(case, subject=to.subject) for case in cases)


def _marked(case: Case, marks: Mapping[UUID, UUID]) -> Case:
    return replace(case, duplicate_of=marks[case.id]) if case.id in marks else case


def _claims(case: Case) -> bool:
    return case.unique is not None and case.duplicate_of is None


def _key(case: Case) -> tuple[str, tuple[str, str] | None]:
    return (case.pathway, case.unique)


def _age(case: Case) -> tuple[datetime, UUID]:
    return (case.opened_at, case.id)
