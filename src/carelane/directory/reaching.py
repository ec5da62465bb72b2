"""How a patient is reached: by which channel, at which address, in which language, and when. Pure.

The patient's wish is the rank of a contact (FHIR ContactPoint.rank) and the language; consent and opt-out are what was
last said about a channel or an address. Where no way is left there is a reason, and a person gets it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from carelane.pathways.zones import zone_known

TEXT, MAIL = "text", "mail"
MESSAGES, CLINICAL = "messages", "clinical"
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_NATIONAL: Final = 10
_UNRANKED: Final = 99
_CODES: Final[Mapping[str, str]] = {
    "eng": "en", "spa": "es", "fre": "fr", "fra": "fr", "ger": "de", "deu": "de", "por": "pt", "ita": "it",
    "chi": "zh", "zho": "zh", "vie": "vi", "rus": "ru", "ara": "ar", "kor": "ko", "swe": "sv", "hat": "ht",
}  # fmt: skip
"""ISO 639-2 to 639-1, for the languages that messages of US hospitals name most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRules:
    """A site's rules for messages to patients. `quiet` is local to the patient; `per_week` bounds what is unasked for.

    With `ask_first` nobody is written to who hasn't consented; with `translated` nobody in a language that the record
    doesn't name. `zones` are by state or region of the address.
    `answers` is where the page stands by which a patient answers a message (a connection of kind `link`), `status`
    that by which a patient sees how far a case is.
    `same_request` is how long two requests of one kind by two channels are taken for one.
    """

    quiet_from: time = time(21)
    quiet_to: time = time(8)
    per_week: int = 5
    country: str = "1"
    language: str = "en"
    ask_first: bool = False
    translated: bool = True
    link: str = ""
    answers: str = ""
    status: str = ""
    phone: str = ""
    zones: Mapping[str, str] = field(default_factory=dict)
    same_request: timedelta = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What was said about messages: consent given or withdrawn. Empty `channel` or `address`: every one.

    `address` is a keyed hash.
    """

    given: bool
    at: datetime
    channel: str = ""
    address: str = ""
    scope: str = MESSAGES


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One way to reach a patient, as the record has it."""

    channel: str
    address: str = field(repr=False)
    rank: int = _UNRANKED


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What the record says of reaching a patient."""

    contacts: tuple[Contact, ...] = ()
    language: str = ""
    zone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a message goes."""

    channel: str
    address: str = field(repr=False)
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoWay:
    """Why it can't go: `no-address`, `opted-out`, `no-consent`, `no-channel`, `language`, `contact-limit`."""

    reason: str


def reach_of(patient: Mapping[str, Any], rules: MessageRules) -> Reach:
    """Contacts, language and zone of a FHIR Patient."""
    telecoms = [
        each for each in _list(patient.get("telecom")) if not _map(each.get("period")).get("end")
    ]
    return Reach(
        contacts=tuple(_contacts(telecoms, rules.country)),
        language=language_of(patient),
        zone=_zone(patient, rules),
    )


def _contacts(telecoms: Sequence[Mapping[str, Any]], country: str) -> Iterable[Contact]:
    """Mobile numbers and mail addresses; a number without a use counts where no number has one."""
    phones = [each for each in telecoms if each.get("system", "phone") in ("phone", "sms")]
    marked = any(each.get("use") for each in phones)
    for each in telecoms:
        said = each.get("rank")
        rank = said if isinstance(said, int) and said > 0 else _UNRANKED
        value, use = str(each.get("value") or ""), each.get("use")
        if each.get("system") == "email" and "@" in value:
            yield Contact(channel=MAIL, address=value.strip(), rank=rank)
        elif each in phones and (number := number_of(value, country)):
            mobile = each.get("system") == "sms" or use == "mobile" or not (use or marked)
            if mobile and use != "old":
                yield Contact(channel=TEXT, address=number, rank=rank)


def number_of(text: str, country: str) -> str:
    """A number as people write it as E.164, with the site's country where it names none; empty where it is none."""
    digits = "".join(sign for sign in text if sign in "0123456789")
    if text.strip().startswith("+"):
        number = f"+{digits}"
    elif digits.startswith("00"):
        number = f"+{digits[2:]}"
    elif len(digits) == _NATIONAL:
        number = f"+{country}{digits}"
    else:
        number = f"+{digits}" if digits.startswith(country) and len(digits) > _NATIONAL else ""
    return number if _E164.fullmatch(number) else ""


def language_of(patient: Mapping[str, Any]) -> str:
    """The two letters of the language the patient prefers, else of the first; empty where unknown."""
    said = _list(patient.get("communication"))
    for each in (*(one for one in said if one.get("preferred") is True), *said):
        for coding in _list(_map(each.get("language")).get("coding")):
            code = str(coding.get("code") or "").lower().replace("_", "-").partition("-")[0]
            if code:
                return _CODES.get(code, code)
    return ""


_TIMEZONE: Final = "http://hl7.org/fhir/StructureDefinition/timezone"


def _zone(patient: Mapping[str, Any], rules: MessageRules) -> str:
    """The zone that the record says, else that of the address's state or region."""
    for address in ({"extension": patient.get("extension")}, *_list(patient.get("address"))):
        for extension in _list(address.get("extension")):
            if extension.get("url") == _TIMEZONE and zone_known(str(extension.get("valueCode"))):
                return str(extension["valueCode"])
    for address in _list(patient.get("address")):
        if zone := rules.zones.get(str(address.get("state") or "").upper()):
            return zone
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What could be sent: `channels` that template and site have, in the template's order; `tokens` by address."""

    channels: tuple[str, ...]
    tokens: Mapping[str, str] = field(repr=False)
    ask_first: bool = False
    scope: str = MESSAGES


def choose(reach: Reach, statements: Sequence[Statement], offer: Offer) -> Way | NoWay:
    """The patient's first wish that has words, a connection and nothing said against it."""
    if not offer.channels:
        return NoWay(reason="no-channel")
    wishes = sorted(
        (each for each in reach.contacts if each.channel in offer.channels),
        key=lambda one: (one.rank, offer.channels.index(one.channel)),
    )
    reasons: set[str] = set()
    for each in wishes:
        token = offer.tokens[each.address]
        if not (reason := _against(statements, each.channel, token, offer)):
            return Way(channel=each.channel, address=each.address, token=token)
        reasons.add(reason)
    return NoWay(
        reason=max(reasons, default="no-address")
    )  # `opted-out` says more than `no-consent`


def _against(statements: Sequence[Statement], channel: str, token: str, offer: Offer) -> str:
    """What speaks against a way: beyond content-free messages only what was expressly agreed to goes."""
    said = standing(statements, channel, token)
    if said is False:
        return "opted-out"
    agreed = offer.scope == MESSAGES or standing(statements, channel, token, offer.scope) is True
    return "" if agreed and (said or not offer.ask_first) else "no-consent"


def standing(
    statements: Iterable[Statement], channel: str, token: str, scope: str = MESSAGES
) -> bool | None:
    """The last word about a channel at an address; a withdrawal wins a tie. None: nothing was said."""
    said = [
        each
        for each in statements
        if each.scope == scope and each.channel in ("", channel) and each.address in ("", token)
    ]
    newest = max(said, key=lambda one: (one.at, not one.given), default=None)
    return None if newest is None else newest.given


def quiet_until(at: datetime, zone: str, rules: MessageRules) -> datetime | None:
    """When the quiet hours end that `at` is in, or None outside of them. Both may be equal: none are quiet."""
    local = at.astimezone(ZoneInfo(zone))
    begins, ends = rules.quiet_from, rules.quiet_to
    clock = local.timetz().replace(tzinfo=None)
    over_night = begins > ends
    quiet = (clock >= begins or clock < ends) if over_night else begins <= clock < ends
    if not quiet:
        return None
    day = local.date() + timedelta(days=1 if over_night and clock >= begins else 0)
    end = datetime.combine(day, ends, tzinfo=ZoneInfo(zone)).astimezone(at.tzinfo)
    # A clock set back shows the quiet hour twice; one set forward may skip the end.
    return end if end > at else at + timedelta(hours=1)


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Mapping[str, Any]]:
    return (
        [each for each in value if isinstance(each, Mapping)]
        if isinstance(value, list | tuple)
        else []
    )
