"""Refills from the request to the closed loop: pharmacy, portal and record, protocol, laboratory, controlled drugs."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from carelane.compose.house import House
from carelane.connect.sms.adapter import open_sender as open_sms
from carelane.effects.claim import know
from carelane.effects.destinations import of_connection
from carelane.testing.gateways.flavours import ACCOUNT, SECRET, SENDER
from carelane.testing.gateways.server import GatewayServer, open_gateway
from carelane.testing.message_parts import (
    DEFAULT,
    patient_fields,
    patient_number,
    stamp,
    whole_message,
)
from carelane.testing.messages import result
from tests.flows.conftest import Feed, Hand
from tests.flows.messages.texting import with_contacts
from tests.flows.outside import Outside, close_outside, open_outside

pytestmark = pytest.mark.postgres
MOBILE = "555-555-0101"
PORTAL, CALLS = "portal-messages", "call-centre"


def pharmacy(
    n: int, *, drug: str, control: str = "RF", event: str = "O25", rx: str = "RX77"
) -> bytes:
    """RDE of person 1: `O25` asks for leave to refill, `O11` is the prescription that was signed."""
    order = [control, (f"P{n:07d}", "PHARM"), *[None] * 7, stamp(DEFAULT.at(n))]
    encoded = [None, (drug, drug.capitalize(), "L"), "1", None, ("TAB", "Tablet", "L"), *[None] * 4,
               "90", ("TAB", "Tablet", "L"), "3", None, None, rx]  # fmt: skip
    raw = whole_message(
        n,
        ("RDE", event, "RDE_O11"),
        DEFAULT,
        ("PID", patient_fields(1, DEFAULT)),
        ("ORC", order),  # type: ignore[arg-type]  # a list of fields of several kinds
        ("RXE", encoded),  # type: ignore[arg-type]  # likewise
    )
    return with_contacts(raw, mobile=MOBILE)


def by_channel(n: int, **said: Any) -> bytes:
    """What person 1 asks for by the portal or on the phone."""
    numbers = [{"authority": "NORTH", "value": patient_number(1)}]
    patient = {"numbers": numbers, "phone": MOBILE}
    return json.dumps(
        {
            "id": f"R-{n}",
            "sent_at": "2026-03-02T14:00:00Z",
            "patient": patient,
            "kind": "refill",
            **said,
        }
    ).encode()


def on_the_phone(n: int, **said: Any) -> bytes:
    """What an agent of the call centre wrote down."""
    return by_channel(n, note="Asked on the phone.", agent="bo.tarrant", **said)


def by_portal(n: int, **said: Any) -> bytes:
    """What the patient wrote in the portal."""
    return by_channel(n, thread="T1", subject="Refill", text="May I have more?", **said)


class Desk:
    """The refill desk: a house, an EHR, and a gateway that texts."""

    def __init__(self, outside: Outside, gateway: GatewayServer) -> None:
        self.outside = outside
        self.gateway = gateway

    @property
    def feed(self) -> Feed:
        """Messages in."""
        return self.outside.feed

    async def do(self, task: str, outcome: str, *, by: str, **form: Any) -> None:
        """A person finishes the open task."""
        await self.outside.do(task, outcome, by=by, form=form, pathway="refill")
        await self.outside.settle()

    def state(self) -> str:
        """Where the only refill stands."""
        return self.outside.state(pathway="refill")

    def urgencies(self) -> list[int]:
        """The urgency of each refill case."""
        rows = self.feed.sql("select urgency from pathway_case where pathway = 'refill'")
        return [int(one) for (one,) in rows]


@pytest.fixture
async def desk(house: House, feed: Feed, hand: Hand, tmp_path: Path) -> AsyncIterator[Desk]:
    """Open one."""
    outside = await open_outside(house, feed, hand, profile="a")
    gateway = await open_gateway("twilio", now=hand)
    (tmp_path / "gateway.secret").write_text(SECRET)
    settings = {
        "dialect": "twilio", "base_url": str(gateway.root), "account": ACCOUNT, "sender": SENDER,
        "secret_file": str(tmp_path / "gateway.secret"), "callback_url": f"{gateway.root}/nobody",
    }  # fmt: skip
    outbox = outside.outbox
    texts = of_connection(house.runtime.directory.connections["texts"])
    outside.outbox = replace(
        outbox,
        senders={**outbox.senders, "texts": open_sms(settings)},
        destinations={**outbox.destinations, "texts": texts},
    )
    await know(outside.outbox)
    try:
        yield Desk(outside, gateway)
        outside.owned()
    finally:
        await close_outside(outside)
        await gateway.stop()


@pytest.mark.requirement("R48", "R74")
async def test_by_protocol_from_the_pharmacy_to_the_patients_phone(desk: Desk) -> None:
    """A nurse by protocol, signed in the record, the record is told, the patient hears of each, content-free."""
    await desk.feed.send(pharmacy(1, drug="lisinopril"))
    assert desk.state() == "protocol-check"
    owners = desk.feed.sql("select owner_kind, owner_name from task where name = 'check-protocol'")
    assert owners == [("pool", "refill-nurses")]
    await desk.do("check-protocol", "within-protocol", by="dev.okafor", checked="Pressure in May")
    assert desk.state() == "signing"
    await desk.feed.send(pharmacy(2, drug="lisinopril", control="NW", event="O11"))
    assert desk.state() == "answering"
    await desk.outside.settle()
    assert desk.state() == "closed: approved", desk.outside.effects()
    arrived, approved, answered = (one.asked.text for one in desk.gateway.taken)
    assert arrived.partition("?a=")[0] == approved.partition("?a=")[0]  # each has a link of its own
    assert arrived.startswith("There is news for you")
    assert answered.startswith("You have a message")
    assert "lisinopril" not in f"{arrived} {answered}".lower()
    assert len(list(desk.outside.ehr.desk.records.of_kind("Communication"))) == 1
    assert desk.gateway.doubles == 0


@pytest.mark.requirement("R74")
@pytest.mark.parametrize("drug", ["oxycodone", "alprazolam", "zolpidem", "unheard-of"])
async def test_a_controlled_or_unknown_drug_is_never_by_protocol(desk: Desk, drug: str) -> None:
    """Whoever asks, by whichever channel: the prescriber decides; a denial is told by a person."""
    await desk.feed.send(by_portal(1, service=drug, prescription="RX77"), connection=PORTAL)
    assert desk.state() == "to-prescriber"
    await desk.do("decide-refill", "denied", by="hugo.lindqvist", why_not="too-early")
    assert desk.state() == "tell-by-hand"
    await desk.do("tell-patient", "told", by="dev.okafor", told_how="phone")
    assert desk.state() == "closed: denied"


async def test_the_same_refill_by_two_channels_is_one_and_only_more_urgent(desk: Desk) -> None:
    """Pharmacy and portal by the prescription's number; few days left raise it, many days never lower it."""
    await desk.feed.send(pharmacy(1, drug="metformin"))
    assert desk.urgencies() == [0]
    few = by_portal(2, service="metformin", prescription="RX77", supply_left_days=1)
    await desk.feed.send(few, connection=PORTAL)
    assert (desk.state(), desk.urgencies()) == ("protocol-check", [2])
    many = on_the_phone(3, service="metformin", prescription="RX77", supply_left_days=20)
    await desk.feed.send(many, connection=CALLS)
    assert desk.urgencies() == [2]
    sources = desk.feed.sql(
        "select connection, count(*) from fact where type = 'refill.requested' group by connection order by 1"
    )
    assert sources == [("call-centre", 1), ("mllp", 1), ("portal-messages", 1)]


async def test_without_a_number_the_same_drug_within_the_window_is_one(desk: Desk) -> None:
    """Asked in the portal and on the phone a moment later; another drug is another."""
    await desk.feed.send(by_portal(1, service="metformin"), connection=PORTAL)
    await desk.feed.send(on_the_phone(2, service="Metformin"), connection=CALLS)
    assert len(desk.urgencies()) == 1
    await desk.feed.send(on_the_phone(3, service="lisinopril"), connection=CALLS)
    assert len(desk.urgencies()) == 2


@pytest.mark.requirement("R74")
async def test_a_refill_that_needs_a_laboratory_test(desk: Desk) -> None:
    """Warfarin: the nurse wants an INR, it is arranged, it comes, the prescriber decides."""
    await desk.feed.send(pharmacy(1, drug="warfarin"))
    await desk.do("check-protocol", "needs-lab", by="dev.okafor")
    await desk.do("arrange-check", "arranged", by="dev.okafor", checked="INR on Thursday")
    assert desk.state() == "waiting-for-check"
    await desk.feed.send(result(2, person=1))
    assert desk.state() == "to-prescriber"
    await desk.do("decide-refill", "approved", by="hugo.lindqvist")
    assert desk.state() == "signing"


async def test_a_proposal_in_the_record_is_a_refill_too(desk: Desk) -> None:
    """FHIR: a MedicationRequest that proposes, and the one that renews it, meet by the prescription before."""
    prior = {"identifier": {"value": "RX77"}}
    about = {
        "reference": "Patient/p1",
        "identifier": {"system": "NORTH", "value": patient_number(1)},
    }
    drug = {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "29046"}]}
    wish = {
        "resourceType": "MedicationRequest", "id": "w1",
        "meta": {"versionId": "1", "lastUpdated": "2026-03-02T14:00:00Z"},
        "status": "draft", "intent": "proposal", "subject": about, "medicationCodeableConcept": drug,
        "priorPrescription": prior, "extension": [{"url": "urn:carelane:supply-left-days", "valueInteger": 2}],
    }  # fmt: skip
    await desk.feed.send(json.dumps(wish).encode(), connection="ehr")
    assert (desk.state(), desk.urgencies()) == ("protocol-check", [1])
    renewed = {**wish, "id": "m9", "status": "active", "intent": "order"}
    await desk.feed.send(json.dumps(renewed).encode(), connection="ehr")
    await desk.outside.settle()
    assert desk.state() != "protocol-check"
