"""The command line is a contract: each door says what it is for, and the documents know it."""

import argparse
import os
import re
import sys

import pytest

from carelane.cli import main, parser
from tools.command_table import Command, commands
from tools.house.tree import ROOT, Source, sources

_NAMED = re.compile(r"(?:^|`|/bin/)carelane ((?:[a-z][a-z-]* ?){1,2})", re.MULTILINE)
FOUND = list(commands(parser(), "carelane"))
KNOWN = {path.removeprefix("carelane ") for path, _, _ in FOUND}
GROUPS = KNOWN | {" ".join(path.split()[:2]) for path in KNOWN}
TOPS = {path.split()[0] for path in KNOWN}


@pytest.mark.parametrize("command", FOUND, ids=lambda command: str(command[0]))
def test_every_command_says_what_it_is_for(command: Command) -> None:
    path, said, inner = command
    assert said, f"`{path}` has no help"
    assert inner.format_help()


def test_a_command_without_help_is_found() -> None:
    top = argparse.ArgumentParser(prog="carelane")
    top.add_subparsers().add_parser("mute")
    assert next(commands(top, "carelane"))[1] == ""


def unknown(page: Source) -> set[str]:
    """Commands that the page's code names and the command line does not have."""
    blocks = re.findall(r"```.*?```|`[^`\n]+`", page.text, re.DOTALL)
    named = (found[1].split() for block in blocks for found in _NAMED.finditer(block))
    return {
        " ".join(words)
        for words in named
        if words[0] not in KNOWN and " ".join(words[:2]) not in GROUPS and not _whole(words)
    }


def _whole(words: list[str]) -> bool:
    return len(words) == 1 and words[0] in TOPS


@pytest.mark.parametrize(
    "page",
    sources(
        ".md", under=("README.md", "CONTRIBUTING.md", "docs/tutorial/", "docs/howto/", "docs/why/")
    ),
    ids=lambda page: str(page.path),
)
def test_documents_name_only_commands_that_exist(page: Source) -> None:
    assert unknown(page) == set()


def test_every_command_stands_in_the_reference() -> None:
    text = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    assert [path for path, _, _ in FOUND if f"\n## {path}\n" not in text] == []


def test_an_answer_that_nobody_reads_any_more_ends_quietly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `carelane ... | head` does: no traceback, and the status that a shell gives to a broken pipe."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        status = main(["pathway", "check", str(ROOT / "pathways/system/question.yaml")])
        out.write("what is left goes nowhere, and is no error at the end")
    assert (status, capsys.readouterr().err) == (141, "")
