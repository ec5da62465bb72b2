"""What became of a run of days: the promises, counted from the committed history and from what the hospital saw.

`hospital_told` is the document that the synthetic hospital writes at its end (`testing/hospital/told.py`): what it
planted, and what it counted on its own side. Every figure that should be nought comes with how much was looked at.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from carelane.compose.comparison import compared
from carelane.compose.house import House
from carelane.directory.snapshot import Snapshot
from carelane.facts.fact import Json
from carelane.measures.counted import Asked, History, count, history
from carelane.measures.figures import Figure, Row
from carelane.measures.promises.dates import clocked, decided
from carelane.measures.promises.eligible import sampled
from carelane.measures.promises.levels import called
from carelane.measures.promises.missed import named
from carelane.measures.promises.reading import Read, began, read
from carelane.measures.promises.red_flags import routed
from carelane.measures.promises.results import taken
from carelane.measures.promises.waitlist import filled
from carelane.measures.promises.workflows import entries

_LAST = timedelta(seconds=1)  # a period ends before its end: what happened just now is in it
_NAMED = 100
Told = Mapping[str, Any]
Document = dict[str, object]


async def judged(
    house: House, hospital_told: Mapping[str, object], *, compare: bool = True
) -> dict[str, object]:
    """The names of the issue, over everything that is in the database; `compare` adds `with` and `without`."""
    found = await _counted(house, hospital_told)
    if compare:
        sides = await compared(hospital_told, found)
        found |= {name: sides.pop(name) for name in ("with", "without")} | {"comparison": sides}
    return found


async def _counted(house: House, hospital_told: Mapping[str, object]) -> Document:
    told: Told = hospital_told
    runtime = house.runtime
    definitions = runtime.releases.published
    async with runtime.worker.snapshot() as tx:
        period = (await began(tx) or runtime.now(), runtime.now() + _LAST)
        asked = Asked(from_at=period[0], to_at=period[1])
        found = await history(tx, asked, definitions.values())
        messages = [_tokens(house, each) for each in _listed(told, "red_flags")]
        moved = [str(each["task"]) for each in _listed(told, "misroutes") if each.get("task")]
        seen = await read(tx, definitions, period, messages, moved)
        referrals = decided(seen.decisions, runtime.directory, period[1])
        late = await tx.rows("promises.waits", cases=list(referrals.late_cases[:_NAMED]))
    figures = count(found, asked, runtime.directory, definitions)
    return {
        "period": {"from": period[0].isoformat(), "to": period[1].isoformat()},
        "workflows": entries(seen.cases, figures),
        **_safe(house, seen, told, period),
        "referrals": asdict(referrals)
        | {"staff_utilisation": _utilisation(seen.busy, told, runtime.directory)}
        | {"late_waits": [_plain(row) for row in late]},
        **_duties(house, seen, told, period),
        "misroutes": _misroutes(found, seen, told),
        "measured": _measured(figures),
    }


def _safe(house: House, seen: Read, told: Told, period: tuple[datetime, datetime]) -> Document:
    """What must be nought, and beside it how much was looked at."""
    directory = house.runtime.directory
    alone = sampled(seen.owned, directory, *period)
    planted = [str(each["message"]) for each in _listed(told, "red_flags")]
    flags = routed(planted, seen.routed, directory)
    texts = told.get("texts") or {}
    return {
        "cases_without_owner_or_clock": len(seen.unowned),
        "unowned": [_plain(row) for row in seen.unowned[:_NAMED]],
        "steps_without_eligible_person": alone.without,
        "steps_sampled": alone.samples,
        "without_eligible_person": dict(alone.owners),
        "red_flags_routed_down": flags.down,
        "red_flags": {"planted": flags.planted, "arrived": flags.arrived, "down": dict(flags.why)},
        "urgent_share": _share(seen.urgent["urgent"], seen.urgent["cases"]),
        "double_bookings": len(_listed(told, "double_booked")),
        "bookings": len(_listed(told, "bookings")),
        "double_messages": int(texts.get("doubles", 0)),
        "messages_to_patients": int(texts.get("sent", 0)),
        "declared_resends": int(seen.resends["times"]),
    }


def _duties(house: House, seen: Read, told: Told, period: tuple[datetime, datetime]) -> Document:
    """Clocks that the issue names, each by its own rule."""
    directory, to_at = house.runtime.directory, period[1]
    levels = called(seen.levels, house.runtime.releases.published)
    return {
        "critical_results": asdict(taken(seen.calls, to_at)),
        "levels_called_late": levels.late,
        "levels": asdict(levels),
        "waitlist": asdict(filled(seen.openings, seen.waiting, to_at))
        | {
            "openings_at_the_hospital": len(_listed(told, "openings")),
            "drawn": told.get("draws") or {},
        },
        "discharge": asdict(clocked(seen.contacts, directory, to_at)),
        "missed_follow_ups": [asdict(each) for each in named(seen.overdue, to_at)],
    }


def _utilisation(busy: Iterable[Row], told: Told, directory: Snapshot) -> Document:
    """Of everybody who decided on referrals: the share of their shift that they worked, as the hospital saw it.

    Supervisors are cover, called when nobody planned is there: named, and in no sum.
    """
    staff = told.get("staff") or {}
    roles = {name: directory.people[name].roles for name in staff if name in directory.people}
    deciders = sorted({str(row["person"]) for row in busy} & roles.keys())
    cover = [name for name in deciders if "supervisor" in roles[name]]
    by_role: dict[str, list[str]] = {}
    for name in (each for each in deciders if each not in cover):
        by_role.setdefault(roles[name][0], []).append(name)

    def share(names: Iterable[str]) -> float | None:
        mine = [staff[name] for name in names]
        return _share(*(sum(each[part] for each in mine) for part in ("busy_s", "shift_s")))

    return {
        "people": {name: share([name]) for name in deciders},
        "roles": {role: share(names) for role, names in sorted(by_role.items())},
        "planned_hours": {role: round(sum(staff[name]["shift_s"] for name in names) / 3600)
                          for role, names in sorted(by_role.items())},
        "cover": cover,
        "together": share(name for names in by_role.values() for name in names),
    }  # fmt: skip


def _misroutes(found: History, seen: Read, told: Told) -> Document:
    """What was planted and moved by hand, against what was counted, case by case."""
    counted = {str(row["case_id"]) for row in found.misroutes}
    moved = {str(row["case_id"]) for row in seen.misrouted}
    return {
        "planted": len(_listed(told, "misroutes")), "moved": len(moved), "counted": len(counted),
        "not_counted": sorted(moved - counted), "not_planted": len(counted - moved),
        "hours": round(sum(float(row["value"]) for row in found.misroutes) / 3600, 1),
    }  # fmt: skip


def _measured(figures: Iterable[Figure]) -> Document:
    """What `carelane measures` says of the run, a line for each measure, over all pathways."""
    found: dict[str, dict[str, int | float]] = {}
    for each in figures:
        line = found.setdefault(each.measure, {"n": 0})
        line["n"] += each.n
        if each.total is not None:
            line["total"] = round(line.get("total", 0) + each.total, 3)
    return dict(found)


def _tokens(house: House, planted: Mapping[str, Any]) -> Sequence[str]:
    """The keyed hashes under which a message of this control id would stand, whichever connection it came by."""
    make = house.runtime.vault.tokens.control
    return [make(each, str(planted["message"])) for each in house.runtime.directory.connections]


def _listed(told: Told, name: str) -> Sequence[Mapping[str, Any]]:
    return told.get(name) or ()


def _share(part: float, whole: float) -> float | None:
    return round(part / whole, 3) if whole else None


def _plain(row: Row) -> dict[str, Json]:
    return {name: str(value) for name, value in row.items()}
