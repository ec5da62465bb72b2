"""Many texts to releases: pathways and the overlays that lie over them, whichever comes first. Pure.

`load` reads one pathway and `overlay` one overlay; this finds each overlay's base among the texts given.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from carelane.facts.problem import Fault, Problem, Severity
from carelane.pathways.definition import Definition
from carelane.pathways.findings import choose
from carelane.pathways.loading import load
from carelane.pathways.overlay import base_of, overlay


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A definition, the text that `load` makes it of again, and the overlay's name where there is one."""

    place: str
    definition: Definition
    text: str
    overlay: str = ""


def read_texts(
    texts: Mapping[str, str], *, connections: Collection[str] = ()
) -> tuple[tuple[Loaded, ...], tuple[Problem, ...]]:
    """What these texts (by file name) define, pathways first; and every problem of all of them."""
    over = {
        place: name for place, text in sorted(texts.items()) if (name := base_of(text)) is not None
    }
    found: list[Loaded] = []
    problems: list[Problem] = []
    for place, text in sorted(texts.items()):
        if place in over:
            continue
        definition, said = load(text, place=place, connections=connections)
        problems.extend(said)
        if definition is not None:
            found.append(Loaded(place=place, definition=definition, text=text))
    bases = {one.definition.name: one for one in found}
    for place, name in over.items():
        laid, said = _laid(texts[place], place, name, bases, connections)
        problems.extend(said)
        found.extend(laid)
    return tuple(found), tuple(problems)


def _laid(
    text: str,
    place: str,
    name: str,
    bases: Mapping[str, Loaded],
    connections: Collection[str],
) -> tuple[tuple[Loaded, ...], tuple[Problem, ...]]:
    base = bases.get(name)
    if base is None:
        return (), (no_base(place, name, bases),)
    made, problems = overlay(
        base.text, text, base_place=base.place, place=place, connections=connections
    )
    if made is None:
        return (), problems
    laid = Loaded(place=place, definition=made.definition, text=made.text, overlay=made.name)
    return (laid,), problems


def no_base(place: str, name: str, known: Collection[str]) -> Problem:
    """An overlay whose base is not there, or has errors of its own."""
    return Problem(
        code="pathway.overlay",
        place=f"{place}, line 1, column 1",
        message=f"It lies over `{name}`, which is not here or has errors.",
        remedy=f"{choose(name, known)} Mend the base first where it has errors.",
        severity=Severity.ERROR,
        fault=Fault.SITE,
    )
