"""`pathway draw FILE...`: a pathway as a picture (SVG) or a text table, with a way through it highlighted."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from carelane.cli.asking import answer
from carelane.cli.pathway_files import definition_of, text_of
from carelane.facts.errors import SetupFault
from carelane.pathways.definition import Definition
from carelane.pathways.findings import choose
from carelane.pathways.picture import draw
from carelane.pathways.sayings import table_text

FORMATS = ("table", "svg")


def add(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command."""
    one = actions.add_parser(
        "draw", help="a picture (SVG), or owner, clock and fallback as a table"
    )
    one.add_argument("files", nargs="+", type=Path)
    one.add_argument(
        "--format", choices=FORMATS, help="what is printed (table, or as -o's name ends)"
    )
    one.add_argument(
        "--highlight", metavar="STATES", default="",
        help="states in the order they are passed, with commas between; or @FILE, the JSON of a counter-example",
    )  # fmt: skip
    one.add_argument("-o", "--output", type=Path, help="write to this file (one pathway)")
    one.add_argument("--json", action="store_true", help="one document on the last line")
    one.set_defaults(run=_draw)


def _draw(options: argparse.Namespace) -> int:
    drawn = [definition_of(file) for file in options.files]
    path = _path(options.highlight)
    for each in drawn:
        _known(each, path)
    text = "\n".join(_shown(each, path, _format(options)) for each in drawn)
    if options.output:
        if len(drawn) != 1:
            raise SetupFault("-o takes one pathway. Remedy: name one file")
        try:
            options.output.write_text(text, encoding="utf-8")
        except OSError as cause:
            raise SetupFault(
                f"{options.output} can't be written ({type(cause).__name__}). Remedy: name a file in a folder that is"
                " there, and where you may write"
            ) from None
    document = {"pathways": [_document(each, path) for each in drawn]}
    answer(options, document, "" if options.output else text.rstrip("\n"))
    return 0


def _document(definition: Definition, path: Sequence[str]) -> dict[str, object]:
    return {
        "name": definition.name,
        "version": definition.version,
        "release": definition.digest,
        "table": table_text(definition, path),
        "svg": draw(definition, path=path),
    }


def _format(options: argparse.Namespace) -> str:
    by_name = "svg" if options.output and options.output.suffix == ".svg" else "table"
    chosen: str = options.format or by_name
    return chosen


def _shown(definition: Definition, path: Sequence[str], format_: str) -> str:
    if format_ == "svg":
        return draw(definition, path=path)
    return f"{definition.title}\n{table_text(definition, path)}"


def _path(text: str) -> tuple[str, ...]:
    """States of `--highlight`: named, or the `path` of a document as `pathway prove --json` prints it."""
    if not text.startswith("@"):
        return tuple(name for part in text.split(",") if (name := part.strip()))
    place = text.removeprefix("@")
    try:
        found = _paths(msgspec.json.decode(text_of(Path(place)).strip().splitlines()[-1]))
    except (msgspec.DecodeError, IndexError):
        found = []
    if not found:
        raise SetupFault(
            f"{place} holds no counter-example. Remedy: write it with `carelane pathway prove FILE --json > {place}`"
        )
    return found[0]


def _paths(document: Any) -> list[tuple[str, ...]]:  # any JSON
    """Each list of names called `path` in a document, in order."""
    if isinstance(document, list):
        return [path for each in document for path in _paths(each)]
    if not isinstance(document, dict):
        return []
    own = document.get("path")
    here = (
        [tuple(own)]
        if isinstance(own, list) and own and all(isinstance(n, str) for n in own)
        else []
    )
    return here + [path for each in document.values() for path in _paths(each)]


def _known(definition: Definition, path: Sequence[str]) -> None:
    for name in path:
        if name not in definition.states:
            raise SetupFault(
                f"{definition.name} has no state `{name}` to highlight. Remedy: {choose(name, definition.states)}"
            )
