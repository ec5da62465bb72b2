"""Reading a pathway's file for the command line: its text, its definition, or what is wrong and where."""

import sys
from collections.abc import Iterable
from pathlib import Path

from carelane.facts.errors import SetupFault
from carelane.facts.problem import Problem
from carelane.pathways.definition import Definition
from carelane.pathways.loading import load


def definition_of(file: Path) -> Definition:
    """The pathway of a file.

    Raises:
        SetupFault: it can't be read, or has errors; each is printed with its place and remedy.
    """
    definition, problems = load(text_of(file), place=str(file))
    if definition is None or errors_in(problems):
        sys.stderr.write("\n".join(each.line() for each in problems) + "\n")
        raise SetupFault(f"{file} has errors. Remedy: `carelane pathway check {file}`")
    return definition


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


def errors_in(problems: Iterable[Problem]) -> bool:
    """Whether one of them is an error."""
    return any(each.severity == "error" for each in problems)
