"""The parts synthetic HL7 v2 messages are made of: people, visits, doctors, the header.

`messages` puts them together. The same number gives the same person, whoever asks.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from carelane.connect.hl7v2.codec import build, compose
from carelane.connect.hl7v2.codec.building import Field

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
AUTHORITY = "NORTH"
FAMILIES = ("Abbot", "Brenner", "Castell", "Dorsey", "Ekholm", "Farrow", "Grady", "Hollis")
GIVEN = ("Ada", "Bruno", "Clara", "Dev", "Elsa", "Finn", "Greta", "Hugo", "Iris", "Jonas")
SPECIALTIES = (
    ("CARD", "Cardiology", "R07.9", "Chest pain"),
    ("ORT", "Orthopaedics", "M17.9", "Knee arthrosis"),
    ("GP", "Primary care", "I10", "High blood pressure"),
)
OTHER_SPECIALTY = ("POD", "Podiatry", "M72.2", "Heel pain")
_BORN = datetime(1930, 1, 1, tzinfo=UTC)
PRIORITIES = (("R", "Routine"), ("A", "Asap"), ("S", "Stat"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who sends, to whom, and when the first message was made; event `n` is `n` seconds later."""

    application: str = "HIS"
    facility: str = "NORTH"
    to_application: str = "CARELANE"
    to_facility: str = "NORTH"
    authority: str = AUTHORITY
    start: datetime = START

    def at(self, n: int) -> datetime:
        """When event `n` happened."""
        return self.start + timedelta(seconds=n)


DEFAULT = Origin()


def patient_number(person: int) -> str:
    """The medical record number of a synthetic patient."""
    return f"P{person:07d}"


def referral_number(n: int) -> str:
    """RF1-6 of referral `n`; also the placer order number that reports on it name."""
    return f"REF{n:07d}"


def whole_message(
    n: int, kind: tuple[str, str, str], origin: Origin, *body: tuple[str, list[Field]]
) -> bytes:
    """A message of event `n`: its header, then the segments."""
    header: list[Field] = [
        origin.application,
        origin.facility,
        origin.to_application,
        origin.to_facility,
        stamp(origin.at(n)),
        None,
        kind,
        f"{kind[0]}{kind[1]}{n:09d}",
        "P",
        "2.5.1",
    ]
    return build(compose(("MSH", header), *body))


def patient_fields(person: int, origin: Origin, *, dead: bool = False) -> list[Field]:
    """PID of a synthetic patient; with `dead` PID-29 and PID-30 say so."""
    birth = _BORN + timedelta(days=person * 7919 % 29_231)  # no two of 29,231 on one day
    fields: list[Field] = [
        "1",
        None,
        [(patient_number(person), None, None, origin.authority, "MR")],
        None,
        person_name(person),
        None,
        f"{birth:%Y%m%d}",
        "FM"[person % 2],
        None,
        None,
        (f"{1 + person % 99} Elm Street", None, "Northtown", "NT", f"{10000 + person % 89999}"),
        None,
        (f"555-{person % 10000:04d}", "PRN", "PH"),
    ]
    return [*fields, *[None] * 15, stamp(origin.start), "Y"] if dead else fields


def visit_fields(person: int, origin: Origin) -> list[Field]:
    """PV1 of a patient's visit, up to the visit number (PV1-19)."""
    ward: Field = ("WARD1", f"{100 + person % 40}", "A", origin.facility)
    number: Field = (f"V{person:07d}", None, None, origin.authority)
    return ["1", "I", ward, *[None] * 3, doctor(person), *[None] * 11, number]


def person_name(person: int) -> tuple[str, ...]:
    """Family and given name of person `person`."""
    family = FAMILIES[person % len(FAMILIES)]
    return (f"{family}-{person}", GIVEN[person // len(FAMILIES) % len(GIVEN)])


def doctor(number: int) -> tuple[str | None, ...]:
    """An XCN of a synthetic doctor."""
    family, given = person_name(number * 7 + 5)
    return (f"D{number % 97:03d}", family, given, None, None, "Dr", None, None, "STAFF")


def stamp(at: datetime) -> str:
    """A time as HL7 writes it, in UTC."""
    return f"{at.astimezone(UTC):%Y%m%d%H%M%S}+0000"


def either(value: int | None, otherwise: int) -> int:
    """The value, or the other one where there is none."""
    return otherwise if value is None else value


def referral_message(  # noqa: PLR0913, PLR0917  # the parts of one segment group
    n: int,
    event: str,
    person: int | None,
    specialty: int | None,
    priority: int,
    origin: Origin,
    *,
    complete: bool = True,
    number: int | None = None,
) -> bytes:
    """REF with RF1, PRD, PID and, where complete, reason, diagnosis and a note."""
    wanted = either(specialty, n)
    known = OTHER_SPECIALTY if wanted < 0 else SPECIALTIES[wanted % len(SPECIALTIES)]
    code, name, diagnosis, reason = known
    at = stamp(origin.at(n))
    header: list[Field] = [
        ("P", "Pending", "HL70283"),
        (*PRIORITIES[priority % len(PRIORITIES)], "HL70280"),
        (code, name, "L"),
        None,
        ("A", "Ambulatory", "HL70284"),
        (referral_number(either(number, n)), "HIS"),
        at,
        None,
        at,
        (diagnosis, reason, "I10") if complete else None,
    ]
    body: list[tuple[str, list[Field]]] = [
        ("RF1", header),
        (
            "PRD",
            [
                ("RP", "Referring Provider", "HL70286"),
                person_name(n + 3),
                *[None] * 4,
                f"D{n % 97}",
            ],
        ),
        ("PRD", [("RT", "Referred to Provider", "HL70286"), (name,)]),
        ("PID", patient_fields(either(person, n), origin)),
    ]
    if complete:
        body.append(("DG1", ["1", None, (diagnosis, reason, "I10"), None, at, "W"]))
        body.append(("NTE", ["1", None, f"{reason} for {1 + n % 11} weeks, please see."]))
    return whole_message(n, ("REF", event, "REF_I12"), origin, *body)


def appointment_message(  # noqa: PLR0913, PLR0917  # the parts of one segment group
    n: int, event: str, booked: int, of: int | None, person: int | None, origin: Origin
) -> bytes:
    """SIU about the appointment of event `booked`, for referral `of` where given."""
    start = origin.start.replace(hour=9) + timedelta(days=7, minutes=30 * (booked % 16))
    if event == "S13":
        start += timedelta(days=1)
    status = {"S15": "Cancelled", "S17": "Deleted", "S26": "Noshow"}.get(event, "Booked")
    times: list[Field] = [stamp(start), stamp(start + timedelta(minutes=30))]
    schedule: list[Field] = [
        (f"REQ{booked:07d}", "HIS"),
        (f"APT{booked:07d}", "SCHED"),
        *[None] * 3,
        ("ROUTINE", "Routine", "L"),
        ("CHECKUP", "First visit", "L"),
        ("NORMAL", "Normal", "HL70277"),
        "30",
        "MIN",
        (None, None, None, stamp(start), stamp(start + timedelta(minutes=30))),
        *[None] * 13,
        (status, status, "HL70278"),
        (referral_number(of), "HIS") if of is not None else None,
    ]
    return whole_message(
        n,
        ("SIU", event, "SIU_S12"),
        origin,
        ("SCH", schedule),
        ("TQ1", ["1", *[None] * 5, *times]),
        ("PID", patient_fields(either(person, booked if of is None else of), origin)),
        ("RGS", ["1", "A"]),
        ("AIS", ["1", "A", SPECIALTIES[booked % len(SPECIALTIES)][:2]]),
        ("AIP", ["1", "A", doctor(booked)]),
    )
