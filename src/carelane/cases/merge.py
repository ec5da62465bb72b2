"""Two subjects become one, or one becomes two: cases are re-pointed, never merged (SEMANTICS 3, I18).

`engine.merge` holds both turns and asks; `identity` has moved the links. Of two open cases with the same unique key
both are kept: the younger is marked and given to a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from carelane.cases.model import Case, Change, Emission, View
from carelane.cases.words import CASE_DUPLICATE, SELF
from carelane.facts.fact import Fact
from carelane.facts.phi import Phi
from carelane.facts.replacing import replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The survivor's view after a merge, the cases that changed, and the work it made."""

    view: View
    changes: tuple[Change, ...] = ()
    emissions: tuple[Emission, ...] = ()


def merge_views(survivor: View, retired: View, fact: Fact) -> Merged:
    """All that was the retired subject's is the survivor's."""
    moved = [repoint(case, survivor.subject) for case in retired.cases]
    closed = [repoint(case, survivor.subject) for case in retired.closed]
    marked = _marked([*survivor.cases, *moved])
    before = {case.id: case for case in (*survivor.cases, *retired.cases, *retired.closed)}
    changes = tuple(
        Change(before=before[case.id], after=case, fact=fact.id)
        for case in (*marked, *closed)
        if case is not before[case.id]
    )
    clashing = [case for case in marked if case.duplicate_of and not before[case.id].duplicate_of]
    view = replace(
        survivor,
        cases=tuple(marked),
        closed=(*survivor.closed, *closed),
        held=tuple(sorted((*survivor.held, *retired.held), key=lambda each: each.fact.recorded_at)),
        counters=_added(survivor.counters, retired.counters),
        last_now=max(
            (each for each in (survivor.last_now, retired.last_now) if each is not None),
            default=None,
        ),
    )
    emissions = tuple(_work(case, number) for number, case in enumerate(clashing))
    return Merged(view=view, changes=changes, emissions=emissions)


def repoint(case: Case, subject: UUID) -> Case:
    """The same case as another subject's; a merge and its reversal change nothing else."""
    return replace(case, subject=subject, revision=case.revision + 1)


def _marked(cases: list[Case]) -> list[Case]:
    """Each case, the younger of a clash marked with the older's id; in the order given."""
    oldest: dict[tuple[str, tuple[str, str]], Case] = {}
    for case in sorted(cases, key=lambda each: (each.opened_at, each.id)):
        if case.unique is not None and case.duplicate_of is None:
            oldest.setdefault((case.pathway, case.unique), case)
    marked: list[Case] = []
    for case in cases:
        first = oldest.get((case.pathway, case.unique)) if case.unique else None
        clash = first is not None and first.id != case.id and case.duplicate_of is None
        marked.append(replace(case, duplicate_of=first.id) if clash and first else case)
    return marked


def _added(one: Mapping[str, int], other: Mapping[str, int]) -> Mapping[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}


def _work(case: Case, ordinal: int) -> Emission:
    refers = {"case": case.id}
    if case.duplicate_of is not None:
        refers["older"] = case.duplicate_of
    return Emission(
        fact=CASE_DUPLICATE,
        to=SELF,
        by="",
        payload=Phi({"pathway": case.pathway}, CASE_DUPLICATE),
        case=case.id,
        ordinal=ordinal,
        refers=refers,
        urgency=case.urgency,
    )
