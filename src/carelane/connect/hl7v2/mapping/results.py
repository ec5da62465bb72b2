"""OBR and its OBX as a DiagnosticReport with its Observations (ORU R01).

The clock of a critical result starts at `verified_at`: when the laboratory released the result
(OBR-22), else the latest time of analysis (OBX-19). OBX-14 is when the specimen was taken, so it
never counts as verification. Where neither is sent, MSH-7 is the best there is.
"""

from datetime import datetime

from carelane.connect.hl7v2.codec import Segment
from carelane.connect.hl7v2.mapping.context import Context, notes_after
from carelane.connect.hl7v2.mapping.observations import observation
from carelane.connect.hl7v2.mapping.orders import Order
from carelane.connect.hl7v2.mapping.times import iso
from carelane.connect.hl7v2.mapping.urgency import of_flags, of_order
from carelane.connect.hl7v2.mapping.values import (
    Shape,
    clean,
    coded,
    concept,
    entity,
    first,
    kept,
    listed,
    practitioner,
)
from carelane.facts.fact import Urgency

_STATUSES = {  # HL7 table 0123
    "O": "registered",
    "I": "registered",
    "S": "registered",
    "A": "partial",
    "R": "partial",
    "P": "preliminary",
    "N": "preliminary",
    "F": "final",
    "C": "corrected",
    "M": "corrected",
    "X": "cancelled",
    "Y": "cancelled",
    "Z": "cancelled",
}
_RANK = ("corrected", "amended", "entered-in-error", "preliminary", "final", "cancelled")
_CORRECTED = frozenset({"C", "D", "W", "A"})  # HL7 table 0085: replaced, deleted, wrong, amended
_SECTIONS = "http://terminology.hl7.org/CodeSystem/v2-0074"


def observations(order: Order) -> tuple[Segment, ...]:
    """The order's OBX segments."""
    return tuple(each for each in order.segments if each.name == "OBX")


def is_correction(order: Order) -> bool:
    """Whether something that was already reported is replaced, withdrawn or amended."""
    detail = order.segment("OBR")
    status = (clean(detail.get(25)) or "").upper() if detail else ""
    return status in {"C", "M"} or any(_status(each) in _CORRECTED for each in observations(order))


def result_urgency(order: Order) -> Urgency:
    """The highest of the order's priority and the flags of its observations."""
    return max(of_order(order.segments), of_flags(_flags(order)))


def verified_at(context: Context, order: Order) -> datetime | None:
    """When the result was released: OBR-22, else the latest OBX-19, else MSH-7 (UTC)."""
    released = context.at(order.segment("OBR"), 22)
    if released:
        return released
    analysed = [at for each in observations(order) if (at := context.at(each, 19))]
    return max(analysed) if analysed else context.sent_at()


def report(context: Context, order: Order) -> Shape:
    """The result as a DiagnosticReport; `observation` holds the Observations themselves."""
    detail = order.segment("OBR")
    verified = verified_at(context, order)
    start, end = context.time(detail, 7), context.time(detail, 8)
    section = clean(detail.get(24)) if detail else None
    return kept(
        {
            "resourceType": "DiagnosticReport",
            "identifier": listed(
                entity(first(order.segment("ORC"), number) or first(detail, number), kind)
                for number, kind in ((2, "PLAC"), (3, "FILL"))
            ),
            "status": _report_status(order),
            "category": listed([coded(section, _SECTIONS) if section else None]),
            "code": concept(first(detail, 4)),
            "effectiveDateTime": start if not end else None,
            "effectivePeriod": {"start": start, "end": end} if start and end else None,
            "issued": iso(verified) if verified else None,
            "verified_at": iso(verified) if verified else None,
            "resultsInterpreter": listed([practitioner(first(detail, 32))]),
            "requester": practitioner(first(order.segment("ORC"), 12))
            or practitioner(first(detail, 16)),
            "observation": [observation(context, each) for each in observations(order)],
            "note": [*notes_after(list(order.segments))],
        }
    )


def _status(segment: Segment) -> str:
    return (clean(segment.get(11)) or "").upper()


def _flags(order: Order) -> list[str]:
    return [
        flag.upper()
        for each in observations(order)
        for part in each.repetitions(8)
        if (flag := clean(part.get(1)))
    ]


def _report_status(order: Order) -> str:
    detail = order.segment("OBR")
    stated = _STATUSES.get((clean(detail.get(25)) or "").upper()) if detail else None
    if stated:
        return stated
    found = {_STATUSES.get(_status(each), "unknown") for each in observations(order)}
    return next((status for status in _RANK if status in found), "unknown")
