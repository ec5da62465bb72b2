"""`carelane db upgrade`: what stands between an embedded database and the PostgreSQL of this Carelane.

A cluster of another major version is never touched: it is dumped by the programs that made it and restored into a new
one (docs/howto/restore.md), so that there is always a way back.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from carelane.facts.errors import SetupFault
from carelane.store.embedded_account import server_account
from carelane.store.embedded_binaries import MAJOR
from carelane.store.embedded_layout import settle_home


class OtherMajor(SetupFault):
    """The database was made by another major version of PostgreSQL: follow the steps of the message."""

    code = "other-major"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgraded:
    """What was found; `text` is for people."""

    found: str
    brings: str
    text: str


def upgrade(folder: Path, *, progress: Callable[[str], None] = lambda _: None) -> Upgraded:
    """Say whether the embedded database of `folder` fits this Carelane.

    Raises:
        OtherMajor: it does not; the message names each step, and nothing was changed.
    """
    account = server_account()
    home = settle_home(folder, account, progress=progress) if account else None
    file = home.data / "PG_VERSION" if home else folder / "data" / "PG_VERSION"
    if not file.exists():
        text = (
            f"there is no database in {folder} yet; `carelane up` makes one with PostgreSQL {MAJOR}"
        )
        return Upgraded(found="", brings=str(MAJOR), text=text)
    found = file.read_text(encoding="utf-8").strip()
    if found != str(MAJOR):
        raise OtherMajor(_steps(file.parent, found))
    text = f"the database is of PostgreSQL {MAJOR} already; minor versions need nothing"
    return Upgraded(found=found, brings=str(MAJOR), text=text)


def _steps(data: Path, found: str) -> str:
    return (
        f"the database in {data} was made by PostgreSQL {found}, this Carelane brings {MAJOR}; nothing was changed. "
        f"Remedy: (1) start the Carelane that made it and dump: `pg_dump --format=custom` of PostgreSQL {found}; "
        f"(2) stop it, and move {data} aside; (3) run `carelane up` of this version once and stop it; "
        "(4) restore and adopt as docs/howto/restore.md says. "
        "Keep the old folder until `carelane audit verify` is green"
    )
