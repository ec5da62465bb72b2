"""Applying one fact to one case, walled off: what fails parks that pair, never the subject (SEMANTICS 1, I5)."""

from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

from carelane.cases.effects import stoppable, withdrawn
from carelane.cases.model import Case, Change, Emission, Held
from carelane.cases.moment import Moment, pinned
from carelane.cases.run import Run
from carelane.cases.words import CASE_PARKED, FAILED, NOT_MOVED, SELF, WAITS_BEHIND
from carelane.facts.errors import CarelaneError
from carelane.facts.phi import Phi
from carelane.facts.replacing import replace

Work = Callable[[Run], str]
"""Changes the run; answers why the fact is ignored for this case, or nothing when it was applied."""


class Tried(NamedTuple):
    """What became of a fact at one case, or at one pathway: applied (with changes), ignored, parked, or held."""

    changes: tuple[Change, ...] = ()
    emissions: tuple[Emission, ...] = ()
    ignored: str = ""
    parked: str = ""
    released: tuple[UUID, ...] = ()
    held: Held | None = None


def attempt(moment: Moment, case: Case, work: Work) -> Tried:
    """Do `work` on a case; an exception parks the pair and leaves the case as it was, with owner and clock."""
    if case.parked_by is not None:
        return _parked(moment, case, WAITS_BEHIND)
    try:
        run = Run(moment, pinned(moment, case), case, new=False)
        ignored = work(run)
    except Exception as error:  # noqa: BLE001  # one broken application must not stop the patient's other cases
        return _parked(moment, case, failure(error))
    if ignored:
        return Tried(ignored=ignored)
    return Tried(changes=(run.finish(),), emissions=tuple(run.emissions))


def spared(make: Callable[[], Run]) -> Tried:
    """Do a whole change or none: one that fails leaves the case as it was, unparked, with owner and clock."""
    try:
        run = make()
    except Exception as error:  # noqa: BLE001  # what can't be done is answered, and the case goes on
        return Tried(ignored=f"{NOT_MOVED}:{failure(error)}")
    return Tried(changes=(run.finish(),), emissions=tuple(run.emissions))


def failure(error: Exception) -> str:
    """A failure's stable code: our own, or the class name. Never its text, which may hold patient data."""
    return error.code if isinstance(error, CarelaneError) else type(error).__name__


def _cancels(moment: Moment, case: Case) -> bool:
    definition = moment.definitions.pinned.get(case.release)
    event = definition.events.get(moment.fact.type) if definition is not None else None
    return event is not None and event.cancels


def _parked(moment: Moment, case: Case, code: str) -> Tried:
    fact = moment.fact
    after = replace(case, parked_by=case.parked_by or fact.id)
    stopped = stoppable(case.effects) if _cancels(moment, case) else ()
    if _cancels(moment, case):  # cancel wins, whether or not the pathway can be run (I6)
        after = replace(after, cancelled=True, effects=withdrawn(case.effects, stopped))
    change = Change(before=case, after=after, parked=code, fact=fact.id, withdrawn=stopped)
    if code == WAITS_BEHIND:
        return Tried(changes=(change,), parked=code)
    emission = Emission(
        fact=CASE_PARKED,
        to=SELF,
        by="",
        payload=Phi({"code": code}, CASE_PARKED),
        case=case.id,
        ordinal=0,
        refers={"case": case.id, "fact": fact.id},
        urgency=case.urgency,
    )
    return Tried(changes=(change,), emissions=(emission,), parked=FAILED)
