"""Keys: a key-encryption key (KEK) outside the database wraps the organisation's, that wraps all others.

A message has a key of its own, wrapped by the organisation's at receive and by its source identity's
once that is known. All else of a patient is sealed by the source identity's key, so a merge changes no
ciphertext, and destroying the wrapped keys of a subject's identities shreds everything (SEMANTICS 11).
`sealing.py` does the encryption, `keyring.py` keeps the organisation's wrapped keys in the database.
"""

import contextlib
import hashlib
import json
import os
import stat
from base64 import b64decode, b64encode
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, Self
from uuid import UUID

from carelane.facts.errors import SetupFault
from carelane.store import private_file
from carelane.store.sealing import KEY_BYTES, DataKey, new_key, place, sealed_by
from carelane.store.tokens import Tokens

_CACHED = 1_000  # unwrapped keys kept in memory: 2.7 KB each, most of it in OpenSSL


class KeyFault(SetupFault):
    """The key file is missing, unsafe or damaged; without it nothing sealed can be read. Restore it."""

    code = "keys"


class FileKeyExists(KeyFault):
    """There is a key file already, and it may be in use; open that one."""

    code = "key-file-exists"


class KeyProvider(Protocol):
    """Where key-encryption keys live: a file, an HSM, a KMS. Never in the database."""

    def wrap(self, name: bytes, key: DataKey) -> bytes:
        """Wrap with the current version."""

    def unwrap(self, name: bytes, wrapped: bytes, *, identifier: bytes) -> DataKey:
        """Unwrap with the version that the header names."""

    def is_current(self, wrapped: bytes) -> bool:
        """Whether the current version wrapped it; if not, rotation re-wraps it."""


class FileKeys:
    """Key-encryption keys in a file (0600, JSON), each with a version; the newest wraps."""

    def __init__(self, path: Path, keys: Mapping[int, DataKey]) -> None:
        self._path = path
        self._keys = dict(keys)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read the file.

        Raises:
            KeyFault: missing, readable by others, or not a key file.
        """
        try:
            mode = path.stat().st_mode
            text = path.read_text(encoding="ascii")
        except (OSError, ValueError) as fault:
            raise KeyFault(
                f"the key file {path} can't be read ({type(fault).__name__}); restore it"
            ) from None
        if stat.S_IMODE(mode) & 0o077:
            raise KeyFault(f"the key file {path} is open to others. Remedy: chmod 600 {path}")
        try:
            return cls(path, {version: _kek(version, key) for version, key in _read(text).items()})
        except (ValueError, KeyError, TypeError, AttributeError):
            raise KeyFault(
                f"{path} is not a key file of Carelane; restore it from its backup"
            ) from None

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make a new file with one key; refuses to overwrite."""
        _write(path, {1: os.urandom(KEY_BYTES)}, replace=False)
        return cls.open(path)

    @classmethod
    def open_or_create(cls, path: Path) -> Self:
        """Read the file, or make it; of processes that start together, one makes it and all read it."""
        if not path.exists():
            with contextlib.suppress(FileKeyExists):
                return cls.create(path)
        return cls.open(path)

    def rotate(self) -> int:
        """Add a key and use it from now on; its version. Old ones stay until nothing is wrapped by them."""
        raw = _read(self._path.read_text(encoding="ascii"))
        version = max(raw) + 1
        raw[version] = os.urandom(KEY_BYTES)
        _write(self._path, raw, replace=True)
        self._keys[version] = _kek(version, raw[version])
        return version

    def wrap(self, name: bytes, key: DataKey) -> bytes:
        """Wrap with the newest key."""
        return self._keys[max(self._keys)].wrap(name, key)

    def unwrap(self, name: bytes, wrapped: bytes, *, identifier: bytes) -> DataKey:
        """Unwrap with the key that the header names."""
        wanted = sealed_by(wrapped)
        for key in self._keys.values():
            if key.id == wanted:
                return key.unwrap(name, wrapped, identifier=identifier)
        raise KeyFault(
            f"the key file {self._path} lacks the key {wanted.hex()}; restore the newest one, or copy the first host's"
        )

    def is_current(self, wrapped: bytes) -> bool:
        """Whether the newest key wrapped it."""
        return sealed_by(wrapped) == self._keys[max(self._keys)].id


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapped:
    """A new key and its wrapped form, to be stored beside what it seals."""

    key: DataKey
    wrapped: bytes = field(repr=False)


class OrganisationKeys:
    """One organisation's keys in one process: makes, wraps, unwraps and caches. No I/O.

    `versions` are the organisation's own keys by version; `own` wraps and seals (the newest, if it isn't given), and
    all of them open.
    """

    def __init__(
        self,
        organisation: UUID,
        *,
        versions: Mapping[int, DataKey],
        tokens: Tokens,
        own: int = 0,
    ) -> None:
        self.organisation = organisation
        self.tokens = tokens
        self.version = own or max(versions)
        self.own = versions[self.version]
        self._own = {key.id: key for key in versions.values()}
        self._cache: OrderedDict[tuple[UUID, bytes], DataKey] = OrderedDict()

    def new_message_key(self, message: UUID) -> Wrapped:
        """A key for one message, wrapped by the organisation's."""
        return self._new("message", message)

    def new_identity_key(self, identity: UUID) -> Wrapped:
        """A key for one source identity, wrapped by the organisation's."""
        return self._new("identity", identity)

    def identity_key(self, identity: UUID, wrapped: bytes | None) -> DataKey | None:
        """The source identity's key; None once `wrapped` was destroyed, whatever is still cached."""
        return None if wrapped is None else self._unwrapped("identity", identity, wrapped, None)

    def message_key(
        self, message: UUID, wrapped: bytes | None, *, identity: DataKey | None
    ) -> DataKey | None:
        """The message's key; None once it, or the identity's key that wraps it, was destroyed."""
        if wrapped is None or (sealed_by(wrapped) not in self._own and identity is None):
            return None
        return self._unwrapped("message", message, wrapped, identity)

    def hand_over(self, message: UUID, wrapped: bytes, *, identity: DataKey) -> bytes:
        """The message's key re-wrapped to its source identity's: from then on it is shredded with it."""
        name = self._name("message", message)
        return identity.wrap(name, self._unwrapped("message", message, wrapped, identity))

    def rewrap(self, kind: str, row: UUID, wrapped: bytes) -> bytes | None:
        """`wrapped` under the organisation's newest key, or None if nothing is to be done.

        `kind` is `message` or `identity`. What an identity's key wraps needs no re-wrapping.
        """
        if sealed_by(wrapped) not in self._own or sealed_by(wrapped) == self.own.id:
            return None
        return self.own.wrap(self._name(kind, row), self._unwrapped(kind, row, wrapped, None))

    def older(self) -> list[bytes]:
        """The public ids of the organisation's keys that the newest has replaced."""
        return [identifier for identifier in self._own if identifier != self.own.id]

    def opener(self, sealed: bytes) -> DataKey | None:
        """The organisation's own key that sealed it, of whatever version."""
        return self._own.get(sealed_by(sealed))

    def forget(self) -> None:
        """Drop all cached keys: after a shredding."""
        self._cache.clear()

    def _new(self, kind: str, row: UUID) -> Wrapped:
        key = new_key(_key_id(kind, row))
        wrapped = self.own.wrap(self._name(kind, row), key)
        self._keep((row, wrapped), key)
        return Wrapped(key=key, wrapped=wrapped)

    def _unwrapped(self, kind: str, row: UUID, wrapped: bytes, identity: DataKey | None) -> DataKey:
        found = self._cache.get((row, wrapped))
        if found is not None:
            self._cache.move_to_end((row, wrapped))
            return found
        by = self._own.get(sealed_by(wrapped)) or identity or self.own
        key = by.unwrap(self._name(kind, row), wrapped, identifier=_key_id(kind, row))
        self._keep((row, wrapped), key)
        return key

    def _keep(self, name: tuple[UUID, bytes], key: DataKey) -> None:
        self._cache[name] = key
        if len(self._cache) > _CACHED:
            self._cache.popitem(last=False)

    def _name(self, kind: str, row: UUID) -> bytes:
        return place(self.organisation, kind, row, "key")


def organisation_key_id(organisation: UUID, purpose: str, version: int) -> bytes:
    """The public id of an organisation's key."""
    return hashlib.sha256(b"%b|%b|%d" % (organisation.bytes, purpose.encode(), version)).digest()[
        :8
    ]


def _key_id(kind: str, row: UUID) -> bytes:
    return hashlib.sha256(b"%b|%b" % (kind.encode(), row.bytes)).digest()[:8]


def _kek(version: int, key: bytes) -> DataKey:
    # The id holds a digest of the key: a file of another site is told from a damaged one.
    return DataKey(version.to_bytes(2, "big") + hashlib.sha256(b"kek" + key).digest()[:6], key)


def _read(text: str) -> dict[int, bytes]:
    keys = {int(version): b64decode(key) for version, key in json.loads(text)["keys"].items()}
    if not keys or any(len(key) != KEY_BYTES for key in keys.values()):
        raise ValueError
    return keys


def _write(path: Path, keys: Mapping[int, bytes], *, replace: bool) -> None:
    text = json.dumps(
        {"keys": {str(v): b64encode(k).decode() for v, k in sorted(keys.items())}}, indent=1
    )
    try:
        (private_file.write if replace else private_file.write_once)(path, text.encode())
    except FileExistsError:  # another process was first: its key may be in use
        raise FileKeyExists(f"{path} exists; a key file is never overwritten") from None
