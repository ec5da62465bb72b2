"""One scheduling request by its correlation id: portal, subject, decision, EHR API, SMS gateway (issue 4, point 4)."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from carelane.casebook.trace import trace
from carelane.compose.people import viewer_of
from carelane.facts.phi import Phi
from carelane.store.roles import DatabaseUrls
from carelane.testing.ehr.charts import MEDICAL_RECORD
from carelane.testing.ehr.profiles import PROFILES
from carelane.testing.ehr.server import EhrServer
from carelane.worklist import acting
from carelane.worklist.answers import Acted
from tests.flows.conftest import Hand
from tests.flows.messages.texting import HERE, Texting, texting
from tests.flows.outside import SharedClock

pytestmark = pytest.mark.postgres
SITE = """
  chart:
    kind: fhir
    serves: [ehr.appointment.book]
    settings:
      base_url: {base}
      client_id: carelane
      key_id: carelane-1
      key_file: run/chart-key.pem
      update_as_create: true
      sending: {{ per_second: 50, burst: 50, writes: [{{ resource: Appointment }}] }}
  app:
    kind: channel
    site: north
    settings: {{ channel: portal, secret_file: run/app.secret }}
"""
ACTIVE = """
  - pathway: visit-request
    approvers: [kira.sandoval, luca.fenwick]
    reason: For the tests of messages
"""


def asked() -> bytes:
    """What the portal sends."""
    patient = {
        "numbers": [{"authority": MEDICAL_RECORD, "value": "100001"}],
        "phone": "555-555-0101",
    }
    return json.dumps(
        {"id": "P-1", "sent_at": "2026-03-02T14:00:00Z", "patient": patient, "kind": "appointment", "thread": "T1",
         "request": "RQ-1", "subject": "A visit", "text": "My knee."}).encode()  # fmt: skip


async def _find_slot(texted: Texting, slot: str) -> None:
    """A scheduler finds one."""
    runtime = texted.house.runtime
    [(task, version)] = texted.feed.sql(
        "select id, version from task where name = 'find-slot' and closed_at is null"
    )
    acted = await acting.complete(runtime, viewer_of(texted.house, "amara.quill"), task, version=version,
                                  outcome="found", form=Phi({"slot": slot}, "form"), reason="")  # fmt: skip
    assert isinstance(acted, Acted), acted
    assert acted.answer.reason == ""
    await texted.feed.drain()


@pytest.mark.requirement("R46")
@pytest.mark.parametrize("dialect", ["twilio", "vonage"])
async def test_one_scheduling_request_from_the_portal_to_the_patients_phone(
    database: DatabaseUrls,
    home: Path,
    hand: Hand,
    superuser: "psycopg.Connection[Any]",
    dialect: str,
) -> None:
    """Each hop under one id; one appointment in the EHR, one text at the gateway, both under our effects' ids."""
    ehr = EhrServer(profile=PROFILES["a"], clock=SharedClock(hand))
    base = await ehr.start()
    extra = {
        "site/connections.yaml": SITE.format(base=base),
        "site/pathways.yaml": ACTIVE,
        "pathways/visit-request.yaml": (HERE / "visit-request.yaml").read_text(),
    }
    try:
        async with texting(database, home, hand, superuser, dialect=dialect, extra=extra) as texted:
            ehr.tokens.register(
                "carelane", json.loads((home / "run/chart-key.jwks.json").read_text())
            )
            [receipt] = await texted.feed.send(asked(), connection="app")
            assert texted.states("visit-request") == ["asked"]
            await _find_slot(texted, "Slot/slot3")
            for _ in range(4):
                hand.forward(timedelta(minutes=1))
                await texted.settle()
            assert texted.states("visit-request") == ["closed: booked"]
            effects = texted.feed.sql(
                "select e.id, e.name, e.state, e.correlation from effect e join pathway_case c on c.id = e.case_id"
                " where c.pathway = 'visit-request' order by e.created_at, e.id"
            )
            assert [(name, state) for _, name, state, _ in effects] == [
                ("book", "done"),
                ("tell", "done"),
            ]
            assert {correlation for *_, correlation in effects} == {receipt.message}
            booked, told = (str(id_) for id_, *_ in effects)
            appointments = [
                version.resource
                for version in ehr.desk.records.everything()
                if version.resource["resourceType"] == "Appointment"
                and any(
                    one.get("value") == booked for one in version.resource.get("identifier", [])
                )
            ]
            assert len(appointments) == 1
            assert texted.gateway.held(told) == 1
            own = [words for _, words in texted.texts() if not words.startswith("There is news")]
            assert len(own) == 1
            [(case,)] = texted.feed.sql(
                "select id from pathway_case where pathway = 'visit-request'"
            )
            async with texted.house.runtime.worker.transaction() as tx:
                found = await trace(tx, case)
            assert found is not None
            hops = [hop.hop for hop in found.hops]
            assert hops[0] == "message received"
            assert hops[-1] == "case closed"
            done = [hop.what for hop in found.hops if hop.hop == "effect done"]
            assert len(done) == 2
            assert "SMS" in done[1]
    finally:
        await ehr.stop()
