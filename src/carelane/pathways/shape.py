"""Typed values out of nodes: words, lists, durations, flags; a finding where it is not so.

Used by the readers of the sections. A default always comes back: one run finds every mistake.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta

from carelane.pathways.durations import duration
from carelane.pathways.findings import START, Findings, Place, choose
from carelane.pathways.reader import Many, Node, Record, Text

NAME_CHARACTERS_MAX = 80
_NAME = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*", re.ASCII)
_DOTTED = re.compile(r"[a-z][a-z0-9_-]*(?:\.[a-z][a-z0-9_-]*)+", re.ASCII)
_PATH = re.compile(r"[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*", re.ASCII)
_NOTHING: Mapping[str, Node] = {}


class Part:
    """A mapping node being read: knows its findings, checks its keys, gives typed values by key."""

    def __init__(self, node: Node | None, findings: Findings, what: str) -> None:
        self.findings = findings
        self.what = what
        self.at: Place = node.at if node is not None else START
        self._record = node if isinstance(node, Record) else None
        if node is not None and self._record is None:
            findings.add(
                "not-a-mapping",
                node.at,
                f"{what} is a mapping of names.",
                "Write `{ name: value }`.",
            )

    @property
    def entries(self) -> Mapping[str, Node]:
        """Keys and their nodes, in the order of the text."""
        return self._record.entries if self._record else _NOTHING

    @property
    def record(self) -> Record:
        """The mapping itself; an empty one where there is none."""
        return self._record or Record({}, {}, self.at)

    def place(self, key: str) -> Place:
        """Where the key stands, or the mapping itself."""
        return self._record.places.get(key, self.at) if self._record else self.at

    def node(self, key: str) -> Node | None:
        """The node under a key."""
        return self.entries.get(key)

    def keys(self, allowed: Iterable[str], required: Iterable[str] = ()) -> None:
        """Report unknown and missing keys."""
        known = tuple(allowed)
        for key in self.entries:
            if key not in known:
                self.findings.add(
                    "unknown-key",
                    self.place(key),
                    f"{self.what} has no `{key}`.",
                    choose(key, known),
                )
        for key in required:
            if key not in self.entries and self._record is not None:
                self.findings.add(
                    "missing-key", self.at, f"{self.what} has no `{key}`.", f"Add `{key}: ...`."
                )

    def part(self, key: str, what: str) -> "Part":
        """The mapping under a key; an empty one when it is absent."""
        return Part(self.node(key), self.findings, what)

    def parts(self, key: str, what: str) -> list[tuple[str, "Part"]]:
        """The named mappings under a key; each name is checked."""
        section = self.part(key, f"`{key}`")
        found = []
        for name, node in section.entries.items():
            self.name(name, section.place(name), dotted=key == "events")
            found.append((name, Part(node, self.findings, f"{what} `{name}`")))
        return found

    def name(self, name: str, at: Place, *, dotted: bool = False) -> None:
        """Report a name that is not in small letters, digits, `-` and `_` (events: with a dot)."""
        form = _DOTTED if dotted else _NAME
        if len(name) > NAME_CHARACTERS_MAX or not form.fullmatch(name):
            example = "`thing.happened`" if dotted else "`small-letters`"
            self.findings.add("name", at, f"`{name[:40]}` is no name.", f"Write it like {example}.")

    def text(self, key: str, default: str = "") -> str:
        """A scalar as text."""
        node = self.node(key)
        if node is None:
            return default
        if isinstance(node, Text) and node.text:
            return node.text
        self.findings.add("not-text", node.at, f"`{key}` is one text.", "Write one value here.")
        return default

    def one_of(self, key: str, allowed: Iterable[str], default: str = "") -> str:
        """A scalar out of a closed list."""
        node = self.node(key)
        value = self.text(key, default)
        known = tuple(allowed)
        if node is not None and isinstance(node, Text) and value not in known:
            self.findings.add(
                "not-listed", node.at, f"`{key}` can't be `{value}`.", choose(value, known)
            )
            return default
        return value

    def flag(self, key: str) -> bool:
        """`true` or `false`; absent is false."""
        return self.one_of(key, ("true", "false"), "false") == "true"

    def number(self, key: str, *, least: int, most: int) -> int:
        """A whole number within bounds."""
        node = self.node(key)
        text = self.text(key)
        if text.isascii() and text.isdigit() and least <= int(text[:9]) <= most:
            return int(text)
        if node is not None:
            self.findings.add(
                "not-a-number", node.at, f"`{key}` is a whole number.", f"Write {least} to {most}."
            )
        return least

    def span(self, key: str) -> timedelta | None:
        """A duration."""
        node = self.node(key)
        return None if node is None else span_of(node, self.findings, key)

    def words(self, key: str) -> tuple[str, ...]:
        """A list of scalars; one scalar is a list of one."""
        node = self.node(key)
        return () if node is None else tuple(one.text for one in texts_of(node, self.findings, key))

    def path(self, key: str) -> str:
        """A dotted path into a payload."""
        text = self.text(key)
        if text and not _PATH.fullmatch(text):
            self.findings.add(
                "path",
                self.place(key),
                f"`{key}` is no path.",
                "Write names joined by dots: `a.b`.",
            )
        return text


def texts_of(node: Node, findings: Findings, what: str) -> tuple[Text, ...]:
    """The scalars of a list, or of a single scalar, with places; twice the same is reported."""
    items = node.items if isinstance(node, Many) else (node,)
    seen: dict[str, Text] = {}
    for item in items:
        if not isinstance(item, Text) or not item.text:
            findings.add(
                "not-text", item.at, f"`{what}` is a list of words.", "Write `[one, two]`."
            )
        elif item.text in seen:
            findings.add(
                "twice", item.at, f"`{item.text}` stands here twice.", "Keep one of the two."
            )
        else:
            seen[item.text] = item
    return tuple(seen.values())


def span_of(node: Node, findings: Findings, what: str) -> timedelta | None:
    """The duration a scalar says."""
    value = duration(node.text) if isinstance(node, Text) else None
    if value is None:
        findings.add(
            "not-a-duration",
            node.at,
            f"`{what}` is a duration.",
            "Write it like 5m, 2h, 3d or 1h30m.",
        )
    return value
