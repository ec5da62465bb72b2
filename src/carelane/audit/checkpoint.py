"""Checkpoints: a tree's size and root, signed, as text that anyone can keep.

C2SP tlog-checkpoint inside a C2SP signed-note, Ed25519. The sequencer signs one every minute or
1,000 leaves and writes it outside the database; who holds it can prove what was there then.

    carelane/<organisation>/audit
    2731
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — carelane/<organisation>/audit Az3grlgtzPICa5OS8npVmf1M...xeMcTOAYQ8=
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from carelane.audit.actions import Tree
from carelane.audit.tree import HASH_BYTES
from carelane.facts.problem import Fault, Problem

_ED25519 = b"\x01"
_KEY_ID_BYTES = 4
_DASH = "\N{EM DASH} "
NOTE_CHARACTERS_MAX = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A tree's head: whose, how many leaves, their root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The signed part of the note."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def origin(organisation: UUID, tree: Tree) -> str:
    """The log's name, which is its key's name too."""
    return f"carelane/{organisation}/{tree.value}"


def key_id(name: str, public: bytes) -> bytes:
    """The first four bytes of the hash of name, algorithm and key (signed-note)."""
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:_KEY_ID_BYTES]


def verifier_key(name: str, public: Ed25519PublicKey) -> str:
    """The public key as one line to hand out: `name+id+key` (signed-note's vkey)."""
    raw = public.public_bytes_raw()
    return f"{name}+{key_id(name, raw).hex()}+{base64.b64encode(_ED25519 + raw).decode()}"


def read_verifier_key(text: str) -> tuple[str, Ed25519PublicKey] | None:
    """Name and key of a verifier key line, or None when it isn't one."""
    name, _, rest = text.strip().partition("+")
    identity, _, encoded = rest.partition("+")
    raw = _decoded(encoded)
    if raw is None or raw[:1] != _ED25519 or len(raw) != 1 + HASH_BYTES:
        return None
    if key_id(name, raw[1:]).hex() != identity:
        return None
    return name, Ed25519PublicKey.from_public_bytes(raw[1:])


def sign(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> str:
    """The note; the key's name is the origin."""
    public = key.public_key().public_bytes_raw()
    blob = key_id(checkpoint.origin, public) + key.sign(checkpoint.text().encode())
    return f"{checkpoint.text()}\n{_DASH}{checkpoint.origin} {base64.b64encode(blob).decode()}\n"


def read(note: str, *, name: str, key: Ed25519PublicKey) -> Checkpoint | None:
    """The checkpoint if the note is well formed and signed by this key; others are ignored."""
    text, gap, signatures = note.partition("\n\n")
    checkpoint = _parse(text + "\n") if gap and len(note) <= NOTE_CHARACTERS_MAX else None
    if checkpoint is None or checkpoint.origin != name:
        return None
    wanted = key_id(name, key.public_bytes_raw())
    for line in signatures.splitlines():
        who, _, encoded = line.removeprefix(_DASH).partition(" ")
        blob = _decoded(encoded)
        if line.startswith(_DASH) and who == name and blob is not None and blob[:4] == wanted:
            return checkpoint if _signed(key, blob[_KEY_ID_BYTES:], f"{text}\n") else None
    return None


def check_chain(
    notes: Iterable[str], *, name: str, key: Ed25519PublicKey
) -> tuple[tuple[Checkpoint, ...], tuple[Problem, ...]]:
    """The valid checkpoints by size, and what is wrong with the rest; one size, one root."""
    found: dict[int, Checkpoint] = {}
    problems: list[Problem] = []
    for number, note in enumerate(notes, start=1):
        checkpoint = read(note, name=name, key=key)
        if checkpoint is None:
            problems.append(_bad(number, "it is not signed by this key, or not well formed",
                                 "Ask who holds this copy for the original."))  # fmt: skip
        elif found.setdefault(checkpoint.size, checkpoint).root != checkpoint.root:
            problems.append(_bad(number, "another root is signed for the same size: the log forked",
                                 "Treat the audit as tampered with; keep both notes."))  # fmt: skip
    return tuple(found[size] for size in sorted(found)), tuple(problems)


def notes(text: str) -> tuple[str, ...]:
    """The notes of a file that holds several, one after the other (they are self-delimiting)."""
    found: list[str] = []
    current: list[str] = []
    for line in text.splitlines():
        if (
            current
            and any(each.startswith(_DASH) for each in current)
            and not line.startswith(_DASH)
        ):
            found.append("\n".join(current) + "\n")
            current = []
        if line or current:
            current.append(line)
    return (*found, "\n".join(current) + "\n") if current else tuple(found)


def _parse(text: str) -> Checkpoint | None:
    lines: Sequence[str] = text.split("\n")
    if len(lines) < len(("origin", "size", "root", "end")) or not lines[0]:
        return None
    size, root = lines[1], _decoded(lines[2])
    plain = size.isascii() and size.isdigit() and (size == "0" or not size.startswith("0"))
    if not plain or root is None or len(root) != HASH_BYTES:
        return None
    return Checkpoint(origin=lines[0], size=int(size), root=root)


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _signed(key: Ed25519PublicKey, signature: bytes, text: str) -> bool:
    try:
        key.verify(signature, text.encode())
    except InvalidSignature:
        return False
    return True


def _bad(number: int, message: str, remedy: str) -> Problem:
    return Problem(
        code="audit.checkpoint",
        place=f"checkpoint {number}",
        message=f"This checkpoint can't be trusted: {message}.",
        remedy=remedy,
        fault=Fault.SITE,
    )
