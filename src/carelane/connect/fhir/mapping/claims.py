"""A wish for an authorisation as a PAS request: the claim and what it can't be understood without. Pure.

The claim's number is the effect's id: by it the payer is asked whether it has the claim, before anything is sent again.
A second request of a case names the payer's own number of the first, and says whether it is revised or an appeal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias

from carelane.connect.fhir.codec import EFFECT_SYSTEM, Resource
from carelane.connect.fhir.mapping.content import concept, mapping_in, objects_in, resource_in, word
from carelane.connect.fhir.mapping.enclosures import ENCLOSED_MAX, enclosed, supporting
from carelane.connect.fhir.mapping.outgoing import Unfit
from carelane.connect.fhir.mapping.pas import GUIDE, NPI, TERMINOLOGY, X12
from carelane.facts.ids import name_id
from carelane.facts.intent import Intent

_URGENT: Final = 1
_APPEALS: Final[Mapping[str, str]] = {"first": "2", "peer-to-peer": "1", "external": "2"}
_DIAGNOSES: Final = "icd-10"


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """An organisation: the one that asks, or a payer."""

    name: str
    number: str = ""
    system: str = NPI


@dataclass(frozen=True, slots=True, kw_only=True)
class Parties:
    """Who asks, and the payers by the code that pathways know them by."""

    requestor: Party
    payers: Mapping[str, Party] = field(default_factory=dict)


Package: TypeAlias = Resource


def package_of(intent: Intent, parties: Parties, *, now: datetime) -> Package | Unfit:
    """The bundle for `Claim/$submit`; `Unfit` where the payer, the member or the service is not known."""
    known = _Known(intent=intent, parties=parties, now=now)
    missing = known.missing()
    if missing:
        return Unfit(cause=f"missing-{missing}")
    company = [*known.company(), *known.documents()]
    return _bundle(known, "profile-pas-request-bundle", known.claim(), company)


def inquiry_of(intent: Intent, parties: Parties, *, now: datetime) -> Package | Unfit:
    """The bundle for `Claim/$inquire`: the same number and member, without what was put together."""
    known = _Known(intent=intent, parties=parties, now=now)
    missing = known.missing()
    if missing:
        return Unfit(cause=f"missing-{missing}")
    whole = known.claim()
    asked = {name: whole[name] for name in whole if name not in {"supportingInfo", "related"}}
    asked["meta"] = {"profile": [f"{GUIDE}/profile-claim-inquiry"]}
    return _bundle(known, "profile-pas-inquiry-request-bundle", asked, known.company())


def _bundle(known: "_Known", profile: str, claim: Resource, company: Sequence[Resource]) -> Package:
    entries = [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in (claim, *company)]
    return {
        "resourceType": "Bundle",
        "meta": {"profile": [f"{GUIDE}/{profile}"]},
        "identifier": known.number(),
        "type": "collection",
        "timestamp": known.now.isoformat(),
        "entry": entries,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the intent says, by the parts of a claim."""

    intent: Intent
    parties: Parties
    now: datetime

    @property
    def content(self) -> Mapping[str, Any]:
        return self.intent.content.reveal()

    def missing(self) -> str:
        """The first thing without which no payer can decide."""
        there = {
            "payer": self.payer().name,
            "member": self.member(),
            "service": self.service(),
            "patient": resource_in(self.content, "patient"),
        }
        return next((name for name, value in there.items() if not value), "")

    def payer(self) -> Party:
        """The payer that a person named, else the one that the coverage names."""
        said = word(self.content, "payer_said")
        listed = objects_in(mapping_in(self.content.get("coverage")).get("payor"))
        codes = [
            str(one.get("code", "")) for each in listed for one in objects_in(each.get("coding"))
        ]
        for code in (said, *(code.casefold() for code in codes)):
            if code in self.parties.payers:
                return self.parties.payers[code]
        for each in listed:
            number = mapping_in(each.get("identifier"))
            return Party(
                name=str(each.get("display") or ""),
                number=str(number.get("value") or ""),
                system=str(number.get("system") or ""),
            )
        return Party(name=said)

    def member(self) -> str:
        """The number by which the payer knows the patient."""
        said = word(self.content, "member_said")
        return said or str(mapping_in(self.content.get("coverage")).get("subscriberId") or "")

    def service(self) -> Resource:
        """What is to be approved."""
        return dict(mapping_in(mapping_in(self.content.get("request")).get("code")))

    def number(self) -> Resource:
        """Our number of the claim."""
        return {"system": EFFECT_SYSTEM, "value": str(self.intent.id)}

    def id_of(self, part: str) -> str:
        """A resource's id within the bundle, the same in every sending."""
        return str(name_id("pas", part, self.intent.id))

    def reference(self, kind: str, part: str) -> Resource:
        """A Reference to a part of the bundle."""
        return {"reference": f"urn:uuid:{self.id_of(part)}", "type": kind}

    def certification(self) -> str:
        """`I` first, `S` revised, `1` and `2` appeals (X12 element 1322)."""
        appeal = _APPEALS.get(word(self.content, "appeal_kind"))
        if appeal:
            return appeal
        return "S" if word(self.content, "payer_number") else "I"

    def claim(self) -> Resource:
        """The claim itself."""
        urgent = self.intent.urgency >= _URGENT
        before = word(self.content, "payer_number")
        claim: Resource = {
            "resourceType": "Claim",
            "id": self.id_of("claim"),
            "meta": {"profile": [f"{GUIDE}/profile-claim{'-update' if before else ''}"]},
            "extension": [
                _coded("extension-levelOfServiceCode", f"{X12}/1338", "U" if urgent else "E")
            ],
            "identifier": [self.number()],
            "status": "active",
            "type": concept(f"{TERMINOLOGY}/claim-type", "professional"),
            "use": "preauthorization",
            "patient": self.reference("Patient", "patient"),
            "created": self.now.isoformat(),
            "insurer": self.reference("Organization", "insurer"),
            "provider": self.reference("Organization", "requestor"),
            "priority": concept(f"{TERMINOLOGY}/processpriority", "stat" if urgent else "normal"),
            "insurance": [
                {"sequence": 1, "focal": True, "coverage": self.reference("Coverage", "coverage")}
            ],
            "item": [self._item(before)],
        }
        if before:
            claim["related"] = [
                {
                    "relationship": concept(f"{TERMINOLOGY}/ex-relatedclaimrelationship", "prior"),
                    "reference": {"value": before},
                }
            ]
        if told := supporting(self.documents(), word(self.content, "documents")):
            claim["supportingInfo"] = told
        if diagnoses := self._diagnoses():
            claim["diagnosis"] = diagnoses
        return claim

    def company(self) -> list[Resource]:
        """Patient, coverage, payer, requestor and order."""
        patient = resource_in(self.content, "patient")
        request = mapping_in(self.content.get("request"))
        order: Resource = {
            "resourceType": "ServiceRequest",
            "id": self.id_of("order"),
            "status": "active",
            "intent": "order",
            "code": self.service(),
            "subject": self.reference("Patient", "patient"),
        }
        for name in ("identifier", "reasonCode", "occurrenceDateTime"):
            if request.get(name):
                order[name] = request[name]
        return [
            {
                "resourceType": "Patient",
                "id": self.id_of("patient"),
                **{
                    name: patient[name]
                    for name in ("identifier", "name", "birthDate")
                    if patient.get(name)
                },
            },
            {
                "resourceType": "Coverage",
                "id": self.id_of("coverage"),
                "status": "active",
                "subscriberId": self.member(),
                "beneficiary": self.reference("Patient", "patient"),
                "payor": [self.reference("Organization", "insurer")],
            },
            self._organisation("insurer", self.payer(), "PR"),
            self._organisation("requestor", self.parties.requestor, "X3"),
            order,
        ]

    def _organisation(self, part: str, party: Party, role: str) -> Resource:
        resource: Resource = {
            "resourceType": "Organization",
            "id": self.id_of(part),
            "active": True,
            "type": [concept(f"{X12}/98", role)],
            "name": party.name,
        }
        if party.number:
            number = {"system": party.system, "value": party.number}
            resource["identifier"] = [{name: value for name, value in number.items() if value}]
        return resource

    def _item(self, before: str) -> Resource:
        extensions: list[Resource] = [
            _coded("extension-serviceItemRequestType", f"{X12}/1525", "HS"),
            _coded("extension-certificationType", f"{X12}/1322", self.certification()),
            {
                "url": f"{GUIDE}/extension-requestedService",
                "valueReference": self.reference("ServiceRequest", "order"),
            },
        ]
        if before:
            url = f"{GUIDE}/extension-administrationReferenceNumber"
            extensions.append({"url": url, "valueString": before})
        item: Resource = {
            "extension": extensions,
            "sequence": 1,
            "productOrService": self.service(),
        }
        if day := str(mapping_in(self.content.get("request")).get("occurrenceDateTime") or "")[:10]:
            item["servicedDate"] = day
        return item

    def documents(self) -> list[Resource]:
        """What goes with the claim."""
        ids = [self.id_of(f"document-{at}") for at in range(ENCLOSED_MAX)]
        return enclosed(self.content, self.reference("Patient", "patient"), ids)

    def _diagnoses(self) -> list[Resource]:
        reasons = objects_in(mapping_in(self.content.get("request")).get("reasonCode"))
        coded = [
            one
            for one in reasons
            if any(
                _DIAGNOSES in str(each.get("system", "")) for each in objects_in(one.get("coding"))
            )
        ]
        return [
            {"sequence": at, "diagnosisCodeableConcept": one} for at, one in enumerate(coded, 1)
        ]


def _coded(name: str, system: str, code: str) -> Resource:
    return {"url": f"{GUIDE}/{name}", "valueCodeableConcept": concept(system, code)}
