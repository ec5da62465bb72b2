"""What an adapter costs: `python -m tools.adapter_cost` counts lines of each, of its rig and its tests, and its suites.

Lines are those that hold something. No page keeps them: they would change with every commit.
"""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

from carelane.compose.connections import KINDS
from tools.house.tree import Source, python

SLICES = "src/carelane/connect/"
RIGS = "src/carelane/testing/conformance/"
TESTS = "tests/adapters/"
IN_SLICE = {"payer": "fhir", "portal": "", "carelane": ""}
"""Kinds whose slice has another name; none: a kind that is not an adapter of anything outside."""
SUITES = {"sender": "conformance import sender", "gateway": "conformance import gateway"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """One slice: what was written for it, and the suites that it is held to."""

    slice: str
    kinds: tuple[str, ...]
    code: int
    rig: int
    tests: int
    suites: tuple[str, ...]


def lines(some: Iterable[Source]) -> int:
    """How many hold something."""
    return sum(bool(line.strip()) for each in some for line in each.text.splitlines())


def costs(
    sources: Iterable[Source], tests: Iterable[Source], kinds: Iterable[str]
) -> Iterator[Cost]:
    """One for each slice that a kind of connection uses."""
    known, about = tuple(sources), tuple(tests)
    by_slice: dict[str, list[str]] = {}
    for kind in kinds:
        if name := IN_SLICE.get(kind, kind):
            by_slice.setdefault(name, []).append(kind)
    for name, some in by_slice.items():
        mine = [each for each in about if f"carelane.connect.{name}" in each.text]
        rigs = tuple(f"{RIGS}{each}_rig.py" for each in {name, *some})
        yield Cost(
            slice=name,
            kinds=tuple(some),
            code=lines(each for each in known if each.path.startswith(f"{SLICES}{name}/")),
            rig=lines(each for each in known if each.path in rigs),
            tests=lines(mine),
            suites=tuple(
                suite
                for suite, imported in SUITES.items()
                if any(imported in each.text for each in mine)
            ),
        )


def main() -> int:
    """Prints the table."""
    names = [each.name for each in fields(Cost)]
    print(" | ".join(names))
    for one in costs(python("src/"), python(TESTS), KINDS):
        print(" | ".join(_cell(getattr(one, name)) for name in names))
    return 0


def _cell(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


if __name__ == "__main__":
    sys.exit(main())
