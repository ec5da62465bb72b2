"""Stays in hospital as HL7 v2 messages: admitted, discharged at a time to a place, a discharge taken back."""

from datetime import datetime, timedelta

from carelane.connect.hl7v2.codec.building import Field
from carelane.testing.message_parts import (
    Origin,
    patient_fields,
    stamp,
    visit_fields,
    whole_message,
)


def stay(
    event: str,
    at: datetime,
    *,
    person: int = 1,
    number: int = 1,
    to: str = "01",
    risk: str = "",
    group: str = "I",
    phone: str = "",
) -> bytes:
    """ADT of a stay: `to` is where the patient went (PV1-36), `risk` an OBX as the sender states it."""
    n, origin = int(at.timestamp()) % 1_000_000_000, Origin(start=at)
    visit: list[Field] = [*visit_fields(person, origin), *[None] * 26]
    visit[1] = group
    visit[18] = (f"V{number:07d}", None, None, origin.authority)
    visit[35] = to
    visit[43] = stamp(at - timedelta(days=3))
    visit[44] = stamp(at) if event == "A03" else None
    patient = patient_fields(person, origin)
    if phone:
        patient[12] = (phone, "PRN", "CP")
    body: list[tuple[str, list[Field]]] = [
        ("EVN", [event, stamp(at)]),
        ("PID", patient),
        ("PV1", visit),
    ]
    if risk:
        about = ("READMISSION-RISK", "Risk of coming back", "L")
        body.append(("OBX", ["1", "CWE", about, None, (risk, risk, "L"), *[None] * 5, "F"]))
    return whole_message(
        n, ("ADT", event, "ADT_A03"), Origin(start=at - timedelta(seconds=n)), *body
    )
