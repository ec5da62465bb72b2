"""What becomes of a running case, and its waits before and after, as values: for previews and reports. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from carelane.cases.model import Case, OpenStep, Step
from carelane.cases.moves import PERSON
from carelane.cases.words import EFFECT_OUTSTANDING
from carelane.proofs.mapping import CaseMapping


class Ending(StrEnum):
    """What becomes of a running case."""

    MOVED = "moved"  # to the new release, by the mapping
    RESTORED = "restored"  # to the release, states and deadlines from before its move
    PERSON = "person"  # a person decides
    FINISHES = "finishes"  # on the release it has
    QUEUED = "queued"  # its subject was busy: it is decided next
    LEFT = "left"  # it stands, or changed meanwhile; `why` says it


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One wait of a running case, before and after. `after` parts are empty where it does not move."""

    case: UUID
    ending: Ending
    state: str
    owner: str
    due: datetime
    to_state: str = ""
    to_owner: str = ""
    to_due: datetime | None = None
    clock: str = ""
    why: str = ""


def lines(case: Case, decided: Step, mapping: CaseMapping) -> list[Line]:
    """A case's waits before and after."""
    after = {each.id: each for change in decided.changes for each in change.after.steps}
    if after:
        return [_moved(case, each, after[each.id], mapping) for each in case.steps]
    person = for_a_person(case, mapping) or decided.reason == EFFECT_OUTSTANDING
    ending = Ending.PERSON if person else Ending.LEFT
    return [_line(case, each, ending, decided.reason) for each in case.steps]


def for_a_person(case: Case, mapping: CaseMapping) -> bool:
    """Whether the mapping gives a case, as it stands, to a person."""
    mapped = (mapping.targets.get(each.state) for each in case.steps)
    return any(target is not None and target.to == PERSON for target in mapped)


def _moved(case: Case, before: OpenStep, after: OpenStep, mapping: CaseMapping) -> Line:
    return Line(
        case=case.id, ending=Ending.MOVED, state=before.state, owner=before.owner.name, due=before.clock.due_at,
        to_state=after.state, to_owner=after.owner.name, to_due=after.clock.due_at,
        clock=mapping.targets[before.state].clock.value, why=mapping.reasons.get(before.state, ""),
    )  # fmt: skip


def _line(case: Case, each: OpenStep, ending: Ending, why: str) -> Line:
    return Line(
        case=case.id,
        ending=ending,
        state=each.state,
        owner=each.owner.name,
        due=each.clock.due_at,
        why=why,
    )


def plain(case: Case, ending: Ending, why: str) -> list[Line]:
    """A case's waits, with what became of it."""
    return [_line(case, each, ending, why) for each in case.steps]
