"""A file or folder that can't be had, or a disk that is full, is said in one line; nothing half-written is left."""

import errno
import os
import stat
from pathlib import Path

import pytest

from carelane.audit.actions import Tree
from carelane.cli import main
from carelane.cli.files import unusable
from carelane.compose import verify
from carelane.compose.house import House
from carelane.store.embedded_server import no_cluster

FULL = """\
2026-11-29 15:43:02.454 UTC [3886] FATAL:  could not extend file "base/1/2691": No space left on device
2026-11-29 15:43:02.454 UTC [3886] HINT:  Check free disk space.
child process exited with exit code 134
initdb: removing contents of data directory "/srv/data.partial"
"""


@pytest.mark.parametrize("command", ["doctor", "up"])
def test_a_home_that_is_no_folder_ends_with_its_line(
    tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was a traceback, and status 1, which means that the answer is no."""
    home = tmp_path / "home"
    home.touch()

    assert main([command, "--home", str(home)]) == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"carelane: file-unusable: {home}: ")
    assert "Remedy" in line


@pytest.mark.parametrize(
    ("number", "file", "says"),
    [
        (errno.ENOENT, "/srv/gone/x", "/srv/gone/x: No such file or directory. Remedy: name one"),
        (errno.EACCES, "/srv/x", "/srv/x: Permission denied. Remedy: name one"),
        (errno.ENOSPC, None, "No space left on device. Remedy: make room"),
        (errno.ENOSPC, "/srv/x", "/srv/x: No space left on device. Remedy: make room"),
    ],
)
def test_place_and_remedy_are_told(number: int, file: str | None, says: str) -> None:
    said = unusable(OSError(number, os.strerror(number), file))
    assert said is not None
    assert says in str(said)


def test_what_is_not_about_files_is_not_taken_for_it() -> None:
    assert unusable(ConnectionRefusedError(errno.ECONNREFUSED, "refused")) is None
    assert unusable(TimeoutError()) is None


def held(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {each.name: each.read_bytes() for each in folder.iterdir()}


async def test_an_export_that_breaks_off_leaves_the_one_before_as_it_was(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half an audit would be judged as one that somebody cut."""
    folder = tmp_path / "exports"
    folder.mkdir()
    file = folder / "audit.jsonl"
    await verify.export_audit(house, Tree.AUDIT, file)
    before = held(folder)

    def full(**_: object) -> str:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(verify, "header", full)
    for name in (file.name, "another.jsonl"):
        with pytest.raises(OSError, match="No space"):
            await verify.export_audit(house, Tree.AUDIT, folder / name)

    assert held(folder) == before


async def test_an_export_goes_into_a_pipe(house: House) -> None:
    """What is no file is written to as it is: nothing takes its place."""
    pipe = Path(os.devnull)
    await verify.export_audit(house, Tree.AUDIT, pipe)
    assert stat.S_ISCHR(pipe.stat().st_mode)  # noqa: ASYNC240  # a look at one file of the system


def test_a_full_disk_is_not_blamed_on_the_database(tmp_path: Path) -> None:
    """The last line that `initdb` says is that it cleans up."""
    full = str(no_cluster(FULL, tmp_path))
    assert "No space left on device" in full
    assert "make room" in full
    assert "CARELANE_DATABASE_URL" not in full
    other = str(
        no_cluster("initdb: error: could not access directory\ninitdb: removing x\n", tmp_path)
    )
    assert "could not access directory" in other
    assert "CARELANE_DATABASE_URL" in other
    assert "said nothing" in str(no_cluster("", tmp_path))
