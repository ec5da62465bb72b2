"""Field encryption: AES-256-GCM bound to its place, so that a swapped or moved ciphertext is refused.

A sealed value is `format (1 byte) | key id (8) | nonce (12) | ciphertext and tag`. The associated data
is organisation, table, row and column (SEMANTICS 11), and the format. `keys.py` says whose key seals what.
"""

import hmac
import os
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from carelane.facts.errors import LocalFault, SetupFault

KEY_BYTES = 32
_ID, _NONCE = 8, 12
_HEAD = 1 + _ID + _NONCE
_PLAIN, _COMPRESSED = b"\x01", b"\x02"
_SHORT = 8_192  # the window of 2**13 bytes
_LEVEL = 1  # zlib: half the size of an HL7 message at a third of the default level's time


class SealBroken(LocalFault):
    """A sealed value is not what was sealed at this place: tampered with, moved, or damaged. Restore it."""

    code = "seal-broken"


class WrongKey(SetupFault):
    """A value was sealed by another key than the one at hand: is the right key file in use?"""

    code = "wrong-key"


@dataclass(frozen=True, slots=True)
class Redacted:
    """What opening gives once the key was destroyed: the value is gone for ever, and that is intended."""

    def __bool__(self) -> bool:
        return False


REDACTED: Final = Redacted()


def place(organisation: UUID, table: str, row: UUID, column: str) -> bytes:
    """Where a sealed value belongs: the associated data of its seal."""
    return b"%b%b|%b|%b" % (organisation.bytes, row.bytes, table.encode(), column.encode())


class DataKey:
    """One 256-bit key. `id` is public: it goes into the header of what the key sealed."""

    __slots__ = ("_cipher", "_key", "id")

    def __init__(self, identifier: bytes, key: bytes) -> None:
        if len(identifier) != _ID or len(key) != KEY_BYTES:
            raise LocalFault(f"a data key has {_ID} bytes of id and {KEY_BYTES} of key")
        self.id = identifier
        self._key = key
        self._cipher = AESGCM(key)

    def seal(self, where: bytes, value: bytes, *, compress: bool = False) -> bytes:
        """Seal `value` for `place(...)`; compress what is long and repeats itself (raw messages)."""
        form = _PLAIN
        if compress:
            form, value = _COMPRESSED, _squeezed(value)
        nonce = os.urandom(_NONCE)
        return b"%b%b%b%b" % (
            form,
            self.id,
            nonce,
            self._cipher.encrypt(nonce, value, where + form),
        )

    def open(self, where: bytes, sealed: bytes) -> bytes:
        """The value that was sealed for this place.

        Raises:
            WrongKey: the header names another key.
            SealBroken: the bytes or the place are not those that were sealed.
        """
        if sealed_by(sealed) != self.id:
            raise WrongKey(f"sealed by key {sealed_by(sealed).hex()}, opened with {self.id.hex()}")
        form = sealed[:1]
        try:
            value = self._cipher.decrypt(sealed[1 + _ID : _HEAD], sealed[_HEAD:], where + form)
        except InvalidTag:
            raise SealBroken(
                f"a value sealed by key {self.id.hex()} is damaged or was moved"
            ) from None
        return zlib.decompress(value) if form == _COMPRESSED else value

    def derive(self, purpose: bytes) -> bytes:
        """A key for something else than sealing (a keyed hash), 32 bytes."""
        return hmac.digest(self._key, purpose, "sha256")

    def wrap(self, name: bytes, other: "DataKey") -> bytes:
        """`other`'s key, sealed by this one; `name` binds it to what it is for."""
        return self.seal(name, other._key)  # noqa: SLF001  # of the same class

    def unwrap(self, name: bytes, wrapped: bytes, *, identifier: bytes) -> "DataKey":
        """The key that `wrap` sealed under the same name."""
        return DataKey(identifier, self.open(name, wrapped))


def _squeezed(value: bytes) -> bytes:
    """Compressed; a short value in small buffers, because setting up the usual ones costs more than the rest."""
    if len(value) > _SHORT:
        return zlib.compress(value, _LEVEL)
    short = zlib.compressobj(_LEVEL, zlib.DEFLATED, 13, 4)
    return short.compress(value) + short.flush()


def new_key(identifier: bytes) -> DataKey:
    """A fresh random key."""
    return DataKey(identifier, os.urandom(KEY_BYTES))


def sealed_by(sealed: bytes) -> bytes:
    """The id of the key that sealed it: 8 bytes of the header."""
    if len(sealed) <= _HEAD:
        raise SealBroken(f"{len(sealed)} bytes are too few for a sealed value")
    return sealed[1 : 1 + _ID]


def seal_many(
    items: Iterable[tuple[DataKey, bytes, bytes]], *, compress: bool = False
) -> list[bytes]:
    """Seal many: (key, place, value) each."""
    return [key.seal(where, value, compress=compress) for key, where, value in items]


def open_many(items: Sequence[tuple[DataKey | None, bytes, bytes]]) -> list[bytes | Redacted]:
    """Open many: (key or None where it was destroyed, place, sealed) each."""
    return [REDACTED if key is None else key.open(where, sealed) for key, where, sealed in items]
