"""Reading a pathway's file for the command line: its text, what it calls, its definition, or what is wrong and where."""

import sys
from collections.abc import Iterable
from pathlib import Path

from carelane.facts.errors import SetupFault
from carelane.facts.problem import Problem
from carelane.pathways.definition import Definition
from carelane.pathways.loading import SUBS, load


def definition_of(file: Path) -> Definition:
    """The pathway of a file.

    Raises:
        SetupFault: it can't be read, or has errors; each is printed with its place and remedy.
    """
    definition, problems = load(text_of(file), place=str(file), subs=subs_beside(file))
    if definition is None or errors_in(problems):
        sys.stderr.write("\n".join(each.line() for each in problems) + "\n")
        raise SetupFault(f"{file} has errors. Remedy: `carelane pathway check {file}`")
    return definition


def subs_beside(file: Path) -> dict[str, str]:
    """The sub-pathways that a pathway may call: in `sub` beside it, or beside the folder it is in."""
    for folder in (file.parent / SUBS, file.parent.parent / SUBS):
        if folder.is_dir():
            return {one.stem: text_of(one) for one in sorted(folder.glob("*.yaml"))}
    return {}


def text_of(file: Path) -> str:
    """A file's text.

    Raises:
        SetupFault: it can't be read as UTF-8.
    """
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as cause:
        raise SetupFault(
            f"{file} can't be read ({type(cause).__name__}). Remedy: name a UTF-8 YAML file"
        ) from None


def pathways_in(places: Iterable[Path]) -> list[Path]:
    """The files named, and the pathways in the folders named; sub-pathways are read with those that call them."""
    found: list[Path] = []
    for place in places:
        inside = sorted(place.rglob("*.yaml")) if place.is_dir() else [place]
        found.extend(each for each in inside if each.parent.name != SUBS or not place.is_dir())
    return list(dict.fromkeys(found))


def errors_in(problems: Iterable[Problem]) -> bool:
    """Whether one of them is an error."""
    return any(each.severity == "error" for each in problems)
