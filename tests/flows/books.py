"""The books of a house, audited after each flow test: laws, leaves, and what refers to retired patients (I9, I18)."""

import json
from typing import Any

import psycopg

from carelane.audit.leaf import faults
from carelane.audit.recount import differences, recount
from carelane.casebook.ledger import laws
from carelane.compose.house import House
from tests.flows.replayed import assert_replayable


async def audit_books(house: House, superuser: "psycopg.Connection[Any]") -> None:
    """The laws balance, the leaves alone give the same counts, and I18 holds."""
    async with house.runtime.worker.transaction() as tx:
        found = await laws(tx)
        misplaced = await tx.rows("intake.misplaced")
    assert all(law.balanced for law in found), [law.line() for law in found]
    assert misplaced == []
    rows = superuser.execute("select body from audit_leaf order by seq").fetchall()
    leaves = [json.loads(bytes(body)) for (body,) in rows]
    assert [wrong for leaf in leaves for wrong in faults(leaf)] == []
    counts, problems = recount(leaves)
    assert problems == (), [each.message for each in problems]
    database = {
        law.name: {name.replace("_", " "): count for name, count in law.parts.items()}
        for law in found
    }
    assert differences(counts, database) == ()
    await assert_replayable(house)
