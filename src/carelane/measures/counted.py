"""What is counted over a period, from the committed history only: one read of one snapshot, then pure figures.

No cursor follows the history, so nothing that commits late is skipped: each reading counts the period anew.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from carelane.directory.snapshot import Snapshot
from carelane.measures.capacity import capacity, free, third_next
from carelane.measures.figures import Figure, Parting, Row, figures, grouped
from carelane.measures.typed_again import typed
from carelane.pathways.calendar import Calendar, elapsed
from carelane.pathways.definition import ClockKind, Definition, InputType
from carelane.store.database import Tx

_HOUR = 3600
_APPOINTMENTS = ("appointment.start", "task.form.slot_start")
_UNPAUSED_KINDS = (ClockKind.WALL, ClockKind.BUSINESS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which period, of what, told by which parts. None: everything."""

    from_at: datetime
    to_at: datetime
    pathway: str | None = None
    site: str | None = None
    service_line: str | None = None
    parts: tuple[str, ...] = ("pathway",)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The rows that the figures are made of."""

    touches: Sequence[Row]
    arrivals: Sequence[Row]
    waits: Sequence[Row]
    by_hand: Sequence[Row]
    items: Sequence[Row]
    handovers: Sequence[Row]
    misroutes: Sequence[Row]
    exceptions: Sequence[Row]
    appointments: Sequence[Row]
    typed: Sequence[Row]
    slots: Sequence[Row]


async def history(tx: Tx, asked: Asked, definitions: Iterable[Definition]) -> History:
    """Read it; `tx` should be a snapshot (`Database.snapshot`), so that all figures are of one instant."""
    known = tuple(definitions)
    limits = _limits(asked)
    gave_up = sorted({(d.name, t.name, t.could_not) for d in known for t in d.tasks.values()})
    return History(
        touches=await tx.rows("measures.counted_touches", **limits),
        arrivals=await tx.rows("measures.counted_arrivals", **limits),
        waits=await tx.rows("measures.counted_waits", **limits),
        by_hand=await tx.rows("measures.counted_by_hand", **limits),
        items=await tx.rows("measures.counted_items", **limits),
        handovers=await tx.rows("measures.counted_handovers", **limits),
        misroutes=await tx.rows("measures.counted_misroutes", **limits),
        exceptions=await tx.rows(
            "measures.counted_exceptions", **limits, pathways=[one[0] for one in gave_up],
            tasks=[one[1] for one in gave_up], outcomes=[one[2] for one in gave_up],
        ),
        appointments=await tx.rows("measures.counted_appointments", **limits, **_starts(known)),
        typed=await tx.rows("measures.counted_typed", **limits),
        slots=await tx.rows("measures.counted_slots", to_at=asked.to_at),
    )  # fmt: skip


async def access(
    tx: Tx, asked: Asked, definitions: Iterable[Definition], zones: Mapping[str, str]
) -> tuple[Figure, ...]:
    """How far away care is: the third next available, and from request to appointment. Two reads, for a front page."""
    parting = Parting(parts=asked.parts, zones=zones)
    slots = await tx.rows("measures.counted_slots", to_at=asked.to_at)
    third = list(third_next(_asked_for(slots, asked), asked.to_at))
    made = await tx.rows("measures.counted_appointments", **_limits(asked), **_starts(definitions))
    return (*figures("third_next", third, parting), *_appointments(made, parting))


def _limits(asked: Asked) -> dict[str, object]:
    return {"from_at": asked.from_at, "to_at": asked.to_at, "pathway": asked.pathway, "site": asked.site,
            "service_line": asked.service_line}  # fmt: skip


def _starts(definitions: Iterable[Definition]) -> dict[str, list[str]]:
    """Which input of each pathway holds when the appointment is."""
    found = sorted({(each.name, name) for each in definitions for name in _appointment(each)})
    return {"pathways": [one[0] for one in found], "inputs": [one[1] for one in found]}


def _appointment(definition: Definition) -> list[str]:
    """The input that holds when the appointment is; the first, so that a case counts once."""
    found = [each.name for each in definition.inputs.values()
             if each.type is InputType.INSTANT and each.path in _APPOINTMENTS]  # fmt: skip
    return sorted(found)[:1]


def count(
    found: History, asked: Asked, snapshot: Snapshot, definitions: Mapping[str, Definition]
) -> tuple[Figure, ...]:
    """Every figure of the period, measure by measure."""
    zones = {each.name: each.zone for each in snapshot.sites.values()}
    parting = Parting(parts=asked.parts, zones=zones)
    waits = tuple(_waited(row, snapshot) for row in found.waits)
    ended = [row for row in waits if row["ended"] is not None and row["ended"] < asked.to_at]
    clocks = [{**row, "value": None} for row in waits]
    exceptions = [*found.exceptions, *_fallbacks(waits, asked)]
    return (
        *figures("touches", found.touches, parting),
        *figures("milestones", list(_reached(found, asked, definitions)), parting, what=("status",)),
        *figures("waits", ended, parting, what=("state", "how")),
        *figures("clocks", clocks, parting, what=("clock",)),
        *figures("by_hand", found.by_hand, parting, what=("what",)),
        *figures("items", [_on_day(row, zones) for row in found.items], parting, what=("person", "day")),
        *figures("handovers", found.handovers, parting, what=("what",)),
        *figures("misroutes", [_hours(row) for row in found.misroutes], parting, what=("rule", "release", "reason")),
        *figures("exceptions", exceptions, parting, what=("what", "state", "reason")),
        *_appointments(found.appointments, parting),
        *figures("typed", list(typed(found.typed, definitions)), parting, what=("task", "field", "held")),
        *_capacity(found.slots, asked, parting),
    )  # fmt: skip


def _capacity(rows: Sequence[Row], asked: Asked, parting: Parting) -> Iterator[Figure]:
    """What is free ahead of the end of the period, as far as the question goes."""
    slots = _asked_for(rows, asked)
    ahead = list(capacity(slots, asked.to_at, parting.zones))
    yield from figures("capacity", ahead, parting, what=("day", "service_line", "visit"))
    third = list(third_next(slots, asked.to_at))
    yield from figures("third_next", third, parting, what=("site", "service_line", "visit"))


def _asked_for(rows: Sequence[Row], asked: Asked) -> list[Row]:
    """The free slots that the question is about."""
    return [
        slot
        for slot in free(rows, asked.to_at)
        if asked.pathway in {None, slot["pathway"]}
        and asked.site in {None, slot["site"]}
        and asked.service_line in {None, slot["service_line"]}
    ]


def _reached(found: History, asked: Asked, definitions: Mapping[str, Definition]) -> Iterator[Row]:
    """Of each case and status the first arrival, if it lies in the period."""
    words = _statuses(definitions)
    rows = [{**row, "status": _status(row, definitions, words)} for row in found.arrivals]
    for same in grouped(rows, _case_and_status).values():
        first = min(same, key=lambda row: row["at"])
        if first["status"] and asked.from_at <= first["at"] < asked.to_at:
            yield {**first, "value": (first["at"] - first["opened_at"]).total_seconds()}


def _case_and_status(row: Row) -> Mapping[str, str]:
    return {"case": str(row["case_id"]), "status": row["status"]}


def _status(
    row: Row, definitions: Mapping[str, Definition], words: Mapping[tuple[str, str], str]
) -> str:
    if not row["state"]:
        return "closed"
    own = definitions.get(row["release"])
    state = own.states.get(row["state"]) if own is not None else None
    return state.status if state is not None else words.get((row["pathway"], row["state"]), "")


def _statuses(definitions: Mapping[str, Definition]) -> dict[tuple[str, str], str]:
    ordered = sorted(definitions.values(), key=lambda each: (each.name, each.version))
    return {
        (each.name, name): state.status for each in ordered for name, state in each.states.items()
    }


def _waited(row: Row, snapshot: Snapshot) -> Row:
    kind = ClockKind(row["clock_kind"])
    counted = kind if kind in _UNPAUSED_KINDS else ClockKind.WALL
    calendar = _calendar(snapshot, row["site"])
    if calendar is None:
        counted, calendar = ClockKind.WALL, Calendar(zone="UTC", hours=((),) * 7)
    whole = elapsed(counted, row["began"], row["at"], calendar)
    paused = (elapsed(counted, *stretch, calendar) for stretch in pauses(row))
    clock = ("missed" if row["missed"] else "kept") + (", safety" if row["safety"] else "")
    return {**row, "clock": clock, "value": (whole - sum(paused, timedelta())).total_seconds()}


def _calendar(snapshot: Snapshot, site: str) -> Calendar | None:
    row = snapshot.calendar_of(site)
    return None if row is None else Calendar(zone=row.zone, hours=row.hours, holidays=row.holidays)


def pauses(row: Row) -> Iterator[tuple[datetime, datetime]]:
    """Stretches in which the clock of a wait did not run: between its intervals, and after a pause that never ended."""
    ran = [
        (datetime.fromisoformat(each["from_at"]), datetime.fromisoformat(each["to_at"]))
        for each in row["intervals"]
    ]
    for (_, stopped), (began, _) in pairwise(ran):
        yield stopped, min(began, row["at"])
    if row["paused_at"] is not None:
        yield datetime.fromisoformat(row["paused_at"]), row["at"]


def _fallbacks(waits: Iterable[Row], asked: Asked) -> Iterator[Row]:
    for row in waits:
        ended = row["ended"] is not None and row["ended"] < asked.to_at
        if row["expired"]:
            reason = "left the wait" if ended and row["how"] == "expired" else "repeated"
            yield {**row, "what": "fallback taken", "reason": reason, "value": None}


def _on_day(row: Row, zones: Mapping[str, str]) -> Row:
    local = row["at"].astimezone(ZoneInfo(zones.get(row["site"], "UTC")))
    return {**row, "day": local.date().isoformat()}


def _hours(row: Row) -> Row:
    return {**row, "value": row["value"] / _HOUR}


def _appointments(rows: Sequence[Row], parting: Parting) -> Iterator[Figure]:
    """Those with an appointment, out of all that asked for one."""
    known = [row for row in rows if row["value"] is not None]
    whole = {key: len(found) for key, found in grouped(rows, parting.of).items()}
    for each in figures("appointments", known, parting):
        yield Figure(measure=each.measure, by=each.by, n=each.n, of=whole[tuple(each.by.items())],
                     median=each.median, p90=each.p90, sources=each.sources)  # fmt: skip
