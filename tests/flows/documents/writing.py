"""Notes as an HL7 feed and a FHIR record tell of them, and a house with a portal and a chart to read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import aiohttp

from carelane.accounts.passwords import set_password
from carelane.compose.house import House
from carelane.connect.fhir.chart import FhirChart
from carelane.connect.hl7v2.codec.building import Field
from carelane.facts.chart import Answer, Wish
from carelane.testing.ehr.server import EhrServer
from carelane.testing.message_parts import (
    DEFAULT,
    doctor,
    patient_fields,
    patient_number,
    stamp,
    visit_fields,
    whole_message,
)

PASSWORD = "four calm words stand here"
PATHWAY = "documentation"


def note(n: int, *, person: int, completion: str, document: int = 1, event: str = "T02") -> bytes:
    """MDM: the note of person's visit; TXA-17 says how far it is (AU signed, IP being written)."""
    at = stamp(DEFAULT.at(n))
    header: list[Field] = [
        "1", ("PN", "Progress note", "HL70270"), "TX", at, *[None] * 4, doctor(person), *[None] * 2,
        (f"NOTE{document:05d}", "HIS"), *[None] * 4, completion, None, "AV",
    ]  # fmt: skip
    return whole_message(
        n,
        ("MDM", event, "MDM_T02"),
        DEFAULT,
        ("EVN", [event, at]),
        ("PID", patient_fields(person, DEFAULT)),
        ("PV1", visit_fields(person, DEFAULT)),
        ("TXA", header),
        ("OBX", ["1", "TX", ("NOTE", "Note", "L"), None, "Seen."]),
    )


def patient_of(person: int, *, born: str) -> dict[str, Any]:
    """The record's own Patient of a person that the HL7 feed knows too."""
    return {
        "resourceType": "Patient",
        "id": f"hp{person}",
        "identifier": [{"system": "urn:hospital:mrn", "value": patient_number(person)}],
        "birthDate": born,
    }


@dataclass(kw_only=True)
class ChartOf:
    """The portal's reader: one EHR, whatever the site."""

    chart: FhirChart

    async def read(self, wish: Wish, *, site: str, now: datetime) -> Answer:
        """Ask it."""
        del site
        return await self.chart.read(wish, now=now)


@dataclass(kw_only=True)
class Portal:
    """A portal over HTTP, and the record behind it."""

    house: House
    ehr: EhrServer
    url: str

    async def token(self, person: str) -> dict[str, str]:
        """The header of somebody who signs in."""
        await set_password(self.house.runtime, person, PASSWORD)
        said = {"person": person, "password": PASSWORD}
        async with (
            aiohttp.ClientSession() as client,
            client.post(f"{self.url}/api/session", json=said) as answer,
        ):
            return {"Authorization": f"Bearer {(await answer.json())['token']}"}

    async def get(self, path: str, person: str, *, part: bool = False) -> tuple[int, str]:
        """Status and body of a page or an answer of the API."""
        headers = await self.token(person) | ({"HX-Request": "true"} if part else {})
        async with (
            aiohttp.ClientSession() as client,
            client.get(f"{self.url}{path}", headers=headers) as answer,
        ):
            assert answer.headers["cache-control"] == "no-store"
            return answer.status, await answer.text()
