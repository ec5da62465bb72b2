"""What the hospital's systems say in HL7 v2: one function a message, each with its control id and its time.

`testing.messages` numbers everything by itself and is for tests; here numbers, people and times are the hospital's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from carelane.connect.hl7v2.codec import build, compose
from carelane.connect.hl7v2.codec.building import Field
from carelane.testing.hospital.world import AUTHORITY, LINES, SITES, Patient
from carelane.testing.message_parts import doctor, stamp

Segment = tuple[str, list[Field]]
_PRIORITY = {"routine": "R", "urgent": "U", "asap": "A", "stat": "S"}
_LANGUAGE = {"en": "eng", "es": "spa", "fr": "fre", "vi": "vie"}
_SIU_STATUS = {"S15": "Cancelled", "S17": "Deleted", "S26": "Noshow"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Who says it, when, under which control id; `site` decides by which feed it goes."""

    control: str
    at: datetime
    site: str = "north"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """An appointment as the scheduling system numbers it."""

    number: str
    start: datetime
    minutes: int
    kind: str
    line: str
    order: str = ""  # the order or referral it is for
    request: str = ""  # the requesting side's number
    doctor: int = 1
    status: str = ""
    risk: str = ""


def adt(  # noqa: PLR0913  # each says one thing, by name
    head: Head,
    event: str,
    patient: Patient,
    *,
    visit: str,
    kind: str = "I",
    appointment: str = "",
    disposition: str = "",
    admitted: datetime | None = None,
    dead: bool = False,
    risk: str = "",
) -> bytes:
    """Any ADT with one patient and a visit; a discharge has PV1-36, 44 and 45."""
    fields: list[Field] = ["1", kind, ("WARD1", f"{100 + patient.person % 40}", "A", head.site), *[None] * 3,
                           doctor(patient.person), *[None] * 11, (visit, None, None, AUTHORITY)]  # fmt: skip
    ended = event == "A03"
    fields += [*[None] * 16, disposition or None, *[None] * 7, stamp(admitted) if admitted else None,
               stamp(head.at) if ended else None]  # fmt: skip
    fields += [*[None] * 4, (appointment, None, None, "SCHED") if appointment else None]
    body: list[Segment] = [
        ("EVN", [event, stamp(head.at)]),
        ("PID", person(patient, head, dead=dead)),
        ("PV1", fields),
    ]
    if risk:
        body.append(("OBX", _stated("FOLLOW-UP-RISK", "Risk", risk)))
    return _whole(head, ("ADT", event, "ADT_A01"), *body)


def merge(head: Head, survivor: Patient, retired: Patient) -> bytes:
    """ADT^A40."""
    gone: Field = [(retired.number, None, None, AUTHORITY, "MR")]
    return _whole(head, ("ADT", "A40", "ADT_A39"), ("EVN", ["A40", stamp(head.at)]), ("PID", person(survivor, head)),
                  ("MRG", [gone]))  # fmt: skip


def referral(  # noqa: PLR0913  # each says one thing, by name
    head: Head,
    event: str,
    patient: Patient,
    *,
    number: str,
    line: str,
    priority: str = "routine",
    complete: bool = True,
) -> bytes:
    """REF^I12, I13, I14. `line` may be one that nobody has, to be read by a person."""
    known = LINES.get(line)
    code, title = (known.code, known.title) if known else ("XX", line)
    cause: tuple[str, str] = (known.diagnosis, known.reason) if known else ("R69", "Illness")
    at = stamp(head.at)
    header: list[Field] = [("P", "Pending", "HL70283"), (_PRIORITY[priority], priority, "HL70280"), (code, title, "L"),
                           None, ("A", "Ambulatory", "HL70284"), (number, "HIS"), at, None, at,
                           (*cause, "I10") if complete else None]  # fmt: skip
    body: list[Segment] = [
        ("RF1", header),
        ("PRD", [("RP", "Referring Provider", "HL70286"), ("Grove", "Alma"), *[None] * 4, f"D{patient.person % 97}"]),
        ("PRD", [("RT", "Referred to Provider", "HL70286"), (title,)]),
        ("PID", person(patient, head)),
    ]  # fmt: skip
    if complete:
        body.append(("DG1", ["1", None, (*cause, "I10"), None, at, "W"]))
        body.append(("NTE", ["1", None, f"{cause[1]}, please see."]))
    return _whole(head, ("REF", event, "REF_I12"), *body)


def order(  # noqa: PLR0913  # each says one thing, by name
    head: Head,
    patient: Patient,
    *,
    number: str,
    service: tuple[str, str],
    section: str = "RAD",
    priority: str = "routine",
    control: str = "NW",
    payer: str = "",
    message: tuple[str, str, str] = ("OMG", "O19", "OMG_O19"),
) -> bytes:
    """OMG^O19 (or OML^O21): imaging, a procedure, a test; with `payer` IN1 says who pays."""
    numbered: Field = (number, "HIS")
    ordered: list[Field] = ["1", numbered, None, (*service, "L"), _PRIORITY[priority], *[None] * 10,
                            doctor(patient.person), *[None] * 7, section, *[None] * 6,
                            ("M54.5", "Back pain", "I10")]  # fmt: skip
    timing: list[Field] = ["1", *[None] * 7, _PRIORITY[priority]]
    return _whole(
        head, message, ("PID", person(patient, head)), ("PV1", _outpatient(head, patient, number)),
        *_insurance(patient, payer),
        ("ORC", [control, numbered, *[None] * 6, stamp(head.at), *[None] * 2, doctor(patient.person)]),
        ("TQ1", timing), ("OBR", ordered),
    )  # fmt: skip


def result(  # noqa: PLR0913  # each says one thing, by name
    head: Head,
    patient: Patient,
    *,
    number: str,
    filler: str,
    code: tuple[str, str],
    value: str,
    unit: str,
    flag: str = "N",
    status: str = "F",
    section: str = "CH",
) -> bytes:
    """ORU^R01: one observation, verified at the message's time."""
    taken, at = stamp(head.at - timedelta(minutes=40)), stamp(head.at)
    coded: Field = (*code, "LN")
    reported: list[Field] = ["1", (number, "HIS"), (filler, "LIS"), coded, None, None, taken, *[None] * 8,
                             doctor(patient.person), *[None] * 5, at, None, section, status]  # fmt: skip
    seen: list[Field] = ["1", "NM", coded, None, value, (unit, unit, "UCUM"), None, flag or None, None, None, status,
                         None, None, taken, None, None, None, None, at]  # fmt: skip
    return _whole(head, ("ORU", "R01", "ORU_R01"), ("PID", person(patient, head)),
                  ("PV1", _outpatient(head, patient, number)),
                  ("ORC", ["RE", (number, "HIS"), (filler, "LIS")]), ("OBR", reported), ("OBX", seen))  # fmt: skip


def document(  # noqa: PLR0913  # each says one thing, by name
    head: Head,
    event: str,
    patient: Patient,
    *,
    number: str,
    kind: tuple[str, str],
    order: str = "",
    visit: str = "",
    signed: bool = True,
) -> bytes:
    """MDM^T01, T02, T06: a note or a report, of a visit or on an order."""
    at = stamp(head.at)
    header: list[Field] = ["1", (*kind, "HL70270"), "TX", at, None, at, None, None, doctor(patient.person + 1), None,
                           None, (number, "HIS"), None, (order, "HIS") if order else None, None, None,
                           "AU" if signed else "DI", None, "AV"]  # fmt: skip
    fields: list[Field] = ["1", "O", None, *[None] * 3, doctor(patient.person), *[None] * 11,
                           (visit, None, None, AUTHORITY) if visit else None]  # fmt: skip
    text: list[Field] = [
        "1",
        "TX",
        ("NOTE", "Note", "L"),
        None,
        "Seen and examined.",
        *[None] * 5,
        "F",
    ]
    return _whole(head, ("MDM", event, "MDM_T02"), ("EVN", [event, at]), ("PID", person(patient, head)),
                  ("PV1", fields), ("TXA", header), ("OBX", text))  # fmt: skip


def schedule(head: Head, event: str, patient: Patient, visit: Visit) -> bytes:
    """SIU^S12, S13, S14, S15, S26."""
    begins, ends = stamp(visit.start), stamp(visit.start + timedelta(minutes=visit.minutes))
    status = visit.status or _SIU_STATUS.get(event, "Booked")
    header: list[Field] = [
        (visit.request or f"RQ-{visit.number}", "HIS"), (visit.number, "SCHED"), *[None] * 3,
        ("ROUTINE", "Routine", "L"), ("VISIT", "Visit", "L"), ("NORMAL", "Normal", "HL70277"), str(visit.minutes),
        "MIN", (None, None, None, begins, ends), *[None] * 13, (status, status, "HL70278"),
        (visit.order, "HIS") if visit.order else None,
    ]  # fmt: skip
    line = LINES[visit.line]
    beside: list[Segment] = []
    if visit.risk:
        beside.append(("OBX", _stated("NO-SHOW-RISK", "Risk", visit.risk)))
    return _whole(head, ("SIU", event, "SIU_S12"), ("SCH", header), ("TQ1", ["1", *[None] * 5, begins, ends]),
                  ("PID", person(patient, head)), *beside, ("RGS", ["1", "A"]),
                  ("AIS", ["1", "A", (visit.kind, line.title, "L")]),
                  ("AIP", ["1", "A", doctor(visit.doctor)]))  # fmt: skip


def appointment_request(
    head: Head, patient: Patient, *, number: str, line: str, priority: str = "routine"
) -> bytes:
    """SRM^S01: another system's scheduling asks for an appointment."""
    known = LINES[line]
    asked: list[Field] = [(number, "HIS"), None, None, None, None, ("ROUTINE", "Routine", "L"), ("VISIT", "Visit", "L"),
                          ("NORMAL", "Normal", "HL70277"), "20", "MIN", None, _PRIORITY[priority]]  # fmt: skip
    return _whole(head, ("SRM", "S01", "SRM_S01"), ("ARQ", asked), ("PID", person(patient, head)), ("RGS", ["1", "A"]),
                  ("AIS", ["1", "A", (known.name, known.title, "L")]))  # fmt: skip


def prescription(  # noqa: PLR0913  # each says one thing, by name
    head: Head,
    event: str,
    patient: Patient,
    *,
    number: str,
    drug: tuple[str, str],
    priority: str = "routine",
) -> bytes:
    """RDE^O25: a pharmacy asks to refill; RDE^O11: the renewed prescription, signed."""
    control = "RF" if event == "O25" else "NW"
    encoded: list[Field] = [None, (*drug, "RXNORM"), "1", None, ("TAB", "Tablet", "L"), *[None] * 4, "90",
                            ("TAB", "Tablet", "L"), "3", None, None, number]  # fmt: skip
    return _whole(head, ("RDE", event, "RDE_O11"), ("PID", person(patient, head)),
                  ("ORC", [control, (number, "PHARM"), *[None] * 7, stamp(head.at)]),
                  ("TQ1", ["1", *[None] * 7, _PRIORITY[priority]]), ("RXE", encoded))  # fmt: skip


def person(patient: Patient, head: Head, *, dead: bool = False) -> list[Field]:
    """PID: numbers, name, how to reach the patient and in which language."""
    rank = "1" if patient.prefers == "mail" else None
    ways: list[Field] = []
    if patient.mobile:
        ways.append((patient.mobile, "PRN", "CP"))
    if patient.home_phone:
        ways.append((patient.home_phone, "PRN", "PH"))
    if patient.mail:
        ways.append((None, "NET", "Internet", patient.mail, *[None] * 13, rank))
    state, town = SITES[patient.site].state, SITES[patient.site].name.capitalize()
    address: Field = (
        f"{1 + patient.person % 99} Elm Street",
        None,
        f"{town}town",
        state,
        f"{10000 + patient.person}",
    )
    fields: list[Field] = ["1", None, [(patient.number, None, None, AUTHORITY, "MR")], None,
                           (patient.family, patient.given), None, f"{patient.born:%Y%m%d}", patient.sex, None, None,
                           address, None, _repeated(ways), None,
                           (_LANGUAGE[patient.language], patient.language, "ISO6392")]  # fmt: skip
    return [*fields, *[None] * 13, stamp(head.at), "Y"] if dead else fields


def _stated(code: str, title: str, level: str) -> list[Field]:
    """An OBX that states a level: nobody works it out from anything."""
    return ["1", "CWE", (code, title, "L"), None, (level, level, "L"), *[None] * 5, "F"]


def _repeated(ways: Sequence[Field]) -> Field:
    return list(ways) if ways else None  # type: ignore[arg-type]  # each is one repetition


def _outpatient(head: Head, patient: Patient, number: str) -> list[Field]:
    return ["1", "O", ("CLINIC", None, None, head.site), *[None] * 3, doctor(patient.person), *[None] * 11,
            (f"V{number}", None, None, AUTHORITY)]  # fmt: skip


def _insurance(patient: Patient, payer: str) -> list[Segment]:
    if not payer:
        return []
    title = payer.replace("-", " ").title()
    return [("IN1", ["1", payer, payer, title, *[None] * 31, f"M{patient.person:07d}"])]


def _whole(head: Head, kind: tuple[str, str, str], *body: Segment) -> bytes:
    header: list[Field] = ["HIS", head.site.upper(), "CARELANE", head.site.upper(), stamp(head.at), None, kind,
                           head.control, "P", "2.5.1"]  # fmt: skip
    return build(compose(("MSH", header), *body))
