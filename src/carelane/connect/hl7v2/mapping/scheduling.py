"""SCH (or ARQ), TQ1 and the resources AIS, AIG, AIL, AIP as an Appointment (SIU, SRM)."""

from datetime import datetime, timedelta

from carelane.connect.hl7v2.codec import Segment
from carelane.connect.hl7v2.mapping.context import Context
from carelane.connect.hl7v2.mapping.risks import stated_risk
from carelane.connect.hl7v2.mapping.times import iso
from carelane.connect.hl7v2.mapping.urgency import of_words
from carelane.connect.hl7v2.mapping.values import (
    Shape,
    clean,
    concept,
    entity,
    entity_key,
    first,
    kept,
    listed,
    location,
    practitioner,
)
from carelane.facts.fact import Draft, Json, SubjectKind, Urgency

_BY_EVENT = {"S15": "cancelled", "S17": "entered-in-error", "S26": "noshow", "S01": "proposed"}
_BY_FILLER = {  # HL7 table 0278
    "PENDING": "pending",
    "WAITLIST": "waitlist",
    "BOOKED": "booked",
    "STARTED": "checked-in",
    "COMPLETE": "fulfilled",
    "CANCELLED": "cancelled",
    "DELETED": "entered-in-error",
    "NOSHOW": "noshow",
}
FREEING = frozenset({"S15", "S17", "S26"})
"""Cancelled, deleted, missed: what was booked is free again, if its time has not come."""
_MINUTES = {"S": 1 / 60, "SEC": 1 / 60, "H": 60, "HR": 60, "HOURS": 60, "D": 1440}
_STARTS = (("AIS", 4), ("AIL", 6), ("AIP", 6), ("AIG", 8))
_ORDERS = {"SCH": (26, 27), "ARQ": (24, 25)}


def schedule_segment(context: Context) -> Segment | None:
    """SCH of a SIU, ARQ of a SRM."""
    return context.message.segment("SCH") or context.message.segment("ARQ")


def appointment_keys(context: Context) -> dict[str, str | None]:
    """`appointment` is the filler's number, else the placer's; the orders it is for."""
    schedule = schedule_segment(context)
    if schedule is None:
        return {}
    placer, filler = entity_key(first(schedule, 1)), entity_key(first(schedule, 2))
    orders = [entity_key(first(schedule, number)) for number in _ORDERS[schedule.name]]
    return {
        "appointment": filler or placer,
        "appointment_request": placer,
        "placer_order": orders[0],
        "filler_order": orders[1],
        "referral": orders[0],
    }


def schedule_urgency(context: Context) -> Urgency:
    """TQ1-9, ARQ-12 and SCH-11.6; the highest counts."""
    schedule = schedule_segment(context)
    words = [each.get(9) for each in context.message.segments("TQ1")]
    if schedule is not None:
        arq = schedule.name == "ARQ"
        words.append(schedule.get(12) if arq else schedule.get(11, 6))
    return of_words(*words)


def appointment(context: Context, event: str, patient: Shape | None) -> Shape:
    """The appointment; its status follows the event, then SCH-25."""
    schedule = schedule_segment(context)
    filler = (clean(schedule.get(25)) or "").upper() if schedule else ""
    reason = concept(first(schedule, 6))
    status = _BY_EVENT.get(event) or _BY_FILLER.get(filler, "booked")
    start, end, minutes = _times(context, schedule)
    return kept(
        {
            "resourceType": "Appointment",
            "identifier": listed(
                [entity(first(schedule, 1), "PLAC"), entity(first(schedule, 2), "FILL")]
            ),
            "status": status,
            "cancelationReason": reason if event in {"S15", "S17", "S26"} else None,
            "serviceType": listed(
                concept(first(each, 3)) for each in context.message.segments("AIS")
            ),
            "appointmentType": concept(first(schedule, 8)),
            "reasonCode": listed([concept(first(schedule, 7))]),
            "start": start,
            "end": end,
            "minutesDuration": minutes,
            "comment": "\n".join(_comments(context)) or None,
            "noShowRisk": stated_risk(context, context.local.no_show_codes),
            "participant": _participants(context, patient),
        }
    )


def slot_freed(context: Context, event: str, shape: Shape) -> Draft | None:
    """The slot that a visit which will not take place gives back, where the connection says which field names it."""
    place = context.local.slot_place
    segment = context.message.segment(place[0]) if place else None
    name = clean(segment.get(place[1])) if place and segment else None
    if event not in FREEING or not name:
        return None
    said = {
        "resourceType": "Slot",
        "reference": name,
        "start": shape.get("start"),
        "end": shape.get("end"),
        "minutes": shape.get("minutesDuration") or _between(shape),
        "serviceType": shape.get("serviceType"),
        "appointmentType": shape.get("appointmentType"),
    }
    return context.draft(
        "slot.freed",
        payload={"slot": kept(said)},
        identifiers=(),
        keys={"slot": name},
        entity="slot",
        occurred_at=context.sent_at(),
        subject=SubjectKind.SLOT,
    )


def _between(shape: Shape) -> int | None:
    start, end = shape.get("start"), shape.get("end")
    if not (isinstance(start, str) and isinstance(end, str) and "T" in start and "T" in end):
        return None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)) // timedelta(minutes=1)


def _times(context: Context, schedule: Segment | None) -> tuple[str | None, str | None, int | None]:
    timing = context.message.segment("TQ1")
    start = context.time(timing, 7)
    end = context.time(timing, 8)
    if schedule is not None and schedule.name == "SCH":
        start = start or context.time(schedule, 11, 4)
        end = end or context.time(schedule, 11, 5)
    elif schedule is not None:
        start = start or context.time(schedule, 11, 1)
    for name, number in _STARTS:
        start = start or context.time(context.message.segment(name), number)
    minutes = _minutes(schedule)
    if start and not end and minutes and "T" in start:
        end = _later(start, minutes)
    return start, end, minutes


def _later(start: str, minutes: int) -> str:
    return iso(datetime.fromisoformat(start) + timedelta(minutes=minutes))


def _minutes(schedule: Segment | None) -> int | None:
    text = clean(schedule.get(9)) if schedule else None
    if schedule is None or text is None or not text.isdecimal() or len(text) > 6:  # noqa: PLR2004  # two years
        return None
    unit = (clean(schedule.get(10)) or "M").upper()
    return round(int(text) * _MINUTES.get(unit, 1)) or None


def _comments(context: Context) -> list[str]:
    texts = [each.whole(3) for each in context.message.segments("NTE")]
    return [text for text in texts if text]


def _participants(context: Context, patient: Shape | None) -> list[Json]:
    message = context.message
    actors: list[Shape | None] = []
    if patient and patient.get("identifier"):
        actors.append({"type": "Patient"})
    actors += [practitioner(first(each, 3)) for each in message.segments("AIP")]
    actors += [location(first(each, 3)) for each in message.segments("AIL")]
    actors += [_equipment(each) for each in message.segments("AIG")]
    return [{"actor": actor, "status": "accepted"} for actor in actors if actor]


def _equipment(segment: Segment) -> Shape | None:
    thing = concept(first(segment, 3))
    return {"display": thing["text"]} if thing and "text" in thing else None
