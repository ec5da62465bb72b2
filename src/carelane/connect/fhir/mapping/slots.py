"""Slots as facts: a bookable time that is free, or is not any more. Pure.

A slot is a subject of its own, named `Slot/id` as a booking names it: an identifier may come later, when we hold it. A
cancelled appointment frees the slots that it names, for EHRs that tell of appointments only.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from carelane.connect.fhir.codec import Resource, reference_of, resource_reference
from carelane.connect.fhir.mapping.people import listed
from carelane.connect.fhir.mapping.source import Source, instant
from carelane.facts.fact import Draft, SubjectKind
from carelane.facts.phi import Phi

_STATUS: Final = {
    "free": "slot.freed",
    "busy": "slot.taken",
    "busy-unavailable": "slot.taken",
    "busy-tentative": "slot.taken",
    "entered-in-error": "slot.taken",
}
_GIVEN_UP: Final = frozenset({"cancelled", "entered-in-error"})
_SAID: Final = ("serviceCategory", "serviceType", "specialty", "appointmentType", "start", "end")


def of_slot(source: Source) -> Iterable[Draft]:
    """What a Slot says of itself; who gives it (place, languages) comes from its Schedule, if that came along."""
    slot = source.resource
    kind, name = _STATUS.get(str(slot.get("status"))), resource_reference(slot)
    if kind is not None and name:
        yield _draft(source, kind, name, {**_said(slot), **_given_by(source, slot)})


def freed_by(source: Source) -> Iterable[Draft]:
    """The slots that an Appointment which will not take place gives back."""
    appointment = source.resource
    if appointment.get("status") not in _GIVEN_UP:
        return
    for one in listed(appointment.get("slot")):
        if (name := reference_of(str(one.get("reference", "")))).startswith("Slot/"):
            known = source.company.follow(one)
            yield _draft(source, "slot.freed", name, {**_said(appointment), **_said(known or {})})


def minutes_of(resource: Resource) -> int | None:
    """How long it is, in whole minutes."""
    start, end = instant(resource.get("start")), instant(resource.get("end"))
    said = resource.get("minutesDuration")
    if start is None or end is None or end <= start:
        return said if isinstance(said, int) and said > 0 else None
    return (end - start) // timedelta(minutes=1)


def _draft(source: Source, kind: str, name: str, slot: Resource) -> Draft:
    at: datetime | None = source.updated()
    return Draft(
        type=kind,
        occurred_at=at,
        payload=Phi({"slot": {"resourceType": "Slot", "reference": name, **slot}}, "payload"),
        subject=SubjectKind.SLOT,
        keys={"slot": name},
        entity="slot",
    )


def _said(resource: Resource) -> Resource:
    found = {name: resource[name] for name in _SAID if resource.get(name)}
    minutes = minutes_of(resource)
    return {**found, "minutes": minutes} if minutes else found


def _given_by(source: Source, slot: Resource) -> Resource:
    schedule = source.company.follow(slot.get("schedule")) or {}
    found: Resource = {}
    for name in ("serviceType", "specialty"):
        if schedule.get(name) and not slot.get(name):
            found[name] = schedule[name]
    actors = listed(schedule.get("actor"))
    places = [one for one in actors if _is_a(one, "Location")]
    if place := next((word for one in places if (word := _name(source, one))), ""):
        found["place"] = place
    spoken = [
        each
        for one in actors
        for each in listed((source.company.follow(one) or {}).get("communication"))
    ]
    return {**found, "language": spoken} if spoken else found


def _is_a(reference: Resource, kind: str) -> bool:
    literal = reference_of(str(reference.get("reference", "")))
    return reference.get("type") == kind or literal.startswith(f"{kind}/")


def _name(source: Source, reference: Resource) -> str:
    """A place as the site may name it: its identifier's value, else the id the EHR gave it."""
    identifier = reference.get("identifier")
    if isinstance(identifier, dict) and identifier.get("value"):
        return str(identifier["value"])
    known = source.company.follow(reference) or {}
    values = [str(one["value"]) for one in listed(known.get("identifier")) if one.get("value")]
    literal = reference_of(str(reference.get("reference", "")))
    return values[0] if values else literal.partition("/")[2]
