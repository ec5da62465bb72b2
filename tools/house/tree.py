"""The tree that the rules look at: files as values, so that a test can plant one."""

import ast
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file: its path from the root, with forward slashes, and its text."""

    path: str
    text: str

    @property
    def tree(self) -> ast.Module:
        """Its syntax tree."""
        return _parsed(self.text)

    def nodes(self) -> Iterator[ast.AST]:
        """Every node of its syntax tree."""
        return ast.walk(self.tree)

    def at(self, line: int, what: str) -> str:
        """A finding: place, then what is wrong and what to do."""
        return f"{self.path}:{line}: {what}"


@cache
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


@cache
def tracked() -> tuple[str, ...]:
    """Files that are, or are about to be, in the repository; what git ignores is left out."""
    asked = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    listed = subprocess.run(asked, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return tuple(sorted(name for name in listed.split("\0") if name and (ROOT / name).is_file()))


def sources(*suffixes: str, under: tuple[str, ...] = ("",)) -> list[Source]:
    """Tracked files that end in one of `suffixes` below the folders `under`."""
    return [
        Source(path=path, text=(ROOT / path).read_text(encoding="utf-8"))
        for path in tracked()
        if path.endswith(suffixes) and path.startswith(under)
    ]


def python(*under: str) -> list[Source]:
    """Python files below the folders."""
    return sources(".py", under=under)


def findings(rule: Callable[[Source], Iterable[str]], files: Iterable[Source]) -> str:
    """All that `rule` finds in `files`, a line each: an empty text is a clean tree."""
    return "\n".join(found for source in files for found in rule(source))
