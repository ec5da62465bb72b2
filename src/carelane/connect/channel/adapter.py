"""What `compose` takes of this room: `register()`, and makers that turn a connection's settings into its parts."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from carelane.connect.channel.codec import decode, id_of
from carelane.connect.channel.door import ChannelDoor, Instruct
from carelane.connect.channel.mapping import read
from carelane.connect.channel.schema import BYTES_MAX, CHANNELS
from carelane.connect.channel.signing import SECRET_LENGTH_MIN
from carelane.facts.errors import SetupFault
from carelane.facts.fact import Json
from carelane.facts.ports import AdapterKind, Envelope, Reader, Reading, Receive
from carelane.facts.problem import Problem

SCHEMA: Final[Mapping[str, Json]] = {
    "type": "object",
    "required": ["channel", "secret_file"],
    "additionalProperties": False,
    "properties": {
        "channel": {"enum": list(CHANNELS)},
        "secret_file": {"type": "string"},
        "bytes_max": {"type": "integer", "maximum": 4 * 1024 * 1024},
        "instructions": {
            "oneOf": [
                {"type": "string"},
                {"type": "object", "additionalProperties": {"type": "string"}},
            ]
        },
    },
}
"""JSON Schema of a channel connection's settings."""


class ChannelSettingMissing(SetupFault):
    """A setting of a channel connection is missing or can't be used; the message names it."""

    code = "channel-setting"


def register() -> AdapterKind:
    """The channel adapter: its settings' schema; it sends nothing."""
    return AdapterKind(name="channel", settings=SCHEMA, reader=None)


def channel_of(settings: Mapping[str, Json]) -> str:
    """Which channel a connection is."""
    name = str(settings.get("channel", ""))
    if name not in CHANNELS:
        raise ChannelSettingMissing(
            f"a channel connection's `channel` must be one of: {', '.join(CHANNELS)}"
        )
    return name


def open_door(
    settings: Mapping[str, Json],
    *,
    connection: str,
    receive: Receive,
    now: Callable[[], datetime],
    instruct: Instruct | None = None,
) -> ChannelDoor:
    """The ASGI door of this connection; `instruct` gives the words for an emergency."""
    channel = channel_of(settings)
    told = {} if instruct is None else {"instruct": instruct}
    return ChannelDoor(
        connection=connection,
        channel=channel,
        secret=_secret(settings),
        receive=receive,
        now=now,
        bytes_max=int(str(settings.get("bytes_max", BYTES_MAX[channel]))),
        instructions=_by_language(settings.get("instructions", "")),
        **told,
    )


def _by_language(words: Json) -> Mapping[str, str]:
    """The site's words by language; one text, or the first of several, is for everybody else."""
    if not isinstance(words, Mapping):
        return {"": str(words)} if words else {}
    named = {str(language).lower(): str(text) for language, text in words.items()}
    return {"": next(iter(named.values()), ""), **named}


def reader_for(settings: Mapping[str, Json], *, source: str) -> Reader:
    """A reader of kept messages of the connection's channel."""
    channel = channel_of(settings)

    def reader(raw: bytes, *, received_at: datetime) -> tuple[Reading, Sequence[Problem]]:
        return read(raw, channel=channel, source=source, received_at=received_at)

    return reader


def envelope_for(settings: Mapping[str, Json]) -> Callable[[bytes], Envelope]:
    """What receiving must know: the message's own number, or that it is of no use."""
    channel = channel_of(settings)

    def envelope(raw: bytes) -> Envelope:
        said, problems = decode(channel, raw)
        control = id_of(raw) if said is not None else None
        return Envelope(control_id=control, trigger=f"JSON {channel}", problems=problems)

    return envelope


def _secret(settings: Mapping[str, Json]) -> str:
    path = settings.get("secret_file")
    try:
        text = Path(str(path)).read_text(encoding="utf-8").strip() if path else ""
    except OSError:
        text = ""
    if len(text) < SECRET_LENGTH_MIN:
        raise ChannelSettingMissing(
            f"`secret_file` of a channel connection must name a file with {SECRET_LENGTH_MIN} characters or more; "
            f"{path} has not. Remedy: put a long random secret into it, and give it to whoever sends"
        )
    return text
