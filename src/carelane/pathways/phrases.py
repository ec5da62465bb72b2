"""Approved phrase tables: text becomes a code only by a listed phrase, and only upwards (SEMANTICS 9).

A phrase is found as whole words, whatever the case and spacing. A negation is not understood: it can only raise.
"""

import re
from collections.abc import Mapping, Sequence

TEXT_READ_MAX = 20_000
_WORD = re.compile(r"\w+")


def found_in(text: str, phrases: Mapping[str, str], order: Sequence[str]) -> str | None:
    """The highest code among the phrases in a text; None without any."""
    said = f" {' '.join(words_of(text[:TEXT_READ_MAX]))} "
    codes = {code for phrase, code in phrases.items() if f" {phrase} " in said}
    return max(codes, key=order.index, default=None)


def words_of(text: str) -> list[str]:
    """The words of a text, folded."""
    return _WORD.findall(text.casefold())
