"""ORU R01 of a patient's device (IHE PCD-01, named in MSH-21) as readings: one for each OBX with a number.

OBX-7 holds the limits that were approved for this patient; OBX-18, else the message's sender, names the device.
"""

from collections.abc import Mapping, Sequence

from carelane.connect.hl7v2.codec import Message, Segment
from carelane.connect.hl7v2.mapping.context import Context
from carelane.connect.hl7v2.mapping.observations import observation
from carelane.connect.hl7v2.mapping.times import instant
from carelane.connect.hl7v2.mapping.values import Shape, clean, kept
from carelane.facts.fact import Draft, Identifier, Json
from carelane.facts.limits import limit_of

PROFILE = "IHE_PCD_001"


def of_device(message: Message) -> bool:
    """Whether the message says that it comes from a patient's device (MSH-21)."""
    header = message.segment("MSH")
    parts = header.repetitions(21) if header else ()
    return any((clean(part.get(1)) or "").upper() == PROFILE for part in parts)


def readings(
    context: Context, patient: Shape | None, identifiers: tuple[Identifier, ...]
) -> tuple[Draft, ...]:
    """A draft for each measured number; segments that only hold others together say nothing."""
    return tuple(
        _reading(context, segment, patient, identifiers)
        for segment in context.message.segments("OBX")
        if (clean(segment.get(2)) or "").upper() in {"NM", "SN"} and clean(segment.get(5))
    )


def _reading(
    context: Context,
    segment: Segment,
    patient: Shape | None,
    identifiers: tuple[Identifier, ...],
) -> Draft:
    device = clean(segment.get(18)) or clean(context.message.get("MSH", 3)) or ""
    shape = observation(context, segment)
    value, low, high = (_number(shape.get("valueQuantity")), *_bounds(shape.get("referenceRange")))
    at = clean(segment.get(14))
    return context.draft(
        "reading.received",
        payload={
            "patient": patient,
            "reading": kept(
                {**shape, "device": {"display": device}, "limit": limit_of(value, low, high)}
            ),
            "intake": {"channel": "device", "source": clean(context.message.get("MSH", 3)) or ""},
        },
        identifiers=identifiers,
        keys={"device": device},
        occurred_at=instant(at, context.local.zone) if at else None,
    )


def _bounds(ranges: Json) -> tuple[float | None, float | None]:
    found = ranges[0] if isinstance(ranges, Sequence) and ranges else None
    part = found if isinstance(found, Mapping) else {}
    return _number(part.get("low")), _number(part.get("high"))


def _number(quantity: Json) -> float | None:
    value = quantity.get("value") if isinstance(quantity, Mapping) else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
