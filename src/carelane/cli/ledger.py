"""`ledger status | redrive`: that nothing vanished, what waits and since when, and dead letters tried again."""

import argparse

from carelane.access.request import Action
from carelane.casebook.ledger import laws, standing
from carelane.cli.asking import answer, ask, settings_flags, table
from carelane.compose.house import House
from carelane.compose.people import rights_of, session_of
from carelane.effects.letters import groups, redrive


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The two commands."""
    ledger = commands.add_parser("ledger", help="the four laws of conservation; dead letters")
    actions = ledger.add_subparsers(dest="action", required=True)
    status = actions.add_parser(
        "status", help="messages, facts, cases and effects all accounted for"
    )
    again = actions.add_parser("redrive", help="show dead letters by cause, and try them again")
    again.add_argument("--cause", help="only this cause")
    again.add_argument("--go", action="store_true", help="do it; without it only a preview")
    again.add_argument("--as", dest="person", default="", help="the person who does it")
    for each, run in ((status, _status), (again, _redrive)):
        each.add_argument("--json", action="store_true", help="one document on the last line")
        settings_flags(each)
        each.set_defaults(run=run)


def _status(options: argparse.Namespace) -> int:
    async def question(house: House) -> int:
        async with house.runtime.worker.transaction() as tx:
            found = await laws(tx)
            waits = await standing(tx, house.runtime.now())
        balanced = all(law.balanced for law in found)
        document = {
            "laws": {
                law.name: {"total": law.total, **law.parts, "balanced": law.balanced}
                for law in found
            },
            "balanced": balanced,
            "standing": waits,
        }
        lines = [law.line() for law in found]
        lines += [
            f"{name.replace('_', ' ')}: {value}"
            for name, value in waits.items()
            if value is not None
        ]
        answer(options, document, "\n".join(lines))
        return int(not balanced)

    return ask(options, question)


def _redrive(options: argparse.Namespace) -> int:
    async def question(house: House) -> int:
        async with house.runtime.worker.transaction() as tx:
            found = await groups(tx)
        wanted = [each for each in found if options.cause in (None, each.cause)]
        if options.go and wanted:
            rights, session = rights_of(house), session_of(house, options.person)
            denied = await rights.allow(session, Action.EFFECT_REDRIVE, rights.everywhere())
            if denied is not None:
                answer(options, {"denied": denied.reason}, f"{denied.reason}: {denied.sentence}")
                return 1
            for each in wanted:
                await redrive(house.runtime, actor=session.person.name, cause=each.cause, connection=each.connection,
                              preview=False)  # fmt: skip
        rows: list[dict[str, object]] = [
            {"cause": each.cause, "connection": each.connection, "letters": each.count}
            for each in wanted
        ]
        text = table(rows, ["cause", "connection", "letters"]) if rows else "no dead letters"
        answer(options, {"groups": rows, "redriven": bool(options.go)}, text)
        return 0

    return ask(options, question)
