"""What `compose` takes of this room: `register()`, and makers that turn a connection's settings into its parts."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from yarl import URL

from carelane.connect.sms.codec import Account, Dialect
from carelane.connect.sms.door import GatewayDoor
from carelane.connect.sms.mapping import UNREADABLE, reading_of
from carelane.connect.sms.sender import CAPABILITIES, FindNumber, SmsSender, Staff
from carelane.connect.sms.transport import Limits, Wire
from carelane.connect.sms.twilio import Twilio
from carelane.connect.sms.vonage import Vonage
from carelane.connect.sms.words import ANSWERS, table
from carelane.facts.errors import SetupFault
from carelane.facts.fact import Json
from carelane.facts.ports import AdapterKind, Envelope, Reader, Reading, Receive
from carelane.facts.problem import Problem

DIALECTS: Final[Mapping[str, Dialect]] = {each.name: each for each in (Twilio(), Vonage())}
SCHEMA: Final[Mapping[str, Json]] = {
    "type": "object",
    "required": ["dialect", "base_url", "account", "sender", "secret_file"],
    "additionalProperties": False,
    "properties": {
        "dialect": {"enum": list(DIALECTS)},
        "base_url": {"type": "string", "format": "uri"},
        "account": {"type": "string"},
        "sender": {"type": "string"},
        "secret_file": {"type": "string"},
        "webhook_secret_file": {"type": "string"},
        "callback_url": {"type": "string", "format": "uri"},
        "ca_file": {"type": "string"},
        "fallback": {"type": "string"},
        "portal": {"type": "string"},
        "connect_s": {"type": "number", "default": 5},
        "total_s": {"type": "number", "default": 20},
        "answers": {
            "type": "object",
            "propertyNames": {"enum": list(ANSWERS)},
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
}
"""JSON Schema of an SMS connection's settings."""


class SmsSettingMissing(SetupFault):
    """A setting of an SMS connection is missing or can't be used; the message names it."""

    code = "sms-setting"


def register() -> AdapterKind:
    """The SMS adapter: its settings' schema, its reader, and what it can do."""
    return AdapterKind(
        name="sms", settings=SCHEMA, reader=None, capabilities=tuple(CAPABILITIES.values())
    )


def dialect_of(settings: Mapping[str, Json]) -> Dialect:
    """The gateway's interface that a connection speaks."""
    name = str(settings.get("dialect", ""))
    if name not in DIALECTS:
        raise SmsSettingMissing(
            f"an SMS connection's `dialect` must be one of: {', '.join(DIALECTS)}"
        )
    return DIALECTS[name]


def open_sender(
    settings: Mapping[str, Json], *, find: FindNumber = lambda _intent, _now: None
) -> SmsSender:
    """A sender from a connection's settings; reads the secret file, opens no socket. `find`: whom an alert calls."""
    account = Account(
        name=_text(settings, "account"),
        secret=_secret(settings, "secret_file"),
        sender=_text(settings, "sender"),
        callback=str(settings.get("callback_url", "")),
    )
    limits = Limits(
        connect_s=float(str(settings.get("connect_s", 5))),
        total_s=float(str(settings.get("total_s", 20))),
    )
    authority = Path(_text(settings, "ca_file")) if settings.get("ca_file") else None
    wire = Wire(base=URL(_text(settings, "base_url")), limits=limits, ca_file=authority)
    staff = Staff(
        find=find,
        fallback=str(settings.get("fallback", "")),
        portal=str(settings.get("portal", "http://127.0.0.1:20480/")),
    )
    return SmsSender(dialect=dialect_of(settings), account=account, wire=wire, staff=staff)


def open_door(
    settings: Mapping[str, Json],
    *,
    connection: str,
    receive: Receive,
    now: Callable[[], datetime],
) -> GatewayDoor:
    """The ASGI door for this connection's receipts and replies."""
    key = "webhook_secret_file" if settings.get("webhook_secret_file") else "secret_file"
    return GatewayDoor(
        connection=connection,
        dialect=dialect_of(settings),
        address=_text(settings, "callback_url"),
        secret=_secret(settings, key),
        receive=receive,
        now=now,
    )


def reader_for(settings: Mapping[str, Json]) -> Reader:
    """A reader of kept callbacks in the connection's dialect."""
    dialect, phrases = dialect_of(settings), table(_added(settings))

    def reader(raw: bytes, *, received_at: datetime) -> tuple[Reading, Sequence[Problem]]:
        return reading_of(dialect.hear(raw), phrases, received_at=received_at)

    return reader


def envelope_for(settings: Mapping[str, Json]) -> Callable[[bytes], Envelope]:
    """What receiving must know of a callback: the gateway's number of it."""
    dialect = dialect_of(settings)

    def envelope(raw: bytes) -> Envelope:
        heard = dialect.hear(raw)
        if heard is None:
            return Envelope(control_id=None, trigger="", problems=(UNREADABLE,))
        return Envelope(control_id=heard.control, trigger=heard.trigger)

    return envelope


def _added(settings: Mapping[str, Json]) -> Mapping[str, Sequence[str]]:
    listed = settings.get("answers")
    if not isinstance(listed, Mapping):
        return {}
    unknown = sorted(set(listed) - set(ANSWERS))
    if unknown:
        raise SmsSettingMissing(
            f"`answers` of an SMS connection has `{unknown[0]}`; use: {', '.join(ANSWERS)}"
        )
    return {
        code: [str(one) for one in phrases]
        for code, phrases in listed.items()
        if isinstance(phrases, Sequence) and not isinstance(phrases, str)
    }


def _text(settings: Mapping[str, Json], name: str) -> str:
    value = settings.get(name)
    if not isinstance(value, str) or not value:
        raise SmsSettingMissing(f"the SMS connection's setting `{name}` is missing; add it")
    return value


def _secret(settings: Mapping[str, Json], name: str) -> str:
    path = Path(_text(settings, name))
    try:
        text = path.read_text(encoding="utf-8").strip()
    except OSError:
        text = ""
    if not text:
        raise SmsSettingMissing(
            f"`{name}` of the SMS connection names {path}, which can't be read or is empty. "
            "Remedy: put the gateway's secret into it, readable by Carelane alone"
        )
    return text
