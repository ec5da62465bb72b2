"""The hospital's own hands at its EHR: slots from templates, bookings of its desk, what others booked since.

Bookings of Carelane come through the EHR's FHIR interface like anybody's; here the hospital sees them appear.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from carelane.testing.ehr.server import EhrServer
from carelane.testing.hospital.told import Booking
from carelane.testing.hospital.world import SITES, open_days, providers

HORIZON_DAYS = 16
OURS = "urn:carelane:effect"
APART = frozenset(
    {"telehealth", "home-visit"}
)  # nobody who comes gets such a time, nobody else another
ACTIVE = frozenset({"booked", "pending", "arrived", "checked-in", "fulfilled"})


@dataclass(slots=True, kw_only=True)
class Slot:
    """A bookable slot; `promised` is when staff last offered it."""

    key: str
    start: datetime
    minutes: int
    line: str
    site: str
    visit: str
    doctor: str
    promised: datetime | None = None


@dataclass(slots=True, kw_only=True)
class EhrDesk:
    """Slots by line and site in order of time, and how many appointments were seen already."""

    server: EhrServer
    slots: dict[str, Slot] = field(default_factory=dict)
    _by_place: dict[tuple[str, str], list[Slot]] = field(default_factory=lambda: defaultdict(list))
    _seen: int = 0

    def open(self, start: date, days: int) -> None:
        """Put the templates' slots into the EHR."""
        for provider in providers():
            site = SITES[provider.site]
            for day in open_days(start, days + HORIZON_DAYS):
                for template in provider.template:
                    for number in range(template.count):
                        begins = site.at(day, template.start + number * template.minutes / 60)
                        self._slot(provider.number, provider.line, provider.site, begins,
                                   template.minutes, template.visit)  # fmt: skip
        for found in self._by_place.values():
            found.sort(key=lambda each: each.start)
        self._seen = len(list(self.server.desk.records.of_kind("Appointment")))

    def _slot(  # noqa: PLR0913, PLR0917  # the columns of a template
        self, doctor: str, line: str, site: str, begins: datetime, minutes: int, visit: str
    ) -> None:
        key = f"S{len(self.slots) + 1:06d}"
        made = Slot(
            key=key, start=begins, minutes=minutes, line=line, site=site, visit=visit, doctor=doctor
        )
        self.slots[key] = made
        self._by_place[line, site].append(made)
        self._write(made, "free")

    def _write(self, slot: Slot, status: str) -> None:
        ends = slot.start + timedelta(minutes=slot.minutes)
        self.server.put(
            {
                "resourceType": "Slot",
                "id": slot.key,
                "schedule": {"reference": f"Schedule/{slot.line}-{slot.site}-{slot.doctor}"},
                "serviceType": [{"coding": [{"code": slot.line}], "text": slot.line}],
                "appointmentType": {"coding": [{"code": slot.visit}], "text": slot.visit},
                "status": status,
                "start": _instant(slot.start),
                "end": _instant(ends),
            },
        )

    def status(self, key: str) -> str:
        """What the EHR says of a slot now."""
        version = self.server.desk.records.current("Slot", key)
        return str(version.resource.get("status", "")) if version else ""

    def free(
        self, line: str, site: str, after: datetime, *, minutes: int = 0, visit: str = ""
    ) -> Iterator[Slot]:
        """Free slots from then on that nobody was offered lately; by video or at home only if that is asked for."""
        for slot in self._by_place.get((line, site), ()):
            if slot.start <= after or slot.minutes < minutes:
                continue
            if slot.visit != visit and APART & {slot.visit, visit}:
                continue
            if slot.promised is not None and after - slot.promised < timedelta(hours=20):
                continue
            if self.status(slot.key) == "free":
                yield slot

    def take(self, slot: Slot) -> None:
        """The desk books it by hand."""
        self._write(slot, "busy")

    def give_back(self, key: str) -> Slot | None:
        """A slot is free again, unless somebody else has it already."""
        slot = self.slots.get(key)
        if slot is None or self._held(key):
            return None
        slot.promised = None
        self._write(slot, "free")
        return slot

    def _held(self, key: str) -> bool:
        found = self.server.desk.records.of_kind("Appointment")
        return any(
            slot_of(each.resource) == key and each.resource.get("status") in ACTIVE
            for each in found
        )

    def new_bookings(self) -> Iterator[dict[str, Any]]:
        """Appointments that appeared at the EHR since the last look."""
        for version in islice(self.server.desk.records.of_kind("Appointment"), self._seen, None):
            self._seen += 1
            yield version.resource

    def bookings(self) -> list[Booking]:
        """What the EHR holds at the end."""
        found: list[Booking] = []
        for version in self.server.desk.records.of_kind("Appointment"):
            resource = version.resource
            ours = any(each.get("system") == OURS for each in resource.get("identifier", ()))
            actors = [each.get("actor", {}) for each in resource.get("participant", ())]
            found.append(
                Booking(
                    appointment=str(resource["id"]),
                    slot=slot_of(resource),
                    status=str(resource.get("status", "")),
                    patient=next(
                        (str(each.get("identifier", {}).get("value", "")) for each in actors), ""
                    ),
                    by="carelane" if ours else "desk",
                    at=version.at.isoformat(),
                )
            )
        return found

    def book(self, slot: Slot, patient_number: str) -> str:
        """The desk's own appointment at the EHR; its id."""
        self.take(slot)
        version = self.server.desk.records.create(
            {
                "resourceType": "Appointment",
                "status": "booked",
                "slot": [{"reference": f"Slot/{slot.key}"}],
                "start": _instant(slot.start),
                "end": _instant(slot.start + timedelta(minutes=slot.minutes)),
                "participant": [
                    {"actor": {"identifier": {"value": patient_number}}, "status": "accepted"}
                ],
            }
        )
        self._seen += 1
        return str(version.resource["id"])

    def cancel(self, appointment: str) -> None:
        """The desk cancels an appointment at the EHR."""
        version = self.server.desk.records.current("Appointment", appointment)
        if version is not None:
            self.server.put({**version.resource, "status": "cancelled"})


def double_booked(bookings: list[Booking]) -> list[str]:
    """Slots that more than one active appointment stands in."""
    held: dict[str, int] = defaultdict(int)
    for each in bookings:
        if each.slot and each.status in ACTIVE:
            held[each.slot] += 1
    return sorted(slot for slot, count in held.items() if count > 1)


def slot_of(resource: dict[str, Any]) -> str:
    """The slot that an appointment names, without its type."""
    for each in resource.get("slot", ()):
        return str(each.get("reference", "")).removeprefix("Slot/")
    return ""


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
