"""`coverage`: hours to come in which an urgent step would have no eligible owner, before they happen.

`--matrix` says per step who does it, answers, advises and is told, and who is called, from the configuration in force.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from carelane.cli.asking import answer, asking, settings_flags, table
from carelane.compose.house import House
from carelane.directory.coverage import Entry, Gap, directory, gaps_ahead, places
from carelane.directory.posts import Charge, charges
from carelane.directory.snapshot import Snapshot
from carelane.engine.releases import Releases
from carelane.engine.scope import Scope
from carelane.facts.errors import SetupFault
from carelane.pathways.definition import Definition

_DAYS_MAX = 366
_GAPS = ["from", "to", "site", "service line", "pathway", "state", "as", "owner"]
_MATRIX = ["pathway", "state", "urgent", "does", "answers", "advises", "told"]
_CALLED = ["called", "by", "site", "service line", "order", "person", "address"]

InForce = Mapping[tuple[str, str], Sequence[Definition]]


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command."""
    one = commands.add_parser(
        "coverage", help="hours to come in which an urgent step would have no eligible owner"
    )
    one.add_argument("--days", type=int, default=14, help="how far to look ahead; 14 unless told")
    one.add_argument(
        "--matrix",
        action="store_true",
        help="who does, answers, advises and is told, and the escalation directory",
    )
    one.add_argument("--json", action="store_true", help="one document on the last line")
    settings_flags(one)
    one.set_defaults(run=asking(_run))


async def _run(options: argparse.Namespace, house: House) -> int:
    if not 1 <= options.days <= _DAYS_MAX:
        raise SetupFault(f"--days {options.days} is no stretch. Remedy: from 1 to {_DAYS_MAX}")
    runtime = house.runtime
    snapshot, now = runtime.directory, runtime.now()
    held = in_force(runtime.releases, snapshot)
    if options.matrix:
        return _show_matrix(options, held, directory(snapshot, held, now))
    until = now + timedelta(days=options.days)
    found = gaps_ahead(snapshot, held, now, until)
    document = {
        "from": now,
        "to": until,
        "directory": snapshot.version,
        "gaps": [asdict(each) for each in found],
    }
    answer(options, document, "\n".join(_told(snapshot, found, options.days)))
    return int(bool(found))


def in_force(releases: Releases, snapshot: Snapshot) -> InForce:
    """The releases in force at each place, those for one kind of referral or one lane too."""
    laned = [each for each in releases.activations if each.to_at is None and each.scope.laned]
    found: dict[tuple[str, str], Sequence[Definition]] = {}
    for site, line in places(snapshot):
        place = Scope(site=site, service_line=line)
        some = (each for each in laned
                if place.within(replace(each.scope, referral_type="", scheduling_lane=""))
                and each.release not in releases.recalled)  # fmt: skip
        chosen = [*releases.active(place), *(releases.published[each.release] for each in some)]
        found[site, line] = tuple({each.digest: each for each in chosen}.values())
    return found


def _told(snapshot: Snapshot, gaps: Sequence[Gap], days: int) -> Iterator[str]:
    if not gaps:
        yield f"no gap in the next {days} days: every urgent step would have an eligible owner"
        return
    for lack in dict.fromkeys((each.why, each.remedy) for each in gaps):
        yield f"{lack[0]}. Remedy: {lack[1]}"
        mine = [each for each in gaps if (each.why, each.remedy) == lack]
        yield table([_row(snapshot, each) for each in mine], _GAPS)
        yield ""
    yield f"{len(gaps)} gaps in the next {days} days"


def _row(snapshot: Snapshot, gap: Gap) -> dict[str, object]:
    zone = ZoneInfo(snapshot.sites[gap.site].zone)
    return {
        "from": gap.from_at.astimezone(zone).isoformat(timespec="minutes"),
        "to": gap.to_at.astimezone(zone).isoformat(timespec="minutes"),
        "site": gap.site,
        "service line": gap.service_line or "(not said)",
        "pathway": gap.pathway,
        "state": gap.state,
        "as": gap.part,
        "owner": gap.owner,
    }


def _show_matrix(options: argparse.Namespace, held: InForce, entries: Sequence[Entry]) -> int:
    releases = {each.digest: each for definitions in held.values() for each in definitions}
    rows = [row for each in sorted(releases.values(), key=_name) for row in charges(each)]
    document = {
        "matrix": [asdict(each) for each in rows],
        "directory": [asdict(each) for each in entries],
    }
    text = "\n\n".join(
        [table([_charge(each) for each in rows], _MATRIX), table([_entry(each) for each in entries], _CALLED)]
    )  # fmt: skip
    answer(options, document, text)
    return 0


def _name(definition: Definition) -> tuple[str, str]:
    return definition.name, definition.version


def _charge(row: Charge) -> dict[str, object]:
    return {
        "pathway": row.pathway,
        "state": row.state,
        "urgent": "yes" if row.urgent else "",
        "does": ", ".join(row.does),
        "answers": ", ".join(row.answers),
        "advises": ", ".join(row.advises),
        "told": ", ".join(row.told),
    }


def _entry(entry: Entry) -> dict[str, object]:
    return {
        "called": entry.name,
        "by": entry.channel or "portal",
        "site": entry.site,
        "service line": entry.service_line or "(not said)",
        "order": entry.order,
        "person": entry.person or "nobody",
        "address": "yes" if entry.address else "MISSING",
    }
