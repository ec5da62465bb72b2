#!/usr/bin/env python3
"""Verify an exported Carelane audit, with nothing of Carelane: Python 3.11 and `cryptography` are enough.

    carelane_verify.py EXPORT --key KEY_OR_FILE --checkpoints FILE [--hashes FILE] [--json]

EXPORT is what `carelane audit export` wrote: JSON lines, a header, then leaves and checkpoints.
--key is the verifier key line (`name+id+base64`), or a file with it. --checkpoints are the notes you
hold OUTSIDE the database, one after the other; only they prove anything: what the export says of
itself could have been written by whoever changed it. --hashes is the file of leaf hashes (32 bytes
each) kept beside the checkpoints; with it the very leaf is named, without it the stretch between two
checkpoints. Found and placed: a leaf edited, deleted, inserted or moved, an end cut off before the
last external checkpoint, and a database put back to an older state. Then the four laws of
conservation are counted again from the leaves alone.

Exit status: 0 all holds; 1 something was found; 2 it could not be checked (no key, no file, no
external checkpoint). Standards: RFC 6962 (tree), C2SP tlog-checkpoint and signed-note, RFC 8785.
"""

import argparse
import base64
import binascii
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None

FORMAT = "carelane-audit-1"
DASH = "\N{EM DASH} "
HASH_BYTES = 32
FINDINGS_MAX = 200
LAWS = {
    "message": ("messages", ("pending", "facts", "no mapping", "quarantined", "rejected")),
    "fact": ("facts", ("pending", "applied", "ignored", "held", "parked")),
    "case": ("cases", ("open", "closed")),
    "effect": ("effects", ("ready", "sending", "unknown", "done", "withdrawn", "dead")),
}


class Unusable(Exception):
    """It can't be checked at all; the message says why and what to do."""


@dataclass(frozen=True)
class Finding:
    """One thing wrong: a stable code, the leaf (or stretch of leaves) and a sentence."""

    code: str
    first: int | None
    last: int | None
    message: str

    def document(self) -> dict[str, Json]:
        """For --json."""
        return {
            "code": self.code,
            "first_leaf": self.first,
            "last_leaf": self.last,
            "message": self.message,
        }

    def line(self) -> str:
        """For people."""
        if self.first is None:
            place = "audit"
        elif self.first == self.last:
            place = f"leaf {self.first}"
        else:
            place = f"leaves {self.first} to {self.last}"
        return f"FOUND {place}: {self.message} ({self.code})"


@dataclass(frozen=True)
class Checkpoint:
    """A signed head."""

    size: int
    root: bytes


# --- The tree (RFC 6962, section 2.1) ---------------------------------------------------------------------------


def leaf_hash(data: bytes) -> bytes:
    """Hash of a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


class Tree:
    """Grows leaf by leaf and keeps only its right edge, so that any number of leaves fits in memory."""

    def __init__(self) -> None:
        self.size = 0
        self._edge: list[bytes] = []

    def append(self, node: bytes) -> None:
        """Take one leaf hash."""
        rest = self.size
        while rest & 1:
            node = hashlib.sha256(b"\x01" + self._edge.pop() + node).digest()
            rest >>= 1
        self._edge.append(node)
        self.size += 1

    def root(self) -> bytes:
        """The root of what was taken so far."""
        if not self._edge:
            return hashlib.sha256().digest()
        node = self._edge[-1]
        for left in reversed(self._edge[:-1]):
            node = hashlib.sha256(b"\x01" + left + node).digest()
        return node


# --- Keys and notes (C2SP signed-note, tlog-checkpoint) ---------------------------------------------------------


def decoded(text: str) -> bytes | None:
    """Base64, or None."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


class Key:
    """A verifier key: name, id and Ed25519 public key."""

    def __init__(self, line: str) -> None:
        self.name, _, rest = line.strip().partition("+")
        identity, _, encoded = rest.partition("+")
        raw = decoded(encoded) or b""
        self._id = hashlib.sha256(self.name.encode() + b"\n" + raw).digest()[:4]
        if raw[:1] != b"\x01" or len(raw) != 1 + HASH_BYTES or self._id.hex() != identity:
            raise Unusable(
                "the key is not a verifier key line (name+id+base64): ask compliance for the original"
            )
        self._public = Ed25519PublicKey.from_public_bytes(raw[1:])

    def read(self, note: str) -> Checkpoint | None:
        """The checkpoint, if this key signed the note."""
        text, _, signatures = note.partition("\n\n")
        lines = text.split("\n")
        root = decoded(lines[2]) if len(lines) > 2 else None  # noqa: PLR2004  # origin, size, root
        if (
            root is None
            or len(root) != HASH_BYTES
            or lines[0] != self.name
            or not lines[1].isdecimal()
        ):
            return None
        for line in signatures.splitlines():
            name, _, encoded = line.removeprefix(DASH).partition(" ")
            blob = decoded(encoded) or b""
            if line.startswith(DASH) and name == self.name and blob[:4] == self._id:
                return Checkpoint(int(lines[1]), root) if self._signed(blob[4:], text) else None
        return None

    def _signed(self, signature: bytes, text: str) -> bool:
        try:
            self._public.verify(signature, f"{text}\n".encode())
        except InvalidSignature:
            return False
        return True


def notes(text: str) -> Iterator[str]:
    """The notes of a file that holds several, one after the other."""
    current: list[str] = []
    signed = False
    for line in text.splitlines():
        if signed and not line.startswith(DASH):
            yield "\n".join(current) + "\n"
            current, signed = [], False
        if line or current:
            current.append(line)
        signed = signed or line.startswith(DASH)
    if current:
        yield "\n".join(current) + "\n"


# --- The four laws -------------------------------------------------------------------------------------------------


@dataclass
class Ledger:
    """Follows each message, fact, case and effect from state to state."""

    state: dict[str, dict[str, str]] = field(default_factory=lambda: {thing: {} for thing in LAWS})
    repeats: int = 0

    def take(self, leaf: Mapping[str, Json]) -> Iterator[str]:
        """Follow one leaf's changes; yields what does not add up."""
        changes = leaf.get("changes")
        if not isinstance(changes, list):
            yield "it has no list of changes"
            return
        for change in changes:
            if not isinstance(change, list) or len(change) not in (4, 5):
                yield "a change is [thing, id, from, to]"
            elif change[0] == "repeat":
                self.repeats += 1
            elif change[0] in LAWS:
                yield from self._move(*(str(part) for part in change[:4]))

    def _move(self, thing: str, id_: str, before: str, after: str) -> Iterator[str]:
        stood = self.state[thing].get(id_, "")
        if after not in LAWS[thing][1]:
            yield f"a {thing} can't be `{after}`"
            return
        if stood != before:
            yield f"the {thing} was `{stood or 'unknown'}`, not `{before or 'unknown'}`"
        self.state[thing][id_] = after

    def laws(self) -> dict[str, dict[str, int]]:
        """The four laws, each with its total."""
        found: dict[str, dict[str, int]] = {}
        for thing, (law, names) in LAWS.items():
            counted = Counter(self.state[thing].values())
            found[law] = {
                **{name: counted[name] for name in names},
                "total": len(self.state[thing]),
            }
        return found


# --- Verifying -----------------------------------------------------------------------------------------------------


@dataclass
class Verification:
    """One run over an export."""

    key: Key
    external: dict[int, bytes]
    trusted: Sequence[bytes]  # leaf hashes kept outside, already held against the checkpoints
    tree: Tree = field(default_factory=Tree)
    ledger: Ledger = field(default_factory=Ledger)
    findings: list[Finding] = field(default_factory=list)
    good_until: int = 0
    spoiled: bool = False
    hashes: list[bytes] = field(default_factory=list)
    ids: dict[str, int] = field(default_factory=dict)
    claimed: int | None = None
    shift: int | None = 0

    def found(self, code: str, first: int | None, last: int | None, message: str) -> None:
        """Note a finding."""
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(Finding(code, first, last, message))

    def line(self, number: int, text: str) -> None:
        """One line of the export."""
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            self.found(
                "unreadable", None, None, f"Line {number} of the export is not a JSON object."
            )
        elif "body" in value:
            self.leaf(value)
        elif "checkpoint" in value:
            self.own_checkpoint(number, str(value["checkpoint"]))
        elif "format" in value:
            self.header(value)
        else:
            self.found(
                "unreadable",
                None,
                None,
                f"Line {number} of the export is no leaf and no checkpoint.",
            )

    def header(self, value: Mapping[str, Json]) -> None:
        """The first line."""
        if value.get("format") != FORMAT:
            raise Unusable(f"the export is not of format {FORMAT}: get the verifier of its version")
        if value.get("origin") != self.key.name:
            raise Unusable("the export is of another log than the key: check organisation and tree")
        size = value.get("size")
        self.claimed = size if isinstance(size, int) else None

    def leaf(self, value: Mapping[str, Json]) -> None:
        """One leaf, in tree order."""
        place, body = self.tree.size, str(value["body"])
        if value.get("tree_index") != place:
            self.found(
                "index",
                place,
                place,
                f"It should be number {place}, and says {value.get('tree_index')}.",
            )
        self.hashes.append(leaf_hash(body.encode("utf-8", "surrogatepass")))
        self.tree.append(self.hashes[-1])
        self.content(place, body)
        if self.tree.size in self.external:
            self.compare(self.tree.size)

    def number(self, place: int, index: Json) -> None:
        """The leaf's own number; a shift is told once, where it begins."""
        shift = index - place if isinstance(index, int) else None
        if shift != self.shift:
            self.found("index", place, place, f"It should be number {place}, and says {index}.")
            self.shift = shift

    def content(self, place: int, body: str) -> None:
        """What the leaf says: canonical form, id, and its changes."""
        try:
            leaf = json.loads(body)
        except ValueError:
            leaf = None
        if not isinstance(leaf, dict):
            self.found("body", place, place, "Its body is not a JSON object.")
            return
        if json.dumps(leaf, sort_keys=True, separators=(",", ":"), ensure_ascii=False) != body:
            self.found(
                "canonical",
                place,
                place,
                "Its body is not in canonical form, so Carelane did not write it.",
            )
        earlier = self.ids.setdefault(str(leaf.get("id")), place)
        if earlier != place:
            self.found(
                "twice",
                place,
                place,
                f"It has the id of leaf {earlier}: it was inserted or copied.",
            )
        for message in self.ledger.take(leaf):
            self.found("chain", place, place, f"The story does not add up: {message}.")

    def own_checkpoint(self, number: int, note: str) -> None:
        """A checkpoint inside the export: it must at least be signed and agree with ours."""
        checkpoint = self.key.read(note)
        if checkpoint is None:
            self.found(
                "signature",
                None,
                None,
                f"The checkpoint in line {number} is not signed by this key.",
            )
        elif self.external.get(checkpoint.size, checkpoint.root) != checkpoint.root:
            self.found(
                "fork", None, None, f"Two different roots are signed for {checkpoint.size} leaves."
            )

    def compare(self, size: int) -> None:
        """Hold the tree of this size against the external checkpoint."""
        if self.tree.root() == self.external[size]:
            self.good_until = max(self.good_until, size)
        elif not self.spoiled:
            self.spoiled = True
            message = "They are not what was signed: something here was edited, deleted, inserted or moved."
            self.found("root", self.good_until, size - 1, message)

    def finish(self) -> None:
        """What only the end can tell."""
        size = self.tree.size
        if self.claimed is not None and self.claimed != size:
            self.found(
                "length",
                None,
                None,
                f"The header promises {self.claimed} leaves, there are {size}.",
            )
        last = max(self.external)
        if size < last:
            self.found("truncated", size, last - 1,
                       f"{last} leaves were signed and only {size} are here: the end was cut off, or an older backup "
                       "was put back.")  # fmt: skip
        self.locate()

    def locate(self) -> None:
        """With the hashes kept outside: which leaf exactly, and what happened to it."""
        ours, theirs = self.hashes, self.trusted
        end = min(len(ours), len(theirs))
        first = next((i for i in range(end) if ours[i] != theirs[i]), None)
        if first is None:
            return
        where = {digest: i for i, digest in enumerate(theirs)}
        here = where.get(ours[first])
        if ours[first + 1 : end] == theirs[first + 1 : end] and len(ours) >= end:
            self.found("edited", first, first, "This leaf was edited; all others are as signed.")
        elif here is not None and sorted(ours[:end]) == sorted(theirs[:end]):
            self.found(
                "moved", first, first, f"The leaf that was signed as number {here} stands here."
            )
        elif here is not None and ours[first] == theirs[min(first + 1, len(theirs) - 1)]:
            self.found(
                "deleted",
                first,
                first,
                "The leaf signed as this number is gone; the next one stands here.",
            )
        elif ours[first + 1 : first + 2] == [theirs[first]]:
            self.found(
                "inserted", first, first, "This leaf was never signed: it was inserted here."
            )
        else:
            self.found(
                "rewritten", first, end - 1, "From here on the leaves are others than those signed."
            )

    def document(self) -> dict[str, Json]:
        """The whole answer."""
        return {
            "verified": not self.findings,
            "origin": self.key.name,
            "leaves": self.tree.size,
            "proved_until": self.good_until,
            "external_checkpoints": len(self.external),
            "root": base64.b64encode(self.tree.root()).decode(),
            "laws": self.ledger.laws(),
            "repeats": self.ledger.repeats,
            "findings": [finding.document() for finding in self.findings],
        }


def external_checkpoints(text: str, key: Key) -> tuple[dict[int, bytes], list[Finding]]:
    """The notes held outside, by size."""
    found: dict[int, bytes] = {}
    findings: list[Finding] = []
    for number, note in enumerate(notes(text), start=1):
        checkpoint = key.read(note)
        if checkpoint is None:
            findings.append(
                Finding(
                    "signature",
                    None,
                    None,
                    f"External checkpoint {number} is not signed by this key.",
                )
            )
        elif found.setdefault(checkpoint.size, checkpoint.root) != checkpoint.root:
            findings.append(
                Finding(
                    "fork",
                    None,
                    None,
                    f"Two different roots are signed for {checkpoint.size} leaves.",
                )
            )
    if not found:
        raise Unusable(
            "no external checkpoint can be used: without one nothing is proved; get the file kept outside"
        )
    return found, findings


def trusted_hashes(raw: bytes, external: Mapping[int, bytes]) -> list[bytes]:
    """Leaf hashes kept outside, as far as the checkpoints vouch for them."""
    tree, hashes, good = Tree(), list[bytes](), 0
    for start in range(0, len(raw) - HASH_BYTES + 1, HASH_BYTES):
        hashes.append(raw[start : start + HASH_BYTES])
        tree.append(hashes[-1])
        if tree.size in external:
            if tree.root() != external[tree.size]:
                break
            good = tree.size
    return hashes[:good]


def read_text(path: str) -> str:
    """A file's text, or a reason why not."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable(
            f"{path} can't be read ({type(error).__name__}): check path and rights"
        ) from error


def verify(options: argparse.Namespace) -> Verification:
    """Read everything and check it."""
    key = Key(options.key if "+" in options.key else read_text(options.key))
    external, findings = external_checkpoints(read_text(options.checkpoints), key)
    raw = Path(options.hashes).read_bytes() if options.hashes else b""
    run = Verification(key, external, trusted_hashes(raw, external), findings=findings)
    try:
        with Path(options.export).open(
            encoding="utf-8", errors="surrogateescape", newline="\n"
        ) as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    run.line(number, line)
    except OSError as error:
        raise Unusable(
            f"{options.export} can't be read ({type(error).__name__}): check path and rights"
        ) from error
    run.finish()
    return run


def report(run: Verification) -> Iterator[str]:
    """The answer for people."""
    yield f"{run.key.name}: {run.tree.size} leaves, {len(run.external)} external checkpoints"
    yield from (finding.line() for finding in run.findings)
    for law, counts in run.ledger.laws().items():
        parts = " + ".join(f"{count} {name}" for name, count in counts.items() if name != "total")
        yield f"{law}: {counts['total']} = {parts}"
    if run.tree.size > run.good_until:
        yield f"Leaves from {run.good_until} on are past the last checkpoint that holds: not proved."
    yield (
        "The audit holds."
        if not run.findings
        else f"{len(run.findings)} findings: the audit does NOT hold."
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; the exit status says the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("export", help="the exported audit, JSON lines")
    parser.add_argument("--key", required=True, help="verifier key line, or a file with it")
    parser.add_argument("--checkpoints", required=True, help="notes held outside the database")
    parser.add_argument(
        "--hashes", default="", help="leaf hashes held outside: names the very leaf"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on the last line")
    options = parser.parse_args(arguments)
    try:
        run = verify(options)
    except (Unusable, OSError) as error:
        answer = {"verified": False, "error": str(error)}
        sys.stdout.write(f"{json.dumps(answer) if options.json else f'Could not check: {error}'}\n")
        return 2
    lines = [json.dumps(run.document())] if options.json else report(run)
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 1 if run.findings else 0


if __name__ == "__main__":
    sys.exit(main())
