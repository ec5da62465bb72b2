"""`retention sweep | hold | release | list`: remove what is past its time now, and legal holds that forbid it."""

import argparse
from uuid import UUID

from carelane.cli.asking import answer, ask, settings_flags, table
from carelane.compose.house import House
from carelane.engine import retention
from carelane.store.retention import HOLD_REASONS


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The four commands."""
    door = commands.add_parser("retention", help="remove what is past its time; legal holds")
    actions = door.add_subparsers(dest="action", required=True)
    sweep = actions.add_parser(
        "sweep", help="remove what is past its time to live now, not tonight"
    )
    listed = actions.add_parser("list", help="legal holds in force")
    hold = actions.add_parser("hold", help="from now on nothing of a patient is removed")
    release = actions.add_parser("release", help="end a legal hold")
    for each in (hold, release):
        each.add_argument("subject", type=UUID, help="the subject's id, from `carelane case show`")
        each.add_argument("--reason", required=True, choices=HOLD_REASONS)
        each.add_argument("--by", required=True, help="who answers for it; stands in the audit")
    for each, run in ((sweep, _sweep), (listed, _list), (hold, _hold), (release, _release)):
        each.add_argument("--json", action="store_true", help="one document on the last line")
        settings_flags(each)
        each.set_defaults(run=run)


def _sweep(options: argparse.Namespace) -> int:
    async def question(house: House) -> int:
        removed = await retention.sweep(house.runtime)
        text = "\n".join(f"{name}: {number}" for name, number in removed.items() if number)
        answer(options, {"removed": removed}, text or "nothing was past its time")
        return 0

    return ask(options, question)


def _list(options: argparse.Namespace) -> int:
    async def question(house: House) -> int:
        async with house.runtime.worker.transaction() as tx:
            rows = await tx.rows("retention.holds")
        answer(options, {"holds": rows}, table(rows, ["subject", "reason", "placed_by", "from_at"]))
        return 0

    return ask(options, question)


def _hold(options: argparse.Namespace) -> int:
    async def question(house: House) -> int:
        placed = await retention.hold(
            house.runtime, options.subject, reason=options.reason, by=options.by
        )
        answer(options, {"placed": placed}, "held" if placed else "was held already")
        return 0

    return ask(options, question)


def _release(options: argparse.Namespace) -> int:
    async def question(house: House) -> int:
        ended = await retention.release(
            house.runtime, options.subject, reason=options.reason, by=options.by
        )
        answer(options, {"released": ended}, "released" if ended else "there was no such hold")
        return 0 if ended else 1

    return ask(options, question)
