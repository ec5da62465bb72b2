"""What a chart says of a patient: problems, medicines, allergies, results, visits, notes. Invented."""

from typing import Any, Final

from carelane.testing.ehr.records import Resource

_LOINC: Final = "http://loinc.org"


def history(reference: Resource, *, key: str) -> list[Resource]:
    """Resources about the patient of this Reference; `key` makes their ids."""
    about = {"subject": reference}
    condition = {"coding": [{"code": "44054006"}], "text": "Type 2 diabetes mellitus"}
    visit: dict[str, Any] = {
        "class": {"code": "AMB", "display": "ambulatory"},
        "period": {"start": "2026-02-20T09:00:00Z", "end": "2026-02-20T09:30:00Z"},
        "reasonCode": [{"text": "Follow-up of diabetes"}],
    }
    potassium = {"coding": [{"system": _LOINC, "code": "2823-3"}], "text": "Potassium"}
    return [
        {"resourceType": "Condition", "id": f"c{key}", "code": condition, "recordedDate": "2024-05-02", **about},
        {"resourceType": "AllergyIntolerance", "id": f"al{key}", "patient": reference, "criticality": "high",
         "code": {"text": "Penicillin"}, "reaction": [{"manifestation": [{"text": "hives"}]}]},
        {"resourceType": "MedicationRequest", "id": f"mh{key}", "status": "active", "intent": "order",
         "medicationCodeableConcept": {"text": "Metformin 500 mg"}, "authoredOn": "2026-01-05T09:00:00Z",
         "dosageInstruction": [{"text": "twice a day"}], **about},
        {"resourceType": "Observation", "id": f"ob{key}", "status": "final", "code": potassium,
         "valueQuantity": {"value": 4.2, "unit": "mmol/L"}, "effectiveDateTime": "2026-02-19T08:00:00Z", **about},
        {"resourceType": "Encounter", "id": f"en{key}", "status": "finished", **visit, **about},
    ]  # fmt: skip
