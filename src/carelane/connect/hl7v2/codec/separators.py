"""The characters that give a message its structure: MSH-1 and MSH-2 (standard, section 2.5.4).

Read from the header by `reading` and `envelope`; written by `building`.
"""

from dataclasses import dataclass

_DEFAULT_ENCODING = "^~\\&"


@dataclass(frozen=True, slots=True, kw_only=True)
class Separators:
    """Delimiters of one message. `truncation` is empty unless MSH-2 has five characters (v2.7)."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"
    truncation: str = ""

    @property
    def encoding(self) -> str:
        """MSH-2: the encoding characters in the standard's order."""
        return self.component + self.repetition + self.escape + self.subcomponent + self.truncation


STANDARD = Separators()


def separators_of(field: str, encoding: str) -> Separators | None:
    """The separators a header declares, or None where it can't be read by them.

    A short MSH-2 is legal where the missing ones are not used; the usual characters stand in,
    if they are free.
    """
    if field == "|" and encoding == _DEFAULT_ENCODING:
        return STANDARD
    encoding = encoding.replace("\\\\", "\\")  # a feed that passed through JSON or a shell
    if not encoding or len(encoding) > len(_DEFAULT_ENCODING) + 1:
        return None
    chars = encoding + _DEFAULT_ENCODING[len(encoding) :]
    if not _distinct_signs(field + chars):
        return None
    return Separators(
        field=field,
        component=chars[0],
        repetition=chars[1],
        escape=chars[2],
        subcomponent=chars[3],
        truncation=chars[4:5],
    )


def _distinct_signs(chars: str) -> bool:
    signs = all(" " < char < "\x7f" and not char.isalnum() and char != '"' for char in chars)
    return signs and len(set(chars)) == len(chars)
