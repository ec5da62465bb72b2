"""What `compose` takes for a payer: settings, and makers of its parts. It rides on the FHIR client of this room."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from carelane.connect.fhir.adapter import SCHEMA as FHIR_SCHEMA
from carelane.connect.fhir.adapter import SettingMissing, notify_secret, open_client
from carelane.connect.fhir.codec import decode
from carelane.connect.fhir.mapping.authorisations import kept, read
from carelane.connect.fhir.mapping.claims import Parties, Party
from carelane.connect.fhir.mapping.pas import CLAIM_FIELDS, NPI
from carelane.connect.fhir.payer import (
    HORIZON_S,
    INQUIRE_EVERY_S,
    Keep,
    PayerProfile,
    PayerSender,
    capabilities_of,
)
from carelane.connect.fhir.subscription import SubscriptionDoor
from carelane.facts.fact import Json
from carelane.facts.ports import AdapterKind, Receipt, Receive

_CLIENT: Final = (
    "base_url", "token_url", "client_id", "key_id", "key_file", "ca_file", "algorithm", "scope", "connect_s", "total_s",
    "response_bytes_max", "connections_max", "notify_secret_file",
)  # fmt: skip
_PARTY: Final[Mapping[str, Json]] = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string"},
        "number": {"type": "string"},
        "system": {"type": "string", "default": NPI},
    },
}
_KNOWN: Mapping[str, Any] = FHIR_SCHEMA["properties"]  # type: ignore[assignment]  # a schema's own shape
SCHEMA: Final[Mapping[str, Json]] = {
    "type": "object",
    "required": ["base_url", "client_id", "key_id", "key_file", "requestor"],
    "additionalProperties": False,
    "properties": {
        **{name: _KNOWN[name] for name in _CLIENT},
        "requestor": _PARTY,
        "payers": {"type": "object", "additionalProperties": _PARTY},
        "horizon_s": {"type": "integer", "default": HORIZON_S},
        "inquire_every_s": {"type": "integer", "default": INQUIRE_EVERY_S},
        "writes": {"type": "array", "items": {"enum": sorted(CLAIM_FIELDS)}},
    },
}
"""JSON Schema of a payer connection's settings."""


def register() -> AdapterKind:
    """The payer adapter: its settings' schema, its reader, and what it can do."""
    return AdapterKind(
        name="payer",
        settings=SCHEMA,
        reader=read,
        capabilities=tuple(capabilities_of(PayerProfile(parties=_NOBODY)).values()),
    )


def open_sender(settings: Mapping[str, Json], *, keep: Keep) -> PayerSender:
    """A sender from a connection's settings; raises `SetupFault` where they can't work."""
    return PayerSender(client=open_client(settings), profile=profile_of(settings), keep=keep)


def open_door(
    settings: Mapping[str, Json],
    *,
    connection: str,
    receive: Receive,
    wake: Callable[[], Awaitable[None]],
) -> SubscriptionDoor:
    """The ASGI door for this payer's notifications; `wake` is called for those without a body."""

    async def keep(name: str, raw: bytes) -> Receipt:
        message = decode(raw)
        return await receive(name, kept(message) if message else raw)

    secret = notify_secret(settings)
    return SubscriptionDoor(connection=connection, secret=secret, receive=keep, wake=wake)


def profile_of(settings: Mapping[str, Json]) -> PayerProfile:
    """Who asks whom, and how often."""
    listed = settings.get("payers")
    payers = listed if isinstance(listed, Mapping) else {}
    writes = settings.get("writes")
    allowed = frozenset(map(str, writes)) if isinstance(writes, list | tuple) else CLAIM_FIELDS
    return PayerProfile(
        parties=Parties(
            requestor=_party(settings.get("requestor"), "requestor"),
            payers={code: _party(one, f"payers.{code}") for code, one in payers.items()},
        ),
        horizon_s=_seconds(settings, "horizon_s", HORIZON_S),
        every_s=_seconds(settings, "inquire_every_s", INQUIRE_EVERY_S),
        writes=allowed & CLAIM_FIELDS,
    )


_NOBODY: Final = Parties(requestor=Party(name=""))


def _party(said: Json, place: str) -> Party:
    if not isinstance(said, Mapping) or not said.get("name"):
        raise SettingMissing(
            f"the payer connection's setting `{place}` needs a `name`: add the organisation's"
        )
    return Party(
        name=str(said["name"]),
        number=str(said.get("number", "")),
        system=str(said.get("system", NPI)),
    )


def _seconds(settings: Mapping[str, Json], name: str, default: int) -> int:
    value = settings.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise SettingMissing(
            f"the payer connection's setting `{name}` must be a whole number of seconds"
        )
    return value
