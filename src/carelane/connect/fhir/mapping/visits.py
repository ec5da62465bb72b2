"""What is told of a visit before it happens: how likely the patient comes, and what they answered. Pure.

A RiskAssessment names the Appointment under `basis`, and says in `prediction.qualitativeRisk` how likely a no-show is;
it may also come along with the Appointment (`supportingInformation`). A QuestionnaireResponse names it by the standard
extension `workflow-supportingInfo`. The risk is carried as received and never computed.
"""

from collections.abc import Iterable
from typing import Final

from carelane.connect.fhir.codec import Resource, reference_of
from carelane.connect.fhir.mapping.people import listed
from carelane.connect.fhir.mapping.source import Source, codes_in, instant
from carelane.facts.fact import Draft

ABOUT: Final = "http://hl7.org/fhir/StructureDefinition/workflow-supportingInfo"
_NO_SHOW: Final = frozenset({"NO-SHOW", "NOSHOW", "410534003"})  # SNOMED CT: not done
_WITHDRAWN: Final = frozenset({"entered-in-error", "cancelled", "registered"})


def of_risk(source: Source) -> Iterable[Draft]:
    """A RiskAssessment about a visit that may be missed."""
    risk = source.resource
    if risk.get("status") in _WITHDRAWN or not (level := risk_in(risk)):
        return
    for reference in listed(risk.get("basis")):
        if key := appointment_key(source, reference):
            yield source.draft(
                "appointment.risk",
                role="appointment",
                part={"resourceType": "Appointment", "noShowRisk": level},
                keys={"appointment": key},
                entity="",
                at=source.updated() or instant(risk.get("occurrenceDateTime")),
            )


def of_answers(source: Source) -> Iterable[Draft]:
    """A QuestionnaireResponse about a visit."""
    answered = source.resource
    about = [
        one.get("valueReference")
        for one in listed(answered.get("extension"))
        if one.get("url") == ABOUT
    ]
    keys = [key for one in about if isinstance(one, dict) and (key := appointment_key(source, one))]
    yield source.draft(
        "preparation.answered",
        role="preparation",
        part=answered,
        keys={"appointment": keys[0]} if keys else {},
        entity="",
        at=source.updated() or instant(answered.get("authored")),
    )


def with_risk(source: Source, appointment: Resource) -> Resource:
    """The appointment with the risk that came along with it."""
    own = {f"#{one.get('id')}": one for one in listed(appointment.get("contained"))}
    for reference in listed(appointment.get("supportingInformation")):
        known = own.get(str(reference.get("reference"))) or source.company.follow(reference)
        if known and known.get("resourceType") == "RiskAssessment" and (level := risk_in(known)):
            return {**appointment, "noShowRisk": level}
    return appointment


def risk_in(assessment: Resource) -> str:
    """How likely a no-show is, as a code of the source; of several predictions the first that is about it."""
    for prediction in listed(assessment.get("prediction")):
        named = codes_in(prediction.get("outcome"))
        if named and not named & _NO_SHOW:
            continue
        coding = prediction.get("qualitativeRisk")
        codings = listed(coding.get("coding")) if isinstance(coding, dict) else []
        if found := next((str(one["code"]) for one in codings if one.get("code")), ""):
            return found
    return ""


def appointment_key(source: Source, reference: Resource) -> str:
    """The number of the appointment that a Reference names; empty if it names none."""
    literal = reference_of(str(reference.get("reference", "")))
    known = source.company.follow(reference)
    if known is not None and known.get("resourceType") == "Appointment":
        return source.keyed(known, "FILL") or source.first(known)
    number = source.key(reference.get("identifier"))
    return number or (literal if literal.startswith("Appointment/") else "")
