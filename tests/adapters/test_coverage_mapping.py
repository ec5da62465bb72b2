"""Who pays, by HL7 v2 and by FHIR, with the same meaning; supplies and notes likewise."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from carelane.connect.channel.adapter import reader_for as channel_reader
from carelane.connect.fhir.mapping.reading import read as read_fhir
from carelane.connect.hl7v2.mapping import read as read_hl7
from carelane.facts.fact import Draft
from carelane.facts.vocabulary import FACTS
from carelane.pathways.inputs import read as read_inputs
from carelane.pathways.loading import load
from carelane.testing import insured, messages

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PATHWAYS = Path(__file__).parents[2] / "pathways"
SUBJECT = {"reference": "Patient/1", "identifier": {"system": "NORTH", "value": "P0000001"}}
META = {"versionId": "1", "lastUpdated": "2026-11-23T11:00:00Z"}


def hl7(raw: bytes) -> tuple[Draft, ...]:
    return read_hl7(raw, received_at=NOW)[0].drafts


def fhir(*resources: dict[str, Any]) -> tuple[Draft, ...]:
    """What a resource, with what comes along, says."""
    entries = [{"resource": one} for one in resources]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    return read_fhir(json.dumps(bundle).encode(), received_at=NOW)[0].drafts


def payer_of(draft: Draft) -> object:
    """The payer that the shipped pathway reads in a draft."""
    text = (PATHWAYS / "prior-authorisation.yaml").read_text(encoding="utf-8")
    definition, _ = load(text)
    assert definition is not None
    return read_inputs(definition.inputs, draft.payload.reveal())["payer"]


COVERAGE = {
    "resourceType": "Coverage", "id": "c1", "meta": META, "status": "active", "beneficiary": SUBJECT,
    "subscriberId": "M1", "payor": [{"reference": "Organization/o1"}],
}  # fmt: skip
ORGANISATION = {"resourceType": "Organization", "id": "o1", "name": "Granite Health",
                "identifier": [{"system": "urn:payers", "value": "GRN01"}]}  # fmt: skip


@pytest.mark.requirement("R70")
@pytest.mark.parametrize(
    ("draft", "payer"),
    [
        (hl7(insured.order(1))[0], "granite-health"),
        (hl7(insured.order(1, payer="GRANITE HEALTH"))[0], "granite-health"),
        (hl7(insured.order(1, payer="Self Pay"))[0], "self-pay"),
        (hl7(insured.order(1, payer="Elsewhere"))[0], None),
        (hl7(insured.order(1, payer=None))[0], None),
        (hl7(insured.registration(1, "Public Plan"))[1], "public-plan"),
        (fhir(COVERAGE, ORGANISATION)[0], "granite-health"),
        (fhir({**COVERAGE, "payor": [{"display": "Lakeshore Mutual"}]})[0], "lakeshore-mutual"),
        (fhir({**COVERAGE, "payor": [{"identifier": {"value": "PUB01"}}]})[0], "public-plan"),
        (fhir({**COVERAGE, "payor": [{"reference": "Patient/1"}]})[0], None),
        (fhir({**COVERAGE, "payor": []})[0], None),
    ],
)
def test_one_payer_whatever_the_wire(draft: Draft, payer: str | None) -> None:
    """Number, plan or name, by IN1 or Coverage; what the list does not have reads as missing."""
    assert payer_of(draft) == payer
    assert set(draft.payload.reveal()) <= set(FACTS[draft.type].roles)


@pytest.mark.parametrize("status", ["cancelled", "draft", "entered-in-error"])
def test_a_coverage_that_is_not_in_force_says_nothing(status: str) -> None:
    assert fhir({**COVERAGE, "status": status}) == ()


def test_an_order_brings_its_insurance_along() -> None:
    """ServiceRequest.insurance, where the Coverage came with it."""
    order = {"resourceType": "ServiceRequest", "id": "s1", "meta": META, "status": "active", "subject": SUBJECT,
             "identifier": [{"value": "O1"}], "insurance": [{"reference": "Coverage/c1"}]}  # fmt: skip
    [draft] = fhir(order, COVERAGE, ORGANISATION)
    assert payer_of(draft) == "granite-health"


def test_of_several_coverages_the_first_by_order_of_benefits_counts() -> None:
    """IN1-22."""
    raw = insured.order(1)
    first = raw.split(b"\r")
    place = next(at for at, line in enumerate(first) if line.startswith(b"IN1"))
    second = first[place].replace(b"Granite Health", b"Public Plan").split(b"|")
    second[22] = b"1"
    later = first[place].split(b"|")
    later[22] = b"2"
    first[place : place + 1] = [b"|".join(later), b"|".join(second)]
    assert payer_of(hl7(b"\r".join(first))[0]) == "public-plan"


def test_no_member_number_is_told_to_the_sender() -> None:
    reading, problems = read_hl7(insured.order(1, member=False), received_at=NOW)
    assert reading.outcome == "facts"
    assert [one.code for one in problems] == ["hl7v2.member-unnumbered"]


def left(draft: Draft) -> object:
    """Days that the medicine still lasts, as a pathway reads them."""
    request: Any = draft.payload.reveal()["medication_request"]
    return request.get("supplyLeftDays")


def rde(timing: bytes, dispensed: bytes = b"") -> Draft:
    """The pharmacy's wish with a TQ1 and RXE-18."""
    lines = messages.refill(1).split(b"\r")
    place = next(at for at, line in enumerate(lines) if line.startswith(b"RXE"))
    encoded = lines[place].split(b"|")
    encoded += [b""] * (19 - len(encoded))
    encoded[18] = dispensed
    lines[place : place + 1] = [b"|".join(encoded), timing]
    return hl7(b"\r".join(lines))[0]


def proposal(**more: Any) -> Draft:
    """A MedicationRequest that proposes."""
    return fhir({"resourceType": "MedicationRequest", "id": "m1", "meta": META, "status": "draft",
                 "intent": "proposal", "subject": SUBJECT, **more})[0]  # fmt: skip


def bounded(end: str) -> dict[str, Any]:
    return {"dosageInstruction": [{"timing": {"repeat": {"boundsPeriod": {"end": end}}}}]}


def portal(days: int) -> Draft:
    said = {"id": "1", "sent_at": "2026-11-23T11:00:00Z", "patient": {}, "kind": "refill", "thread": "T",
            "subject": "Refill", "text": "More, please.", "service": "metformin", "supply_left_days": days}  # fmt: skip
    reader = channel_reader({"channel": "portal"}, source="portal")
    return reader(json.dumps(said).encode(), received_at=NOW)[0].drafts[0]


@pytest.mark.parametrize(
    ("draft", "days"),
    [
        (rde(b"TQ1|1|||||||20261126"), 3),
        (rde(b"TQ1|1|||||||20261101"), 0),
        (rde(b"TQ1|1|||||30^days", b"20261030"), 6),
        (rde(b"TQ1|1|||||2^weeks", b"20261120"), 11),
        (rde(b"TQ1|1|||||5^puffs", b"20261120"), None),
        (rde(b"TQ1|1"), None),
        (proposal(extension=[{"url": "urn:carelane:supply-left-days", "valueInteger": 4}]), 4),
        (proposal(**bounded("2026-11-25")), 2),
        (proposal(**bounded("2026-11-01")), 0),
        (proposal(**bounded("soon")), None),
        (proposal(), None),
        (portal(2), 2),
        (portal(0), 0),
    ],
)
def test_days_left_by_every_way(draft: Draft, days: int | None) -> None:
    """Said, or the end of what was dispensed; never guessed and never below nothing."""
    assert draft.type == "refill.requested"
    assert left(draft) == days


def test_a_renewal_and_a_wish_meet_by_the_prescription_before() -> None:
    prior = {"priorPrescription": {"identifier": {"system": "PHARM", "value": "RX1"}}}
    wish = proposal(identifier=[{"value": "W1"}], **prior)
    renewed = proposal(
        identifier=[{"value": "N1"}], **prior | {"status": "active", "intent": "order"}
    )
    assert wish.keys["prescription"] == renewed.keys["prescription"] == "PHARM|RX1"
    assert (wish.type, renewed.type) == ("refill.requested", "medication.ordered")


@pytest.mark.parametrize(
    ("completion", "status"),
    [
        ("AU", "final"),
        ("LA", "final"),
        ("IP", "preliminary"),
        ("DI", "preliminary"),
        ("PA", "preliminary"),
    ],
)
def test_how_far_a_note_is(completion: str, status: str) -> None:
    """TXA-17 (HL7 table 0271)."""
    [draft] = hl7(insured.document_for(1, of=1, person=1, completion=completion))
    document: Any = draft.payload.reveal()["document"]
    assert document["docStatus"] == status
