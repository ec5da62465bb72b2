"""Pathway files for the doors: a file is a pathway, or an overlay whose base stands beside it or above it."""

import sys
from collections.abc import Iterable
from pathlib import Path

from carelane.facts.errors import SetupFault
from carelane.facts.problem import Problem
from carelane.pathways.definition import Definition
from carelane.pathways.folder import no_base
from carelane.pathways.loading import SUBS, load
from carelane.pathways.overlay import base_of, overlay


def problems_of(file: Path) -> tuple[Problem, ...]:
    """Everything wrong with a pathway or an overlay."""
    return _loaded(file)[1]


def definition_of(file: Path) -> Definition:
    """What a file defines.

    Raises:
        SetupFault: it has errors; they are printed, each with file, line, column and remedy.
    """
    definition, problems = _loaded(file)
    if definition is None or errors_in(problems):
        sys.stderr.write("\n".join(each.line() for each in problems) + "\n")
        raise SetupFault(f"{file} has errors. Remedy: `carelane pathway check {file}`")
    return definition


def pathways_in(places: Iterable[Path]) -> list[Path]:
    """The files named, and the pathways in the folders named; sub-pathways are read with those that call them.

    Raises:
        SetupFault: there is none: "no problems" of nothing would be green where a folder's name is wrong.
    """
    found: list[Path] = []
    for place in places:
        inside = sorted(place.rglob("*.yaml")) if place.is_dir() else [place]
        found.extend(each for each in inside if each.parent.name != SUBS or not place.is_dir())
    if not found:
        raise SetupFault("No pathway is there. Remedy: name a YAML file, or a folder with some")
    return list(dict.fromkeys(found))


def texts_beside(file: Path) -> dict[str, str]:
    """A file's text with those it needs: an overlay's base, and sub-pathways; by path."""
    text = text_of(file)
    name = base_of(text)
    base = _base(file, name) if name else None
    found = {str(file): text, **({str(base): text_of(base)} if base else {})}
    for folder in ((base or file).parent / SUBS, (base or file).parent.parent / SUBS):
        found.update({str(each): text_of(each) for each in sorted(folder.glob("*.yaml"))})
    return found


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
    except UnicodeDecodeError as cause:
        line = cause.object.count(b"\n", 0, cause.start) + 1
        column = cause.start - cause.object.rfind(b"\n", 0, cause.start)
        raise SetupFault(
            f"{file}, line {line}, column {column} is not UTF-8. Remedy: save the file as UTF-8"
        ) from None
    except OSError as cause:
        raise SetupFault(
            f"{file} can't be read ({type(cause).__name__}). Remedy: name a UTF-8 YAML file"
        ) from None


def errors_in(problems: Iterable[Problem]) -> bool:
    """Whether any of them is an error."""
    return any(each.severity == "error" for each in problems)


def _loaded(file: Path) -> tuple[Definition | None, tuple[Problem, ...]]:
    text = text_of(file)
    name = base_of(text)
    if name is None:
        return load(text, place=str(file), subs=subs_beside(file))
    base = _base(file, name)
    if base is None:
        return None, (no_base(str(file), name),)
    subs = subs_beside(base)
    made, problems = overlay(text_of(base), text, base_place=str(base), place=str(file), subs=subs)
    return (made.definition if made else None), problems


def _base(file: Path, name: str) -> Path | None:
    """`NAME.yaml` in the overlay's folder, or in the one above it and its `system`."""
    above = file.resolve().parent.parent
    folders = (file.parent, above, above / "system")
    return next(
        (each / f"{name}.yaml" for each in folders if (each / f"{name}.yaml").is_file()), None
    )
