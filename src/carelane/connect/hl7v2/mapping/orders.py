"""ORC, OBR, TQ1, DG1 and NTE of one order as a ServiceRequest (ORM O01, OMG O19, OML O21)."""

from collections.abc import Sequence
from dataclasses import dataclass

from carelane.connect.hl7v2.codec import Message, Repetition, Segment
from carelane.connect.hl7v2.mapping.context import Context, notes_after
from carelane.connect.hl7v2.mapping.urgency import of_order, priority
from carelane.connect.hl7v2.mapping.values import (
    Shape,
    clean,
    concept,
    entity,
    entity_key,
    first,
    is_referral,
    kept,
    listed,
    organisation,
    practitioner,
)
from carelane.facts.fact import Json

_CANCELLED = frozenset({"CA", "OC", "DC", "OD", "CR", "DR"})  # HL7 table 0119
_NEW = frozenset({"", "NW", "SN", "RO", "PA", "CH"})
_STATUSES = {  # HL7 table 0038
    "CA": "revoked",
    "CM": "completed",
    "DC": "revoked",
    "ER": "entered-in-error",
    "HD": "on-hold",
    "IP": "active",
    "RP": "revoked",
    "SC": "active",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order of a message: its segments, from ORC (or OBR) to the next one."""

    segments: tuple[Segment, ...]

    def segment(self, name: str) -> Segment | None:
        """The group's first segment of that name."""
        return next((each for each in self.segments if each.name == name), None)

    @property
    def control(self) -> str:
        """ORC-1, empty where absent."""
        control = self.segment("ORC")
        return (clean(control.get(1)) or "").upper() if control else ""

    @property
    def change(self) -> str:
        """`new`, `cancelled` or `changed`, by ORC-1 and ORC-5."""
        control = self.segment("ORC")
        status = (clean(control.get(5)) or "").upper() if control else ""
        if self.control in _CANCELLED or status in {"CA", "DC"}:
            return "cancelled"
        return "new" if self.control in _NEW else "changed"

    def key(self, number: int) -> str | None:
        """Placer (2) or filler (3) order number as a correlation value; ORC before OBR."""
        return entity_key(first(self.segment("ORC"), number)) or entity_key(
            first(self.segment("OBR"), number)
        )

    def keys(self) -> dict[str, str | None]:
        """Correlation values of an order."""
        return {"placer_order": self.key(2), "filler_order": self.key(3)}


def orders_of(message: Message, detail: str = "OBR") -> tuple[Order, ...]:
    """The message's orders. `detail` is the segment that may open a group without an ORC."""
    groups: list[list[Segment]] = []
    for segment in message:
        if segment.name == "ORC" or (segment.name == detail and _opens(groups, detail)):
            groups.append([segment])
        elif groups:
            groups[-1].append(segment)
    return tuple(Order(segments=tuple(group)) for group in groups)


def _opens(groups: Sequence[Sequence[Segment]], detail: str) -> bool:
    return not groups or any(segment.name == detail for segment in groups[-1])


def service_request(context: Context, order: Order, *, refers: bool = False) -> Shape:
    """The order as a ServiceRequest; `refers` marks it as a referral."""
    control, detail = order.segment("ORC"), order.segment("OBR")
    return kept(
        {
            "resourceType": "ServiceRequest",
            "identifier": _identifiers(control, detail),
            "status": _status(order),
            "intent": "order",
            **priority(of_order(order.segments)),
            "code": concept(first(detail, 4)),
            "category": listed([is_referral() if refers else None, concept(first(detail, 24))]),
            "performerType": concept(first(detail, 24)),
            "reasonCode": _reasons(context, order),
            "requester": _requester(control, detail),
            "authoredOn": context.time(control, 9),
            **_occurrence(context, order),
            "note": [*notes_after(list(order.segments))],
            "bodySite": listed([concept(first(detail, 15))]),
        }
    )


def services(order: Order) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Codes and names of the ordered service (OBR-4 and OBR-44)."""
    parts = [part for number in (4, 44) if (part := first(order.segment("OBR"), number))]
    codes = tuple(code for part in parts for at in (1, 4) if (code := clean(part.get(at))))
    names = tuple(name for part in parts for at in (2, 5) if (name := clean(part.get(at))))
    return codes, names


def _identifiers(control: Segment | None, detail: Segment | None) -> list[Json] | None:
    return listed(
        entity(first(control, number) or first(detail, number), kind)
        for number, kind in ((2, "PLAC"), (3, "FILL"))
    )


def _status(order: Order) -> str:
    control = order.segment("ORC")
    stated = _STATUSES.get((clean(control.get(5)) or "").upper()) if control else None
    if order.change == "cancelled":
        return "revoked"
    return stated or ("on-hold" if order.control in {"HD", "OH", "HR"} else "active")


def _reasons(context: Context, order: Order) -> list[Json] | None:
    own = [concept(part) for each in order.segments for part in _reason_parts(each)]
    if any(own):
        return listed(own)
    return listed(concept(first(each, 3)) for each in context.message.segments("DG1"))


def _reason_parts(segment: Segment) -> tuple[Repetition, ...]:
    if segment.name == "OBR":
        return segment.repetitions(31)
    return segment.repetitions(3) if segment.name == "DG1" else ()


def _requester(control: Segment | None, detail: Segment | None) -> Shape | None:
    person = practitioner(first(control, 12)) or practitioner(first(detail, 16))
    return person or organisation(first(control, 21))


def _occurrence(context: Context, order: Order) -> Shape:
    timing, detail = order.segment("TQ1"), order.segment("OBR")
    start = context.time(timing, 7) or context.time(detail, 36) or context.time(detail, 6)
    start = start or context.time(detail, 27, 4)
    end = context.time(timing, 8)
    if start and end:
        return {"occurrencePeriod": {"start": start, "end": end}}
    return {"occurrenceDateTime": start} if start else {}
