r"""Escape sequences in text (section 2.7): `\F\ \S\ \T\ \R\ \E\ \P\ \X..\ \.br\ \H\ \N\` and kin.

`unescape(escape(text)) == text` for any text. Sequences we don't know stay as they are and are
reported once per message by `reading`.
"""

import re
from functools import lru_cache

from carelane.connect.hl7v2.codec.separators import Separators

NULL = '""'
_DROPPED = frozenset({"fi", "nf", "in", "ti"})
_LINES_MAX = 1000


@lru_cache(maxsize=64)
def pattern(mark: str) -> re.Pattern[str]:
    """Finds sequences between two escape characters; group 1 is the body."""
    quoted = re.escape(mark)
    bodies = (
        "[A-Za-z]",
        "X[0-9A-Fa-f]*",
        r"\.[a-z]{2}[+-]?[0-9]{0,6}",
        "[CM][0-9A-Fa-f]+",
        f"Z[^{quoted}\r\n]*",
        "[A-Za-z][A-Za-z0-9]{1,15}",
    )
    return re.compile(f"{quoted}({'|'.join(bodies)}){quoted}")


def line_break(separators: Separators) -> str:
    """The sequence for a new line; hexadecimal where the full stop is itself a separator."""
    stop = "." in separators.field + separators.encoding
    return separators.escape + ("X0A" if stop else ".br") + separators.escape


@lru_cache(maxsize=64)
def _special(separators: Separators) -> tuple[re.Pattern[str], dict[str, str]]:
    mark = separators.escape
    letters = {
        separators.field: "F",
        separators.component: "S",
        separators.subcomponent: "T",
        separators.repetition: "R",
        mark: "E",
        "\n": line_break(separators)[1:-1],
        "\r": "X0D",
        "\x0b": "X0B",
        "\x1c": "X1C",
    }
    if separators.truncation:
        letters[separators.truncation] = "P"
    found = re.compile("[" + "".join(re.escape(char) for char in letters) + "]")
    return found, {char: f"{mark}{body}{mark}" for char, body in letters.items()}


def escape(text: str, separators: Separators) -> str:
    """Text as it may stand in a field. Two quotes alone are escaped: bare they mean null."""
    if text == NULL:
        return f"{separators.escape}X22{separators.escape}" * 2
    found, table = _special(separators)
    return found.sub(lambda match: table[match.group()], text)


def unescape(raw: str, separators: Separators, charset: str = "utf-8") -> str:
    """Field text as the sender meant it; unknown sequences and stray escape characters verbatim."""
    if separators.escape not in raw:
        return raw

    def replace(match: re.Match[str]) -> str:
        meaning = meaning_of(match.group(1), separators, charset)
        return match.group() if meaning is None else meaning

    return pattern(separators.escape).sub(replace, raw)


def meaning_of(body: str, separators: Separators, charset: str) -> str | None:
    """What one sequence stands for; None where it is unknown."""
    if len(body) == 1 and body != "X":
        return _letter(body, separators)
    if body[0] == "X":
        return _hexadecimal(body[1:], charset)
    if body[0] == ".":
        return _formatting(body[1:3], body[3:])
    return None


def _letter(body: str, separators: Separators) -> str | None:
    letters = {
        "F": separators.field,
        "S": separators.component,
        "T": separators.subcomponent,
        "R": separators.repetition,
        "E": separators.escape,
        "P": separators.truncation or None,
        "H": "",
        "N": "",
    }
    return letters.get(body)


def _hexadecimal(digits: str, charset: str) -> str | None:
    try:
        return bytes.fromhex(digits).decode("utf-8" if charset == "ascii" else charset)
    except ValueError:  # odd digits, or bytes outside the character set
        return None


def _formatting(command: str, argument: str) -> str | None:
    if argument and not argument.lstrip("+-").isdecimal():
        return None
    times = min(int(argument), _LINES_MAX) if argument.isdecimal() else 1
    if command == "br" and not argument:
        return "\n"
    if command in {"sp", "ce"}:
        return "\n" * times
    if command == "sk":
        return " " * times
    return "" if command in _DROPPED else None
