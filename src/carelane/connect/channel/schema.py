"""What each channel may send: typed, bounded, nothing beside it; `docs/reference/intake-channels.md` is made of it."""

from datetime import date, datetime
from enum import Enum
from typing import Annotated, Final, TypeAlias

from msgspec import Meta, Struct

Id: TypeAlias = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:/-]{1,100}$")]
Code: TypeAlias = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,60}$")]
Short: TypeAlias = Annotated[str, Meta(min_length=1, max_length=200)]
Long: TypeAlias = Annotated[str, Meta(min_length=1, max_length=8_000)]
Instant: TypeAlias = Annotated[datetime, Meta(tz=True)]


class Kind(Enum):
    """What is asked for."""

    APPOINTMENT = "appointment"
    CALLBACK = "callback"
    REFERRAL = "referral"
    REFILL = "refill"
    SYMPTOMS = "symptoms"
    RECORDS = "records"
    BILLING = "billing"
    QUESTION = "question"
    QUESTIONNAIRE = "questionnaire"
    OTHER = "other"


class Priority(Enum):
    """How soon, as whoever asks says (FHIR RequestPriority)."""

    ROUTINE = "routine"
    URGENT = "urgent"
    ASAP = "asap"
    STAT = "stat"


class Visit(Enum):
    """What sort of visit is asked for."""

    NEW_PATIENT = "new-patient"
    FOLLOW_UP = "follow-up"
    PROCEDURE = "procedure"
    TELEHEALTH = "telehealth"
    HOME_VISIT = "home-visit"


class Topic(Enum):
    """What a message is about, as its sender chose it."""

    SYMPTOM = "symptom"
    MEDICATION = "medication"
    RESULT_QUESTION = "result-question"
    APPOINTMENT = "appointment"
    RECORDS = "records"
    BILLING = "billing"
    FORM = "form"
    ADMINISTRATIVE = "administrative"
    THANKS = "thanks"
    FYI = "fyi"
    OTHER = "other"


class Sender(Enum):
    """Who writes."""

    PATIENT = "patient"
    PROXY = "proxy"
    PHARMACY = "pharmacy"
    PRACTITIONER = "practitioner"
    ORGANISATION = "organisation"
    SYSTEM = "system"


class Speaker(Enum):
    """Who said something in a chat."""

    PATIENT = "patient"
    STAFF = "staff"
    ASSISTANT = "assistant"


class Sex(Enum):
    """FHIR AdministrativeGender; with name and birth date it lets a second record of one person be seen."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNKNOWN = "unknown"


class Number(Struct, forbid_unknown_fields=True, kw_only=True):
    """A number, and who gave it: a patient's, or an appointment's."""

    authority: Short
    value: Short


class Person(Struct, forbid_unknown_fields=True, kw_only=True):
    """The patient, as far as the channel knows; without a number one is made, until a person links it."""

    numbers: Annotated[list[Number], Meta(max_length=5)] = []
    family: Short | None = None
    given: Short | None = None
    birth_date: date | None = None
    sex: Sex | None = None
    phone: Short | None = None
    mail: Short | None = None
    language: Code | None = None


class Answer(Struct, forbid_unknown_fields=True, kw_only=True):
    """One answered question of a questionnaire."""

    question: Code
    value: bool | float | Short


class Consent(Struct, forbid_unknown_fields=True, kw_only=True):
    """Which messages the patient wants from now on."""

    channel: Annotated[str, Meta(pattern="^(text|mail)$")]
    given: bool
    clinical: bool = False


class _Message(Struct, forbid_unknown_fields=True, kw_only=True):
    """What every channel sends: its own number of this message, and when it was made."""

    id: Id
    sent_at: Instant
    patient: Person


class _Request(_Message, forbid_unknown_fields=True, kw_only=True):
    """What every request has. `request` is its number, if it has one: the same by two channels is one request.

    `place` is the site's name for where somebody wants to be seen.

    `reasons` are codes (`chest-pain`) or words; `withdrawn` takes the request of that number back. `wanted_from` and
    `wanted_by` are when somebody may be called or seen. A `questionnaire` names its `appointment`, and is `complete` or
    saved to go on with. A refill names the drug in `service`, the number on the package in `prescription`, and the days
    it still lasts.
    """

    request: Id | None = None
    withdrawn: bool = False
    visit: Visit | None = None
    place: Code | None = None
    wanted_from: Instant | None = None
    wanted_by: Instant | None = None
    appointment: Number | None = None
    complete: bool = True
    prescription: Id | None = None
    supply_left_days: Annotated[int, Meta(ge=0, le=999)] | None = None
    service: Short | None = None
    priority: Priority | None = None
    reasons: Annotated[list[Short], Meta(max_length=10)] = []
    answers: Annotated[list[Answer], Meta(max_length=100)] = []
    consents: Annotated[list[Consent], Meta(max_length=4)] = []


class WebForm(_Request, forbid_unknown_fields=True, kw_only=True):
    """A form that a patient, or a practice, filled in."""

    kind: Kind
    text: Long | None = None


class Turn(Struct, forbid_unknown_fields=True, kw_only=True):
    """One thing said in a chat."""

    by: Speaker
    at: Instant
    text: Long


class Chat(_Request, forbid_unknown_fields=True, kw_only=True):
    """A chat that has ended, or as far as it went. Without `kind` it is a message."""

    thread: Id
    turns: Annotated[list[Turn], Meta(min_length=1, max_length=500)]
    kind: Kind | None = None
    topic: Topic | None = None
    sender: Sender = Sender.PATIENT


class CallNote(_Request, forbid_unknown_fields=True, kw_only=True):
    """What an agent of the call centre wrote down."""

    kind: Kind
    note: Long
    agent: Short
    caller: Short | None = None
    call_back: Short | None = None


class PortalMessage(_Request, forbid_unknown_fields=True, kw_only=True):
    """What a patient wrote in the portal. Without `kind` it is a message."""

    thread: Id
    subject: Short
    text: Long
    kind: Kind | None = None
    topic: Topic | None = None
    sender: Sender = Sender.PATIENT


class Reading(Struct, forbid_unknown_fields=True, kw_only=True):
    """One measured value: a LOINC code, a number and its unit (UCUM).

    `low` and `high` are the limits that were approved for this patient, in the same unit, where the device knows them.
    """

    code: Code
    value: float
    unit: Short
    at: Instant
    low: float | None = None
    high: float | None = None


class DeviceReadings(_Message, forbid_unknown_fields=True, kw_only=True):
    """What a device measured."""

    device: Short
    readings: Annotated[list[Reading], Meta(min_length=1, max_length=200)]


Spoken: TypeAlias = WebForm | Chat | CallNote | PortalMessage
"""What a person said; only a device says readings."""
Said: TypeAlias = Spoken | DeviceReadings
CHANNELS: Final[dict[str, type[Said]]] = {
    "web-form": WebForm,
    "chat": Chat,
    "call-centre": CallNote,
    "portal": PortalMessage,
    "device": DeviceReadings,
}
BYTES_MAX: Final[dict[str, int]] = {
    "web-form": 128 * 1024,
    "chat": 1024 * 1024,
    "call-centre": 64 * 1024,
    "portal": 128 * 1024,
    "device": 256 * 1024,
}
"""How large one message may be, in bytes."""
