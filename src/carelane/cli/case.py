"""`case list | show ID [--trace] | why ID`: cases, the way of one, and why it is where it is. Never patient data."""

import argparse
from dataclasses import asdict
from uuid import UUID

from carelane.casebook.page import cases
from carelane.casebook.trace import Hop, trace
from carelane.casebook.why import explain
from carelane.casebook.why_text import told
from carelane.cli.asking import answer, ask, say, settings_flags, table
from carelane.compose.house import House
from carelane.store.database import Row

_LIST = ["id", "pathway", "status", "urgency", "opened", "closed"]


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The three commands."""
    case = commands.add_parser("case", help="list cases, show one, its way and its why")
    actions = case.add_subparsers(dest="action", required=True)
    listing = actions.add_parser("list", help="cases, newest first")
    listing.add_argument("--open", action="store_true", help="only open ones")
    listing.add_argument("--pathway")
    listing.add_argument("--limit", type=int, default=50)
    show = actions.add_parser("show", help="one case")
    show.add_argument("case", type=UUID)
    show.add_argument(
        "--trace",
        action="store_true",
        help="each hop with its time, from first byte to last effect",
    )
    why = actions.add_parser(
        "why", help="why a case is where it is: rules, inputs, what missed, who answers for it"
    )
    why.add_argument("case", type=UUID)
    for each, run in ((listing, _list), (show, _show), (why, _why)):
        each.add_argument("--json", action="store_true", help="one document on the last line")
        settings_flags(each)
        each.set_defaults(run=run)


def _list(options: argparse.Namespace) -> int:
    async def question(house: House) -> int:
        async with house.runtime.worker.transaction() as tx:
            rows = await cases(tx, open_only=True if options.open else None, pathway=options.pathway,
                               limit=options.limit)  # fmt: skip
        listed = [_row(row) for row in rows]
        answer(options, {"cases": listed}, table(listed, _LIST) if listed else "no cases")
        return 0

    return ask(options, question)


def _show(options: argparse.Namespace) -> int:
    async def question(house: House) -> int:
        async with house.runtime.worker.transaction() as tx:
            row = await tx.one("casebook.case", id=options.case)
            found = await trace(tx, options.case)
        if row is None or found is None:
            say(f"no case {options.case}. Remedy: `carelane case list`")
            return 1
        hops = found.hops if options.trace else ()
        document = {
            **_row(row),
            "correlation": str(found.correlation),
            "hops": [asdict(hop) for hop in hops],
        }
        lines = [f"{name}: {value}" for name, value in document.items() if name != "hops"]
        answer(options, document, "\n".join([*lines, *map(_line, hops)]))
        return 0

    return ask(options, question)


def _why(options: argparse.Namespace) -> int:
    async def question(house: House) -> int:
        runtime = house.runtime
        async with runtime.worker.transaction() as tx:
            found = await explain(tx, runtime.releases.published, options.case)
        if found is None:
            say(f"no case {options.case}. Remedy: `carelane case list`")
            return 1
        answer(options, found, told(found))
        return 0

    return ask(options, question)


def _row(row: Row) -> dict[str, object]:
    """Codes and instants of a case."""
    return {
        "id": str(row["id"]),
        "pathway": row["pathway"],
        "version": row.get("version", ""),
        "status": row["status"],
        "outcome": row["outcome"],
        "urgency": row["urgency"],
        "opened": _minute(row["opened_at"]),
        "closed": _minute(row["closed_at"]),
    }


def _minute(instant: object) -> str:
    return str(instant)[:16] if instant else ""


def _line(hop: Hop) -> str:
    late = (
        ""
        if hop.late_s is None
        else f" ({abs(hop.late_s):.0f} s {'late' if hop.late_s > 0 else 'before its clock'})"
    )
    said = " ".join(
        part for part in (hop.hop, hop.what, f"by {hop.who}" if hop.who else "") if part
    )
    of = f" (of {hop.of.isoformat(timespec='seconds')})" if hop.of else ""
    return f"{hop.at.isoformat(timespec='milliseconds')}  {said}{of}{late}"
