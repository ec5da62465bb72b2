"""Breaks a pathway's text in every way of a kind: what deletes something, and what changes a value.

Each mutant is a text of its own, made from the YAML as data, so that nothing here depends on how it is laid out.
"""

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from ruamel.yaml import YAML

from carelane.pathways.definition import Definition
from tests.rules.brute import NotForMe, red_flag_rows

HOUSE = Path(__file__).parents[2]
FILES = sorted((HOUSE / "pathways").glob("*.yaml")) + sorted(
    (HOUSE / "pathways/system").glob("*.yaml")
)
Tree: TypeAlias = Any  # a YAML text as data: mappings, lists and texts, as deep as they go
Change = Callable[[Tree], None]
_OPS = {"<=": "<", "<": "<=", ">=": ">", ">": ">=", "!=": "=", "=": "!="}
_OP = re.compile(r"(?<=\s)(<=|>=|!=|<|>|=)(?=\s)")
_NUMBER = re.compile(r"(?<=[<>=] )\d+(?=\s|$|\))")
_SET = re.compile(r"\{([^{}]*)\}")
_SPAN = re.compile(r"(\d+)([dhms])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One broken text: what kind of breaking, and where. It is written out when it is asked for."""

    kind: str
    where: str
    write: Callable[[], str]

    @property
    def text(self) -> str:
        """The broken text."""
        return self.write()


def texts() -> list[tuple[str, str]]:
    """The shipped pathways: name and text."""
    return [(path.stem, path.read_text("utf-8")) for path in FILES]


def deletions(text: str, definition: Definition) -> Iterator[Mutant]:
    """Every owner, clock, fallback, outcome edge, required level and red-flag row, gone one by one."""
    for path, state in _states(_read(text)):
        for kind in ("owner", "clock", "fallback"):
            if kind in state:
                yield _changed(text, kind, path, _without(kind))
        if "else" in state.get("owner", {}):
            yield _changed(text, "owner", path, _without("else", "owner"))
        for section in ("outcomes", "effect_outcomes"):
            for name in state.get(section, {}):
                yield _changed(
                    text, "outcome edge", (*path, section, name),
                    _without(name), up=1,
                )  # fmt: skip
        for number in range(len(state.get("escalate", []))):
            yield _changed(text, "required level", path, partial(_level_gone, number=number))
    yield from _red_flags(text, definition)


def _red_flags(text: str, definition: Definition) -> Iterator[Mutant]:
    flags = definition.red_flags
    if flags is None:
        return
    for section, named in (("inputs", flags.inputs), ("outputs", flags.outputs)):
        for name, codes in named.items():
            for code in codes:
                yield _changed(
                    text, "red-flag row", ("red_flags", section, name),
                    _unlisted(code),
                )  # fmt: skip
    urgent = set(_urgent_rows(definition))
    for table in definition.tables.values():
        for row in table.rows:
            flagged = any(value in flags.outputs.get(name, ()) for name, value in row.then.items())
            if flagged or (table.name, row.number) in urgent:
                yield _changed(
                    text, "red-flag row", ("tables", table.name, "rows"),
                    _without(row.number - 1),
                )  # fmt: skip


def _urgent_rows(definition: Definition) -> list[tuple[str, int]]:
    try:
        return red_flag_rows(definition)
    except NotForMe:  # it reads time
        return []


def changes(text: str) -> Iterator[Mutant]:
    """Guards, rows and due times with other values."""
    tree = _read(text)
    for path, value in _leaves(tree, ()):
        if path[-1] == "when":
            for other in _guards(value):
                yield _changed(text, "guard", path, _with(path[-1], other), up=1)
        if path[-1] in ("due", "warn", "after", "resume_by") and _SPAN.search(value):
            for other in _spans(value):
                yield _changed(text, "due time", path, _with(path[-1], other), up=1)
    for name, table in tree.get("tables", {}).items():
        yield from _rows(text, name, table)


def _rows(text: str, name: str, table: Mapping[str, Tree]) -> Iterator[Mutant]:
    rows = table["rows"]
    outputs = list(dict.fromkeys(row["then"] for row in rows if isinstance(row["then"], str)))
    for number, row in enumerate(rows):
        at = ("tables", name, "rows")
        yield _changed(text, "row", at, _without(number))
        if number:
            yield _changed(text, "row", at, _earlier(number))
        for other in outputs:
            if other != row["then"]:
                yield _changed(text, "row", at, _with("then", other, number))


def _guards(guard: str) -> Iterator[str]:
    for found in _OP.finditer(guard):
        yield guard[: found.start()] + _OPS[found[0]] + guard[found.end() :]
    for found in _NUMBER.finditer(guard):
        for other in (int(found[0]) - 1, int(found[0]) + 1):
            yield guard[: found.start()] + str(max(other, 0)) + guard[found.end() :]
    for found in _SET.finditer(guard):
        members = [one.strip() for one in found[1].split(",")]
        for gone in members if len(members) > 1 else ():
            rest = ", ".join(one for one in members if one != gone)
            yield f"{guard[: found.start()]}{{{rest}}}{guard[found.end() :]}"
    if " and " in guard:
        yield guard.replace(" and ", " or ", 1)
    yield f"not ({guard})"


def _spans(value: str) -> Iterator[str]:
    yield _SPAN.sub(lambda m: f"{int(m[1]) * 10}{m[2]}", value)
    if any(int(number) >= 10 for number, _ in _SPAN.findall(value)):
        yield _SPAN.sub(lambda m: f"{max(int(m[1]) // 10, 1)}{m[2]}", value)


def _states(tree: Mapping[str, Tree]) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Tree]]]:
    """Every waiting state, also inside blocks, with its path in the text."""

    def inside(
        states: Mapping[str, Tree], path: tuple[str | int, ...]
    ) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Tree]]]:
        for name, state in states.items():
            here = (*path, name)
            if state.get("final") not in ("true", True):
                yield here, state
            for region, what in state.get("parallel", {}).get("regions", {}).items():
                yield from inside(what["states"], (*here, "parallel", "regions", region, "states"))
            each = state.get("for_each", {})
            yield from inside(each.get("states", {}), (*here, "for_each", "states"))

    yield from inside(tree["states"], ("states",))


def _leaves(tree: Tree, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from _leaves(value, (*path, key))
    elif isinstance(tree, list):
        for number, value in enumerate(tree):
            yield from _leaves(value, (*path, number))
    elif isinstance(tree, str):
        yield path, tree


def _without(key: str | int, *inside: str | int) -> Change:
    """What takes an entry away."""

    def change(tree: Tree) -> None:
        _deeper(tree, inside).pop(key)

    return change


def _with(key: str | int, value: str, *inside: str | int) -> Change:
    """What gives an entry another value."""

    def change(tree: Tree) -> None:
        _deeper(tree, inside)[key] = value

    return change


def _unlisted(member: str) -> Change:
    """What takes a member out of a list."""

    def change(tree: Tree) -> None:
        tree.remove(member)

    return change


def _earlier(number: int) -> Change:
    """What moves a row one up."""

    def change(tree: Tree) -> None:
        tree.insert(number - 1, tree.pop(number))

    return change


def _deeper(tree: Tree, inside: Sequence[str | int]) -> Tree:
    for key in inside:
        tree = tree[key]
    return tree


def _level_gone(state: dict[str, Tree], number: int) -> None:
    levels = state["escalate"]
    levels.pop(number)
    for place, level in enumerate(levels, start=1):
        level["level"] = str(place)
    if not levels:
        state.pop("escalate")


def _changed(
    text: str,
    kind: str,
    path: tuple[str | int, ...],
    change: Change,
    *,
    up: int = 0,
) -> Mutant:
    write = partial(_written, text, path[: len(path) - up], change)
    return Mutant(kind=kind, where="/".join(map(str, path)), write=write)


def _written(text: str, path: tuple[str | int, ...], change: Change) -> str:
    tree = deepcopy(_read(text))
    change(_deeper(tree, path))
    out = io.StringIO()
    _yaml().dump(tree, out)
    return out.getvalue()


def unchanged(text: str) -> str:
    """The text as it is written out when nothing is changed."""
    return _written(text, (), lambda _: None)


def _yaml() -> YAML:
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # a table reads those above it
    yaml.width = 4_000
    return yaml


_TREES: dict[str, Tree] = {}


def _read(text: str) -> Tree:
    """The text as data, every scalar a text, as the pathway reader sees it."""
    if text not in _TREES:
        _TREES[text] = _plain(_yaml().load(text))
    return _TREES[text]


def _plain(value: object) -> Tree:
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
