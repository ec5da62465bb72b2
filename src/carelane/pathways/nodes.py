"""Nodes put together: a record with one part replaced, for texts that are read together (`overlay`). Pure leaves."""

from collections.abc import Mapping

from carelane.pathways.places_reader import ALL, allowed
from carelane.pathways.reader import Node, Record, Text
from carelane.pathways.shape import Part

_CALLED = {"states": "state", "tables": "table", "tasks": "task", "fields": "copied field"}


def may(base: Record, part: Part, key: str, name: str | None) -> None:
    """Note a change that the base does not allow; `None` asks whether anything is."""
    given = allowed(base, key)
    if ALL in given or name in given or (name is None and given):
        return
    at = part.at if name is None else part.place(name)
    more = f"Ask the base's owner to add `{name or '...'}` to its `overlays: {{ {key}: [...] }}`."
    shown = ", ".join(sorted(given)) or "nothing"
    part.findings.add(
        "overlay-not-allowed", at, f"The base lets an overlay change {key} of {shown}.", more
    )


def named(base: Record, part: Part, key: str, name: str) -> Record | None:
    """The base's part of this name; noted where there is none."""
    section = section_of(base, key)
    found = section.entries.get(name)
    if isinstance(found, Record):
        return found
    part.findings.unknown(f"{_CALLED[key]} of the base", name, part.place(name), section.entries)
    return None


def section_of(document: Record, key: str) -> Record:
    """A section; an empty one when it is absent."""
    node = document.entries.get(key)
    return node if isinstance(node, Record) else Record({}, {}, document.at)


def put_state(base: Record, name: str, state: Record) -> Record:
    """The document with this state."""
    return put(base, "states", put(section_of(base, "states"), name, state))


def put(record: Record, key: str, node: Node) -> Record:
    """The record with this part; a part of another file stands where that file says."""
    known = record.places.get(key)
    at = known if known is not None and known.file == node.at.file else node.at
    return Record({**record.entries, key: node}, {**record.places, key: at}, record.at)


def joined(before: Record, entries: Mapping[str, Node], part: Part) -> Record:
    """The record with more parts, which stand where `part` says."""
    places = dict(before.places)
    places.update((key, part.place(key)) for key in entries)
    return Record({**before.entries, **entries}, places, before.at)


def word_of(record: Record, key: str) -> str:
    """A scalar as text; empty when it is absent or something else."""
    node = record.entries.get(key)
    return node.text if isinstance(node, Text) else ""
