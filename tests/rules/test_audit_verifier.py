"""The single-file verifier, as a subprocess on exported files: the tamper table (T17, I14)."""

import base64
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from carelane.audit import export
from carelane.audit.actions import Action, Tree
from carelane.audit.checkpoint import Checkpoint, origin, sign, verifier_key
from carelane.audit.leaf import Change, Leaf, Thing, encode
from carelane.audit.recount import recount
from carelane.audit.tree import leaf_hash, root
from carelane.facts.fact import Actor
from carelane.facts.ids import name_id

SCRIPT = Path(__file__).parents[2] / "verify" / "carelane_verify.py"
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
STRANGER = Ed25519PrivateKey.from_private_bytes(b"x" * 32)
ORGANISATION = name_id("northgate")
NAME = origin(ORGANISATION, Tree.AUDIT)
START = datetime(2026, 11, 23, 8, tzinfo=UTC)
SIZES = (4, 12, 20)


def body(number: int) -> bytes:
    """A leaf per number: odd ones deliver a fact, even ones decide the fact before."""
    fact = name_id("fact", number - number % 2)
    before, after = ("", "pending") if number % 2 == 0 else ("pending", "applied")
    return encode(
        Leaf(
            id=name_id("leaf", number),
            organisation=ORGANISATION,
            at=START + timedelta(seconds=number),
            action=Action.FACT_DELIVERED if number % 2 == 0 else Action.FACT_DECIDED,
            actor=Actor.SYSTEM,
            actor_name="mllp",
            changes=(Change(thing=Thing.FACT, id=fact, before=before, after=after),),
        )
    )


BODIES = [body(number) for number in range(22)]
HASHES = [leaf_hash(each) for each in BODIES]


def note(size: int, key: Ed25519PrivateKey = KEY, hashes: Sequence[bytes] = HASHES) -> str:
    return sign(Checkpoint(origin=NAME, size=size, root=root(hashes[:size])), key)


@dataclass(frozen=True)
class Kept:
    """What the auditor has: an export, and what was kept outside the database."""

    bodies: Sequence[bytes]
    notes: Sequence[str] = tuple(note(size) for size in SIZES)
    hashes: bytes = b"".join(HASHES)
    own: Sequence[str] = ()
    numbers: Sequence[int] | None = None

    def write(self, folder: Path) -> None:
        """The three files."""
        numbers = self.numbers or range(len(self.bodies))
        lines = [export.header(origin=NAME, size=len(self.bodies))]
        lines += [
            export.leaf(tree_index=n, body=b) for n, b in zip(numbers, self.bodies, strict=True)
        ]
        lines += [export.checkpoint(each) for each in self.own]
        (folder / "audit.jsonl").write_text("".join(lines), encoding="utf-8")
        (folder / "notes.txt").write_text("\n".join(self.notes), encoding="utf-8")
        (folder / "hashes.bin").write_bytes(self.hashes)


def run(folder: Path, *extra: str, key: str = "") -> tuple[int, dict[str, Any]]:
    """The verifier's exit status and JSON, in a process that can't see our package."""
    key = key or verifier_key(NAME, KEY.public_key())
    command = [
        sys.executable,
        "-I",
        str(SCRIPT),
        "audit.jsonl",
        "--checkpoints",
        "notes.txt",
        "--key",
        key,
        "--json",
    ]
    done = subprocess.run(
        [*command, *extra], cwd=folder, capture_output=True, text=True, check=False
    )  # our own script
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


def verify(folder: Path, kept: Kept, *extra: str) -> tuple[int, dict[str, Any]]:
    kept.write(folder)
    return run(folder, *extra)


def flipped(data: bytes) -> bytes:
    """One bit of the actor's name is another."""
    at = data.index(b"mllp")
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def replaced(number: int, new: bytes) -> list[bytes]:
    return [new if n == number else each for n, each in enumerate(BODIES)]


def swapped(one: int, two: int) -> list[bytes]:
    bodies = list(BODIES)
    bodies[one], bodies[two] = bodies[two], bodies[one]
    return bodies


def test_an_untouched_audit_holds(tmp_path: Path) -> None:
    """Exit status 0, what is proved, and the four laws; leaves past the last checkpoint are said to be unproved."""
    status, answer = verify(tmp_path, Kept(BODIES), "--hashes", "hashes.bin")
    assert (status, answer["verified"], answer["findings"]) == (0, True, [])
    assert (answer["leaves"], answer["proved_until"]) == (22, 20)
    assert answer["laws"]["facts"] == {
        "pending": 0,
        "applied": 11,
        "ignored": 0,
        "held": 0,
        "parked": 0,
        "total": 11,
    }
    assert answer["root"] == base64.b64encode(root(HASHES)).decode()


def test_it_counts_as_the_package_does(tmp_path: Path) -> None:
    """Two programs, one recount."""
    _, answer = verify(tmp_path, Kept(BODIES))
    counts, problems = recount([json.loads(each) for each in BODIES])
    assert (answer["laws"], problems) == (counts.laws(), ())


TAMPERED = {
    # what was done: (the export then, code and place with hashes kept outside, stretch without them)
    "one bit": (Kept(replaced(9, flipped(BODIES[9]))), ("edited", 9, 9), (4, 11)),
    "first leaf": (Kept(replaced(0, flipped(BODIES[0]))), ("edited", 0, 0), (0, 3)),
    "deletion": (Kept([*BODIES[:9], *BODIES[10:]]), ("deleted", 9, 9), (4, 11)),
    "insertion": (Kept([*BODIES[:9], body(99), *BODIES[9:]]), ("inserted", 9, 9), (4, 11)),
    "reorder": (Kept(swapped(8, 10)), ("moved", 8, 8), (4, 11)),
    "older backup, then work went on": (
        Kept([*BODIES[:13], *(body(n) for n in range(50, 59))]),
        ("rewritten", 13, 19),
        (12, 19),
    ),
}


@pytest.mark.invariant("I14")
@pytest.mark.requirement("R96")
@pytest.mark.parametrize(("kept", "exact", "stretch"), TAMPERED.values(), ids=TAMPERED.keys())
def test_tampering_is_found_and_placed(
    tmp_path: Path, kept: Kept, exact: tuple[str, int, int], stretch: tuple[int, int]
) -> None:
    """Each kind of tampering, renumbered by a superuser so that nothing shows at first sight."""
    status, answer = verify(tmp_path, kept, "--hashes", "hashes.bin")
    places = [(each["code"], each["first_leaf"], each["last_leaf"]) for each in answer["findings"]]
    assert (status, answer["verified"]) == (1, False)
    assert exact in places
    assert ("root", *stretch) in places
    status, answer = run(tmp_path)
    assert (status, answer["proved_until"]) == (1, stretch[0])


@pytest.mark.invariant("I14")
@pytest.mark.parametrize("left", [0, 3, 12, 19])
def test_a_cut_end_or_an_older_backup_is_found(tmp_path: Path, left: int) -> None:
    """Fewer leaves than were signed: where the missing ones begin is named."""
    status, answer = verify(tmp_path, Kept(BODIES[:left]))
    assert status == 1
    assert ("truncated", left) in [
        (each["code"], each["first_leaf"]) for each in answer["findings"]
    ]


def test_what_is_past_the_last_checkpoint_can_be_lost_unseen(tmp_path: Path) -> None:
    """Said plainly in SEMANTICS 11: between a commit and the external checkpoint a superuser could remove a leaf."""
    status, answer = verify(tmp_path, Kept(BODIES[:20]))
    assert (status, answer["proved_until"]) == (0, 20)


LOCAL: dict[str, tuple[Kept, str]] = {
    "gap in numbers": (Kept(BODIES, numbers=[*range(9), *range(10, 23)]), "index"),
    "same leaf twice": (Kept([*BODIES, BODIES[3]]), "twice"),
    "not canonical": (Kept([*BODIES, BODIES[3].replace(b'":', b'": ')]), "canonical"),
    "not an object": (Kept([*BODIES, b"[]"]), "body"),
    "story broken": (Kept([*BODIES, body(51)]), "chain"),
    "checkpoint of another key": (Kept(BODIES, own=[note(20, STRANGER)]), "signature"),
    "two roots of one size": (Kept(BODIES, own=[note(20, hashes=HASHES[::-1])]), "fork"),
}  # fmt: skip


@pytest.mark.parametrize(("kept", "code"), LOCAL.values(), ids=LOCAL.keys())
def test_what_the_export_itself_gives_away(tmp_path: Path, kept: Kept, code: str) -> None:
    """Signs that need no checkpoint."""
    status, answer = verify(tmp_path, kept)
    assert status == 1
    assert code in [each["code"] for each in answer["findings"]]


def without_checkpoints(folder: Path) -> str:
    (folder / "notes.txt").write_text("", encoding="utf-8")
    return ""


def with_a_broken_key(_: Path) -> str:
    return "carelane+00000000+AAAA"


def with_the_key_of_another_log(_: Path) -> str:
    return verifier_key("carelane/elsewhere/audit", KEY.public_key())


def without_an_export(folder: Path) -> str:
    (folder / "audit.jsonl").unlink()
    return ""


@pytest.mark.parametrize(
    "break_it",
    [without_checkpoints, with_a_broken_key, with_the_key_of_another_log, without_an_export],
)
def test_what_can_not_be_checked_is_not_called_good(
    tmp_path: Path, break_it: Callable[[Path], str]
) -> None:
    """Exit status 2, with what to do; never 0."""
    Kept(BODIES).write(tmp_path)
    status, answer = run(tmp_path, key=break_it(tmp_path))
    assert (status, answer["verified"]) == (2, False)
    assert ":" in answer["error"]


def test_people_read_sentences(tmp_path: Path) -> None:
    """Without --json the answer is text that names the leaf."""
    Kept(replaced(9, flipped(BODIES[9]))).write(tmp_path)
    (tmp_path / "key").write_text(verifier_key(NAME, KEY.public_key()), encoding="utf-8")
    command = [
        sys.executable,
        "-I",
        str(SCRIPT),
        "audit.jsonl",
        "--key",
        "key",
        "--checkpoints",
        "notes.txt",
    ]
    done = subprocess.run(
        [*command, "--hashes", "hashes.bin"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )  # our own script
    assert done.returncode == 1
    assert "FOUND leaf 9: This leaf was edited" in done.stdout
    assert "the audit does NOT hold" in done.stdout
