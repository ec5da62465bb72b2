"""The chart beside a task: rights, the access leaf, and only then the question to the record. Nothing is kept.

A note template says what is wanted and what only the author can say; what is missing is named first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from carelane.access.decide import Denied
from carelane.access.request import Action
from carelane.access.views import Screen
from carelane.accounts.rights import MISSING
from carelane.accounts.sessions import Session
from carelane.casebook.page import page
from carelane.facts import chart
from carelane.facts.chart import Chart, Entry, NoChart, Wish
from carelane.facts.fact import Identifier, Payload
from carelane.pathways.notes import NoteSection, NoteTemplate, beside
from carelane.portal.desk import Desk, fields_for, viewer_of
from carelane.worklist.reading import task as read_task

CAUSES: Final[Mapping[str, str]] = {
    chart.NO_ANSWER: "The record does not answer at the moment. Try again in a minute, or open the record itself.",
    chart.NO_CONNECTION: "No connection of this site can read the record. Open the record itself.",
    chart.NOT_FOUND: "The record knows no patient under these numbers. Open the record itself and look there.",
    chart.NOT_CERTAIN: "The record found under these numbers may be another patient's, so it is not shown. "
    "Open the record itself, and tell the identity desk.",
    chart.REFUSED: "The record refuses to show this. Ask whoever runs the connection.",
}
TO_WRITE: Final = "(to be written by the author)"
NOTHING: Final = "(nothing in the record)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One section as it is shown."""

    section: NoteSection
    entries: tuple[Entry, ...] = field(default=(), repr=False)
    cause: str = ""

    @property
    def missing(self) -> bool:
        """Whether the note needs it and the chart doesn't have it."""
        return self.section.must and not self.entries


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartView:
    """A note pre-filled from the chart, or why it could not be."""

    note: NoteTemplate
    task: UUID
    parts: tuple[Part, ...] = field(default=(), repr=False)
    cause: str = ""
    connection: str = ""
    read_at: datetime | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """Titles of what the note still needs."""
        return tuple(each.section.title for each in self.parts if each.missing)

    @property
    def told(self) -> str:
        """The cause in words."""
        return CAUSES.get(self.cause, "")

    def text(self) -> str:
        """The note as plain text, for its author to take into the record."""
        blocks = [self.note.title, *(_block(each) for each in self.parts)]
        return "\n\n".join(blocks)


async def read_chart(desk: Desk, session: Session, id_: UUID) -> ChartView | Denied:
    """The chart beside a task; a leaf says who asked before the record is asked."""
    if denied := await desk.rights.allow_on(session, Action.CHART_READ, "task", id_):
        return denied
    found = await read_task(desk.runtime, viewer_of(session), id_)
    note = beside(desk.notes, found.row["pathway"], found.row["name"]) if found else None
    if found is None or note is None or "chart" not in fields_for(session, Screen.CHART).shown:
        return MISSING
    case = found.row["case_id"]
    seen = await page(desk.runtime, case, sites=session.person.sites, allowed=())
    if seen is None:
        return MISSING
    await desk.rights.read(session, Screen.CHART.value, [case])
    return await _asked(desk, id_, note, seen.patient.reveal(), found.row["site"])


async def _asked(
    desk: Desk, task: UUID, note: NoteTemplate, patient: Payload, site: str
) -> ChartView:
    if desk.chart is None:
        return ChartView(note=note, task=task, cause=chart.NO_CONNECTION)
    wish = Wish(
        identifiers=_identifiers(patient),
        sections=note.sources,
        birth_date=str(patient.get("birth_date") or ""),
    )
    answer = await desk.chart.read(wish, site=site, now=desk.runtime.now())
    desk.runtime.observer.count("carelane_charts_read_total", {"outcome": _outcome(answer)})
    if isinstance(answer, NoChart):
        return ChartView(note=note, task=task, cause=answer.cause)
    return ChartView(
        note=note,
        task=task,
        parts=_parts(note, answer),
        connection=answer.connection,
        read_at=answer.read_at,
    )


def _parts(note: NoteTemplate, answer: Chart) -> tuple[Part, ...]:
    by_name = {each.name: each for each in answer.sections}
    parts = []
    for section in note.sections:
        read = by_name.get(section.source)
        entries = read.entries[: section.take] if read else ()
        parts.append(Part(section=section, entries=entries, cause=read.cause if read else ""))
    return tuple(parts)


def _block(part: Part) -> str:
    if not part.section.source:
        return f"{part.section.title}:\n{TO_WRITE}"
    lines = [
        f"- {' '.join(word for word in (each.at, each.text) if word)}" for each in part.entries
    ]
    return "\n".join([f"{part.section.title}:", *(lines or [NOTHING])])


def _identifiers(patient: Payload) -> tuple[Identifier, ...]:
    listed: Any = patient.get("identifiers")
    return tuple(
        Identifier(
            authority=str(each.get("authority")),
            value=str(each.get("value")),
            type=str(each.get("type") or "MR"),
        )
        for each in (listed or ())
        if isinstance(each, Mapping) and each.get("value")
    )


def _outcome(answer: chart.Answer) -> str:
    return answer.cause if isinstance(answer, NoChart) else "read"
