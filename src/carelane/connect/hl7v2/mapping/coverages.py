"""IN1 as a Coverage: who pays, under which number (v2-to-FHIR table IN1[Coverage]).

ADT, ORM, OMG, OML, REF and RDE carry it in their patient group; the standard has no IN1 in SIU. The payer stands as it
was sent: company numbers (IN1-3), plan (IN1-2) and name (IN1-4) are all codes that a pathway's list may know.
"""

from collections.abc import Iterable

from carelane.connect.hl7v2.codec import Segment
from carelane.connect.hl7v2.mapping.context import Context
from carelane.connect.hl7v2.mapping.values import Shape, clean, concept, first, kept, listed
from carelane.facts.fact import Json

_PRIORITY = 22  # IN1-22, the order of benefits
_LAST = "9"


def coverage(context: Context) -> Shape | None:
    """The first coverage of the patient, by IN1-22 and then as sent; None where there is no IN1."""
    segments = context.message.segments("IN1")
    if not segments:
        return None
    segment = min(segments, key=lambda each: clean(each.get(_PRIORITY)) or _LAST)
    period = kept({"start": context.date(segment, 12), "end": context.date(segment, 13)})
    number = clean(segment.get(49)) or clean(segment.get(36))
    if number is None:
        context.report(
            "member-unnumbered",
            "IN1-49",
            "The insurance has neither an insured's id (IN1-49) nor a policy number (IN1-36).",
            "Ask the sender for one of them; without it no payer can be asked for an authorisation.",
        )
    return kept(
        {
            "resourceType": "Coverage",
            "status": "active",
            "identifier": listed([_identifier(segment)]),
            "type": concept(first(segment, 15)),
            "subscriberId": number,
            "relationship": concept(first(segment, 17)),
            "period": period or None,
            "payor": listed([_payor(segment)]),
        }
    )


def _payor(segment: Segment) -> Shape | None:
    """The payer as a Reference to an Organization, with what it may be known by as codings."""
    name = clean(segment.get(4))
    numbers = [part for part in segment.repetitions(3) if clean(part.get(1))]
    plan = first(segment, 2)
    known = [*(clean(part.get(1)) for part in numbers), clean(plan.get(1)) if plan else None, name]
    own = numbers[0] if numbers else None
    shape = kept(
        {
            "type": "Organization" if any(known) else None,
            "display": name,
            "identifier": kept(
                {
                    "system": clean(own.get(4, 1)) or clean(own.get(4, 2)),
                    "value": clean(own.get(1)),
                }
            )
            if own
            else None,
            "coding": _codings(known),
        }
    )
    return shape or None


def _codings(known: Iterable[str | None]) -> list[Json] | None:
    return listed({"code": code} for code in dict.fromkeys(known) if code)


def _identifier(segment: Segment) -> Shape | None:
    plan = first(segment, 2)
    value = clean(plan.get(1)) if plan else None
    return kept({"system": clean(plan.get(3)), "value": value}) if plan and value else None
