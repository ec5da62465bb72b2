"""`pathway diff | migrate`: what differs between two releases, and running cases moved from one to the other."""

import argparse
from dataclasses import asdict
from pathlib import Path

from carelane.access.request import Action
from carelane.accounts.sessions import Session
from carelane.cli.asking import answer, ask, settings_flags
from carelane.cli.pathway_acting import acting, refused, scope_flags, scope_of
from carelane.cli.pathway_files import definition_of
from carelane.cli.pathway_settling import order_of, row, settled, settled_text
from carelane.compose.house import House
from carelane.engine.in_force import in_force
from carelane.facts.errors import SetupFault
from carelane.pathways.definition import Definition
from carelane.pathways.difference import diff, lines
from carelane.pathways.renames import renames
from carelane.proofs.mapping import draft
from carelane.releases.moving import Order, migrate, preview
from carelane.releases.publish import named
from carelane.releases.refusals import unfit


def add(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The two commands."""
    one = actions.add_parser("diff", help="what differs between two releases, for a clinical owner")
    one.add_argument("old", help="a file, or NAME@VERSION of a release that is published")
    one.add_argument("new", help="a file, or NAME@VERSION of a release that is published")
    _common(one)
    one.set_defaults(run=_diff)
    one = actions.add_parser(
        "migrate", help="move running cases to another release, by a total mapping"
    )
    one.add_argument("old", help="NAME@VERSION they run on")
    one.add_argument("new", help="NAME@VERSION they go to")
    scope_flags(one)
    how = one.add_mutually_exclusive_group(required=True)
    how.add_argument(
        "--mapping",
        type=Path,
        help="for each state where it goes, for each clock what it does, and why",
    )
    how.add_argument("--draft", action="store_true", help="write a mapping to begin with, and stop")
    one.add_argument(
        "--preview",
        action="store_true",
        help="list every case with state, owner and due time; move none",
    )
    one.add_argument("--as", dest="person", default="", help="who acts, for example kira.sandoval")
    one.add_argument("--reason", default="", help="why; it is recorded")
    _common(one)
    one.set_defaults(run=_migrate)


def _common(one: argparse.ArgumentParser) -> None:
    one.add_argument("--json", action="store_true", help="one document on the last line")
    settings_flags(one, without=("site",))


def _diff(options: argparse.Namespace) -> int:
    files = [Path(each) for each in (options.old, options.new)]
    if all(each.is_file() for each in files):
        return _told(options, *(definition_of(each) for each in files))

    async def question(house: House) -> int:
        found = [await _release(house, each) for each in (options.old, options.new)]
        return _told(options, *found)

    return ask(options, question)


async def _release(house: House, name: str) -> Definition:
    """A file's, else a published one."""
    if name.endswith(".yaml"):
        return definition_of(Path(name))
    async with house.runtime.worker.transaction() as tx:
        return await named(tx, name)


def _told(options: argparse.Namespace, old: Definition, new: Definition) -> int:
    found = diff(old, new)
    document = {
        "old": old.digest,
        "new": new.digest,
        "differences": [asdict(each) for each in found],
    }
    answer(options, document, "\n".join(lines(found)) or "no difference")
    return int(bool(found))


def _migrate(options: argparse.Namespace) -> int:
    if not options.draft and not options.preview and not (options.person and options.reason):
        raise SetupFault("moving cases needs --as PERSON and --reason; --preview only lists them")

    async def read(house: House) -> int:
        old, new = await _releases(house, options)
        if options.draft:
            text = draft(old, new, renames(old, new))
            answer(options, {"mapping": text}, text.rstrip())
            return 0
        order = order_of(options.mapping, old, new, scope_of(options), options.person)
        rows = [row(each) async for each in preview(house.runtime, order)]
        counts: dict[str, int] = {}
        for each in rows:
            counts[str(each["ending"])] = counts.get(str(each["ending"]), 0) + 1
        answer(options, {"preview": rows, "waits": counts}, settled_text(rows, counts))
        return 0

    async def do(house: House, session: Session) -> int:
        old, new = await _releases(house, options)
        why = unfit(new, house.runtime.releases)
        if why is not None:
            return refused(options, why)
        order = order_of(options.mapping, old, new, scope_of(options), session.person.name)
        return await _move(options, house, order)

    return (
        ask(options, read)
        if options.draft or options.preview
        else acting(options, Action.RELEASE_MIGRATE, do)
    )


async def _releases(house: House, options: argparse.Namespace) -> tuple[Definition, Definition]:
    async with house.runtime.worker.transaction() as tx:
        house.runtime.releases = await in_force(tx)
        return await named(tx, options.old), await named(tx, options.new)


async def _move(options: argparse.Namespace, house: House, order: Order) -> int:
    rows, counts = await settled(
        lambda told: migrate(house.runtime, order, reason=options.reason, told=told)
    )
    answer(options, {"cases": rows, **counts}, settled_text(rows, counts))
    return int(counts["left"] + counts["queued"] > 0)
