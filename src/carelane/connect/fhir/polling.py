"""Asking an EHR what changed, by `_lastUpdated`: the way in where it sends no notifications, and the net under it.

Each poll looks back over an overlap, so that a write which its search shows late isn't missed; a version that was
received once is not received again. Patients that come along are received first, as messages of their own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Protocol

import msgspec

from carelane.connect.fhir.client import FhirClient
from carelane.connect.fhir.codec import Resource, canonical
from carelane.connect.fhir.mapping.goals import IN_FORCE, kept
from carelane.connect.fhir.mapping.people import Local
from carelane.connect.fhir.mapping.reading import DEFAULT
from carelane.connect.fhir.mapping.readings import measured_by_device
from carelane.connect.fhir.mapping.unread import silent, too_large
from carelane.connect.fhir.poll_round import Round
from carelane.connect.fhir.progress import Manner, Progress, fewer, loaded, more, name_of, saved
from carelane.connect.fhir.telling import messages, references
from carelane.facts.ports import Receive

_GOALS: Final = "50"
_SLOW: Final = frozenset({"half-body", "timeout"})
"""Causes that a smaller page may not have."""
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
    """What one poll of one type came to. `cause` is empty if all of it was read and received, or there is `more`."""

    kind: str
    received: int = 0
    seen_before: int = 0
    cause: str = ""
    retry_at: datetime | None = None
    more: bool = False


@dataclass(slots=True, kw_only=True)
class Poller:
    """Polls one connection. `overlap` must exceed the longest delay of the EHR's search.

    With `goals`, a reading of a patient's device comes with the limits that the EHR's goals for this patient set, read
    then and there. Where they can't be read the reading comes without: a reading never waits for them.

    A type of which no poll came to its end for as long as `silent` is told to a person.
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
    silent: timedelta = timedelta(hours=1)
    _manners: dict[str, Manner] = field(default_factory=dict)
    _told: dict[str, datetime] = field(default_factory=dict)

    async def poll(self, *, now: datetime) -> tuple[Polled, ...]:
        """One round over all types, in order."""
        return tuple([await self.poll_kind(kind, now=now) for kind in self.kinds])

    async def poll_kind(self, kind: str, *, now: datetime) -> Polled:
        """One type: each page is received in the order of change and the cursor moved, then the next is asked for."""
        one = self._round(kind, await self._progress(kind, now), now)
        ending = await one.read()
        count = one.manner.count
        one.manner.count = fewer(count) if ending.cause in _SLOW else more(count)
        if ending.cause:
            await self._tell_silence(kind, one.progress, ending.cause, now)
        else:
            await self._save(kind, msgspec.structs.replace(one.progress, read_at=now))
        return Polled(
            kind=kind,
            received=one.received,
            seen_before=one.seen_before,
            cause=ending.cause,
            retry_at=ending.retry_at,
            more=ending.more,
        )

    def _round(self, kind: str, progress: Progress, now: datetime) -> Round:
        async def keep(matches: Sequence[Resource], included: Sequence[Resource]) -> None:
            goals = await self._goals(matches, now) if self.goals else {}
            for message in messages(matches, included, goals, self.local):
                await self.receive(self.connection, message)

        async def hold(named: Resource) -> None:
            limit = self.client.bytes_max
            held = too_large(named, connection=self.connection, bytes_max=limit)
            await self.receive(self.connection, canonical(held))

        return Round(
            kind=kind,
            includes=[("_include", one) for one in INCLUDES.get(kind, ())],
            client=self.client,
            keep=keep,
            hold=hold,
            save=partial(self._save, kind),
            progress=progress,
            overlap=self.overlap,
            now=now,
            manner=self._manners.setdefault(kind, Manner()),
        )

    async def _progress(self, kind: str, now: datetime) -> Progress:
        """Where the last round ended. The first begins to count at once: if it fails, its beginning must not move."""
        stored = loaded(await self.cursors.load(self._name(kind)))
        if stored is not None and stored.read_at is not None:
            return stored
        begun = stored or Progress(since=now - self.look_back)
        begun = msgspec.structs.replace(begun, read_at=now)
        await self._save(kind, begun)
        return begun

    async def _save(self, kind: str, progress: Progress) -> None:
        await self.cursors.save(self._name(kind), saved(progress))

    def _name(self, kind: str) -> str:
        return name_of(self.connection, kind)

    async def _tell_silence(self, kind: str, progress: Progress, cause: str, now: datetime) -> None:
        """A type that could not be read for long is somebody's work: one message for each silence."""
        since = progress.read_at
        if since is None or now - since < self.silent or self._told.get(kind) == since:
            return
        said = silent(kind, connection=self.connection, cause=cause, since=since)
        await self.receive(self.connection, canonical(said))
        self._told[kind] = since

    async def _goals(self, new: Sequence[Resource], now: datetime) -> Mapping[str, list[Resource]]:
        """The goals in force of each patient whose device measured something."""
        measured = [one for one in new if measured_by_device(one)]
        patients = {each for one in measured for each in references(one.get("subject"))}
        found: dict[str, list[Resource]] = {}
        for patient in sorted(patients):
            asked = {"patient": patient, "lifecycle-status": ",".join(IN_FORCE), "_count": _GOALS}
            read = await self.client.first("Goal", asked, now=now)
            found[patient] = [kept(one) for one in read.matches if one["resourceType"] == "Goal"]
        return found
