"""Rules that hold documents to the code: rooms, invariants and requirements, each with who shows it."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping

from tools.house.tree import ROOT, Source
from tools.house.trees import marks

_INVARIANT = re.compile(r"^- \*\*Invariant (I\d+)\*\*.*?(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
_ROOM = re.compile(r"^\*\*`([a-z_]+)(?:/|\.py)?`\*\*", re.MULTILINE)
_PLACE = re.compile(r"`((?:tests|tools|src|docs|verify)/[\w./-]+)`")
_CONTRACT = re.compile(r"contract `([a-z-]+)`")
INVARIANTS = tuple(f"I{number}" for number in range(1, 21))

Marked = Mapping[str, list[str]]


def marked(name: str, tests: Iterable[Source]) -> dict[str, list[str]]:
    """By id, the test files that carry `pytest.mark.<name>(id)`, sorted."""
    found: dict[str, set[str]] = {}
    for source in tests:
        for identifier, _ in marks(source, name):
            found.setdefault(identifier, set()).add(source.path)
    return {identifier: sorted(paths) for identifier, paths in found.items()}


def rooms_amiss(architecture: Source, rooms: set[str]) -> Iterator[str]:
    """ARCHITECTURE.md has one paragraph per room, and no room that isn't there."""
    told = set(_ROOM.findall(architecture.text))
    for name in sorted(rooms - told):
        yield f"{architecture.path}: room `{name}` has no paragraph"
    for name in sorted(told - rooms):
        yield f"{architecture.path}: room `{name}` does not exist"


def invariants_amiss(architecture: Source, proved: Marked, contracts: set[str]) -> Iterator[str]:
    """Each invariant is stated once, names what holds it, and a test is marked with it."""
    stated = {found[1]: found[0] for found in _INVARIANT.finditer(architecture.text)}
    for name in INVARIANTS:
        if name not in stated:
            yield f"{architecture.path}: invariant {name} is not stated"
        elif name not in proved:
            yield f"{name}: no test is marked `pytest.mark.invariant({name!r})`"
    for name in sorted(set(proved) - set(INVARIANTS)):
        yield f"{name} ({proved[name][0]}): no such invariant"
    for name, text in stated.items():
        yield from _holders_amiss(name, text, contracts)


def _holders_amiss(name: str, text: str, contracts: set[str]) -> Iterator[str]:
    places = _PLACE.findall(text)
    named = _CONTRACT.findall(text)
    if not places and not named:
        yield f"{name}: names no test or contract that holds it"
    for place in places:
        if not (ROOT / place).exists():
            yield f"{name}: `{place}` does not exist"
    for contract in named:
        if contract not in contracts:
            yield f"{name}: no contract `{contract}` in pyproject.toml"


def demands(table: Source) -> list[dict[str, str]]:
    """The rows of requirements.csv: id, area, demand."""
    return list(csv.DictReader(io.StringIO(table.text)))


def requirements_amiss(table: Source, proved: Marked) -> Iterator[str]:
    """A mark names a requirement of the table; the table has no row twice and no empty demand."""
    known: set[str] = set()
    for row in demands(table):
        if row["id"] in known:
            yield f"{table.path}: {row['id']} stands twice"
        if not row["demand"].strip():
            yield f"{table.path}: {row['id']} demands nothing"
        known.add(row["id"])
    for name in sorted(set(proved) - known):
        yield f"{name} ({proved[name][0]}): no such requirement"
