"""Private files are there whole or not at all, also for who looks, or is ended, while one is made."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from carelane.engine.sequencer import AuditKeyDamaged, open_notary
from carelane.store.private_file import write, write_once

FIRST, SECOND = b"first, and longer", b"second"
Write = Callable[[Path, bytes], None]


class Ended(BaseException):
    """The process was killed here."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "secret"


def _during(monkeypatch: pytest.MonkeyPatch, what: Callable[[], object]) -> None:
    """Do this once, while the content is written and not yet in its place."""
    sync = os.fsync

    def once(descriptor: int) -> None:
        monkeypatch.setattr(os, "fsync", sync)
        what()
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", once)


@pytest.mark.parametrize("how", [write, write_once])
def test_it_is_whole_and_only_its_owner_reads_it(file: Path, how: Write) -> None:
    how(file, FIRST)
    assert file.read_bytes() == FIRST
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_it_takes_the_place_of_what_was_there_or_leaves_it(file: Path) -> None:
    write_once(file, FIRST)
    with pytest.raises(FileExistsError):
        write_once(file, SECOND)
    assert file.read_bytes() == FIRST
    write(file, SECOND)
    assert file.read_bytes() == SECOND
    assert list(file.parent.iterdir()) == [file]


def test_who_looks_while_it_is_written_sees_what_was_there(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []
    write(file, FIRST)
    _during(monkeypatch, lambda: seen.append(file.read_bytes()))
    write(file, SECOND)
    assert (seen, file.read_bytes()) == ([FIRST], SECOND)


@pytest.mark.parametrize("how", [write, write_once])
def test_who_is_ended_while_writing_leaves_no_part_of_it(
    file: Path, monkeypatch: pytest.MonkeyPatch, how: Write
) -> None:
    def end() -> None:
        raise Ended

    _during(monkeypatch, end)
    with pytest.raises(Ended):
        how(file, FIRST)
    assert not file.exists()


def test_two_that_begin_at_once_sign_with_one_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key of the audit tree: whoever was first made it, and nobody reads a part of it."""
    keys: list[Ed25519PrivateKey] = []

    def opened() -> None:
        keys.append(open_notary(tmp_path / "audit", tmp_path / "audit.key").key)

    _during(monkeypatch, opened)
    opened()
    first, second = (each.private_bytes_raw() for each in keys)
    assert first == second


def test_a_damaged_key_of_the_audit_tree_is_named_with_its_remedy(tmp_path: Path) -> None:
    """As a process left it that an older Carelane ended between the first byte and the last."""
    (tmp_path / "audit.key").write_bytes(b"")
    with pytest.raises(AuditKeyDamaged, match=r"audit\.key .* Remedy: restore it"):
        open_notary(tmp_path / "audit", tmp_path / "audit.key")
