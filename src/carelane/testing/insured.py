"""HL7 v2 messages of the billing side: who pays, orders that a payer wants to approve, documents for them."""

from carelane.connect.hl7v2.codec.building import Field
from carelane.testing.message_parts import (
    DEFAULT,
    Origin,
    doctor,
    either,
    patient_fields,
    stamp,
    visit_fields,
    whole_message,
)

GRANITE = "Granite Health"
SERVICES = {
    "72148": "MRI lumbar spine",
    "73721": "MRI knee",
    "74177": "CT abdomen",
    "27447": "Knee replacement",
    "75574": "Cardiac CT",
    "95810": "Sleep study",
}


def order_number(n: int) -> str:
    """The placer order number of order `n`."""
    return f"ORD{n:07d}"


def insurance_fields(person: int, payer: str, *, member: bool = True) -> list[Field]:
    """IN1 of a person at a payer; without `member` nobody knows the number."""
    number = f"M{person:07d}" if member else None
    return ["1", ("PPO", "Preferred", "L"), (f"X{len(payer):03d}", None, None, "PAYERS"), payer,
            *[None] * 12, ("SEL", "Self", "HL70063"), *[None] * 18, number]  # fmt: skip


def order(  # noqa: PLR0913  # each says one thing, by name
    n: int,
    *,
    service: str = "72148",
    payer: str | None = GRANITE,
    person: int | None = None,
    priority: str = "R",
    control: str = "NW",
    member: bool = True,
    of: int | None = None,
    origin: Origin = DEFAULT,
) -> bytes:
    """OMG^O19 with IN1, as `control` says new, changed or cancelled; `of` names an order that came before."""
    number, who = order_number(n if of is None else of), either(person, n)
    insured: list[tuple[str, list[Field]]] = []
    if payer is not None:
        insured = [("IN1", insurance_fields(who, payer, member=member))]
    coded: Field = (service, SERVICES.get(service, "Other"), "C4")
    reason: Field = ("M54.5", "Low back pain", "I10")
    return whole_message(
        n,
        ("OMG", "O19", "OMG_O19"),
        origin,
        ("PID", patient_fields(who, origin)),
        ("PV1", visit_fields(who, origin)),
        *insured,
        ("ORC", [control, (number, "HIS"), *[None] * 6, stamp(origin.at(n))]),
        ("TQ1", ["1", *[None] * 7, (priority, None, "HL70485")]),
        ("OBR", ["1", (number, "HIS"), None, coded, *[None] * 11, doctor(n), *[None] * 14, reason]),
    )


def registration(
    n: int, payer: str, *, person: int | None = None, origin: Origin = DEFAULT
) -> bytes:
    """ADT^A08 with IN1: who pays, as registration knows it now."""
    who = either(person, n)
    return whole_message(
        n,
        ("ADT", "A08", "ADT_A01"),
        origin,
        ("EVN", ["A08", stamp(origin.at(n))]),
        ("PID", patient_fields(who, origin)),
        ("PV1", visit_fields(who, origin)),
        ("IN1", insurance_fields(who, payer)),
    )


def document_for(
    n: int, *, of: int, person: int, completion: str = "AU", origin: Origin = DEFAULT
) -> bytes:
    """MDM^T02: a document that answers order `of`."""
    return whole_message(
        n,
        ("MDM", "T02", "MDM_T02"),
        origin,
        ("EVN", ["T02", stamp(origin.at(n))]),
        ("PID", patient_fields(person, origin)),
        ("PV1", visit_fields(person, origin)),
        (
            "TXA",
            [
                "1",
                ("PN", "Therapy notes", "HL70270"),
                "TX",
                stamp(origin.at(n)),
                *[None] * 4,
                doctor(n),
                *[None] * 2,
                (f"DOC{n:07d}", "HIS"),
                None,
                (order_number(of), "HIS"),
                *[None] * 2,
                completion,
                None,
                "AV",
            ],
        ),
        ("OBX", ["1", "TX", ("NOTE", "Notes", "L"), None, "Six weeks of physical therapy."]),
    )
