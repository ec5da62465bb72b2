"""What differs between two releases, for a clinical owner: states, owners, clocks, tables, wording; not lines of text.

`diff(old, new)` compares part by part and leaves none out: no difference found means the same rules. `diff_words` has
the words.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace

from carelane.pathways.definition import ClockSpec, Definition, Edge
from carelane.pathways.diff_words import said
from carelane.pathways.digest import plain
from carelane.pathways.renames import renamed, renames
from carelane.pathways.rows import row_changes

_SKIPPED = frozenset({"digest", "line", "version", "name"})
_AREAS = {
    "owner": "owners",
    "clock": "clocks",
    "escalate": "clocks",
    "fallback": "clocks",
    "pause": "clocks",
    "title": "wording",
    "milestone": "wording",
    "translations": "wording",
    "label": "wording",
    "rows": "tables",
    "outcomes": "outcomes",
    "effects": "effects",
    "effect_outcomes": "effects",
    "on": "events",
}
_SECTIONS = {
    "states": "states",
    "tables": "tables",
    "events": "events",
    "everywhere": "events",
    "tasks": "tasks",
    "effects": "effects",
}
AREAS = (
    "states",
    "owners",
    "clocks",
    "tables",
    "outcomes",
    "events",
    "effects",
    "tasks",
    "wording",
    "other",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that is otherwise: in which area, what it is called, and what it was and is, in words.

    `what` is `added`, `removed`, `renamed` or `changed`. `part` is the part of a thing that changed. `rows` are
    those of a table, `(sign, number, when, then)` with sign `-` or `+`.
    """

    area: str
    name: str
    what: str = "changed"
    part: str = ""
    before: str = ""
    after: str = ""
    rows: tuple[tuple[str, int, str, str], ...] = ()


def diff(old: Definition, new: Definition) -> tuple[Difference, ...]:
    """Everything that is otherwise in `new`, by area; empty only if both say the same (but for their version)."""
    moved = renames(old, new)
    found = [
        Difference(area="states", name=there, what="renamed", before=here, after=there)
        for here, there in moved.items()
    ]
    found.extend(_compared(renamed(old, moved), new))
    return tuple(sorted(found, key=lambda each: AREAS.index(each.area)))


def _compared(old: Definition, new: Definition) -> Iterator[Difference]:
    for each in fields(Definition):
        if each.name in _SKIPPED:
            continue
        before, after = getattr(old, each.name), getattr(new, each.name)
        if plain(before) == plain(after):
            continue
        area = _SECTIONS.get(each.name, _AREAS.get(each.name, "other"))
        if isinstance(before, Mapping):
            yield from _section(area, each.name, before, after)
        else:
            yield Difference(area=area, name=each.name, before=said(before), after=said(after))


def _section(
    area: str, section: str, before: Mapping[str, object], after: Mapping[str, object]
) -> Iterator[Difference]:
    for name, value in before.items():
        if name not in after:
            yield Difference(
                area=area, name=_named(section, name), what="removed", before=said(value)
            )
    for name, value in after.items():
        if name not in before:
            yield Difference(area=area, name=_named(section, name), what="added", after=said(value))
        elif plain(before[name]) != plain(value):
            yield from _thing(area, _named(section, name), before[name], value)


def _named(section: str, name: str) -> str:
    return name if section in _SECTIONS else f"{section} {name}"


def _thing(area: str, name: str, before: object, after: object) -> Iterator[Difference]:
    if not is_dataclass(before) or isinstance(before, Edge) or type(before) is not type(after):
        yield Difference(area=area, name=name, before=said(before), after=said(after))
        return
    for each in fields(before):
        was, now = getattr(before, each.name), getattr(after, each.name)
        if each.name in _SKIPPED or plain(was) == plain(now):
            continue
        yield from _part(_AREAS.get(each.name, area), name, each.name, was, now)


def _part(area: str, name: str, part: str, was: object, now: object) -> Iterator[Difference]:
    if part == "rows":
        yield Difference(area=area, name=name, part=part, rows=row_changes(was, now))
        return
    if isinstance(was, ClockSpec) and isinstance(now, ClockSpec):
        yield from _thing(area, name, was, now)
        return
    inner = list(_inner(area, name, part, was, now))
    if not inner:  # no names, or only another order
        whole = part.replace("_", " ")
        inner = [Difference(area=area, name=name, part=whole, before=said(was), after=said(now))]
    yield from inner


def _inner(area: str, name: str, part: str, was: object, now: object) -> Iterator[Difference]:
    """The parts of a part, where they have names: levels, fields of a form, outcomes."""
    for each in _section(area, part, _by_name(was), _by_name(now)):
        inner = f"{part} {each.name.removeprefix(f'{part} ')} {each.part}".strip()
        yield replace(each, name=name, part=inner.replace("_", " "))


def _by_name(value: object) -> Mapping[str, object]:
    if isinstance(value, Mapping):
        return value
    items = value if isinstance(value, tuple) else ()
    return {str(name): one for one in items if (name := _name_of(one)) is not None}


def _name_of(item: object) -> object:
    return getattr(item, "level", getattr(item, "name", None)) if is_dataclass(item) else None


def lines(found: tuple[Difference, ...]) -> list[str]:
    """The differences as text, area by area."""
    out: list[str] = []
    for area in AREAS:
        here = [each for each in found if each.area == area]
        if here:
            out.append(area.capitalize())
            out.extend(line for each in here for line in _lines(each))
    return out


def _lines(each: Difference) -> Iterator[str]:
    called = f"{each.name}, {each.part}" if each.part and each.part != "rows" else each.name
    if each.rows:
        yield f"  {called}"
        for sign, number, when, then in each.rows:
            yield f"    {'was' if sign == '-' else 'now'} row {number} | {when} | {then}"
    elif each.what == "renamed":
        yield f"  {each.before} is now called {each.after}"
    elif each.what == "added":
        yield f"  {called} added: {each.after}"
    elif each.what == "removed":
        yield f"  {called} removed (was: {each.before})"
    else:
        yield f"  {called}: {each.before} -> {each.after}"
