"""Synthetic HL7 v2 messages: the same number gives the same message, whoever asks.

Nothing here is of a real person. Used by the demo, the bench and the tests; sent by `testing.mllp`.
`n` numbers the event (control id, order number), `person` the patient (default: one per event).
"""

from datetime import timedelta

from carelane.connect.hl7v2.codec.building import Field
from carelane.testing.message_parts import (
    AUTHORITY,
    DEFAULT,
    SPECIALTIES,
    START,
    Origin,
    appointment_message,
    doctor,
    either,
    patient_fields,
    patient_number,
    referral_message,
    referral_number,
    stamp,
    visit_fields,
    whole_message,
)

__all__ = [
    "AUTHORITY",
    "DEFAULT",
    "SPECIALTIES",
    "START",
    "Origin",
    "admit",
    "adt",
    "appointment_booked",
    "appointment_event",
    "cancel_referral",
    "critical_result",
    "discharge",
    "lab_order",
    "link",
    "merge",
    "modify_referral",
    "order",
    "patient_number",
    "referral",
    "referral_number",
    "refill",
    "register",
    "report",
    "result",
    "update",
]


def referral(  # noqa: PLR0913  # each says one thing, by name
    n: int,
    *,
    person: int | None = None,
    specialty: int | None = None,
    priority: int = 0,
    complete: bool = True,
    origin: Origin = DEFAULT,
) -> bytes:
    """REF^I12. An incomplete one has neither reason nor diagnosis. `priority` 0 to 2: R, A, S.

    `specialty` is a place in `SPECIALTIES`; -1 is one that no shipped pathway has a pool for.
    """
    return referral_message(n, "I12", person, specialty, priority, origin, complete=complete)


def modify_referral(
    n: int, *, of: int, person: int | None = None, priority: int = 1, origin: Origin = DEFAULT
) -> bytes:
    """REF^I13: referral `of` with another priority."""
    return referral_message(n, "I13", either(person, of), of, priority, origin, number=of)


def cancel_referral(
    n: int, *, of: int, person: int | None = None, origin: Origin = DEFAULT
) -> bytes:
    """REF^I14: referral `of` is withdrawn."""
    return referral_message(n, "I14", either(person, of), of, 0, origin, number=of)


def order(
    n: int,
    *,
    person: int | None = None,
    consult: bool = False,
    control: str = "NW",
    origin: Origin = DEFAULT,
) -> bytes:
    """OMG^O19: an imaging order, or with `consult` a referral in an order's clothes."""
    service: Field = ("71020", "Chest X-ray", "C4")
    if consult:
        service = ("183519002", "Referral to cardiology service", "SCT")
    reason: Field = ("R07.9", "Chest pain", "I10")
    return whole_message(
        n,
        ("OMG", "O19", "OMG_O19"),
        origin,
        ("PID", patient_fields(either(person, n), origin)),
        ("PV1", visit_fields(either(person, n), origin)),
        ("ORC", [control, (referral_number(n), "HIS"), *[None] * 6, stamp(origin.at(n))]),
        (
            "OBR",
            [
                "1",
                (referral_number(n), "HIS"),
                None,
                service,
                *[None] * 11,
                doctor(n),
                *[None] * 14,
                reason,
            ],
        ),
    )


def lab_order(n: int, *, person: int | None = None, origin: Origin = DEFAULT) -> bytes:
    """OML^O21: potassium, please."""
    return whole_message(
        n,
        ("OML", "O21", "OML_O21"),
        origin,
        ("PID", patient_fields(either(person, n), origin)),
        ("ORC", ["NW", (f"LAB{n:07d}", "HIS"), *[None] * 6, stamp(origin.at(n))]),
        ("OBR", ["1", (f"LAB{n:07d}", "HIS"), None, ("2823-3", "Potassium", "LN")]),
    )


def critical_result(
    n: int,
    *,
    person: int | None = None,
    status: str = "F",
    value: str = "7.1",
    origin: Origin = DEFAULT,
) -> bytes:
    """ORU^R01: potassium far too high (HH), verified at the event's time; `status` P, F or C."""
    return result(n, person=person, status=status, value=value, flag="HH", origin=origin)


def result(  # noqa: PLR0913  # each says one thing, by name
    n: int,
    *,
    person: int | None = None,
    status: str = "F",
    value: str = "4.2",
    flag: str = "N",
    of: int | None = None,
    origin: Origin = DEFAULT,
) -> bytes:
    """ORU^R01: one potassium; `of` is the event whose result this one replaces."""
    number, at = either(of, n), stamp(origin.at(n))
    return whole_message(
        n,
        ("ORU", "R01", "ORU_R01"),
        origin,
        ("PID", patient_fields(either(person, number), origin)),
        ("PV1", visit_fields(either(person, number), origin)),
        ("ORC", ["RE", (f"LAB{number:07d}", "HIS"), (f"F{number:07d}", "LIS")]),
        (
            "OBR",
            [
                "1",
                (f"LAB{number:07d}", "HIS"),
                (f"F{number:07d}", "LIS"),
                ("2823-3", "Potassium [Moles/volume] in Serum", "LN"),
                None,
                None,
                stamp(origin.at(n) - timedelta(minutes=40)),
                *[None] * 8,
                doctor(number),
                *[None] * 5,
                at,
                None,
                "CH",
                status,
            ],
        ),
        (
            "OBX",
            [
                "1",
                "NM",
                ("2823-3", "Potassium [Moles/volume] in Serum", "LN"),
                None,
                value,
                ("mmol/L", "mmol/L", "UCUM"),
                "3.5-5.1",
                flag,
                None,
                None,
                status,
                None,
                None,
                stamp(origin.at(n) - timedelta(minutes=40)),
                None,
                None,
                None,
                None,
                at,
            ],
        ),
    )


def report(n: int, *, of: int, person: int | None = None, origin: Origin = DEFAULT) -> bytes:
    """MDM^T02: the consultant's report on referral `of`."""
    return whole_message(
        n,
        ("MDM", "T02", "MDM_T02"),
        origin,
        ("EVN", ["T02", stamp(origin.at(n))]),
        ("PID", patient_fields(either(person, of), origin)),
        ("PV1", visit_fields(either(person, of), origin)),
        (
            "TXA",
            [
                "1",
                ("CN", "Consultation", "HL70270"),
                "TX",
                stamp(origin.at(n)),
                None,
                stamp(origin.at(n)),
                None,
                None,
                doctor(of + 1),
                None,
                None,
                (f"DOC{n:07d}", "HIS"),
                None,
                (referral_number(of), "HIS"),
                None,
                None,
                "AU",
                None,
                "AV",
            ],
        ),
        ("OBX", ["1", "TX", ("NOTE", "Note", "L"), None, "Seen and examined.", *[None] * 5, "F"]),
    )


def appointment_booked(
    n: int, *, of: int | None = None, person: int | None = None, origin: Origin = DEFAULT
) -> bytes:
    """SIU^S12: an appointment, for referral `of` where given."""
    return appointment_message(n, "S12", n, of, person, origin)


def appointment_event(  # noqa: PLR0913  # each says one thing, by name
    n: int,
    event: str,
    *,
    booked: int,
    of: int | None = None,
    person: int | None = None,
    origin: Origin = DEFAULT,
) -> bytes:
    """SIU^`event` (S13, S14, S15, S17, S26) about the appointment of event `booked`."""
    return appointment_message(n, event, booked, of, person, origin)


def admit(n: int, *, person: int | None = None, origin: Origin = DEFAULT) -> bytes:
    """ADT^A01."""
    return adt(n, "A01", person=person, origin=origin)


def register(
    n: int,
    *,
    person: int | None = None,
    appointment: int | None = None,
    origin: Origin = DEFAULT,
) -> bytes:
    """ADT^A04; where given, PV1-50 names the appointment of event `appointment`."""
    return adt(n, "A04", person=person, appointment=appointment, origin=origin)


def update(
    n: int, *, person: int | None = None, dead: bool = False, origin: Origin = DEFAULT
) -> bytes:
    """ADT^A08; with `dead` the patient has died."""
    return adt(n, "A08", person=person, dead=dead, origin=origin)


def discharge(n: int, *, person: int | None = None, origin: Origin = DEFAULT) -> bytes:
    """ADT^A03."""
    return adt(n, "A03", person=person, origin=origin)


def adt(  # noqa: PLR0913  # each says one thing, by name
    n: int,
    event: str,
    *,
    person: int | None = None,
    dead: bool = False,
    appointment: int | None = None,
    origin: Origin = DEFAULT,
) -> bytes:
    """Any ADT with one patient and a visit."""
    visit = visit_fields(either(person, n), origin)
    if appointment is not None:
        visit += [*[None] * 30, (f"APT{appointment:07d}", None, None, "SCHED")]
    return whole_message(
        n,
        ("ADT", event, "ADT_A01"),
        origin,
        ("EVN", [event, stamp(origin.at(n))]),
        ("PID", patient_fields(either(person, n), origin, dead=dead)),
        ("PV1", visit),
    )


def merge(n: int, *, survivor: int, retired: int, origin: Origin = DEFAULT) -> bytes:
    """ADT^A40: the record of `retired` becomes part of that of `survivor`."""
    return whole_message(
        n,
        ("ADT", "A40", "ADT_A39"),
        origin,
        ("EVN", ["A40", stamp(origin.at(n))]),
        ("PID", patient_fields(survivor, origin)),
        ("MRG", [(patient_number(retired), None, None, origin.authority, "MR")]),
    )


def link(n: int, *, one: int, other: int, apart: bool = False, origin: Origin = DEFAULT) -> bytes:
    """ADT^A24, or with `apart` ADT^A37."""
    event = "A37" if apart else "A24"
    return whole_message(
        n,
        ("ADT", event, f"ADT_{event}"),
        origin,
        ("EVN", [event, stamp(origin.at(n))]),
        ("PID", patient_fields(one, origin)),
        ("PID", patient_fields(other, origin)),
    )


def refill(n: int, *, person: int | None = None, origin: Origin = DEFAULT) -> bytes:
    """RDE^O25: a pharmacy asks for leave to refill."""
    return whole_message(
        n,
        ("RDE", "O25", "RDE_O11"),
        origin,
        ("PID", patient_fields(either(person, n), origin)),
        ("ORC", ["RF", (f"RX{n:07d}", "PHARM"), *[None] * 7, stamp(origin.at(n))]),
        (
            "RXE",
            [
                None,
                ("197361", "Amlodipine 5 MG Oral Tablet", "RXNORM"),
                "1",
                None,
                ("TAB", "Tablet", "L"),
                *[None] * 4,
                "90",
                ("TAB", "Tablet", "L"),
                "3",
                None,
                None,
                f"RX{n:07d}",
            ],
        ),
    )
