"""Free slots as FHIR R4 searches, and slots with their schedules as open times. Pure.

R4 Slot: `status`, `start`, `service-type`, `schedule` are search parameters; who gives it, and where, are actors of its
Schedule. The kind of visit is its appointment type, where the site's codes say video or home.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from carelane.connect.fhir.codec import Resource, reference_of, resource_reference
from carelane.connect.fhir.mapping.people import listed
from carelane.connect.fhir.mapping.slots import minutes_of
from carelane.connect.fhir.mapping.source import instant
from carelane.facts.openings import Opening, Wish

COUNT: Final = "100"
_KINDS: Final[Mapping[str, str]] = {
    "telehealth": "video", "video": "video", "virtual": "video", "VR": "video", "448337001": "video",
    "home-visit": "home", "home": "home", "HH": "home", "439708006": "home",
}  # fmt: skip


def parameters(wish: Wish) -> list[tuple[str, str]]:
    """The search for free slots of this time and these services, soonest first."""
    asked = [
        ("status", "free"),
        ("start", f"ge{_text(wish.since)}"),
        ("start", f"lt{_text(wish.until)}"),
    ]
    if wish.lines:
        asked.append(("service-type", ",".join(wish.lines)))
    return [*asked, ("_include", "Slot:schedule"), ("_sort", "start"), ("_count", COUNT)]


def openings(slots: Iterable[Resource], included: Iterable[Resource]) -> tuple[Opening, ...]:
    """The free slots that can be read: with an id, a start and a length; all else is left out."""
    schedules = {resource_reference(one): one for one in included}
    found = (_opening(one, schedules) for one in slots if one.get("resourceType") == "Slot")
    return tuple(one for one in found if one is not None)


def _opening(slot: Resource, schedules: Mapping[str, Resource]) -> Opening | None:
    start, minutes, name = instant(slot.get("start")), minutes_of(slot), resource_reference(slot)
    if slot.get("status") != "free" or start is None or not minutes or not name:
        return None
    reference = slot.get("schedule")
    literal = str(reference.get("reference", "")) if isinstance(reference, dict) else ""
    schedule = schedules.get(reference_of(literal), {})
    services = slot.get("serviceType") or schedule.get("serviceType") or slot.get("specialty")
    kinds = [
        _KINDS[code]
        for code in _codes([slot.get("appointmentType"), *listed(services)])
        if code in _KINDS
    ]
    return Opening(
        reference=name,
        start=start,
        minutes=minutes,
        kind=kinds[0] if kinds else "in-person",
        lines=_codes(listed(services)),
        provider=_actor(schedule, ("Practitioner", "PractitionerRole")),
        place=_actor(schedule, ("Location",)),
    )


def _actor(schedule: Resource, kinds: tuple[str, ...]) -> str:
    """The name of a schedule's actor of this kind, if the record gives one; never its id."""
    for one in listed(schedule.get("actor")):
        kind = one.get("type") or reference_of(str(one.get("reference", ""))).partition("/")[0]
        if kind in kinds and isinstance(one.get("display"), str):
            return str(one["display"])
    return ""


def _codes(concepts: Iterable[object]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for one in concepts:
        if isinstance(one, dict):
            said = [each.get("code") for each in listed(one.get("coding"))]
            found.update(dict.fromkeys(str(each) for each in (*said, one.get("text")) if each))
    return tuple(found)


def _text(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
