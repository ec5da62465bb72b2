"""How many parts a text message has (3GPP TS 23.038): 160 or 153 letters of the basic alphabet, else 70 or 67. Pure."""

from typing import Final

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_TWICE: Final = frozenset("^{}\\[~]|€\f")
_ONE, _MORE = (160, 70), (153, 67)


def parts(text: str) -> int:
    """How many parts a gateway bills and sends."""
    basic = all(letter in _BASIC or letter in _TWICE for letter in text)
    length = _basic_length(text) if basic else len(text.encode("utf-16-be")) // 2
    one, more = _ONE[not basic], _MORE[not basic]
    return 1 if length <= one else -(-length // more)


def _basic_length(text: str) -> int:
    return sum(2 if letter in _TWICE else 1 for letter in text)
