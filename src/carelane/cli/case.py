"""`case list | show ID [--trace] | why ID`: cases, the way of one, and why it is where it is. Never patient data."""

import argparse
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from carelane.casebook.page import CASES_MAX, cases, cases_after
from carelane.casebook.trace import Hop, trace
from carelane.casebook.why import explain
from carelane.casebook.why_text import told
from carelane.cli.asking import answer, ask, say, settings_flags, table
from carelane.cli.paging import continued, key_of, limit_of
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
    listing.add_argument(
        "--limit", type=int, default=50, help=f"how many at most, 1 to {CASES_MAX}"
    )
    listing.add_argument(
        "--after", metavar="KEY", help="go on where a list ended, with the key that it told"
    )
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
        return await _listed(options, house)

    return ask(options, question)


async def _listed(options: argparse.Namespace, house: House) -> int:
    """A page, how many cases follow it, and the key that goes on there."""
    wanted: dict[str, Any] = {
        "open_only": True if options.open else None,
        "pathway": options.pathway,
    }
    limit, after = limit_of(options.limit, CASES_MAX), key_of(options.after, _key)
    async with house.runtime.worker.transaction() as tx:
        rows = await cases(tx, **wanted, after=after, limit=limit)
        more = await cases_after(tx, rows[-1], **wanted) if rows else 0
    listed = [_row(row) for row in rows]
    key = f"{rows[-1]['opened_at'].isoformat()}~{rows[-1]['id']}" if more else ""
    lines = [table(listed, _LIST) if listed else "no cases", *continued(more, key)]
    answer(options, {"cases": listed, "more": more, "after": key}, "\n".join(lines))
    return 0


def _key(text: str) -> tuple[datetime, UUID]:
    opened, case = text.split("~")
    key = datetime.fromisoformat(opened), UUID(case)
    if key[0].tzinfo is None:
        raise ValueError
    return key


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
