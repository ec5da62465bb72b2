"""Note templates: what a note needs, which part of it the chart gives, and beside which tasks it stands. Pure.

`notes/*.yaml`, one file each. A template names sections; the chart is read when somebody opens it, and what it says is
never part of a template.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from carelane.facts.chart import SECTIONS
from carelane.facts.problem import Problem
from carelane.pathways.findings import Findings
from carelane.pathways.reader import read
from carelane.pathways.shape import Part

TAKE: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSection:
    """One section. `source` is a part of the chart, or empty where only the author can say it."""

    name: str
    title: str
    source: str = ""
    must: bool = False
    take: int = TAKE


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteTemplate:
    """One template; `beside` are tasks by pathway."""

    name: str
    title: str
    beside: Mapping[str, tuple[str, ...]]
    sections: tuple[NoteSection, ...]

    @property
    def sources(self) -> tuple[str, ...]:
        """What must be read of the chart, each once."""
        return tuple(dict.fromkeys(each.source for each in self.sections if each.source))


def load_notes(files: Mapping[str, str]) -> tuple[tuple[NoteTemplate, ...], tuple[Problem, ...]]:
    """The templates of these files (name to text), and every problem with place and remedy."""
    found: list[NoteTemplate] = []
    problems: list[Problem] = []
    for file in sorted(files):
        findings = Findings(file=file)
        top = read(files[file], findings)
        if top is not None:
            found.append(_note(Part(top, findings, "The note")))
        problems.extend(findings.problems)
    return tuple(found), tuple(problems)


def beside(notes: tuple[NoteTemplate, ...], pathway: str, task: str) -> NoteTemplate | None:
    """The template that stands beside a task."""
    return next((each for each in notes if task in each.beside.get(pathway, ())), None)


def _note(top: Part) -> NoteTemplate:
    required = ("note", "title", "beside", "sections")
    top.keys(required, required)
    tasks = top.part("beside", "`beside`")
    return NoteTemplate(
        name=top.text("note", "unnamed"),
        title=top.text("title"),
        beside={pathway: tasks.words(pathway) for pathway in tasks.entries},
        sections=tuple(_section(name, part) for name, part in top.parts("sections", "Section")),
    )


def _section(name: str, part: Part) -> NoteSection:
    part.keys(("title", "from", "must", "take"), ("title",))
    source = part.one_of("from", SECTIONS, "") if part.node("from") else ""
    return NoteSection(
        name=name,
        title=part.text("title", name),
        source=source,
        must=part.flag("must"),
        take=part.number("take", least=1, most=100) if part.node("take") else TAKE,
    )
