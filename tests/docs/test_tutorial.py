"""The tutorial is what a stranger does first: its files are written, its commands run, its answers compared."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import pytest

from carelane.compose.house import open_house
from carelane.settings import Settings
from carelane.store.roles import DatabaseUrls
from tools.house.tree import ROOT

PAGE = ROOT / "docs" / "tutorial" / "first-pathway.md"
_STEP = re.compile(
    r"Write `(?P<path>mine/[^`]+)`[^\n]*:\n```\w+\n(?P<text>.*?)^```$|^```console\n(?P<said>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A file to write, or a command with the lines that it must answer."""

    path: str = ""
    text: str = ""
    command: str = ""
    answer: tuple[str, ...] = ()


def steps(page: str) -> Iterator[Step]:
    """What the page asks for, in its order."""
    for found in _STEP.finditer(page):
        if found["said"] is not None:
            yield from _commands(found["said"])
        else:
            yield Step(path=found["path"], text=found["text"])


def _commands(said: str) -> Iterator[Step]:
    for part in re.split(r"^\$ ", said, flags=re.MULTILINE)[1:]:
        command, *answer = part.splitlines()
        yield Step(command=command, answer=tuple(answer))


def as_said(wanted: tuple[str, ...], answered: list[str]) -> bool:
    """Whether an answer is as the page says; `...` stands for what may differ, in a line or for whole lines."""
    lines = [r"(?:[^\n]*\n)*" if line == "..." else _line(line) + r"\n" for line in wanted]
    return re.fullmatch("".join(lines), "".join(f"{line}\n" for line in answered)) is not None


def _line(line: str) -> str:
    return r"[^\n]*".join(re.escape(part) for part in line.split("..."))


def test_an_answer_that_differs_is_found() -> None:
    assert as_said(("a ...", "...", "c"), ["a b", "x", "y", "c"])
    assert as_said(("a", "..."), ["a"])
    assert not as_said(("a", "b"), ["a", "c"])
    assert not as_said(("a",), ["a", "b"])


def test_every_block_of_the_tutorial_is_run_or_read() -> None:
    """No block that looks like a command is left out: files, commands, and `make ready`."""
    page = PAGE.read_text(encoding="utf-8")
    opened = re.findall(r"^```(\w+)$", page, re.MULTILINE)
    told = re.findall(r"^```sh\n(.*?)\n```$", page, re.MULTILINE)
    assert told == ["make ready", "make demo", "export CARELANE_HOME=/tmp/carelane-demo-..."], (
        "what the test stands on"
    )
    files = [one for one in steps(page) if one.path]
    assert len(files) == opened.count("yaml") + opened.count("text")
    assert len(opened) == len(told) + len(files) + opened.count("console")


@pytest.fixture
async def carelane(database: DatabaseUrls, tmp_path: Path) -> Path:
    """The home of a Carelane that runs: its database known there, its site and pathways loaded."""
    home = tmp_path / "home"
    home.mkdir()
    addresses = {each.name: getattr(database, each.name) for each in fields(database)}
    (home / "database.json").write_text(json.dumps(addresses), encoding="utf-8")
    async with open_house(Settings(home=home), database, process="load", load=True):
        pass
    return home


@pytest.mark.requirement("R31")
@pytest.mark.requirement("R178")
@pytest.mark.postgres
def test_the_first_pathway_is_made_as_the_tutorial_says(carelane: Path, tmp_path: Path) -> None:
    """From the empty file to a release in force."""
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    environment = {
        "PATH": os.defpath,
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "CARELANE_HOME": str(carelane),
    }
    for step in steps(PAGE.read_text(encoding="utf-8")):
        if step.path:
            (tmp_path / step.path).write_text(step.text, encoding="utf-8")
            continue
        ran = subprocess.run(
            ["/bin/sh", "-c", step.command], cwd=tmp_path, env=environment, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip
        assert as_said(step.answer, ran.stdout.splitlines()), f"$ {step.command}\n{ran.stdout}"
