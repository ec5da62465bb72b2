"""How many parts a text message has (3GPP TS 23.038): 160 or 153 letters of the basic alphabet, else 70 or 67. Pure."""

import unicodedata
from typing import Final

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_TWICE: Final = frozenset("^{}\\[~]|€\f")
_MARK: Final = "Mn"  # an accent on its own, as letters are taken apart
_ONE, _MORE = (160, 70), (153, 67)


def parts(text: str) -> int:
    """How many parts a gateway bills and sends."""
    plain = all(letter in _BASIC or letter in _TWICE for letter in text)
    length = _basic_length(text) if plain else len(text.encode("utf-16-be")) // 2
    one, more = _ONE[not plain], _MORE[not plain]
    return 1 if length <= one else -(-length // more)


def basic(text: str) -> str:
    """A text with the accents left out that the basic alphabet lacks (`á`, not `é` or `ñ`): one halves a message."""
    return "".join(letter if letter in _BASIC | _TWICE else _bare(letter) for letter in text)


def _bare(letter: str) -> str:
    taken = unicodedata.normalize("NFD", letter)
    bare = "".join(one for one in taken if unicodedata.category(one) != _MARK)
    return bare if all(one in _BASIC for one in bare) else letter


def _basic_length(text: str) -> int:
    return sum(2 if letter in _TWICE else 1 for letter in text)
