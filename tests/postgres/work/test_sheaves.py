"""Audit leaves of one commit stand in one row, and take their places in the tree without being written again."""

from collections.abc import Sequence
from pathlib import Path

import psycopg
import pytest

from carelane.audit.actions import Tree
from carelane.engine.sequencer import open_notary, sequence
from carelane.facts.ids import name_id
from carelane.store.columns import Columns
from carelane.store.database import Database, Tx
from carelane.store.pool import open_pool
from carelane.store.roles import DatabaseUrls
from tests.postgres.work.conftest import Rig

PLACES = """select tree_index, convert_from(body, 'utf8') from audit_leaf
where tree_index >= %(first)s order by tree_index"""


def write(tx: Tx, rig: Rig, names: Sequence[str]) -> None:
    """A leaf of each name, in one sheaf."""
    leaves = Columns("commit.leaves", ("id", "at", "body"))
    leaves.extend([(name_id("leaf", each), rig.hand(), each.encode()) for each in names])
    leaves.put(tx, rig.organisation)


@pytest.mark.invariant("I14")
async def test_what_commits_late_takes_a_later_place_and_nothing_is_skipped(
    rig: Rig, database: DatabaseUrls, tmp_path: Path
) -> None:
    pool = await open_pool(database.audit, name="audit", autocommit=True)
    audit = Database(pool, rig.organisation)
    notary = open_notary(tmp_path / "audit", tmp_path / "audit.key")
    while await sequence(audit, rig.runtime, notary, Tree.AUDIT):
        pass
    first = rig.value("select coalesce(max(tree_index) + 1, 0) from audit_leaf")
    async with rig.runtime.worker.transaction() as late:
        write(late, rig, ["a", "b"])
        await late.begun()  # its number is the older one
        async with rig.runtime.worker.transaction() as early:
            write(early, rig, ["c"])
        assert await sequence(audit, rig.runtime, notary, Tree.AUDIT) == 1
    assert await sequence(audit, rig.runtime, notary, Tree.AUDIT) == 2
    assert await sequence(audit, rig.runtime, notary, Tree.AUDIT) == 0
    assert rig.sql(PLACES, first=first) == [(first, "c"), (first + 1, "a"), (first + 2, "b")]
    assert await pages(audit, first) == ["c", "a", "b"]
    await pool.close()


async def pages(audit: Database, first: int) -> list[str]:
    """The leaves from a place on, as an export reads them: two at a time."""
    found: list[str] = []
    async with audit.transaction() as tx:
        while rows := await tx.rows("audit.audit_leaves", first=first + len(found), limit=2):
            assert [row["tree_index"] for row in rows] == [
                first + len(found) + n for n in range(len(rows))
            ]
            found += [bytes(row["body"]).decode() for row in rows]
    return found


@pytest.mark.invariant("I14")
def test_a_sheaf_that_hides_a_leaf_is_refused(rig: Rig) -> None:
    one = name_id("leaf", "x")
    with pytest.raises(psycopg.errors.CheckViolation):
        rig.insert("audit_sheaf", id=one, organisation=rig.organisation, leaves=1, ids=[one],
                   at=[rig.hand()], bodies=[b"x", b"hidden"])  # fmt: skip
