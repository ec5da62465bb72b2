"""`identity merges | unlink`: which records were made one, and taking that back here, whatever the source says."""

import argparse
from uuid import UUID

from carelane.cli.asking import answer, asking, settings_flags, table
from carelane.compose.house import House
from carelane.compose.people import viewer_of
from carelane.engine.merge import take_back

SHOWN_MAX = 200


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The two commands."""
    door = commands.add_parser("identity", help="merged patients, and taking a merge back")
    actions = door.add_subparsers(dest="action", required=True)
    merges = actions.add_parser("merges", help="merges and links, newest first")
    merges.add_argument("--subject", type=UUID, help="only those of this subject")
    unlink = actions.add_parser("unlink", help="they are two people: what the merge moved returns")
    unlink.add_argument("merge", type=UUID, help="the merge's id, from `carelane identity merges`")
    unlink.add_argument("--by", required=True, help="who answers for it; stands in the audit")
    for each, run in ((merges, _merges), (unlink, _unlink)):
        each.add_argument("--json", action="store_true", help="one document on the last line")
        settings_flags(each)
        each.set_defaults(run=asking(run), question=run)


async def _merges(options: argparse.Namespace, house: House) -> int:
    async with house.runtime.worker.transaction() as tx:
        rows = await tx.rows("engine.merges", subject=options.subject, limit=SHOWN_MAX)
    columns = ["id", "kind", "survivor", "retired", "at", "taken_back"]
    answer(options, {"merges": rows}, table(rows, columns))
    return 0


async def _unlink(options: argparse.Namespace, house: House) -> int:
    person = viewer_of(house, options.by).person
    plan = await take_back(house.runtime, options.merge, by=person)
    moved = len(plan.moves) if plan else 0
    reason = plan.reason if plan else "no such merge"
    text = (
        f"nothing was done: {reason}"
        if reason
        else f"{moved} identities are the other person's again"
    )
    answer(options, {"taken_back": not reason, "reason": reason, "identities": moved}, text)
    return int(bool(reason))
