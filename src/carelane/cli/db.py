"""`db adopt | upgrade`: after a restore, and after a Carelane with a newer PostgreSQL."""

import argparse
from pathlib import Path

from carelane.cli.asking import answer, ask, say, settings_flags, settings_of
from carelane.compose.audit import notary_of
from carelane.compose.house import House
from carelane.engine import clock
from carelane.engine.adopt import adopt
from carelane.store.upgrade import upgrade


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The two commands."""
    database = commands.add_parser("db", help="restore and upgrade the database")
    actions = database.add_subparsers(dest="action", required=True)
    restored = actions.add_parser(
        "adopt",
        help="verify a restored database against the checkpoints outside, and go on with it",
    )
    restored.add_argument("--by", required=True, help="who answers for it; stands in the audit")
    restored.add_argument(
        "--accept-loss", action="store_true", help="go on although signed leaves are missing"
    )
    restored.set_defaults(run=_adopt)
    newer = actions.add_parser(
        "upgrade", help="bring the embedded database to this Carelane's PostgreSQL"
    )
    newer.add_argument(
        "--programs",
        type=Path,
        help="the `bin` folder of the PostgreSQL that made it, if the wheel lacks that version",
    )
    newer.set_defaults(run=_upgrade)
    for each in (restored, newer):
        each.add_argument("--json", action="store_true", help="one document on the last line")
        settings_flags(each)


def _adopt(options: argparse.Namespace) -> int:
    async def question(house: House) -> int:
        done = await adopt(
            house.runtime,
            house.audit,
            notary_of(house),
            by=options.by,
            accept_loss=options.accept_loss,
        )
        text = f"{done.leaves} leaves verified, {done.lost} lost; {done.effects} effects are looked for before sending"
        answer(
            options,
            done,
            text if done.adopted else "nothing to adopt: this database is at home here",
        )
        return 0

    return ask(options, question)


def _upgrade(options: argparse.Namespace) -> int:
    folder = settings_of(options).home / "postgres"
    done = upgrade(folder, now=clock.now(), programs=options.programs, progress=say)
    answer(options, done, done.text)
    return 0
