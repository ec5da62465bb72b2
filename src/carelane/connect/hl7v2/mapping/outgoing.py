"""Intents as HL7 v2 messages: RRI^I13 for a referral, SIU for appointments, MDM^T02 for words.

By the standard's chapters 9 (MDM), 10 (SIU) and 11: the one referred to answers and updates a
referral with RRI. Settled by the acknowledgement; there is no look-up, so every capability is blind.

`content` holds resources by role (`patient`, `request`, `appointment`, `result`) or the case's
`fields`, declared codes in `values`, form values in `form`, and `text` where a template was filled.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias

from carelane.connect.hl7v2.codec import build, compose
from carelane.connect.hl7v2.codec.building import Field
from carelane.connect.hl7v2.mapping.content import (
    listing,
    mapping,
    person_name,
    placed,
    text_of,
    word,
)
from carelane.facts.fact import Json, Payload
from carelane.facts.intent import Intent

Segments: TypeAlias = list[tuple[str, list[Field]]]
_CONTROL_ID_CHARS = 20  # MSH-10 before version 2.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """MSH-3 to MSH-6, and the version and processing id of the connection."""

    application: str = "CARELANE"
    facility: str = ""
    to_application: str = ""
    to_facility: str = ""
    version: str = "2.5.1"
    processing: str = "P"


UNNAMED = Addresses()


@dataclass(frozen=True, slots=True)
class Unfit:
    """The intent can't be said in HL7 v2: `cause` is a stable code."""

    cause: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message ready to leave; `format` is what was sent, as in `HL7 v2 RRI^I13`."""

    raw: bytes = field(repr=False)
    format: str
    control_id: str


def control_id(intent: Intent) -> str:
    """MSH-10: the same for every attempt, so that a receiver recognises a repetition."""
    return intent.id.hex[-_CONTROL_ID_CHARS:].upper()


def from_intent(
    intent: Intent, *, now: datetime, addresses: Addresses = UNNAMED
) -> Outgoing | Unfit:
    """The message for an intent, or why there is none."""
    found = _MAKERS.get(intent.capability)
    if found is None:
        return Unfit("capability-unknown")
    (kind, event, structure), maker = found
    content = intent.content.reveal()
    pid = _pid(content)
    if pid is None:
        return Unfit("patient-missing")
    body = maker(intent, content, pid, now)
    if isinstance(body, Unfit):
        return body
    message = compose(("MSH", _header(intent, now, addresses, (kind, event, structure))), *body)
    return Outgoing(build(message), f"HL7 v2 {kind}^{event}", control_id(intent))


def _header(
    intent: Intent, now: datetime, addresses: Addresses, trigger: tuple[str, str, str]
) -> list[Field]:
    return [
        addresses.application,
        addresses.facility or None,
        addresses.to_application or None,
        addresses.to_facility or None,
        _time(now),
        None,
        trigger,
        control_id(intent),
        addresses.processing,
        addresses.version,
        None,
        None,
        "NE",
        "AL",
    ]


def _pid(content: Payload) -> list[Field] | None:
    patient = mapping(placed(content, "patient"))
    identifiers: list[tuple[str | None, ...]] = []
    for one in listing(patient.get("identifier")):
        value, system = mapping(one).get("value"), mapping(one).get("system")
        if isinstance(value, str) and value:
            authority = system if isinstance(system, str) else None
            identifiers.append((value, None, None, authority, _type_of(one)))
    if not identifiers:
        return None
    name = person_name(patient)
    birth = patient.get("birthDate")
    return [
        "1",
        None,
        list(identifiers),
        None,
        name,
        None,
        birth.replace("-", "") if isinstance(birth, str) else None,
    ]


def _type_of(identifier: Json) -> str:
    for coding in listing(mapping(mapping(identifier).get("type")).get("coding")):
        code = mapping(coding).get("code")
        if isinstance(code, str):
            return code
    return "MR"


_REFERRAL_STATUS = {  # our words, FHIR's and HL7 table 0283's
    "accepted": ("A", "Accepted"),
    "active": ("A", "Accepted"),
    "scheduled": ("A", "Accepted"),
    "completed": ("A", "Accepted"),
    "closed": ("A", "Accepted"),
    "report-received": ("A", "Accepted"),
    "declined": ("R", "Rejected"),
    "rejected": ("R", "Rejected"),
    "revoked": ("R", "Rejected"),
    "withdrawn": ("R", "Rejected"),
    "cancelled": ("R", "Rejected"),
    "expired": ("E", "Expired"),
}


def _referral(
    intent: Intent, content: Payload, pid: list[Field], now: datetime
) -> Segments | Unfit:
    number = _number(intent, content, "referral", "request")
    if number is None:
        return Unfit("referral-number-missing")
    status = word(content, "outcome") or word(content, "status")
    code = _REFERRAL_STATUS.get(status, ("P", "Pending"))
    reason = word(content, "reason")
    header: list[Field] = [
        (*code, "HL70283"),
        None,
        None,
        (status, status, "L") if status else None,
        None,
        number,
        None,
        None,
        _time(now),
        (reason, reason, "L") if reason else None,
        (str(intent.id), "CARELANE"),
    ]
    said = text_of(content)
    notes: Segments = [("NTE", ["1", None, said])] if said else []
    return [
        ("RF1", header),
        ("PRD", [("RT", "Referred to Provider", "HL70286")]),
        ("PID", pid),
        *notes,
    ]


def _booking(intent: Intent, content: Payload, pid: list[Field], now: datetime) -> Segments | Unfit:
    del now
    wanted = mapping(placed(content, "appointment"))
    start, end = wanted.get("start"), wanted.get("end")
    if not isinstance(start, str):
        return Unfit("appointment-start-missing")
    return _appointment(
        intent, content, pid, (start, end if isinstance(end, str) else None), "Booked"
    )


def _cancellation(
    intent: Intent, content: Payload, pid: list[Field], now: datetime
) -> Segments | Unfit:
    del now
    if _number(intent, content, "appointment", "appointment") is None:
        return Unfit("appointment-number-missing")
    return _appointment(intent, content, pid, (None, None), "Cancelled")


def _appointment(
    intent: Intent,
    content: Payload,
    pid: list[Field],
    times: tuple[str | None, str | None],
    status: str,
) -> Segments:
    start, end = (_stamp(each) for each in times)
    number = _number(intent, content, "appointment", "appointment")
    reason = word(content, "reason")
    order = _number(intent, content, "referral", "request")
    schedule: list[Field] = [
        (str(intent.compensates or intent.id), "CARELANE"),
        number,
        None,
        None,
        None,
        (reason, reason, "L") if reason else (status, status, "L"),
        *([None] * 4),
        (None, None, None, start, end) if start else None,
        *([None] * 13),
        (status, status, "HL70278"),
        order,
    ]
    timing: Segments = [("TQ1", [*([None] * 6), start, end])] if start else []
    return [("SCH", schedule), *timing, ("PID", pid), ("RGS", ["1", "A"])]


def _document(
    intent: Intent, content: Payload, pid: list[Field], now: datetime
) -> Segments | Unfit:
    said = text_of(content)
    if not said:
        return Unfit("text-missing")
    title = word(content, "title") or intent.name
    header: list[Field] = [
        "1",
        ("CARELANE", title, "L"),
        "TX",
        _time(now),
        *([None] * 7),
        (str(intent.id), "CARELANE"),
        None,
        _number(intent, content, "referral", "request"),
        None,
        None,
        "AU",
        None,
        "AV",
    ]
    lines = [("OBX", _line(number, text)) for number, text in enumerate(said.split("\n"), start=1)]
    event: Segments = [("EVN", ["T02", _time(now)])]
    return [*event, ("PID", pid), ("PV1", ["1", "N"]), ("TXA", header), *lines]


def _line(number: int, text: str) -> list[Field]:
    return [str(number), "TX", ("NOTE", "Note", "L"), None, text or None, *([None] * 5), "F"]


def _number(intent: Intent, content: Payload, key: str, role: str) -> tuple[str | None, ...] | None:
    """An EI from `references`, else from the resource's identifiers (`AUTHORITY|value` or FHIR)."""
    named = intent.references.get(key) or word(content, key)
    if named:
        authority, bar, value = named.rpartition("|")
        return (value, authority) if bar else (named,)
    for one in listing(mapping(placed(content, role)).get("identifier")):
        number, system = mapping(one).get("value"), mapping(one).get("system")
        if isinstance(number, str) and number:
            return (number, system) if isinstance(system, str) else (number,)
    return None


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%d%H%M%S}+0000"


def _stamp(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return _time(at) if at.tzinfo else f"{at:%Y%m%d%H%M%S}"


Maker = Callable[[Intent, Payload, list[Field], datetime], Segments | Unfit]
_MAKERS: Mapping[str, tuple[tuple[str, str, str], Maker]] = {
    "ehr.referral.update": (("RRI", "I13", "RRI_I12"), _referral),
    "ehr.appointment.book": (("SIU", "S12", "SIU_S12"), _booking),
    "ehr.appointment.cancel": (("SIU", "S15", "SIU_S12"), _cancellation),
    "ehr.communication": (("MDM", "T02", "MDM_T02"), _document),
    "ehr.document": (("MDM", "T02", "MDM_T02"), _document),
}
CAPABILITIES: Sequence[tuple[str, str]] = tuple(
    (name, f"{kind}^{event}") for name, ((kind, event, _), _) in _MAKERS.items()
)
