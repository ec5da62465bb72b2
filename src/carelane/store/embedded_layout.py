"""The folders of an embedded cluster, and which of them the server's account can reach.

No existing folder's permissions are ever changed: where the account can't reach the folder that was
asked for, another place is taken, and said.
"""

import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from carelane.store.embedded_account import Account
from carelane.store.embedded_binaries import EmbeddedUnavailable

_SOCKET_LIMIT = 90  # bytes of a socket's path; the kernel ends at 104 (BSD) or 108 (Linux)
_SOCKET_NAME = "/.s.PGSQL.65535"


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """The folder of one cluster. `data` belongs to the server's account, all else to us."""

    folder: Path

    @property
    def data(self) -> Path:
        """PGDATA."""
        return self.folder / "data"

    @property
    def lock(self) -> Path:
        """Held by the process that supervises the server."""
        return self.folder / "lock"

    @property
    def log(self) -> Path:
        """The server's own log: no statements, no values."""
        return self.folder / "server.log"

    @property
    def passwords(self) -> Path:
        """The roles' passwords, readable by us only."""
        return self.folder / "roles.json"


def settle_home(folder: Path, account: Account, *, progress: Callable[[str], None]) -> Home:
    """The cluster's home: `folder`, or a place that the server's account can reach; made if missing."""
    places = [folder.absolute()]
    if account.other:
        name = f"carelane-{os.geteuid()}-{_short(folder.absolute())}"
        places += [Path("/var/lib") / name, Path("/tmp") / name]  # noqa: S108  # owner and mode are checked below
    for place in places:
        if (place / "data" / "PG_VERSION").exists():
            return _told(place, folder, account, progress)
    for place in places:
        if _made(place, account) and account.reaches(place):
            return _told(place, folder, account, progress)
    raise EmbeddedUnavailable(
        f"the account {account.name} can reach neither {folder} nor /var/lib nor /tmp"
    )


def settle_socket(home: Home, account: Account) -> Path:
    """A private folder (0700, of the server's account) with a path short enough for a socket."""
    inside = home.folder / "socket"
    short = Path("/tmp") / f"carelane-{account.uid}-{_short(home.folder)}"  # noqa: S108  # checked below
    place = inside if len(os.fsencode(f"{inside}{_SOCKET_NAME}")) < _SOCKET_LIMIT else short
    try:
        place.mkdir(mode=0o700)
    except FileExistsError:
        found = place.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid or found.st_mode & 0o077:
            raise EmbeddedUnavailable(
                f"{place} exists and is not a private folder of {account.name}"
            ) from None
    else:
        account.give(place)
    return place


def _made(place: Path, account: Account) -> bool:
    mode = 0o711 if account.other else 0o700
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.mkdir(mode=mode)
        place.chmod(mode)  # ours and new: past the umask
    except FileExistsError:
        found = place.lstat()
        return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    except OSError:
        return False
    return True


def _told(place: Path, asked: Path, account: Account, progress: Callable[[str], None]) -> Home:
    if place != asked.absolute():
        progress(
            f"PostgreSQL runs as the account {account.name}, which can't enter {asked}: "
            f"the database is kept in {place}"
        )
    return Home(folder=place)


def _short(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
