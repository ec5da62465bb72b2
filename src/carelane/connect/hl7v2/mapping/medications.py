"""RXE (or RXO) with RXR of one order as a MedicationRequest (RDE O11, RDE O25)."""

from datetime import timedelta

from carelane.connect.hl7v2.codec import Segment
from carelane.connect.hl7v2.mapping.context import Context, notes_after
from carelane.connect.hl7v2.mapping.orders import Order
from carelane.connect.hl7v2.mapping.urgency import of_order, priority
from carelane.connect.hl7v2.mapping.values import (
    Shape,
    clean,
    concept,
    entity,
    first,
    kept,
    listed,
    practitioner,
)

_LARGEST = 1e12  # also keeps out NaN and infinity
_DAYS = {"d": 1, "wk": 7, "w": 7}
_STATUSES = {"cancelled": "cancelled", "changed": "active", "new": "active"}


def medication_keys(order: Order) -> dict[str, str | None]:
    """Order numbers, and the prescription number (RXE-15)."""
    encoded = order.segment("RXE")
    return {**order.keys(), "prescription": clean(encoded.get(15)) if encoded else None}


def medication_request(context: Context, order: Order) -> Shape:
    """The prescription as the pharmacy encoded it, else as it was ordered."""
    encoded, ordered = order.segment("RXE"), order.segment("RXO")
    control = order.segment("ORC")
    drug = concept(first(encoded, 2)) or concept(first(ordered, 1))
    return kept(
        {
            "resourceType": "MedicationRequest",
            "identifier": listed(
                [entity(first(control, 2), "PLAC"), entity(first(control, 3), "FILL")]
            ),
            "status": _STATUSES[order.change],
            "intent": "order",
            **priority(of_order(order.segments)),
            "medicationCodeableConcept": drug,
            "authoredOn": context.time(control, 9),
            "requester": practitioner(first(control, 12)) or practitioner(first(encoded, 13)),
            "dosageInstruction": listed([_dosage(context, order, encoded)]),
            "dispenseRequest": _dispense(encoded),
            "supplyLeftDays": _supply_left(context, order),
            "note": [*notes_after(list(order.segments))],
        }
    )


def _dosage(context: Context, order: Order, encoded: Segment | None) -> Shape:
    timing = order.segment("TQ1")
    bounds = kept({"start": context.time(timing, 7), "end": context.time(timing, 8)})
    frequency = concept(first(timing, 3))
    instruction = concept(first(encoded, 21)) or concept(first(encoded, 7))
    dose = _quantity(encoded, 3, 5)
    return kept(
        {
            "text": instruction.get("text") if instruction else None,
            "timing": kept(
                {"repeat": {"boundsPeriod": bounds} if bounds else None, "code": frequency}
            )
            or None,
            "route": concept(first(order.segment("RXR"), 1)),
            "doseAndRate": [{"doseQuantity": dose}] if dose else None,
        }
    )


def _supply_left(context: Context, order: Order) -> int | None:
    """Days until what was dispensed last is used up; never below 0. None where the message does not say.

    The end of the order's timing (TQ1-8); else the last dispensing (RXE-18) and how long it lasts (TQ1-6).
    """
    encoded, timing, sent = order.segment("RXE"), order.segment("TQ1"), context.sent_at()
    ends = context.at(timing, 8)
    dispensed, days = context.at(encoded, 18), _days(timing)
    if ends is None and dispensed is not None and days is not None:
        ends = dispensed + timedelta(days=days)
    if ends is None or sent is None:
        return None
    return max(0, (ends.date() - sent.date()).days)


def _days(timing: Segment | None) -> int | None:
    """TQ1-6 where it counts days or weeks."""
    duration = _quantity(timing, 6, 6) if timing else None
    unit = (clean(timing.get(6, 2)) or "").lower() if timing else ""
    value = duration.get("value") if duration else None
    factor = _DAYS.get(unit.rstrip("s").removesuffix("ay").removesuffix("eek"))
    return int(value * factor) if isinstance(value, float) and factor is not None else None


def _dispense(encoded: Segment | None) -> Shape | None:
    if encoded is None:
        return None
    refills = clean(encoded.get(12)) or ""
    return (
        kept(
            {
                "quantity": _quantity(encoded, 10, 11),
                "numberOfRepeatsAllowed": int(refills)
                if refills.isdecimal() and len(refills) < 5  # noqa: PLR2004  # four digits
                else None,
            }
        )
        or None
    )


def _quantity(segment: Segment | None, amount: int, unit: int) -> Shape | None:
    text = clean(segment.get(amount)) if segment else None
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    units = concept(first(segment, unit))
    name = units.get("text") if units else None
    return kept({"value": value, "unit": name}) if abs(value) < _LARGEST else None
