"""What the doors share: setting flags, JSON on the last line, and a house to ask."""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import fields
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec

from carelane.compose.database import running
from carelane.compose.house import House, open_house
from carelane.facts.errors import SetupFault
from carelane.settings import Settings, load


def settings_flags(parser: argparse.ArgumentParser, *, without: Collection[str] = ()) -> None:
    """Each setting as a flag, but those `without`; the environment is `CARELANE_<NAME>`."""
    group = parser.add_argument_group("settings (also CARELANE_<NAME>)")
    for each in fields(Settings):
        if each.name in without:
            continue
        name = f"--{each.name.replace('_', '-')}"
        default = getattr(Settings(), each.name)
        if isinstance(default, bool):
            group.add_argument(name, action="store_true", default=None)
        else:
            group.add_argument(name, metavar=each.name.upper(), type=_type(default), default=None)


def _type(default: object) -> Callable[[str], object]:
    return Path if isinstance(default, Path) else type(default)


def settings_of(options: argparse.Namespace) -> Settings:
    """Settings from defaults, environment and this command's flags."""
    return load(flags={each.name: getattr(options, each.name, None) for each in fields(Settings)})


def answer(options: argparse.Namespace, value: object, text: str) -> None:
    """Print `text` for people, or with `--json` one document on the last line."""
    if getattr(options, "json", False):
        print(msgspec.json.encode(value).decode())
    elif text:
        print(text)


def say(text: str) -> None:
    """Progress, for people: to standard error, so that `--json` stays clean."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


@asynccontextmanager
async def house_of(options: argparse.Namespace) -> AsyncIterator[House]:
    """The house of the Carelane that runs, for one question."""
    settings = settings_of(options)
    async with open_house(settings, running(settings), process="cli", connections=2) as house:
        yield house


def ask(options: argparse.Namespace, question: Callable[[House], Awaitable[int]]) -> int:
    """Open the house, ask, and give the exit status."""

    async def run() -> int:
        async with house_of(options) as house:
            return await question(house)

    return asyncio.run(run())


def asking(
    question: Callable[[argparse.Namespace, House], Awaitable[int]],
) -> Callable[[argparse.Namespace], int]:
    """A command that is one question to the house."""
    return lambda options: ask(options, partial(question, options))


def instant(flag: str, text: str | None) -> datetime | None:
    """The instant that a flag gives, UTC where it names no offset; None where it was not given.

    Raises:
        SetupFault: it is none; the message says how to write one.
    """
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        remedy = "write it like 2026-11-30T08:00:00-05:00"
        raise SetupFault(f"{flag} is no instant. Remedy: {remedy}") from None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def table(rows: list[dict[str, object]], columns: list[str]) -> str:
    """Rows as aligned text."""
    cells = [[str(row.get(column, "")) for column in columns] for row in rows]
    widths = [max(len(column), *(len(line[n]) for line in cells)) if cells else len(column)
              for n, column in enumerate(columns)]  # fmt: skip
    lines = [
        "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip()
        for line in [columns, *cells]
    ]
    return "\n".join(lines)
