"""The payer's answers as FHIR R4 resources of the Da Vinci PAS guide (2.1): one bundle of type collection. Pure."""

from datetime import datetime, timedelta
from typing import Any, Final

from carelane.testing.payer.claims import Held, Resource

GUIDE: Final = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition"
TOPIC: Final = "http://hl7.org/fhir/us/davinci-pas/SubscriptionTopic/PASSubscriptionTopic"
ACTIONS: Final = "https://codesystem.x12.org/005010/306"
REASONS: Final = "https://codesystem.x12.org/external/886"
_ACTION: Final = {
    "approved": "A1", "partial": "A6", "denied": "A3", "pended": "A4", "information-requested": "A4",
    "contact-payer": "CT", "not-required": "NA",
}  # fmt: skip
_VALID: Final = timedelta(days=90)


def bundle_of(held: list[Held], base: str, now: datetime) -> Resource:
    """A response bundle about these submissions; empty where the payer knows none."""
    entries: list[Resource] = []
    for one in held:
        for resource in _resources(one, now):
            name = f"{resource['resourceType']}/{resource['id']}"
            entries.append({"fullUrl": f"{base}/{name}", "resource": resource})
    return {
        "resourceType": "Bundle",
        "meta": {"profile": [f"{GUIDE}/profile-pas-response-bundle"]},
        "type": "collection",
        "timestamp": now.isoformat(),
        "entry": entries,
    }


def refusal(held: Held, code: str, now: datetime) -> Resource:
    """A ClaimResponse that says why the claim can't be worked on (X12 code list 901)."""
    response = _response(held, now) | {
        "outcome": "error",
        "error": [{"code": _concept("https://codesystem.x12.org/005010/901", code)}],
    }
    return {
        "resourceType": "Bundle", "type": "collection", "timestamp": now.isoformat(),
        "entry": [{"fullUrl": f"urn:payer:{response['id']}", "resource": response}],
    }  # fmt: skip


def notification(bundle: Resource, now: datetime) -> Resource:
    """What subscribers get of a decision: the R4 backport's history bundle with the response bundle in it."""
    status = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "topic", "valueCanonical": TOPIC},
            {"name": "type", "valueCode": "event-notification"},
        ],
    }
    entries = [{"resource": status}, {"resource": bundle}]
    return {
        "resourceType": "Bundle", "type": "history", "timestamp": now.isoformat(), "entry": entries,
    }  # fmt: skip


def outcome(code: str) -> Resource:
    """An OperationOutcome with one error."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": code}],
    }


def _resources(held: Held, now: datetime) -> list[Resource]:
    response = _response(held, now)
    item: Resource = {
        "itemSequence": 1,
        "adjudication": [{"category": _concept(
            "http://terminology.hl7.org/CodeSystem/adjudication", "submitted"),
            "extension": [_review(held)]}],
    }  # fmt: skip
    beside: list[Resource] = []
    if held.answer in {"approved", "partial"}:
        period = {"start": now.date().isoformat(), "end": (now + _VALID).date().isoformat()}
        item["extension"] = [{"url": f"{GUIDE}/extension-itemPreAuthPeriod", "valuePeriod": period}]
        response["preAuthRef"] = held.payer_number
    else:
        reference = f"{GUIDE}/extension-administrationReferenceNumber"
        item["extension"] = [{"url": reference, "valueString": held.payer_number}]
    if held.answer == "information-requested":
        beside.append(_request(held))
        response["communicationRequest"] = [
            {"reference": f"CommunicationRequest/{beside[0]['id']}"}
        ]
    if held.answer == "denied":
        response["processNote"] = [
            {"number": 1, "text": "Conservative treatment of six weeks is not documented."}
        ]
    return [response | {"item": [item]}, *beside]


def _response(held: Held, now: datetime) -> Resource:
    response: Resource = {
        "resourceType": "ClaimResponse",
        "id": f"answer-{held.payer_number}",
        "meta": {"profile": [f"{GUIDE}/profile-claimresponse"]},
        "identifier": held.claim.get("identifier", []),
        "status": "active",
        "type": held.claim.get("type"),
        "use": "preauthorization",
        "patient": held.claim.get("patient"),
        "created": now.isoformat(),
        "insurer": held.claim.get("insurer"),
        "request": {"type": "Claim", "identifier": (held.claim.get("identifier") or [None])[0]},
        "outcome": "queued" if held.answer == "pended" else "complete",
    }
    return {name: value for name, value in response.items() if value is not None}


def _review(held: Held) -> Resource:
    parts: list[dict[str, Any]] = [
        {
            "url": f"{GUIDE}/extension-reviewActionCode",
            "valueCodeableConcept": _concept(ACTIONS, _ACTION[held.answer]),
        }
    ]
    if held.answer in {"approved", "partial"}:
        parts.append({"url": "number", "valueString": held.payer_number})
    if held.answer == "denied":
        reason = {
            "coding": [{"system": REASONS, "code": "0V", "display": "Requires medical review"}]
        }
        parts.append({"url": "reasonCode", "valueCodeableConcept": reason})
    return {"url": f"{GUIDE}/extension-reviewAction", "extension": parts}


def _request(held: Held) -> Resource:
    return {
        "resourceType": "CommunicationRequest",
        "id": f"ask-{held.payer_number}",
        "meta": {"profile": [f"{GUIDE}/profile-communicationrequest"]},
        "identifier": [{"value": f"ACN-{held.payer_number}"}],
        "status": "active",
        "category": [_concept("https://codesystem.x12.org/005010/755", "PN")],
        "payload": [{"contentString": "Physical therapy notes of the last six weeks"}],
    }


def _concept(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}
