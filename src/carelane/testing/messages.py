"""Synthetic HL7 v2 messages: the same number gives the same message, whoever asks.

Nothing here is of a real person. Used by the demo, the bench and the tests; sent by `testing.mllp`.
`n` numbers the event (control id, order number), `person` the patient (default: one per event).
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
OTHER_SPECIALTY = ("NEUR", "Neurology", "G43.9", "Migraine")
_PRIORITIES = (("R", "Routine"), ("A", "Asap"), ("S", "Stat"))


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
    return _referral(n, "I12", person, specialty, priority, origin, complete=complete)


def modify_referral(
    n: int, *, of: int, person: int | None = None, priority: int = 1, origin: Origin = DEFAULT
) -> bytes:
    """REF^I13: referral `of` with another priority."""
    return _referral(n, "I13", _or(person, of), of, priority, origin, number=of)


def cancel_referral(
    n: int, *, of: int, person: int | None = None, origin: Origin = DEFAULT
) -> bytes:
    """REF^I14: referral `of` is withdrawn."""
    return _referral(n, "I14", _or(person, of), of, 0, origin, number=of)


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
    return _message(
        n,
        ("OMG", "O19", "OMG_O19"),
        origin,
        ("PID", _pid(_or(person, n), origin)),
        ("PV1", _visit(_or(person, n), origin)),
        ("ORC", [control, (referral_number(n), "HIS"), *[None] * 6, _time(origin.at(n))]),
        (
            "OBR",
            [
                "1",
                (referral_number(n), "HIS"),
                None,
                service,
                *[None] * 11,
                _doctor(n),
                *[None] * 14,
                reason,
            ],
        ),
    )


def lab_order(n: int, *, person: int | None = None, origin: Origin = DEFAULT) -> bytes:
    """OML^O21: potassium, please."""
    return _message(
        n,
        ("OML", "O21", "OML_O21"),
        origin,
        ("PID", _pid(_or(person, n), origin)),
        ("ORC", ["NW", (f"LAB{n:07d}", "HIS"), *[None] * 6, _time(origin.at(n))]),
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
    number, at = _or(of, n), _time(origin.at(n))
    return _message(
        n,
        ("ORU", "R01", "ORU_R01"),
        origin,
        ("PID", _pid(_or(person, number), origin)),
        ("PV1", _visit(_or(person, number), origin)),
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
                _time(origin.at(n) - timedelta(minutes=40)),
                *[None] * 8,
                _doctor(number),
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
                _time(origin.at(n) - timedelta(minutes=40)),
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
    return _message(
        n,
        ("MDM", "T02", "MDM_T02"),
        origin,
        ("EVN", ["T02", _time(origin.at(n))]),
        ("PID", _pid(_or(person, of), origin)),
        ("PV1", _visit(_or(person, of), origin)),
        (
            "TXA",
            [
                "1",
                ("CN", "Consultation", "HL70270"),
                "TX",
                _time(origin.at(n)),
                None,
                _time(origin.at(n)),
                None,
                None,
                _doctor(of + 1),
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
    return _appointment(n, "S12", n, of, person, origin)


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
    return _appointment(n, event, booked, of, person, origin)


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
    visit = _visit(_or(person, n), origin)
    if appointment is not None:
        visit += [*[None] * 30, (f"APT{appointment:07d}", None, None, "SCHED")]
    return _message(
        n,
        ("ADT", event, "ADT_A01"),
        origin,
        ("EVN", [event, _time(origin.at(n))]),
        ("PID", _pid(_or(person, n), origin, dead=dead)),
        ("PV1", visit),
    )


def merge(n: int, *, survivor: int, retired: int, origin: Origin = DEFAULT) -> bytes:
    """ADT^A40: the record of `retired` becomes part of that of `survivor`."""
    return _message(
        n,
        ("ADT", "A40", "ADT_A39"),
        origin,
        ("EVN", ["A40", _time(origin.at(n))]),
        ("PID", _pid(survivor, origin)),
        ("MRG", [(patient_number(retired), None, None, origin.authority, "MR")]),
    )


def link(n: int, *, one: int, other: int, apart: bool = False, origin: Origin = DEFAULT) -> bytes:
    """ADT^A24, or with `apart` ADT^A37."""
    event = "A37" if apart else "A24"
    return _message(
        n,
        ("ADT", event, f"ADT_{event}"),
        origin,
        ("EVN", [event, _time(origin.at(n))]),
        ("PID", _pid(one, origin)),
        ("PID", _pid(other, origin)),
    )


def refill(n: int, *, person: int | None = None, origin: Origin = DEFAULT) -> bytes:
    """RDE^O25: a pharmacy asks for leave to refill."""
    return _message(
        n,
        ("RDE", "O25", "RDE_O11"),
        origin,
        ("PID", _pid(_or(person, n), origin)),
        ("ORC", ["RF", (f"RX{n:07d}", "PHARM"), *[None] * 7, _time(origin.at(n))]),
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


def _referral(  # noqa: PLR0913, PLR0917  # the parts of one segment group
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
    wanted = _or(specialty, n)
    known = OTHER_SPECIALTY if wanted < 0 else SPECIALTIES[wanted % len(SPECIALTIES)]
    code, name, diagnosis, reason = known
    at = _time(origin.at(n))
    header: list[Field] = [
        ("P", "Pending", "HL70283"),
        (*_PRIORITIES[priority % len(_PRIORITIES)], "HL70280"),
        (code, name, "L"),
        None,
        ("A", "Ambulatory", "HL70284"),
        (referral_number(_or(number, n)), "HIS"),
        at,
        None,
        at,
        (diagnosis, reason, "I10") if complete else None,
    ]
    body: list[tuple[str, list[Field]]] = [
        ("RF1", header),
        ("PRD", [("RP", "Referring Provider", "HL70286"), _name(n + 3), *[None] * 4, f"D{n % 97}"]),
        ("PRD", [("RT", "Referred to Provider", "HL70286"), (name,)]),
        ("PID", _pid(_or(person, n), origin)),
    ]
    if complete:
        body.append(("DG1", ["1", None, (diagnosis, reason, "I10"), None, at, "W"]))
        body.append(("NTE", ["1", None, f"{reason} for {1 + n % 11} weeks, please see."]))
    return _message(n, ("REF", event, "REF_I12"), origin, *body)


def _appointment(  # noqa: PLR0913, PLR0917  # the parts of one segment group
    n: int, event: str, booked: int, of: int | None, person: int | None, origin: Origin
) -> bytes:
    start = origin.start.replace(hour=9) + timedelta(days=7, minutes=30 * (booked % 16))
    if event == "S13":
        start += timedelta(days=1)
    status = {"S15": "Cancelled", "S17": "Deleted", "S26": "Noshow"}.get(event, "Booked")
    times: list[Field] = [_time(start), _time(start + timedelta(minutes=30))]
    schedule: list[Field] = [
        (f"REQ{booked:07d}", "HIS"),
        (f"APT{booked:07d}", "SCHED"),
        *[None] * 3,
        ("ROUTINE", "Routine", "L"),
        ("CHECKUP", "First visit", "L"),
        ("NORMAL", "Normal", "HL70277"),
        "30",
        "MIN",
        (None, None, None, _time(start), _time(start + timedelta(minutes=30))),
        *[None] * 13,
        (status, status, "HL70278"),
        (referral_number(of), "HIS") if of is not None else None,
    ]
    return _message(
        n,
        ("SIU", event, "SIU_S12"),
        origin,
        ("SCH", schedule),
        ("TQ1", ["1", *[None] * 5, *times]),
        ("PID", _pid(_or(person, booked if of is None else of), origin)),
        ("RGS", ["1", "A"]),
        ("AIS", ["1", "A", SPECIALTIES[booked % len(SPECIALTIES)][:2]]),
        ("AIP", ["1", "A", _doctor(booked)]),
    )


def _message(
    n: int, kind: tuple[str, str, str], origin: Origin, *body: tuple[str, list[Field]]
) -> bytes:
    header: list[Field] = [
        origin.application,
        origin.facility,
        origin.to_application,
        origin.to_facility,
        _time(origin.at(n)),
        None,
        kind,
        f"{kind[0]}{kind[1]}{n:09d}",
        "P",
        "2.5.1",
    ]
    return build(compose(("MSH", header), *body))


def _pid(person: int, origin: Origin, *, dead: bool = False) -> list[Field]:
    birth = datetime(1930 + person % 80, 1 + person % 12, 1 + person % 28, tzinfo=UTC)
    fields: list[Field] = [
        "1",
        None,
        [(patient_number(person), None, None, origin.authority, "MR")],
        None,
        _name(person),
        None,
        f"{birth:%Y%m%d}",
        "FM"[person % 2],
        None,
        None,
        (f"{1 + person % 99} Elm Street", None, "Northtown", "NT", f"{10000 + person % 89999}"),
        None,
        (f"555-{person % 10000:04d}", "PRN", "PH"),
    ]
    return [*fields, *[None] * 15, _time(origin.start), "Y"] if dead else fields


def _visit(person: int, origin: Origin) -> list[Field]:
    ward: Field = ("WARD1", f"{100 + person % 40}", "A", origin.facility)
    number: Field = (f"V{person:07d}", None, None, origin.authority)
    return ["1", "I", ward, *[None] * 3, _doctor(person), *[None] * 11, number]


def _name(person: int) -> tuple[str, ...]:
    family = FAMILIES[person % len(FAMILIES)]
    return (f"{family}-{person}", GIVEN[person // len(FAMILIES) % len(GIVEN)])


def _doctor(number: int) -> tuple[str | None, ...]:
    family, given = _name(number * 7 + 5)
    return (f"D{number % 97:03d}", family, given, None, None, "Dr", None, None, "STAFF")


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%d%H%M%S}+0000"


def _or(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else value
