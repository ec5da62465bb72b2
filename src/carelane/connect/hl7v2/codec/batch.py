"""Files and frames with several messages (section 2.10.3): split before anything is stored.

File and batch wrappers (FHS, BHS, BTS, FTS) are checked and left out; each message stays as sent.
"""

import re

from carelane.connect.hl7v2.codec.problems import note, warning
from carelane.facts.problem import Problem

_START = re.compile(
    rb"(?:\A|[\r\n\x0b\x1c])(?:\xef\xbb\xbf)?[ \t]*(MSH|FHS|BHS|BTS|FTS)(?![A-Za-z0-9])"
)
_WRAPPER = re.compile(
    rb"[\r\n\x0b\x1c][ \t]*(?:\xef\xbb\xbf)?(?:MSH|FHS|BHS|BTS|FTS)(?![A-Za-z0-9])"
)
_FRAMING = b"\x0b\x1c\r\n \t\xef\xbb\xbf"


def split_batch(raw: bytes) -> tuple[tuple[bytes, ...], tuple[Problem, ...]]:
    """Single messages in order, and what the wrappers got wrong.

    A lone message is given back untouched. What has no header at all is one piece, so that it can
    be refused with a reason.
    """
    if raw.startswith(b"MSH") and _WRAPPER.search(raw) is None:
        return (raw,), ()
    starts = [(match.start(1), match.group(1)) for match in _START.finditer(raw)]
    if not any(name == b"MSH" for _, name in starts):
        return ((raw,) if not starts else ()), _without_messages(starts)
    ends = [start for start, _ in starts[1:]] + [len(raw)]
    pieces = [(name, raw[start:end]) for (start, name), end in zip(starts, ends, strict=True)]
    messages = tuple(_trimmed(piece) for name, piece in pieces if name == b"MSH")
    problems = (*_before(raw[: starts[0][0]]), *_wrappers(pieces))
    if len(pieces) == 1 and not problems:
        return (raw,), problems
    return messages, problems


def _trimmed(piece: bytes) -> bytes:
    kept = piece.rstrip(_FRAMING)
    mark = b"\n" if b"\r" not in kept and b"\n" in kept else b"\r"
    return kept + mark


def _before(head: bytes) -> tuple[Problem, ...]:
    if not head.strip(_FRAMING):
        return ()
    return (note("garbage", "file", "Text before the first header was left out."),)


def _without_messages(starts: list[tuple[int, bytes]]) -> tuple[Problem, ...]:
    if not starts:
        return ()
    return (note("batch-empty", "file", "The batch holds no message."),)


def _wrappers(pieces: list[tuple[bytes, bytes]]) -> tuple[Problem, ...]:
    problems: list[Problem] = []
    since = 0
    names = [name for name, _ in pieces]
    for name, piece in pieces:
        if name == b"BHS":
            since = 0
        elif name == b"MSH":
            since += 1
        elif name == b"BTS":
            problems += _count(piece, since)
    for opening, closing in ((b"FHS", b"FTS"), (b"BHS", b"BTS")):
        if names.count(opening) != names.count(closing):
            problems.append(
                warning(
                    "batch-unbalanced",
                    opening.decode(),
                    f"{opening.decode()} and {closing.decode()} do not come in pairs.",
                    "Check that the file was sent whole.",
                )
            )
    return tuple(problems)


def _count(piece: bytes, found: int) -> list[Problem]:
    digits = re.match(rb"BTS[^A-Za-z0-9\r\n]([0-9]{1,9})", piece)
    if digits is None or int(digits.group(1)) == found:
        return []
    return [
        warning(
            "batch-count",
            "BTS-1",
            f"The trailer counts {int(digits.group(1))} messages, {found} were found.",
            "Check that the batch was sent whole.",
        )
    ]
