"""What `compose` takes of this room: `register()`, and makers from a connection's settings.

Inbound: `reader_of`, `envelope` (from the codec), `open_listener`. Outbound: `open_sender`.
"""

import ssl
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from carelane.connect.hl7v2.client import Client
from carelane.connect.hl7v2.listener import Inbound, Listener, listen, require_encrypted
from carelane.connect.hl7v2.mapping import NO_SHOW_CODES, REFERRAL_CODES, RISK_CODES, Local, read
from carelane.connect.hl7v2.mapping.outgoing import Addresses
from carelane.connect.hl7v2.sender import Hl7v2Sender, capabilities
from carelane.connect.hl7v2.tls import client_tls, server_tls
from carelane.facts.documents import DOCUMENT_BYTES_MAX
from carelane.facts.errors import SetupFault
from carelane.facts.fact import Json
from carelane.facts.ports import AdapterKind, Observer, Reader, Receive


class SettingUnusable(SetupFault):
    """A setting of an HL7 v2 connection is missing or can't be used; the message names it."""

    code = "hl7v2-setting"


def register() -> AdapterKind:
    """The HL7 v2 adapter: its settings' schema, its reader, and what it can send."""
    return AdapterKind(
        name="hl7v2", settings=SCHEMA, reader=read, capabilities=tuple(capabilities().values())
    )


def reader_of(settings: Mapping[str, Json]) -> Reader:
    """A reader that knows the connection's zone, default authority and referral codes."""
    return partial(read, local=local_of(settings))


def local_of(settings: Mapping[str, Json]) -> Local:
    """The mapping's view of the settings."""
    zone = _text(settings, "zone", "UTC")
    try:
        found = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as fault:
        raise SettingUnusable("zone is not a time zone's name, such as Europe/Berlin") from fault
    codes, risks, missed = (
        frozenset(code.upper() for code in _texts(settings, name))
        for name in ("referral_codes", "risk_codes", "no_show_codes")
    )
    return Local(
        zone=found,
        authority=_text(settings, "default_authority", "") or None,
        referral_codes=codes or REFERRAL_CODES,
        referral_words=settings.get("referral_words", True) is True,
        risk_codes=risks or RISK_CODES,
        no_show_codes=missed or NO_SHOW_CODES,
        slot_place=_place(_text(settings, "slot_field", "")),
        document_bytes_max=int(_number(settings, "document_bytes_max", DOCUMENT_BYTES_MAX)),
    )


def _place(text: str) -> tuple[str, int] | None:
    """`SCH-5` as segment and field."""
    if not text:
        return None
    segment, _, number = text.partition("-")
    if len(segment) != 3 or not number.isdecimal():  # noqa: PLR2004  # HL7 v2: a segment's name
        raise SettingUnusable("slot_field is not a segment and a field, such as SCH-5")
    return segment.upper(), int(number)


async def open_listener(
    settings: Mapping[str, Json],
    *,
    connection: str,
    receive: Receive,
    now: Callable[[], datetime],
    observer: Observer | None = None,
) -> Listener:
    """Bind the connection's listener. Raises `SetupFault` where the settings can't work."""
    tls = listener_tls(settings)
    inbound = Inbound(connection=connection, receive=receive, now=now, observer=observer)
    host = _text(settings, "listen_host", "127.0.0.1")
    port = _number(settings, "listen_port", 0)
    return await listen(inbound, host=host, port=int(port), tls=tls)


def listener_tls(settings: Mapping[str, Json]) -> ssl.SSLContext | None:
    """What a listener encrypts with; None on this machine. Raises `SetupFault` where the settings can't work."""
    certificate = _path(settings, "tls_certificate")
    tls = None
    if certificate is not None:
        key = _path(settings, "tls_key") or certificate
        clients = _path(settings, "tls_client_authorities")
        tls = server_tls(certificate=certificate, key=key, clients=clients)
    require_encrypted(_text(settings, "listen_host", "127.0.0.1"), tls)
    return tls


def open_sender(
    settings: Mapping[str, Json], *, kind: type[Hl7v2Sender] = Hl7v2Sender
) -> Hl7v2Sender:
    """A sender from the settings; opens no socket yet. Raises `SetupFault` where they can't work."""
    tls = None
    if settings.get("tls", False) is True:
        tls = client_tls(
            authorities=_path(settings, "tls_authorities"),
            certificate=_path(settings, "tls_certificate"),
            key=_path(settings, "tls_key"),
        )
    client = Client(
        host=_text(settings, "host"),
        port=int(_number(settings, "port")),
        tls=tls,
        server_name=_text(settings, "tls_server_name", "") or None,
        connect_s=_number(settings, "connect_s", 5),
        answer_s=_number(settings, "answer_s", 30),
    )
    addresses = Addresses(
        application=_text(settings, "application", "CARELANE"),
        facility=_text(settings, "facility", ""),
        to_application=_text(settings, "to_application", ""),
        to_facility=_text(settings, "to_facility", ""),
        version=_text(settings, "version", "2.5.1"),
        processing=_text(settings, "processing", "P"),
    )
    return kind(client, addresses=addresses)


_TEXT: Final[Mapping[str, Json]] = {"type": "string"}
_PORT: Final[Mapping[str, Json]] = {"type": "integer", "minimum": 0, "maximum": 65535}

SCHEMA: Final[Mapping[str, Json]] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "direction": {"enum": ["in", "out"]},
        "sending": {"type": "object"},
        "record_link": _TEXT,
        "record_find": _TEXT,
        "listen_host": {"type": "string", "default": "127.0.0.1"},
        "listen_port": _PORT,
        "host": _TEXT,
        "port": _PORT,
        "zone": {"type": "string", "default": "UTC"},
        "default_authority": _TEXT,
        "referral_codes": {"type": "array", "items": {"type": "string"}},
        "referral_words": {"type": "boolean", "default": True},
        "risk_codes": {"type": "array", "items": {"type": "string"}},
        "no_show_codes": {"type": "array", "items": {"type": "string"}},
        "document_bytes_max": {"type": "integer", "minimum": 1, "default": DOCUMENT_BYTES_MAX},
        "slot_field": {"type": "string", "pattern": "^[A-Z0-9]{3}-[0-9]{1,2}$"},
        "application": {"type": "string", "default": "CARELANE"},
        "facility": _TEXT,
        "to_application": _TEXT,
        "to_facility": _TEXT,
        "version": {"type": "string", "default": "2.5.1"},
        "processing": {"enum": ["P", "T", "D"], "default": "P"},
        "connect_s": {"type": "number", "exclusiveMinimum": 0, "default": 5},
        "answer_s": {"type": "number", "exclusiveMinimum": 0, "default": 30},
        "tls": {"type": "boolean", "default": False},
        "tls_certificate": _TEXT,
        "tls_key": _TEXT,
        "tls_client_authorities": _TEXT,
        "tls_authorities": _TEXT,
        "tls_server_name": _TEXT,
    },
}
"""JSON Schema of an HL7 v2 connection's settings."""


def _text(settings: Mapping[str, Json], name: str, default: str | None = None) -> str:
    value = settings.get(name, default)
    if not isinstance(value, str) or (default is None and not value):
        raise SettingUnusable(f"the HL7 v2 connection's setting {name} must be a text")
    return value


def _number(settings: Mapping[str, Json], name: str, default: float | None = None) -> float:
    value = settings.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise SettingUnusable(f"the HL7 v2 connection's setting {name} must be a number")
    return value


def _texts(settings: Mapping[str, Json], name: str) -> tuple[str, ...]:
    value = settings.get(name)
    listed = value if isinstance(value, Sequence) and not isinstance(value, str) else ()
    return tuple(str(one) for one in listed)


def _path(settings: Mapping[str, Json], name: str) -> Path | None:
    found = _text(settings, name, "")
    return Path(found) if found else None
