"""Asking an EHR what changed, by `_lastUpdated`: the way in where it sends no notifications, and the net under it.

Each poll looks back over an overlap, so that a write which its search shows late isn't missed; a version that was
received once is not received again. Patients that come along are received first, as messages of their own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec

from carelane.connect.fhir.client import FhirClient, Found
from carelane.connect.fhir.codec import Resource, canonical, reference_of, resource_reference
from carelane.connect.fhir.mapping.company import told
from carelane.connect.fhir.mapping.goals import IN_FORCE, kept
from carelane.connect.fhir.mapping.people import Local
from carelane.connect.fhir.mapping.reading import DEFAULT, control_id
from carelane.connect.fhir.mapping.readings import measured_by_device
from carelane.connect.fhir.mapping.source import instant
from carelane.facts.ports import Receive

_GOALS: Final = "50"
INCLUDES: Final = {
    "Appointment": ("Appointment:patient", "Appointment:based-on"),
    "Coverage": ("Coverage:beneficiary", "Coverage:payor"),
    "DiagnosticReport": (
        "DiagnosticReport:subject",
        "DiagnosticReport:result",
        "DiagnosticReport:based-on",
    ),
    "DocumentReference": (
        "DocumentReference:subject",
        "DocumentReference:encounter",
        "DocumentReference:related",
    ),
    "Encounter": ("Encounter:subject",),
    "MedicationRequest": ("MedicationRequest:subject",),
    "Observation": ("Observation:subject", "Observation:based-on"),
    "Patient": (),
    "QuestionnaireResponse": ("QuestionnaireResponse:subject",),
    "RiskAssessment": ("RiskAssessment:subject", "RiskAssessment:encounter"),
    "ServiceRequest": ("ServiceRequest:subject",),
    "Slot": ("Slot:schedule",),
}
"""Resource types that can be polled, and what is asked for along with them."""


class Cursors(Protocol):
    """Where a poller keeps how far it got; `compose` gives one that the store holds."""

    async def load(self, name: str) -> str | None:
        """What was saved last under this name."""

    async def save(self, name: str, value: str) -> None:
        """Keep it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """What one poll of one type came to. `cause` is empty if all of it was read and received."""

    kind: str
    received: int = 0
    seen_before: int = 0
    cause: str = ""
    retry_at: datetime | None = None


class _Progress(msgspec.Struct, frozen=True):
    """The stored cursor: newest change seen by the EHR's clock, and versions received within the overlap."""

    since: datetime
    seen: dict[str, datetime] = {}  # msgspec copies it per instance


@dataclass(slots=True, kw_only=True)
class Poller:
    """Polls one connection. `overlap` must exceed the longest delay of the EHR's search.

    With `goals`, a reading of a patient's device comes with the limits that the EHR's goals for this patient set, read
    then and there. Where they can't be read the reading comes without: a reading never waits for them.
    """

    connection: str
    client: FhirClient
    receive: Receive
    cursors: Cursors
    kinds: Sequence[str] = field(default_factory=lambda: tuple(INCLUDES))
    overlap: timedelta = timedelta(seconds=120)
    look_back: timedelta = timedelta(hours=1)
    goals: bool = False
    local: Local = DEFAULT

    async def poll(self, *, now: datetime) -> tuple[Polled, ...]:
        """One round over all types, in order."""
        return tuple([await self.poll_kind(kind, now=now) for kind in self.kinds])

    async def poll_kind(self, kind: str, *, now: datetime) -> Polled:
        """One type: search, receive what is new in the order of change, then move the cursor."""
        name = f"fhir.poll.{self.connection}.{kind}"
        progress = _loaded(await self.cursors.load(name)) or _Progress(since=now - self.look_back)
        found = await self._search(kind, progress.since - self.overlap, now)
        if found.cause:
            return Polled(kind=kind, cause=found.cause, retry_at=found.retry_at)
        new = [one for one in found.matches if (control_id(one) or "") not in progress.seen]
        goals = await self._goals(new, now) if self.goals else {}
        for message in _messages(new, found.included, goals, self.local):
            await self.receive(self.connection, message)
        await self.cursors.save(name, _advanced(progress, found.matches, self.overlap))
        return Polled(kind=kind, received=len(new), seen_before=len(found.matches) - len(new))

    async def _goals(self, new: Sequence[Resource], now: datetime) -> Mapping[str, list[Resource]]:
        """The goals in force of each patient whose device measured something."""
        measured = [one for one in new if measured_by_device(one)]
        patients = {each for one in measured for each in _references(one.get("subject"))}
        found: dict[str, list[Resource]] = {}
        for patient in sorted(patients):
            asked = {"patient": patient, "lifecycle-status": ",".join(IN_FORCE), "_count": _GOALS}
            read = await self.client.first("Goal", asked, now=now)
            found[patient] = [kept(one) for one in read.matches if one["resourceType"] == "Goal"]
        return found

    async def _search(self, kind: str, since: datetime, now: datetime) -> Found:
        stamp = since.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        asked = [("_lastUpdated", f"ge{stamp}"), ("_sort", "_lastUpdated")]
        asked += [("_include", one) for one in INCLUDES.get(kind, ())]
        return await self.client.search(kind, asked, now=now)


def _messages(
    matches: Iterable[Resource],
    included: Sequence[Resource],
    goals: Mapping[str, list[Resource]],
    local: Local,
) -> Iterable[bytes]:
    """The bytes to receive: each patient once, before what is about them; then the change with its company."""
    known: set[str] = set()
    company = {resource_reference(one): one for one in included}
    for match in sorted(matches, key=_changed_at):
        along = [company[one] for one in _references(match) if one in company]
        for one in along:
            patient = resource_reference(one)
            if one["resourceType"] == "Patient" and patient not in known:
                known.add(patient)
                yield canonical(one)
        rest = [one for one in along if one["resourceType"] != "Patient"]
        if measured_by_device(match):
            rest += [
                goal for one in _references(match.get("subject")) for goal in goals.get(one, ())
            ]
        yield canonical(told(match, rest, local))


def _references(value: object) -> list[str]:
    """All references inside a resource, each once, in a settled order."""
    found: dict[str, None] = {}
    heap: list[object] = [value]
    while heap:
        one = heap.pop()
        if isinstance(one, dict):
            text = one.get("reference")
            if isinstance(text, str) and reference_of(text):
                found[reference_of(text)] = None
            heap.extend(one.values())
        elif isinstance(one, list):
            heap.extend(one)
    return sorted(found)


def _changed_at(resource: Resource) -> tuple[str, str]:
    at = _updated(resource)
    return (at.isoformat() if at else "", resource_reference(resource))


def _updated(resource: Resource) -> datetime | None:
    meta = resource.get("meta")
    return instant(meta.get("lastUpdated") if isinstance(meta, dict) else None)


def _loaded(text: str | None) -> _Progress | None:
    return msgspec.json.decode(text, type=_Progress) if text else None


def _advanced(progress: _Progress, matches: Iterable[Resource], overlap: timedelta) -> str:
    """The cursor after a round: by the EHR's clock only, so that ours may be wrong."""
    seen = dict(progress.seen)
    for match in matches:
        key, at = control_id(match), _updated(match)
        if key and at:
            seen[key] = at
    since = max([progress.since, *seen.values()])
    recent = {key: at for key, at in seen.items() if at >= since - overlap}
    return msgspec.json.encode(_Progress(since=since, seen=recent)).decode()
