"""Typed reading of a site file's nodes: each getter gives a value and notes what is wrong, with place.

A leaf of `site`; the YAML itself is read by `pathways.reader`, so the same rules hold: YAML 1.2 core,
no anchors, no tags, bounded.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from carelane.facts.fact import Json
from carelane.pathways.durations import duration
from carelane.pathways.findings import START, Findings, Place
from carelane.pathways.reader import Many, Node, Record, Text


@dataclass(frozen=True, slots=True)
class Row:
    """A mapping of a site file, with where to note what is wrong in it."""

    record: Record
    findings: Findings

    def only(self, *names: str) -> None:
        """Note keys that mean nothing here."""
        for name, at in self.record.places.items():
            if name not in names:
                self.findings.add(
                    "unknown-key",
                    at,
                    f"`{name}` means nothing here.",
                    f"Use: {', '.join(names)}.",
                )

    def at(self, name: str) -> Place:
        """Where a key stands, or the row itself."""
        return self.record.places.get(name, self.record.at)

    def wrong(self, name: str, message: str, remedy: str) -> None:
        """Note a problem at a key."""
        self.findings.add("wrong", self.at(name), message, remedy)

    def text(self, name: str, default: str | None = None) -> str:
        """A word or sentence; without a default it must be there."""
        node = self.record.entries.get(name)
        if isinstance(node, Text) and node.text:
            return node.text
        if node is not None or default is None:
            self.wrong(name, f"`{name}` must be a text.", f"Write `{name}: ...`.")
        return default or ""

    def words(self, name: str) -> tuple[str, ...]:
        """A list of words; absent is empty."""
        node = self.record.entries.get(name)
        if node is None:
            return ()
        if isinstance(node, Many) and all(isinstance(item, Text) for item in node.items):
            return tuple(item.text for item in node.items if isinstance(item, Text))
        self.wrong(name, f"`{name}` must be a list of words.", f"Write `{name}: [one, two]`.")
        return ()

    def number(self, name: str, default: int) -> int:
        """A whole number from 1 to 999."""
        text = self.text(name, str(default))
        if text.isascii() and text.isdigit() and 1 <= int(text) <= 999:  # noqa: PLR2004  # said above
            return int(text)
        self.wrong(name, f"`{name}` must be a whole number from 1 to 999.", f"Write `{name}: 1`.")
        return default

    def flag(self, name: str, *, default: bool) -> bool:
        """`true` or `false`."""
        text = self.text(name, "true" if default else "false")
        if text not in ("true", "false"):
            self.wrong(name, f"`{name}` must be true or false.", f"Write `{name}: true`.")
        return text == "true"

    def instant(self, name: str) -> datetime | None:
        """An instant with its offset, in UTC; None with a problem when it isn't one."""
        text = self.text(name)
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            at = None
        if at is not None and at.tzinfo is not None:
            return at.astimezone(UTC)
        self.wrong(
            name,
            f"`{name}` must be an instant with its offset.",
            "Write it like 2026-11-30T08:00:00-05:00.",
        )
        return None

    def rows(self, name: str) -> Iterator["Row"]:
        """The mappings of a list."""
        node = self.record.entries.get(name)
        if node is not None and not isinstance(node, Many):
            self.wrong(name, f"`{name}` must be a list.", "Begin each entry with `- `.")
        for item in node.items if isinstance(node, Many) else ():
            if isinstance(item, Record):
                yield Row(item, self.findings)
            else:
                self.findings.add(
                    "wrong", item.at, "An entry must be a mapping.", "Write `{ name: ... }`."
                )

    def named(self, name: str) -> Iterator[tuple[str, "Row"]]:
        """The mappings of a mapping, by name."""
        node = self.record.entries.get(name)
        if node is not None and not isinstance(node, Record):
            self.wrong(name, f"`{name}` must map names to values.", "Write `name: { ... }`.")
        for key, item in node.entries.items() if isinstance(node, Record) else ():
            if isinstance(item, Record):
                yield key, Row(item, self.findings)
            else:
                self.findings.add(
                    "wrong", item.at, f"`{key}` must be a mapping.", f"Write `{key}: {{ ... }}`."
                )

    def durations(self) -> dict[str, timedelta]:
        """Each entry of this mapping as a duration."""
        found: dict[str, timedelta] = {}
        for name, node in self.record.entries.items():
            value = duration(node.text) if isinstance(node, Text) else None
            if value is None:
                self.wrong(name, f"`{name}` must be a duration.", "Write it like 24h or 3d.")
            else:
                found[name] = value
        return found


def top(record: Record | None, findings: Findings) -> Row:
    """The row of a whole file; an unreadable file is an empty one."""
    return Row(record or Record({}, {}, START), findings)


def plain(node: Node) -> Json:
    """A node as plain data: numbers, booleans and null by the YAML 1.2 core schema."""
    if isinstance(node, Record):
        return {name: plain(inner) for name, inner in node.entries.items()}
    if isinstance(node, Many):
        return [plain(inner) for inner in node.items]
    return node.text if node.quoted else _core(node.text)


def _core(text: str) -> Json:
    words: dict[str, Json] = {"true": True, "false": False, "null": None, "~": None, "": None}
    if text in words:
        return words[text]
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() else text


def stretch(text: str) -> tuple[time, time] | None:
    """Opening hours like `08:00-17:00`; `24:00` closes at the end of the day."""
    opens, _, closes = text.partition("-")
    try:
        return time.fromisoformat(opens.strip()), time.fromisoformat(
            closes.strip().replace("24:00", "00:00")
        )
    except ValueError:
        return None


def day(text: str) -> date | None:
    """A date like 2026-12-25."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
