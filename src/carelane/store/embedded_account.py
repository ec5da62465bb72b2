"""Which operating-system account runs the embedded server. PostgreSQL refuses to run as root."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Required, TypedDict

SYSTEM_USER = "carelane"
_FALLBACKS = ("postgres", "nobody")


class Spawn(TypedDict, total=False):
    """Arguments of `subprocess.Popen` that change the account."""

    user: Required[int | None]
    group: Required[int | None]
    extra_groups: list[int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user and group; `other` says that it is not the one we run as ourselves."""

    name: str
    uid: int
    gid: int
    other: bool

    def spawn(self) -> Spawn:
        """What to give to `subprocess` so that the child runs as this account."""
        if not self.other:
            return {"user": None, "group": None, "extra_groups": None}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def reaches(self, folder: Path) -> bool:
        """Whether this account can enter `folder`, as the kernel (not a look at mode bits) says."""
        if not folder.is_dir():
            return False
        answer = subprocess.run(  # noqa: S603  # our own arguments
            ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)],
            check=False,
            capture_output=True,
            cwd="/",
            **self.spawn(),
        )
        return answer.returncode == 0

    def give(self, path: Path) -> None:
        """Make this account the owner of a file or folder that we just made."""
        if self.other:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def server_account() -> Account | None:
    """Ourselves, or as root the system user `carelane` (made if missing); None if there is none."""
    if os.geteuid() != 0:
        return _known_uid(os.geteuid())
    found = _named(SYSTEM_USER)
    if found is None and _made():
        found = _named(SYSTEM_USER)
    for name in _FALLBACKS:
        found = found or _named(name)
    return found


def _made() -> bool:
    program = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if program is None:
        return False
    shell = "/usr/sbin/nologin"
    arguments = [
        program,
        "--system",
        "--no-create-home",
        "--user-group",
        "--shell",
        shell,
        SYSTEM_USER,
    ]
    answer = subprocess.run(arguments, check=False, capture_output=True)  # noqa: S603  # constants
    return answer.returncode in (0, 9)  # 9: another process made it just now


def _named(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    if entry.pw_uid == 0:
        return None
    return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid, other=True)


def _known_uid(uid: int) -> Account | None:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return None
    return Account(name=entry.pw_name, uid=uid, gid=os.getegid(), other=False)
