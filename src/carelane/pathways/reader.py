"""YAML text to typed nodes with places: the first half of loading; the sections read the nodes.

YAML 1.2 core schema, one document, mappings, sequences and plain text only. It works on the
parser's events, so nothing is ever constructed: tags, anchors and aliases are refused where they
stand, and size, depth and number of nodes are bounded.

ruamel.yaml says what YAML 1.2 is, and what is wrong with a text. libyaml, twenty times as fast, reads first: where
it finds nothing wrong both give the same nodes, save where they read apart (`_APART`), which it never gets.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeAlias, cast

import yaml as libyaml  # type: ignore[import-untyped]  # it ships no types; `_Open` and `_Scalar` say what is used
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from carelane.pathways.findings import START, Findings, Place

_ALIAS: Final = (AliasEvent, libyaml.AliasEvent)
_SCALAR: Final = (ScalarEvent, libyaml.ScalarEvent)
_MAPPING: Final = (MappingStartEvent, libyaml.MappingStartEvent)
_SEQUENCE: Final = (SequenceStartEvent, libyaml.SequenceStartEvent)
_END: Final = (
    MappingEndEvent, SequenceEndEvent, libyaml.MappingEndEvent, libyaml.SequenceEndEvent,
)  # fmt: skip
TEXT_CHARACTERS_MAX = 512_000
DEPTH_MAX = 16
NODES_MAX = 60_000


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar. `quoted` ones are words; `single` says that columns inside can be counted."""

    text: str
    at: Place
    quoted: bool = False
    single: bool = True

    def inside(self, column: int) -> Place:
        """The place of the character at `column` (from 1) of the text."""
        return self.at.along(column - 1 + self.quoted) if self.single else self.at


@dataclass(frozen=True, slots=True)
class Many:
    """A sequence."""

    items: tuple["Node", ...]
    at: Place


@dataclass(frozen=True, slots=True)
class Record:
    """A mapping; keys are unique words, in the order of the text."""

    entries: dict[str, "Node"]
    places: dict[str, Place]
    at: Place


Node: TypeAlias = Text | Many | Record
_Part: TypeAlias = "tuple[str, Place, list[Node]]"


class _Mark(Protocol):
    line: int
    column: int


class _Open(Protocol):
    anchor: str | None


class _Scalar(Protocol):
    value: str
    style: str | None
    end_mark: _Mark


def decode(text: str | bytes, findings: Findings) -> str | None:
    """The text, if it is UTF-8 and not too long."""
    if len(text) > TEXT_CHARACTERS_MAX * (1 if isinstance(text, str) else 4):
        findings.add(
            "too-large",
            START,
            f"The text is longer than {TEXT_CHARACTERS_MAX} characters.",
            "Split the pathway; a pathway of this size can't be read by a person.",
        )
        return None
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        column = error.start - text.rfind(b"\n", 0, error.start)
        findings.add(
            "not-utf-8", Place(line, column), "The text is not UTF-8.", "Save the file as UTF-8."
        )
        return None


def read(text: str | bytes, findings: Findings) -> Record | None:
    """The one document of a text as a record of nodes; None with findings where it can't be read."""
    documents = read_documents(text, findings)
    for extra in documents[1:]:
        _several(extra, findings)
    return documents[0] if documents else None


def read_documents(text: str | bytes, findings: Findings) -> tuple[Record, ...]:
    """The pathway as a record of nodes, then the sub-pathways in the same text; empty where it can't be read."""
    decoded = decode(text, findings)
    if decoded is None:
        return ()
    nodes = fast_nodes(decoded)
    if nodes is None:
        nodes = exact_nodes(decoded, findings)
    return tuple(_documents(nodes, findings)) if nodes is not None else ()


_APART: Final = re.compile("^%|[\ufeff\t\x85\u2028\u2029]|[|>][-+0-9 ]*(#|$)", re.MULTILINE)
"""Where the two read apart: directives, tabs, characters that end a line in YAML 1.1 only, heads of block scalars."""


def fast_nodes(text: str) -> tuple[Node, ...] | None:
    """The nodes, if libyaml reads the text and nothing is to be found; else None, and `exact_nodes` says why."""
    if _APART.search(text):
        return None
    findings = Findings()
    try:
        nodes = _Builder(findings).build(
            cast("Iterator[object]", libyaml.parse(text, Loader=_LIBYAML))
        )
    except (libyaml.YAMLError, _Stop, ValueError):
        return None
    return None if findings.problems else nodes


def exact_nodes(text: str, findings: Findings) -> tuple[Node, ...] | None:
    """The nodes as YAML 1.2 has them; None with findings where the text can't be read."""
    yaml = YAML(typ="safe", pure=True)
    try:
        return _Builder(findings).build(cast("Iterator[object]", yaml.parse(text)))
    except _Stop:
        return None
    except YAMLError as error:
        findings.add("not-yaml", _place(error), "This is not valid YAML.", _cause(error))
    except (ValueError, IndexError, OverflowError):
        # ruamel lets these through for escapes and directives that name no character or version
        findings.add(
            "not-yaml", START, "This is not valid YAML.", "Look for odd escapes or directives."
        )
    return None


def _documents(nodes: tuple[Node, ...], findings: Findings) -> Iterator[Record]:
    first = nodes[0] if nodes else None
    if not isinstance(first, Record):
        findings.add(
            "not-a-pathway",
            first.at if first else START,
            "A pathway is a mapping of names to values.",
            "Begin with `pathway: name`.",
        )
        return
    yield first
    for node in nodes[1:]:
        if isinstance(node, Record) and "sub" in node.entries:
            yield node
        else:
            _several(node, findings)


def _several(node: Node, findings: Findings) -> None:
    findings.add("several-documents", node.at, "One text holds one pathway.", "Split the file.")


_LIBYAML: Final = getattr(libyaml, "CSafeLoader", libyaml.SafeLoader)


def _cause(error: YAMLError) -> str:
    reason = error.problem if isinstance(error, MarkedYAMLError) else None
    return f"The reader says: {reason}." if reason else "Remove characters that can't be printed."


def _place(error: YAMLError) -> Place:
    mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
    return Place(mark.line + 1, mark.column + 1) if mark is not None else START


class _Stop(Exception):  # the finding is noted, reading ends
    """The rest of the text can't be trusted."""


class _Builder:
    """Builds nodes from events without recursion."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._open: list[_Part] = [("root", START, [])]
        self._count = 0

    def build(self, events: Iterator[object]) -> tuple[Node, ...]:
        for event in events:
            self._take(event)
        return tuple(self._open[0][2])

    def _take(self, event: object) -> None:
        if isinstance(event, _ALIAS):
            self._stop("alias", event, "An alias (`*name`) is not allowed.", "Write the value out.")
        if isinstance(event, _SCALAR + _MAPPING + _SEQUENCE):
            self._plain(cast("_Open", event))
        if isinstance(event, _SCALAR):
            self._open[-1][2].append(_scalar(cast("_Scalar", event)))
        elif isinstance(event, _MAPPING + _SEQUENCE):
            kind = "record" if isinstance(event, _MAPPING) else "many"
            self._open.append((kind, _at(event), []))
            if len(self._open) > DEPTH_MAX:
                self._stop(
                    "too-deep", event, f"Nested deeper than {DEPTH_MAX}.", "Flatten this part."
                )
        elif isinstance(event, _END):
            self._close()

    def _plain(self, event: _Open) -> None:
        self._count += 1
        if self._count > NODES_MAX:
            self._stop("too-large", event, f"More than {NODES_MAX} values.", "Split the pathway.")
        if event.anchor is not None:
            self._stop(
                "anchor", event, "An anchor (`&name`) is not allowed.", "Write the value out."
            )
        if getattr(event, "tag", None) is not None:
            self._stop("tag", event, "A tag (`!name`) is not allowed.", "Write plain values only.")

    def _close(self) -> None:
        kind, at, children = self._open.pop()
        node: Node = Many(tuple(children), at) if kind == "many" else self._record(at, children)
        self._open[-1][2].append(node)

    def _record(self, at: Place, children: list[Node]) -> Record:
        entries: dict[str, Node] = {}
        places: dict[str, Place] = {}
        for key, value in zip(children[::2], children[1::2], strict=True):
            if not isinstance(key, Text):
                self._findings.add("key", key.at, "A key must be a word.", "Write a plain word.")
            elif key.text in entries:
                self._findings.add(
                    "twice", key.at, f"`{key.text}` stands here twice.", "Keep one of the two."
                )
            else:
                entries[key.text] = value
                places[key.text] = key.at
        return Record(entries, places, at)

    def _stop(self, code: str, event: object, message: str, remedy: str) -> None:
        self._findings.add(code, _at(event), message, remedy)
        raise _Stop


def _at(event: object) -> Place:
    mark = cast("_Mark | None", getattr(event, "start_mark", None))
    return START if mark is None else Place(mark.line + 1, mark.column + 1)


def _scalar(event: _Scalar) -> Text:
    at = _at(event)
    return Text(str(event.value), at, bool(event.style), event.end_mark.line + 1 == at.line)


def placed(record: Record, file: str) -> Record:
    """The same nodes, each saying which file it stands in: for texts that are read together."""
    return Record(
        {key: _placed(node, file) for key, node in record.entries.items()},
        {key: _in(at, file) for key, at in record.places.items()},
        _in(record.at, file),
    )


def _placed(node: Node, file: str) -> Node:
    """Recursion is bounded by the depth that the reader allows."""
    match node:
        case Text():
            return replace(node, at=_in(node.at, file))
        case Many():
            return Many(tuple(_placed(one, file) for one in node.items), _in(node.at, file))
        case Record():
            return placed(node, file)


def _in(at: Place, file: str) -> Place:
    return Place(at.line, at.column, file)
