"""Lists of open times: beside which tasks they stand, and the names by which a pathway says what fits. Pure.

`openings/*.yaml`, one file each. A list names inputs, tables and form fields of the pathway; never a connection.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from carelane.facts.openings import PARTS
from carelane.facts.problem import Problem
from carelane.pathways.findings import Findings
from carelane.pathways.reader import read
from carelane.pathways.shape import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningList:
    """One list. `fits` are tables that must say true, with what is said where they don't; `fills` form fields by part.

    `line` is the output that names the service line and `line_codes` the input whose codes name lines at the source;
    `earliest` the output that says how long before the visit a preparation takes, as a duration's code (`3d`), and
    `because` the one that says what it is.
    """

    name: str
    title: str
    beside: Mapping[str, tuple[str, ...]]
    ahead: timedelta
    fits: Mapping[str, str]
    fills: Mapping[str, str]
    line: str = ""
    line_codes: str = ""
    earliest: str = ""
    because: str = ""


def load_openings(files: Mapping[str, str]) -> tuple[tuple[OpeningList, ...], tuple[Problem, ...]]:
    """The lists of these files (name to text), and every problem with place and remedy."""
    found: list[OpeningList] = []
    problems: list[Problem] = []
    for file in sorted(files):
        findings = Findings(file=file)
        top = read(files[file], findings)
        if top is not None:
            found.append(_list(Part(top, findings, "The list")))
        problems.extend(findings.problems)
    return tuple(found), tuple(problems)


def stands_beside(lists: tuple[OpeningList, ...], pathway: str, task: str) -> OpeningList | None:
    """The list that stands beside a task."""
    return next((each for each in lists if task in each.beside.get(pathway, ())), None)


def _list(top: Part) -> OpeningList:
    required = ("openings", "title", "beside", "days", "fits", "fills")
    top.keys((*required, "line", "earliest", "because"), required)
    tasks, fits, fills = (top.part(key, f"`{key}`") for key in ("beside", "fits", "fills"))
    line = top.part("line", "`line`")
    return OpeningList(
        name=top.text("openings", "unnamed"),
        title=top.text("title"),
        beside={pathway: tasks.words(pathway) for pathway in tasks.entries},
        ahead=timedelta(days=top.number("days", least=1, most=365)),
        fits={table: fits.text(table) for table in fits.entries},
        fills={name: fills.one_of(name, PARTS, PARTS[0]) for name in fills.entries},
        line=line.text("output"),
        line_codes=line.text("codes"),
        earliest=top.text("earliest"),
        because=top.text("because"),
    )
