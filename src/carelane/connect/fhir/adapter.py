"""What `compose` takes of this room: `register()`, and makers that turn a connection's settings into its parts."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from yarl import URL

from carelane.connect.fhir.auth import Identity, TokenSource, load_key
from carelane.connect.fhir.chart import LIMIT_S, FhirChart
from carelane.connect.fhir.client import FhirClient
from carelane.connect.fhir.mapping.people import RISK_CODES, Local
from carelane.connect.fhir.mapping.permits import FIELDS
from carelane.connect.fhir.mapping.reading import read
from carelane.connect.fhir.openings import LIMIT_S as OPENINGS_S
from carelane.connect.fhir.openings import FhirOpenings
from carelane.connect.fhir.polling import INCLUDES, Cursors, Poller
from carelane.connect.fhir.sender import HORIZON_S, FhirSender, Profile, capabilities_of
from carelane.connect.fhir.subscription import SubscriptionDoor
from carelane.connect.fhir.transport import Limits, Wire
from carelane.facts.documents import DOCUMENT_BYTES_MAX
from carelane.facts.errors import SetupFault
from carelane.facts.fact import Json
from carelane.facts.ports import AdapterKind, Reader, Reading, Receive
from carelane.facts.problem import Problem


class SettingMissing(SetupFault):
    """A setting of a FHIR connection is missing or can't be used; the message names it."""

    code = "fhir-setting"


def register() -> AdapterKind:
    """The FHIR R4 adapter: its settings' schema, its reader, and what it can do at best."""
    return AdapterKind(
        name="fhir",
        settings=SCHEMA,
        reader=read,
        capabilities=tuple(capabilities_of(Profile()).values()),
    )


def open_sender(settings: Mapping[str, Json]) -> FhirSender:
    """A sender from a connection's settings; raises `SetupFault` where they can't work."""
    return FhirSender(client=open_client(settings), profile=profile_of(settings))


def reader_for(settings: Mapping[str, Json]) -> Reader:
    """A reader that knows the connection's authorities: what other feeds of the site call the same identifiers."""
    local = local_of(settings)

    def reader(raw: bytes, *, received_at: datetime) -> tuple[Reading, Sequence[Problem]]:
        return read(raw, received_at=received_at, local=local)

    return reader


def local_of(settings: Mapping[str, Json]) -> Local:
    """What the site calls identifier systems and risks, and the authority of the EHR's own ids."""
    listed = settings.get("authorities")
    pairs = listed.items() if isinstance(listed, Mapping) else ()
    authorities = {system: name for system, name in pairs if isinstance(name, str)}
    codes = _names_of(settings.get("risk_codes"))
    return Local(
        authorities=authorities,
        own=_text(settings, "authority", "fhir"),
        risk_codes=codes or RISK_CODES,
        document_bytes_max=int(_number(settings, "document_bytes_max", DOCUMENT_BYTES_MAX)),
    )


def open_poller(
    settings: Mapping[str, Json], *, connection: str, receive: Receive, cursors: Cursors
) -> Poller:
    """A poller with a client of its own; close that client when done."""
    return Poller(
        connection=connection,
        client=open_client(settings),
        receive=receive,
        cursors=cursors,
        kinds=polled_kinds(settings),
        overlap=timedelta(seconds=_number(settings, "poll_overlap_s", 120)),
        silent=silence_of(settings),
        goals=settings.get("goals") is True,
        local=local_of(settings),
    )


def polled_kinds(settings: Mapping[str, Json]) -> tuple[str, ...]:
    """The types that a connection polls."""
    kinds = settings.get("poll")
    listed = (
        kinds if isinstance(kinds, Sequence) and not isinstance(kinds, str) else tuple(INCLUDES)
    )
    if any(one not in INCLUDES for one in listed):
        raise SettingMissing("the FHIR connection's setting poll names a type that can't be polled")
    return tuple(str(one) for one in listed)


def silence_of(settings: Mapping[str, Json]) -> timedelta:
    """How long a type may go without a poll that comes to its end."""
    return timedelta(seconds=_number(settings, "poll_silent_s", 3600))


def open_door(
    settings: Mapping[str, Json],
    *,
    connection: str,
    receive: Receive,
    wake: Callable[[], Awaitable[None]] | None = None,
) -> SubscriptionDoor:
    """The ASGI door for this connection's notifications; `wake` is called for those without a body."""
    secret = notify_secret(settings)
    local = local_of(settings)
    if wake is None:
        return SubscriptionDoor(connection=connection, secret=secret, receive=receive, local=local)
    return SubscriptionDoor(
        connection=connection, secret=secret, receive=receive, wake=wake, local=local
    )


def open_chart(settings: Mapping[str, Json], *, connection: str) -> FhirChart:
    """A reader of charts for people's pages, with a client of its own; close it when done."""
    limit_s = _number(settings, "chart_s", LIMIT_S)
    return FhirChart(
        connection=connection,
        client=open_client(settings),
        local=local_of(settings),
        limit_s=limit_s,
    )


def open_openings(settings: Mapping[str, Json], *, connection: str) -> FhirOpenings:
    """A reader of open times for people's pages, with a client of its own; close it when done."""
    limit_s = _number(settings, "openings_s", OPENINGS_S)
    return FhirOpenings(connection=connection, client=open_client(settings), limit_s=limit_s)


def open_client(settings: Mapping[str, Json]) -> FhirClient:
    """A client from a connection's settings; reads the key file, opens no socket yet."""
    base = URL(_text(settings, "base_url"))
    token_url = URL(_text(settings, "token_url")) if settings.get("token_url") else None
    algorithm = _text(settings, "algorithm", "ES384")
    identity = Identity(
        client_id=_text(settings, "client_id"),
        key_id=_text(settings, "key_id"),
        key=load_key(Path(_text(settings, "key_file")), algorithm),
        algorithm=algorithm,
        scope=_text(settings, "scope", "system/*.read system/*.write"),
    )
    limits = Limits(
        connect_s=_number(settings, "connect_s", 5),
        total_s=_number(settings, "total_s", 20),
        response_bytes_max=int(_number(settings, "response_bytes_max", 16 * 1024 * 1024)),
        connections_max=int(_number(settings, "connections_max", 8)),
    )
    authority = Path(_text(settings, "ca_file")) if settings.get("ca_file") else None
    hosts = (base, token_url) if token_url else (base,)
    wire = Wire(hosts=hosts, limits=limits, ca_file=authority)
    tokens = TokenSource(base=base, identity=identity, wire=wire, token_url=token_url)
    return FhirClient(base=base, wire=wire, tokens=tokens)


def profile_of(settings: Mapping[str, Json]) -> Profile:
    """What the settings say of the EHR, with writes narrowed to the site's allow-list."""
    writes = settings.get("writes")
    allowed: Mapping[str, frozenset[str]] = FIELDS
    if isinstance(writes, Mapping):
        allowed = {
            kind: FIELDS.get(kind, frozenset()) & _names(names, FIELDS.get(kind, frozenset()))
            for kind, names in writes.items()
        }
    return Profile(
        update_as_create=settings.get("update_as_create", False) is True,
        conditional_create=settings.get("conditional_create", True) is True,
        booking=_text(settings, "booking", "create"),
        horizon_s=int(_number(settings, "horizon_s", HORIZON_S)),
        writes=allowed,
    )


SCHEMA: Final[Mapping[str, Json]] = {
    "type": "object",
    "required": ["base_url", "client_id", "key_id", "key_file"],
    "additionalProperties": False,
    "properties": {
        "base_url": {"type": "string", "format": "uri"},
        "token_url": {"type": "string", "format": "uri"},
        "client_id": {"type": "string"},
        "key_id": {"type": "string"},
        "key_file": {"type": "string"},
        "ca_file": {"type": "string"},
        "algorithm": {"enum": ["ES384", "RS384"], "default": "ES384"},
        "scope": {"type": "string", "default": "system/*.read system/*.write"},
        "connect_s": {"type": "number", "default": 5},
        "total_s": {"type": "number", "default": 20},
        "response_bytes_max": {"type": "integer", "default": 16777216},
        "connections_max": {"type": "integer", "default": 8},
        "update_as_create": {"type": "boolean", "default": False},
        "conditional_create": {"type": "boolean", "default": True},
        "booking": {"enum": ["create", "transaction"], "default": "create"},
        "horizon_s": {"type": "integer", "default": HORIZON_S},
        "writes": {
            "type": "object",
            "additionalProperties": {
                "oneOf": [{"const": "*"}, {"type": "array", "items": {"type": "string"}}]
            },
        },
        "authority": {"type": "string", "default": "fhir"},
        "authorities": {"type": "object", "additionalProperties": {"type": "string"}},
        "risk_codes": {"type": "array", "items": {"type": "string"}},
        "document_bytes_max": {"type": "integer", "minimum": 1, "default": DOCUMENT_BYTES_MAX},
        "notify_secret_file": {"type": "string"},
        "poll": {"type": "array", "items": {"type": "string"}},
        "poll_overlap_s": {"type": "integer", "default": 120},
        "poll_silent_s": {"type": "integer", "default": 3600},
        "goals": {"type": "boolean", "default": False},
        "chart": {"type": "boolean", "default": False},
        "chart_s": {"type": "number", "default": LIMIT_S},
        "openings": {"type": "boolean", "default": False},
        "openings_s": {"type": "number", "default": OPENINGS_S},
    },
}
"""JSON Schema of a FHIR connection's settings."""


def _text(settings: Mapping[str, Json], name: str, default: str | None = None) -> str:
    value = settings.get(name, default)
    if not isinstance(value, str) or not value:
        raise SettingMissing(f"the FHIR connection's setting {name} is missing; add it")
    return value


def notify_secret(settings: Mapping[str, Json]) -> str:
    """The secret's text; site files hold none, so they name a file."""
    if settings.get("notify_secret"):
        return _text(settings, "notify_secret")
    path = Path(_text(settings, "notify_secret_file"))
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        raise SettingMissing(
            "the FHIR connection's `notify_secret_file` can't be read; put the secret into it"
        ) from None


def _number(settings: Mapping[str, Json], name: str, default: float) -> float:
    value = settings.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise SettingMissing(f"the FHIR connection's setting {name} must be a number above zero")
    return value


def _names_of(value: Json) -> frozenset[str]:
    listed = value if isinstance(value, Sequence) and not isinstance(value, str) else ()
    return frozenset(str(one).upper() for one in listed)


def _names(value: Json, everything: frozenset[str]) -> frozenset[str]:
    if value == "*":
        return everything
    listed = value if isinstance(value, Sequence) and not isinstance(value, str) else ()
    return frozenset(str(one) for one in listed)
