"""Judges mutants one by one and keeps what was found, so that a long run that was stopped goes on where it was.

What is kept stands under a fingerprint of all code that could make a difference (the engine, the prover, the naive
judge, this file) beside the mutant's own text: another letter in any of them, and everything is judged anew.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

from tests.rules.mutants import FILES, HOUSE, Mutant

Found: TypeAlias = tuple[str, str]
"""What a mutant is counted as, and what is wrong with how it was judged (empty: nothing)."""
_CODE = ("src/carelane", "tests/rules/brute", "pathways/sub")
_FILES = ("tests/rules/worlds.py", "tests/rules/mutants.py", "tests/rules/mutant_runs.py",
          "tests/rules/test_prover_mutants.py", "requirements/run.lock")  # fmt: skip
_LARGE = 10_000  # bytes of text


@dataclass(frozen=True, slots=True)
class Slice:
    """One of so many equal parts of a pathway's mutants."""

    name: str
    number: int = 0
    of: int = 1

    @property
    def words(self) -> str:
        """Its name in the test run."""
        return self.name if self.of == 1 else f"{self.name}-{self.number + 1}-of-{self.of}"

    def take(self, mutants: Iterator[Mutant]) -> Iterator[Mutant]:
        """Every so-manieth of them."""
        return (each for place, each in enumerate(mutants) if place % self.of == self.number)


def slices(*, every: bool, parts: int) -> list[Slice]:
    """What is judged in one test each: whole pathways, large ones in parts where every mutant is judged."""
    return [
        Slice(path.stem, number, of)
        for path in FILES
        for of in (parts if every and path.stat().st_size > _LARGE else 1,)
        for number in range(of)
    ]


def judged(
    mutants: Iterator[Mutant],
    what: str,
    original: str,
    judge: Callable[[Mutant], Found],
    *,
    keep: bool,
) -> Iterator[tuple[Mutant, Found]]:
    """How each mutant is judged. `keep`: remembered from an earlier run with the same code, or written down for one."""
    file = HOUSE / ".cache/mutants" / fingerprint() / f"{what}.jsonl"
    known = _known(file) if keep else {}
    for mutant in mutants:
        key = hashlib.sha256(f"{original}\0{mutant.text}".encode()).hexdigest()
        found = known.get(key)
        if found is None:
            found = judge(mutant)
            if keep and not found[1]:  # what was judged wrongly is judged again
                _write(file, key, found)
        yield mutant, found


def _known(file: Path) -> dict[str, Found]:
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    return {key: (counted, wrong) for key, counted, wrong in map(json.loads, lines)}


def _write(file: Path, key: str, found: Found) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps([key, *found]) + "\n")


@cache
def fingerprint() -> str:
    """A name for all code that decides how a mutant is judged."""
    found = hashlib.sha256(sys.version.encode())
    files = [HOUSE / each for each in _FILES]
    for folder in _CODE:
        files.extend(
            each for each in (HOUSE / folder).rglob("*") if each.suffix in {".py", ".yaml"}
        )
    for path in sorted(files):
        if path.exists():
            found.update(f"{path.relative_to(HOUSE)}\0".encode() + path.read_bytes() + b"\0")
    return found.hexdigest()[:24]
