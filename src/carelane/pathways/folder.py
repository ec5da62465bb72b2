"""Many texts to releases: pathways and the overlays that lie over them, whichever comes first. Pure.

`load` reads one pathway and `overlay` one overlay; this finds each overlay's base among the texts given.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from carelane.facts.problem import Fault, Problem, Severity
from carelane.pathways.definition import Definition
from carelane.pathways.loading import bundle, load, subs_among
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
    """What these texts (by path) define, pathways first; and every problem of all of them."""
    return _read(tuple(sorted(texts.items())), frozenset(connections))


@lru_cache(maxsize=4)
def _read(
    items: tuple[tuple[str, str], ...], connections: frozenset[str]
) -> tuple[tuple[Loaded, ...], tuple[Problem, ...]]:
    """The same texts define the same: a folder is read once in a process, which costs a second."""
    texts = dict(items)
    subs = subs_among(texts)
    own = {place: text for place, text in sorted(texts.items()) if text not in subs.values()}
    over = {place: name for place, text in own.items() if (name := base_of(text)) is not None}
    found: list[Loaded] = []
    problems: list[Problem] = []
    for place, text in own.items():
        if place not in over:
            definition, said = load(text, place=place, connections=connections, subs=subs)
            problems.extend(said)
            if definition is not None:
                whole = bundle(text, definition, subs)
                found.append(Loaded(place=place, definition=definition, text=whole))
    bases = {one.definition.name: one for one in found}
    for place, name in over.items():
        laid, said = _laid(own[place], place, bases.get(name), name, connections)
        problems.extend(said)
        found.extend(laid)
    return tuple(found), tuple(problems)


def _laid(
    text: str, place: str, base: Loaded | None, name: str, connections: Collection[str]
) -> tuple[tuple[Loaded, ...], tuple[Problem, ...]]:
    if base is None:
        return (), (no_base(place, name),)
    made, problems = overlay(
        base.text, text, base_place=base.place, place=place, connections=connections
    )
    if made is None:
        return (), problems
    laid = Loaded(place=place, definition=made.definition, text=made.text, overlay=made.name)
    return (laid,), problems


def no_base(place: str, name: str) -> Problem:
    """An overlay whose base is not there, or has errors of its own; or that names none."""
    if not name:
        return Problem(
            code="pathway.overlay",
            place=f"{place}, line 1, column 1",
            message="The overlay does not say what it lies over.",
            remedy="Add `of: ...`, a pathway's name.",
            severity=Severity.ERROR,
            fault=Fault.SITE,
        )
    return Problem(
        code="pathway.overlay",
        place=f"{place}, line 1, column 1",
        message=f"It lies over `{name}`, which is not here or has errors.",
        remedy=f"Put `{name}.yaml` beside it or in the folder above, and mend its errors first.",
        severity=Severity.ERROR,
        fault=Fault.SITE,
    )
