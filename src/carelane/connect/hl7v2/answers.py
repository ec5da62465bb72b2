"""Which acknowledgement a frame gets: only after the store has said what became of it.

AA: stored, or stored before. AE: not stored, or stored for a person to look at. AR: refused for
good (no header, too large, no end block). HL7 tables 0008 and 0357.
"""

from collections.abc import Callable
from datetime import datetime

from carelane.connect.hl7v2.codec import Broken, acknowledge, split_batch
from carelane.connect.hl7v2.codec.header import bare, header_of
from carelane.facts.ports import Receive

_ORDER = ("AA", "AE", "AR")
_OUTCOMES = {
    "accepted": ("AA", "", ""),
    "duplicate": ("AA", "", ""),
    "conflict": (
        "AE",
        "this control id came before with another content; both are kept, a person decides",
        "205",
    ),
    "rejected": ("AR", "the message can't be read; see the receiver's list of problems", "100"),
}
_FAILED = ("AE", "the message was not stored; send it again", "207")
_UNREADABLE = ("AR", "no readable MSH segment", "100")
_BROKEN = {
    "too-large": ("AR", "the message is larger than 64 MB", "102"),
    "unfinished": ("AR", "the frame has no end block; send the message again", "207"),
}

Now = Callable[[], datetime]


async def answer_frame(
    raw: bytes, *, connection: str, receive: Receive, now: Now, control_id: str
) -> tuple[str, bytes]:
    """Store every message of the frame, then the code and the acknowledgement of the worst.

    Raises what `receive` raises; the caller then sends `answer_failed`.
    """
    pieces, _ = split_batch(raw)
    worst = _OUTCOMES["accepted"]
    for piece in pieces or (raw,):
        found = await _store(piece, connection, receive)
        worst = max(worst, found, key=lambda each: _ORDER.index(each[0]))
    return worst[0], _acknowledged(raw, worst, now(), control_id)


def answer_broken(broken: Broken, *, now: Now, control_id: str) -> tuple[str, bytes]:
    """The refusal of a frame that can't be taken."""
    verdict = _BROKEN[broken.reason]
    return verdict[0], _acknowledged(broken.head, verdict, now(), control_id)


def answer_failed(raw: bytes, *, now: Now, control_id: str) -> tuple[str, bytes]:
    """Storing raised: the sender must hear that nothing is promised."""
    return _FAILED[0], _acknowledged(raw, _FAILED, now(), control_id)


async def _store(piece: bytes, connection: str, receive: Receive) -> tuple[str, str, str]:
    receipt = await receive(connection, piece)
    verdict = _OUTCOMES.get(receipt.outcome, _FAILED)
    if verdict[0] == "AA" and _unreadable(piece):
        return _UNREADABLE
    return verdict


def _unreadable(piece: bytes) -> bool:
    return header_of(bare(piece)[0]) is None


def _acknowledged(
    raw: bytes, verdict: tuple[str, str, str], now: datetime, control_id: str
) -> bytes:
    code, text, problem = verdict
    first = split_batch(raw)[0] if not raw.startswith(b"MSH") else (raw,)
    return acknowledge(
        first[0] if first else raw,
        code=code,
        text=text,
        now=now,
        control_id=control_id,
        problem=problem,
    )
