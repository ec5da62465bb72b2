"""Bytes to a `Message`: never raises, reports what it tolerated (`building` is the way back).

A segment ends with CR (standard, section 2.4). LF and CRLF, a byte-order mark, MLLP leftovers,
blank lines and text that runs on over a line break are tolerated and reported.
"""

from carelane.connect.hl7v2.codec.charsets import decode
from carelane.connect.hl7v2.codec.escapes import line_break, meaning_of, pattern
from carelane.connect.hl7v2.codec.header import Header, bare, header_of
from carelane.connect.hl7v2.codec.message import Message
from carelane.connect.hl7v2.codec.problems import BYTES_MAX, note, too_large, unreadable, warning
from carelane.connect.hl7v2.codec.separators import Separators
from carelane.facts.problem import Problem

_REPORTED_MAX = 20
_AROUND = frozenset("\r\n\x0b\x1c \t")


def parse(raw: bytes) -> tuple[Message | None, tuple[Problem, ...]]:
    """The message in `raw` (its first, if there are several), and what was wrong with it."""
    if len(raw) > BYTES_MAX:
        return None, (too_large(),)
    body, problems = bare(raw)
    header = header_of(body)
    if header is None:
        return None, (*problems, unreadable())
    return _parse(body, header, problems)


def _parse(
    body: bytes, header: Header, problems: tuple[Problem, ...]
) -> tuple[Message, tuple[Problem, ...]]:
    separators = header.separators
    text, charset, found = decode(body, header.charset)
    lines, tolerated = split_lines(text, separators)
    message = Message(tuple(lines), separators, charset)
    if found or tolerated:
        problems = (*problems, *found, *tolerated)
    if text.count(separators.escape) > 1:
        problems += _unknown_escapes(message)
    return message, problems


def split_lines(text: str, separators: Separators) -> tuple[list[str], tuple[Problem, ...]]:
    """Segments of a text, and what was tolerated to get them."""
    if "\n" in text or "\x1c" in text:
        return _repair(text, separators)
    lines = text.split("\r")
    while not lines[-1]:
        lines.pop()
    mark = separators.field
    for line in lines:
        name = line[:3]
        if line[3:4] != mark or not (name.isalnum() and name.isupper() and name.isascii()):
            return _repair(text, separators)
    if text.find("\rMSH", 3) >= 0:
        return _first_only(lines, ())
    return lines, ()


def _is_name(name: str) -> bool:
    return name.isalnum() and name.isupper() and name.isascii()


def _starts_segment(line: str, mark: str) -> bool:
    return _is_name(line[:3]) and len(line[:3]) == 3 and line[3:4] in {"", mark}  # noqa: PLR2004  # names have 3


def _repair(text: str, separators: Separators) -> tuple[list[str], tuple[Problem, ...]]:
    problems: list[Problem] = []
    if "\n" in text:
        problems.append(
            note(
                "line-ends",
                "message",
                "Segments end with a line feed instead of a carriage return.",
            )
        )
    lines: list[str] = []
    blank = joined = 0
    glue = line_break(separators)
    whole = text.rstrip("\r\n\x0b\x1c \t") if text[-1:] in _AROUND else text
    for raw in whole.replace("\r\n", "\r").replace("\n", "\r").split("\r"):
        line = raw.strip("\x0b\x1c")
        if not line.strip():
            blank += 1
        elif _starts_segment(line, separators.field):
            lines.append(line)
        elif _starts_segment(line.lstrip(), separators.field):
            lines.append(line.lstrip())
            blank += 1
        else:
            lines[-1] += glue + line.replace("\x0b", "").replace("\x1c", "")
            joined += 1
    if blank:
        problems.append(
            note("blank", "message", "Blank lines or blanks before segments were skipped.")
        )
    if joined:
        problems.append(
            warning(
                "continued",
                "message",
                f"{joined} lines begin with no segment name and were joined to the field before.",
                "Ask the sender to escape line breaks inside fields (\\.br\\).",
            )
        )
    return _first_only(lines, tuple(problems))


def _first_only(
    lines: list[str], problems: tuple[Problem, ...]
) -> tuple[list[str], tuple[Problem, ...]]:
    for position in range(1, len(lines)):
        if lines[position].startswith("MSH"):
            found = warning(
                "several-messages",
                f"segment {position + 1}",
                "A second message begins here; only the first was read.",
                "Split the file into single messages before reading (codec.split_batch).",
            )
            return lines[:position], (*problems, found)
    return lines, problems


def _unknown_escapes(message: Message) -> tuple[Problem, ...]:
    separators = message.separators
    found: dict[str, str] = {}
    for segment in message:
        text = segment.text[9:] if segment.position == 0 else segment.text
        if separators.escape not in text:
            continue
        for match in pattern(separators.escape).finditer(text):
            if meaning_of(match.group(1), separators, message.charset) is None:
                found.setdefault(segment.name, segment.name)
        rest = pattern(separators.escape).sub("", text)
        if separators.escape in rest:
            found.setdefault(segment.name, segment.name)
    return tuple(
        note("escape-unknown", place, "An unknown escape sequence was kept as it stands.")
        for place in list(found)[:_REPORTED_MAX]
    )
