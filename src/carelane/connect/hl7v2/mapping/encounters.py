"""PV1 and PV2 as an Encounter; the status follows the event (v2-to-FHIR table Event[EncounterStatus])."""

from carelane.connect.hl7v2.codec import Segment
from carelane.connect.hl7v2.mapping.context import Context
from carelane.connect.hl7v2.mapping.risks import stated_risk
from carelane.connect.hl7v2.mapping.values import (
    Shape,
    clean,
    concept,
    entity_key,
    first,
    kept,
    listed,
    location,
    practitioner,
    qualified,
)
from carelane.facts.fact import Json

_ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_CLASSES = {"E": "EMER", "I": "IMP", "O": "AMB", "P": "PRENC"}
_STATUSES = {
    "A01": "in-progress",
    "A02": "in-progress",
    "A03": "finished",
    "A04": "planned",
    "A05": "planned",
    "A11": "cancelled",
    "A13": "in-progress",
}
_ROLES = ((7, "ATND"), (8, "REF"), (9, "CON"), (17, "ADM"))
_PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"


def encounter_key(visit: Segment | None) -> str | None:
    """PV1-19 as a correlation value."""
    part = first(visit, 19)
    if part is None:
        return None
    return qualified(part.get(1), clean(part.get(4)) or part.get(4, 2)) or entity_key(part)


def arrival_key(visit: Segment | None) -> str | None:
    """PV1-50, the alternate visit id: here scheduling systems name the appointment of the visit."""
    part = first(visit, 50)
    return qualified(part.get(1), clean(part.get(4)) or part.get(4, 2)) if part else None


def encounter(context: Context, event: str) -> Shape | None:
    """The visit, or None where there is no PV1."""
    visit = context.message.segment("PV1")
    if visit is None:
        return None
    number = first(visit, 19)
    code = (clean(visit.get(2)) or "").upper()
    period = kept({"start": context.time(visit, 44), "end": context.time(visit, 45)})
    hospital = kept(
        {
            "dischargeDisposition": concept(first(visit, 36)),
            "admitSource": concept(first(visit, 14)),
        }
    )
    place = location(first(visit, 3))
    return kept(
        {
            "resourceType": "Encounter",
            "identifier": listed(
                [kept({"system": number.get(4), "value": clean(number.get(1))}) if number else None]
            ),
            "status": _STATUSES.get(event, "unknown"),
            "class": {"system": _ACT, "code": _CLASSES.get(code, code)} if code else None,
            "serviceType": concept(first(visit, 10)),
            "participant": _participants(visit),
            "period": period or None,
            "reasonCode": listed([concept(first(context.message.segment("PV2"), 3))]),
            "hospitalization": hospital or None,
            "location": [{"location": place}] if place else None,
            "followUpRisk": stated_risk(context, context.local.risk_codes),
        }
    )


def _participants(visit: Segment) -> list[Json] | None:
    return listed(
        kept(
            {
                "type": [{"coding": [{"system": _PARTICIPATION, "code": role}]}],
                "individual": person,
            }
        )
        for field, role in _ROLES
        for part in visit.repetitions(field)
        if (person := practitioner(part))
    )
