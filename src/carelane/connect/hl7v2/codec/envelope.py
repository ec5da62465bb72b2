"""What receiving needs before a message is stored, and the acknowledgement (section 2.9).

Only the header is read; `reading` does the rest after the commit.
"""

from datetime import datetime
from functools import lru_cache

from carelane.connect.hl7v2.codec.escapes import escape, unescape
from carelane.connect.hl7v2.codec.header import Header, bare, coded, header_of
from carelane.connect.hl7v2.codec.problems import BYTES_MAX, note, too_large, unreadable
from carelane.connect.hl7v2.codec.separators import STANDARD
from carelane.facts.ports import Envelope
from carelane.facts.problem import Problem

_CONTROL_ID = 10
_PROCESSING = 11
_VERSION = 12
CODES = frozenset({"AA", "AE", "AR", "CA", "CE", "CR"})  # HL7 table 0008


def envelope(raw: bytes) -> Envelope:
    """Control id (MSH-10) and trigger (MSH-9) of one message; never raises."""
    problems: tuple[Problem, ...] = (too_large(),) if len(raw) > BYTES_MAX else ()
    body, found = bare(raw)
    header = header_of(body)
    if header is None:
        return Envelope(control_id=None, trigger="", problems=(*problems, *found, unreadable()))
    problems += found
    control = header.raw(_CONTROL_ID)
    if control and header.separators.escape in control:
        control = unescape(control, header.separators)
    if not control:
        problems += (_no_control_id(),)
    return Envelope(control_id=control or None, trigger=header.trigger, problems=problems)


def acknowledge(  # noqa: PLR0913  # an answer has these parts; all are named by the caller
    raw: bytes, *, code: str, text: str = "", now: datetime, control_id: str, problem: str = ""
) -> bytes:
    """The answer to `raw`: MSH with sender and receiver swapped, MSA, and ERR where it is refused.

    `code` is AA, AE or AR; `text` must hold no patient data; `problem` is an HL7 table 0357 code.
    """
    header = header_of(bare(raw)[0]) or Header(separators=STANDARD, fields=("MSH", "|", "^~\\&"))
    marks = header.separators
    event = coded(header.first(9, 2))
    kind = marks.component.join(["ACK", event, "ACK"] if event else ["ACK"])
    answer = ["MSH", marks.encoding, *(header.raw(field) for field in (5, 6, 3, 4))]
    answer += [stamp(now), "", kind, escape(control_id, marks)]
    answer += [header.raw(_PROCESSING) or "P", header.raw(_VERSION) or "2.5.1"]
    lines = [marks.field.join(answer)]
    lines.append(marks.field.join(["MSA", code, header.raw(_CONTROL_ID), escape(text, marks)]))
    if problem:
        lines.append(
            marks.field.join(["ERR", "", "", problem, "E", "", "", "", escape(text, marks)])
        )
    return ("\r".join(lines) + "\r").encode("iso8859-1", "replace")


def stamp(now: datetime) -> str:
    """The instant as MSH-7 writes it, to the second."""
    return _stamp(now.replace(microsecond=0))


@lru_cache(maxsize=16)
def _stamp(second: datetime) -> str:
    return f"{second:%Y%m%d%H%M%S%z}"


def _no_control_id() -> Problem:
    return note(
        "control-id-missing",
        "MSH-10",
        "The message has no control id; a repetition of it is recognised by its content only.",
    )
