"""Keyed hashes: comparing and finding without the value in clear (SEMANTICS 11, blind indexes).

HMAC-SHA256, cut to 128 bits, in hex. Each kind of token has its own domain, so that a birth date's
token never equals another field's. Searching needs at least two kinds: one alone would list families.
"""

import hashlib
import hmac
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import zip_longest

_BYTES = 16
_PHONE_DIGITS = 10  # without country code and trunk prefix, which senders write or leave out
LEAST_KINDS = 2
SEARCHED = ("family", "given", "birth_date", "phone", "identifier")


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchTerms:
    """What a person is stored or looked for by, in clear; empty where unknown. Never printed."""

    family: Sequence[str] = field(default=(), repr=False)
    given: Sequence[str] = field(default=(), repr=False)
    birth_date: date | None = field(default=None, repr=False)
    phones: Sequence[str] = field(default=(), repr=False)
    identifiers: Sequence[str] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TooFewTerms:
    """A search was refused: it names fewer than two kinds of term."""

    given: int
    least: int = LEAST_KINDS


class Tokens:
    """Makes tokens with one organisation's token key, which rotation never changes."""

    __slots__ = ("_key", "_words")

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._words: dict[tuple[str, str], str] = {}

    def of(self, kind: str, *parts: str) -> str:
        """The token of `parts` in the domain `kind`: 32 hex digits."""
        text = "\x1f".join((kind, *parts))
        return hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), "sha256")[
            :_BYTES
        ].hex()

    def identifier(self, authority: str, value: str) -> str:
        """A source identifier, exactly as sent but for surrounding spaces."""
        return self.of("identity", authority.strip(), value.strip())

    def correlation(self, name: str, value: str) -> str:
        """A correlation key (`placer_order`, `appointment`): exactly as sent but for surrounding spaces."""
        return self.of("key", name, value.strip())

    def control(self, connection: str, value: str) -> str:
        """A message's control id on its connection."""
        return self.of("control", connection, value)

    def word(self, kind: str, value: str) -> str:
        """The token of a word from a short closed list (a sex): hashed once in a process."""
        token = self._words.get((kind, value))
        if token is None:
            token = self._words[kind, value] = self.of(kind, value)
        return token

    def stored(self, terms: SearchTerms) -> Mapping[str, tuple[str, ...]]:
        """The tokens under which a subject can be found, by kind, in the order of the terms."""
        found: dict[str, dict[str, None]] = {}
        for kind, value in _values(terms):
            found.setdefault(kind, {})[self.of(f"search.{kind}", value)] = None
        return {kind: tuple(tokens) for kind, tokens in found.items()}

    def sought(self, terms: SearchTerms) -> Mapping[str, tuple[str, ...]] | TooFewTerms:
        """The tokens that a hit must have all of, or a refusal."""
        found = self.stored(terms)
        return found if len(found) >= LEAST_KINDS else TooFewTerms(given=len(found))


SearchRow = tuple[int, *tuple[str | None, ...]]


def search_rows(found: Mapping[str, tuple[str, ...]]) -> list[SearchRow]:
    """Tokens as rows of `subject_token`: the first of every kind stand together, then the second ones, ...

    Each row begins with a mark of what it says, so that the same tokens are stored once for a subject.
    """
    return [(_mark(row), *row) for row in zip_longest(*(found.get(kind, ()) for kind in SEARCHED))]


def _mark(row: Iterable[str | None]) -> int:
    text = ",".join(token or "" for token in row)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), signed=True)


def plain_name(text: str) -> str:
    """A name without case, accents, spaces and punctuation: `O'Brien-Núñez` is `obriennunez`."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in decomposed if letter.isalpha())


def plain_phone(text: str) -> str:
    """The last ten digits, whatever the spelling."""
    return "".join(sign for sign in text if sign in "0123456789")[-_PHONE_DIGITS:]


def plain_identifier(text: str) -> str:
    """An identifier as people type it: letters and digits, in capitals."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", text) if sign.isalnum()).upper()


def _values(terms: SearchTerms) -> Iterable[tuple[str, str]]:
    yield from (("family", plain) for name in terms.family if (plain := plain_name(name)))
    yield from (("given", plain) for name in terms.given if (plain := plain_name(name)))
    if terms.birth_date is not None:
        yield "birth_date", terms.birth_date.isoformat()
    yield from (("phone", plain) for phone in terms.phones if (plain := plain_phone(phone)))
    yield from (
        ("identifier", plain) for value in terms.identifiers if (plain := plain_identifier(value))
    )
