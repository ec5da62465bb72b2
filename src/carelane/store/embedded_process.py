"""A postmaster as a process: found by its pid file, checked to be ours, signalled, waited for.

Works for servers that we did not start ourselves too: an orphan has no `Popen`.
"""

import contextlib
import os
import struct
import time
from dataclasses import dataclass
from pathlib import Path

_LINES = 5
_PAUSE = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Postmaster:
    """What `postmaster.pid` says: process id, port and socket folder."""

    pid: int
    port: int
    socket: Path


def read_postmaster(data: Path) -> Postmaster | None:
    """The server that `data` belongs to at the moment, or None (also while it writes the file)."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return None
    if len(lines) < _LINES or Path(lines[1]) != data:
        return None
    try:
        return Postmaster(pid=int(lines[0]), port=int(lines[3]), socket=Path(lines[4]))
    except ValueError:
        return None


def is_alive(pid: int) -> bool:
    """Whether a process exists and is more than a zombie that nobody has collected."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return True  # no /proc here: the signal's answer stands
    return state not in {"Z", "X"}


def serves(pid: int, data: Path) -> bool:
    """Whether process `pid` is a postmaster working in `data` (its working folder is the data folder)."""
    if not is_alive(pid):
        return False
    try:
        return Path(f"/proc/{pid}/cwd").resolve(strict=True) == data.resolve()
    except OSError:
        return not Path("/proc/self").exists()  # without /proc the system identifier must do


def system_identifier(data: Path) -> int:
    """The cluster's own number: the first eight bytes of `pg_control`."""
    with (data / "global" / "pg_control").open("rb") as file:
        return int(struct.unpack("=Q", file.read(8))[0])


def signal_and_wait(pid: int, number: int, *, seconds: float) -> bool:
    """Signal the postmaster and wait until it is gone; False if it still lives after `seconds`.

    Signalled anew each second: one that only just starts may not listen yet, where its parent ignores the signal.
    """
    deadline, due = time.monotonic() + seconds, 0.0
    while time.monotonic() < deadline:
        if time.monotonic() >= due:
            due = time.monotonic() + 1.0
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        if not _still_there(pid):
            return True
        time.sleep(_PAUSE)
    return False


def _still_there(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # ours: collect it, so that it doesn't stay a zombie
    return is_alive(pid)
