"""`audit export FILE`, `audit verify` and `audit seen`: the audit as a file, whether it holds, and who saw whom."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from carelane.audit.actions import Tree
from carelane.casebook.seen import Seen, seen
from carelane.cli.asking import answer, ask, asking, instant, settings_flags, table
from carelane.compose.house import House
from carelane.compose.people import UnknownPerson
from carelane.compose.verify import export_audit, verify_audit
from carelane.facts.errors import SetupFault
from carelane.store.database import Tx

_DAYS = 30


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The commands."""
    audit = commands.add_parser("audit", help="export the audit, verify it, or say who saw whom")
    actions = audit.add_subparsers(dest="action", required=True)
    export = actions.add_parser("export", help="write leaves and checkpoints as JSON lines")
    export.add_argument("file", type=Path)
    verify = actions.add_parser(
        "verify", help="check every leaf against the checkpoints outside the database"
    )
    for each, run in ((export, _export), (verify, _verify)):
        each.add_argument("--tree", choices=[tree.value for tree in Tree], default=Tree.AUDIT.value)
        each.add_argument("--json", action="store_true", help="one document on the last line")
        settings_flags(each)
        each.set_defaults(run=run)
    who = actions.add_parser("seen", help="who saw which patients in a period, by ids alone")
    who.add_argument("--person", help="only what this person saw: the patients concerned")
    who.add_argument(
        "--case",
        type=UUID,
        metavar="ID",
        help="only the patient of this case: who saw anything of theirs",
    )
    who.add_argument(
        "--from", dest="from_at", metavar="INSTANT", help="30 days before the end unless told"
    )
    who.add_argument(
        "--to", dest="to_at", metavar="INSTANT", help="before this instant; now unless told"
    )
    who.add_argument("--json", action="store_true", help="one document on the last line")
    settings_flags(who)
    who.set_defaults(run=asking(_seen))


def _export(options: argparse.Namespace) -> int:
    async def question(house: House) -> int:
        size = await export_audit(house, Tree(options.tree), options.file)
        text = f"{size} leaves written to {options.file}"
        answer(options, {"file": str(options.file), "leaves": size}, text)
        return 0

    return ask(options, question)


def _verify(options: argparse.Namespace) -> int:
    async def question(house: House) -> int:
        verified, found = await verify_audit(house, Tree(options.tree))
        findings = "\n".join(each["message"] for each in found.get("findings", []))
        says = f"verified: {found.get('leaves')} leaves, proved until {found.get('proved_until')}"
        answer(options, found, says if verified else findings or found["says"])
        return 0 if verified else 1

    return ask(options, question)


async def _seen(options: argparse.Namespace, house: House) -> int:
    to_at = instant("--to", options.to_at) or house.runtime.now() + timedelta(seconds=1)
    from_at = instant("--from", options.from_at) or to_at - timedelta(days=_DAYS)
    if from_at >= to_at:
        raise SetupFault("the period ends before it begins. Remedy: put --from before --to")
    async with house.runtime.worker.snapshot() as tx:
        found = await seen(
            tx, from_at=from_at, to_at=to_at, person=options.person, case=options.case
        )
        if not found:
            await _known(options, house, tx)
    people = sorted({each.person for each in found})
    patients = sorted({str(each.patient) for each in found if each.patient})
    document = {"people": people, "patients": patients, "seen": [asdict(each) for each in found]}
    answer(options, document, _told(found, people, patients))
    return 0


async def _known(options: argparse.Namespace, house: House, tx: Tx) -> None:
    """Refuse a name or an id that is nobody's: that nobody saw anybody would be the answer to a slip of the pen.

    Who has left is known by what they read; then there is something to tell.
    """
    person, case = options.person, options.case
    if person is not None and person not in house.runtime.directory.people:
        raise UnknownPerson(
            f"nobody is called `{person}`, and nobody of that name saw anything in this period. Remedy: spell it as "
            "site/people.yaml does, or name an earlier --from"
        )
    if case is not None and await tx.one("accounts.case_record", id=case) is None:
        raise SetupFault(
            f"no case {case} is kept, and nobody saw one in this period. Remedy: an id of `carelane case list`, or an "
            "earlier --from"
        )


def _told(found: Sequence[Seen], people: Sequence[str], patients: Sequence[str]) -> str:
    rows: list[dict[str, object]] = [
        {"person": each.person, "patient": each.patient or "removed", "case": each.case,
         "screens": " ".join(each.screens), "purposes": " ".join(each.purposes), "times": each.times,
         "first": f"{each.first_at:%Y-%m-%d %H:%M}", "last": f"{each.last_at:%Y-%m-%d %H:%M}"}
        for each in found
    ]  # fmt: skip
    says = f"{len(people)} people saw {len(patients)} patients"
    return "\n".join([table(rows, [*rows[0]]), says]) if rows else "nobody saw anybody"
