"""Signed checkpoints: the note's form, keys, chains and forks (I14)."""

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from carelane.audit.actions import Tree
from carelane.audit.checkpoint import (
    Checkpoint,
    check_chain,
    notes,
    origin,
    read,
    read_verifier_key,
    sign,
    verifier_key,
)
from carelane.audit.tree import leaf_hash, root
from carelane.facts.ids import derive

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
NAME = origin(derive(datetime(2026, 1, 1, tzinfo=UTC), "northgate"), Tree.AUDIT)
HASHES = [leaf_hash(bytes([number])) for number in range(9)]


def checkpoint(size: int) -> Checkpoint:
    return Checkpoint(origin=NAME, size=size, root=root(HASHES[:size]))


def test_a_checkpoint_reads_back() -> None:
    """What is signed is what is read, and the note has the form of C2SP."""
    note = sign(checkpoint(5), KEY)
    assert read(note, name=NAME, key=KEY.public_key()) == checkpoint(5)
    lines = note.split("\n")
    assert (lines[0], lines[1], lines[3]) == (NAME, "5", "")
    assert lines[4].startswith(f"\N{EM DASH} {NAME} ")


def test_a_verifier_key_is_one_line_and_reads_back() -> None:
    """The line to hand to compliance."""
    line = verifier_key(NAME, KEY.public_key())
    found = read_verifier_key(line)
    assert found is not None
    assert (found[0], found[1].public_bytes_raw()) == (NAME, KEY.public_key().public_bytes_raw())
    assert read_verifier_key(line.replace("+", "-", 1)) is None
    assert read_verifier_key(line[:-8] + "AAAAAAA=") is None


@pytest.mark.invariant("I14")
def test_any_flipped_bit_of_a_note_is_refused() -> None:
    """Text, size, root, signer or signature: one changed character and it is no checkpoint of ours."""
    note = sign(checkpoint(5), KEY)
    for place, sign_ in enumerate(note.rstrip("\n")):
        changed = note[:place] + ("A" if sign_ != "A" else "B") + note[place + 1 :]
        assert read(changed, name=NAME, key=KEY.public_key()) is None, place


def test_another_key_or_another_log_is_refused() -> None:
    """A note is of one log and one key."""
    note = sign(checkpoint(5), KEY)
    assert read(note, name=NAME, key=OTHER.public_key()) is None
    assert read(note, name="carelane/elsewhere/audit", key=KEY.public_key()) is None


def test_a_witness_may_sign_too() -> None:
    """Signatures of others are ignored, before and after ours."""
    text, _, ours = sign(checkpoint(5), KEY).partition("\n\n")
    witness = f"\N{EM DASH} witness.example {'A' * 92}\n"
    for signatures in (witness + ours, ours + witness):
        assert read(f"{text}\n\n{signatures}", name=NAME, key=KEY.public_key()) == checkpoint(5)


def test_a_file_of_notes_is_split_at_their_signatures() -> None:
    """Notes are appended one after the other, with or without an empty line between."""
    kept = [sign(checkpoint(size), KEY) for size in (2, 5, 9)]
    assert notes("".join(kept)) == tuple(kept)
    assert notes("\n".join(kept)) == tuple(kept)
    assert notes("") == ()


@pytest.mark.invariant("I14")
def test_a_chain_gives_its_sizes_and_shows_forks() -> None:
    """A forged note is named; two roots of one size are a fork."""
    good = [sign(checkpoint(size), KEY) for size in (5, 2, 5)]
    chain, problems = check_chain(good, name=NAME, key=KEY.public_key())
    assert ([each.size for each in chain], problems) == ([2, 5], ())
    fork = sign(Checkpoint(origin=NAME, size=5, root=HASHES[0]), KEY)
    forged = sign(checkpoint(9), OTHER)
    _, problems = check_chain([*good, fork, forged], name=NAME, key=KEY.public_key())
    assert [problem.place for problem in problems] == ["checkpoint 4", "checkpoint 5"]
