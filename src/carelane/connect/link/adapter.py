"""What `compose` takes of this room: `register()` and the two doors of a connection."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from carelane.connect.link.codec import envelope
from carelane.connect.link.door import LinkDoor
from carelane.connect.link.mapping import read
from carelane.connect.link.status_door import Look, StatusDoor
from carelane.facts.answer_links import Seal
from carelane.facts.fact import Json
from carelane.facts.ports import AdapterKind, Receive

SCHEMA: Final[Mapping[str, Json]] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {},
}
"""JSON Schema of a link connection's settings: there are none, the messages' section has its address."""


def register() -> AdapterKind:
    """The adapter of patients' links: it hears, and sends nothing."""
    return AdapterKind(name="link", settings=SCHEMA, reader=read)


def open_door(  # noqa: PLR0913  # what a door is made of, by name
    *,
    connection: str,
    seal: Seal,
    receive: Receive,
    used: Callable[[UUID], Awaitable[bool]],
    now: Callable[[], datetime],
    site: Mapping[str, str],
    language: str,
) -> LinkDoor:
    """The ASGI door of this connection."""
    return LinkDoor(
        connection=connection,
        seal=seal,
        receive=receive,
        used=used,
        now=now,
        site=site,
        language=language,
    )


def open_status_door(
    *,
    seal: Seal,
    look: Look | None,
    now: Callable[[], datetime],
    site: Mapping[str, str],
    language: str,
) -> StatusDoor:
    """The ASGI door by which patients see how far a case is."""
    return StatusDoor(seal=seal, look=look, now=now, site=site, language=language)


__all__ = ["envelope", "open_door", "open_status_door", "read", "register"]
