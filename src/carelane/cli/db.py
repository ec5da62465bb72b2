"""`db open | adopt | upgrade`: for and after a restore, and after a Carelane with a newer PostgreSQL."""

import argparse
import asyncio
from pathlib import Path

from carelane.cli.asking import answer, ask, say, settings_flags, settings_of
from carelane.compose.audit import notary_of
from carelane.compose.house import House
from carelane.compose.supervise import stop_on_signals
from carelane.engine import clock
from carelane.engine.adopt import adopt
from carelane.facts.errors import SetupFault
from carelane.store.embedded import start
from carelane.store.upgrade import upgrade


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The three commands."""
    database = commands.add_parser("db", help="restore and upgrade the database")
    actions = database.add_subparsers(dest="action", required=True)
    alone = actions.add_parser(
        "open", help="the embedded PostgreSQL alone, for a restore, until Ctrl-C"
    )
    settings_flags(alone)
    alone.set_defaults(run=_open)
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


def _open(options: argparse.Namespace) -> int:
    """No process of ours works on it meanwhile: a restore would meet what they write."""
    settings = settings_of(options)
    if settings.database_url:
        raise SetupFault(
            "CARELANE_DATABASE_URL names a PostgreSQL that is not ours to start. Remedy: restore into it as its own "
            "administrator does"
        )
    settings.home.mkdir(mode=0o711, parents=True, exist_ok=True)
    with start(settings.home / "postgres", progress=say) as embedded:
        say(embedded.place)
        asyncio.run(_until_told())
    return 0


async def _until_told() -> None:
    stop = asyncio.Event()
    stop_on_signals(stop)
    await stop.wait()


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
