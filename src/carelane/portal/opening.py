"""Open times beside a task: rights, the access leaf, and only then the question to the record. Nothing is kept.

What fits is asked of the pathway's own tables, so a time which the list shows is one that they take.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from carelane.access.decide import Denied
from carelane.access.request import Action
from carelane.access.views import Screen
from carelane.accounts.rights import MISSING
from carelane.accounts.sessions import Session
from carelane.facts import openings
from carelane.facts.fact import Urgency
from carelane.facts.openings import Arranged, NoOpenings, Opening, Wish, arranged
from carelane.pathways import inputs
from carelane.pathways.definition import Definition, Input
from carelane.pathways.durations import duration
from carelane.pathways.guard import Value
from carelane.pathways.openings import OpeningList, stands_beside
from carelane.pathways.tables import evaluate
from carelane.portal.desk import Desk, fields_for, viewer_of
from carelane.store.database import Row
from carelane.store.shapes import decode_case, untag
from carelane.worklist.reading import task as read_task

CAUSES: Final[Mapping[str, str]] = {
    openings.NO_ANSWER: "The record does not answer at the moment. Write the time in by hand, or try again soon.",
    openings.NO_CONNECTION: "No connection of this site can read the record's open times. Write the time in by hand.",
    openings.REFUSED: "The record refuses to show its open times. Write the time in by hand, and tell whoever runs "
    "the connection.",
}
Known = Mapping[str, Value | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningsView:
    """The open times that fit, or why there are none. `earliest` is set where a preparation makes it later than now."""

    list: OpeningList
    times: Arranged = field(default_factory=Arranged)
    cause: str = ""
    connection: str = ""
    read_at: datetime | None = None
    more: bool = False
    earliest: datetime | None = None
    because: str = ""

    @property
    def told(self) -> str:
        """The cause in words."""
        return CAUSES.get(self.cause, "")

    def form(self, one: Opening) -> dict[str, str]:
        """What choosing a time fills in, by form field."""
        said = {
            "reference": one.reference,
            "start": one.start.isoformat(),
            "minutes": str(one.minutes),
            "kind": one.kind,
        }
        return {name: said[part] for name, part in self.list.fills.items()}


async def read_openings(desk: Desk, session: Session, id_: UUID) -> OpeningsView | Denied:
    """The open times beside a task; a leaf says who asked before the record is asked."""
    if denied := await desk.rights.allow_on(session, Action.OPENINGS_READ, "task", id_):
        return denied
    found = await read_task(desk.runtime, viewer_of(session), id_)
    wanted = (
        stands_beside(desk.opening_lists, found.row["pathway"], found.row["name"])
        if found
        else None
    )
    definition = desk.runtime.releases.published.get(found.row["release"]) if found else None
    shown = "openings" in fields_for(session, Screen.OPENINGS).shown
    if found is None or wanted is None or definition is None or not shown:
        return MISSING
    await desk.rights.read(session, Screen.OPENINGS.value, [found.row["case_id"]])
    return await _asked(desk, wanted, definition, found.row)


def list_beside(desk: Desk, session: Session, row: Row) -> OpeningList | None:
    """The list that stands beside a task, if this person may read it."""
    if desk.rights.may(session, Action.OPENINGS_READ, desk.rights.record(row)) is not None:
        return None
    return stands_beside(desk.opening_lists, row["pathway"], row["name"])


def zone_at(desk: Desk, site: str) -> ZoneInfo:
    """The clock of a site; UTC where it is not known."""
    place = desk.runtime.directory.sites.get(site)
    return ZoneInfo(place.zone if place else "UTC")


async def _asked(desk: Desk, wanted: OpeningList, definition: Definition, row: Row) -> OpeningsView:
    now, zone = desk.runtime.now(), zone_at(desk, row["site"])
    values = {
        name: untag(pair) for name, pair in decode_case(str(row["case_state"])).values.items()
    }
    earliest = _earliest(wanted, values, now, urgent=row["urgency"] > Urgency.ROUTINE)
    wish = Wish(
        since=max(now, earliest),
        until=now + wanted.ahead,
        lines=_source_codes(wanted, definition, values),
    )
    if desk.openings is None:
        return OpeningsView(list=wanted, cause=openings.NO_CONNECTION)
    answer = await desk.openings.openings(wish, site=row["site"], now=now)
    outcome = answer.cause if isinstance(answer, NoOpenings) else "read"
    desk.runtime.observer.count("carelane_openings_read_total", {"outcome": outcome})
    if isinstance(answer, NoOpenings):
        return OpeningsView(list=wanted, cause=answer.cause)
    why_not = _why_not(wanted, definition, values, now)
    return OpeningsView(
        list=wanted,
        times=arranged(answer.found, why_not, now=now, earliest=earliest, zone=zone),
        connection=answer.connection,
        read_at=answer.read_at,
        more=answer.more,
        earliest=earliest if earliest > now else None,
        because=str(values.get(wanted.because) or ""),
    )


def _earliest(wanted: OpeningList, values: Known, now: datetime, *, urgent: bool) -> datetime:
    """From when a time may be offered: what is urgent never waits for a preparation."""
    takes = duration(str(values.get(wanted.earliest) or ""))
    return now if urgent or takes is None else now + takes


def _source_codes(wanted: OpeningList, definition: Definition, values: Known) -> tuple[str, ...]:
    """The codes by which the source may call the line, as the pathway's input lists them."""
    line, given = values.get(wanted.line), definition.inputs.get(wanted.line_codes)
    if given is None or line not in given.codes:
        return ()
    said = [str(line), *(text for text, code in given.aliases.items() if code == line)]
    return tuple(dict.fromkeys(form for text in said for form in (text, text.upper())))


def _why_not(
    wanted: OpeningList, definition: Definition, values: Known, now: datetime
) -> Callable[[Opening], str]:
    line, given = values.get(wanted.line), definition.inputs.get(wanted.line_codes)
    view = OpeningsView(list=wanted)

    def why(one: Opening) -> str:
        if given is not None and line in given.codes and line not in _lines(given, one):
            return openings.OTHER_LINE
        fresh = inputs.read(definition.inputs, {"task": {"form": view.form(one)}})
        known = {**values, **{name: value for name, value in fresh.items() if value is not None}}
        said, _ = evaluate(definition.tables, known, now=now)
        return next((words for table, words in wanted.fits.items() if said.get(table) is False), "")

    return why


def _lines(given: Input, one: Opening) -> set[str | None]:
    return {
        code if code in given.codes else given.aliases.get(code.casefold()) for code in one.lines
    }


def picked(wanted: OpeningList, text: str) -> dict[str, str]:
    """What a chosen time fills in, of the button that chose it; empty where it is not one of ours."""
    parts = dict(zip(openings.PARTS, text.split("|"), strict=False))
    return {name: parts.get(part, "") for name, part in wanted.fills.items() if parts.get(part)}


def button(one: Opening) -> str:
    """A time as its button says it: its parts, in order."""
    return "|".join((one.reference, one.start.isoformat(), str(one.minutes), one.kind))
