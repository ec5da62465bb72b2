"""Findings: problems of a pathway text, each with line, column and remedy, collected in one run.

Filled by the readers of the sections; `loading.load` hands them out. Nothing here raises.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

from carelane.facts.problem import Fault, Problem, Severity

_PROBLEMS_MAX = 200
_NAMES_SHOWN_MAX = 12


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the text: line and column, both from 1. `file` says which text, where there are several."""

    line: int
    column: int
    file: str = ""

    def along(self, columns: int) -> "Place":
        """The place so many columns to the right."""
        return Place(self.line, self.column + columns, self.file)


START = Place(1, 1)


@dataclass(slots=True, kw_only=True)
class Findings:
    """Collects problems while a text is read. `file` goes before each place."""

    file: str = ""
    problems: list[Problem] = field(default_factory=list)

    def add(self, code: str, at: Place, message: str, remedy: str) -> None:
        """Note one problem, once; after 200 the rest is left out."""
        place, file = f"line {at.line}, column {at.column}", at.file or self.file
        problem = Problem(
            code=f"pathway.{code}",
            place=f"{file}, {place}" if file else place,
            message=message,
            remedy=remedy,
            severity=Severity.ERROR,
            fault=Fault.SITE,
        )
        if len(self.problems) < _PROBLEMS_MAX and problem not in self.problems:
            self.problems.append(problem)

    def unknown(self, what: str, name: str, at: Place, declared: Iterable[str]) -> None:
        """A name that nothing declares; the remedy names the nearest, or what there is."""
        known = sorted(set(declared))
        self.add("unknown-name", at, f"No {what} is called `{name}`.", f"{choose(name, known)}")


def choose(name: str, known: Iterable[str]) -> str:
    """A remedy that offers the nearest name, or a few of those that exist."""
    names = sorted(set(known))
    near = get_close_matches(name, names, n=1)
    if near:
        return f"Did you mean `{near[0]}`?"
    if not names:
        return "None is declared here: declare it, or remove this."
    shown = ", ".join(names[:_NAMES_SHOWN_MAX])
    more = "" if len(names) <= _NAMES_SHOWN_MAX else f" and {len(names) - _NAMES_SHOWN_MAX} more"
    return f"Use one of: {shown}{more}; or declare it."
