"""A press on a patient's link, as it is kept: which message of ours it answers, and how. Pure."""

from typing import Final
from uuid import UUID

import msgspec

from carelane.facts.ports import Envelope
from carelane.facts.problem import Problem

ANSWERS: Final = {"confirm": "yes", "cancel": "cancel", "change": "reschedule"}
"""What the buttons say, and the answer that a text with the same meaning gives."""
TRIGGER: Final = "LINK answer"


class Press(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kept press."""

    effect: UUID
    button: str


def kept(press: Press) -> bytes:
    """The bytes of a press."""
    return msgspec.json.encode(press)


def heard(raw: bytes) -> Press | None:
    """A press out of kept bytes; None where they are none."""
    try:
        press = msgspec.json.decode(raw, type=Press)
    except msgspec.MsgspecError:
        return None
    return press if press.button in ANSWERS else None


def control_of(effect: UUID) -> str:
    """A link is used once, whatever is pressed: the message is its number."""
    return str(effect)


def envelope(raw: bytes) -> Envelope:
    """What receiving must know."""
    press = heard(raw)
    if press is None:
        return Envelope(control_id=None, trigger=TRIGGER, problems=(UNREADABLE,))
    return Envelope(control_id=control_of(press.effect), trigger=TRIGGER)


UNREADABLE = Problem(
    code="link.unreadable",
    place="body",
    message="The bytes are no press on a link.",
    remedy="Nothing to do: only our own page makes them.",
)
