"""Nodes put together: a record with one part replaced, for texts that are read together (`overlay`). Pure leaves."""

from collections.abc import Mapping

from carelane.pathways.places_reader import ALL, allowed
from carelane.pathways.reader import Node, Record, Text
from carelane.pathways.regions import inner_records
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
    """The base's part of this name, a state wherever it stands; noted where there is none."""
    if key == "states":
        known = {one: record for one, record, _ in inner_records(base.entries.get("states"))}
    else:
        parts = section_of(base, key).entries.items()
        known = {one: node for one, node in parts if isinstance(node, Record)}
    if name not in known:
        part.findings.unknown(f"{_CALLED[key]} of the base", name, part.place(name), known)
    return known.get(name)


def section_of(document: Record, key: str) -> Record:
    """A section; an empty one when it is absent."""
    node = document.entries.get(key)
    return node if isinstance(node, Record) else Record({}, {}, document.at)


def put_state(base: Record, name: str, state: Record) -> Record:
    """The document with this state in the place of the one of its name, also inside blocks."""
    return put(base, "states", _within(section_of(base, "states"), name, state))


def _within(states: Record, name: str, new: Record) -> Record:
    """Recursion is bounded by the depth that the reader allows."""
    if name in states.entries:
        return put(states, name, new)
    for each, state in states.entries.items():
        if isinstance(state, Record) and any(
            one == name for one, _, _ in inner_records(Record({each: state}, {}, state.at))
        ):
            return put(states, each, _inside(state, name, new))
    return states


def _inside(state: Record, name: str, new: Record) -> Record:
    for key in ("parallel", "for_each"):
        block = state.entries.get(key)
        if isinstance(block, Record):
            state = put(state, key, _block(block, name, new))
    return state


def _block(block: Record, name: str, new: Record) -> Record:
    regions = block.entries.get("regions")
    for key, region in regions.entries.items() if isinstance(regions, Record) else ():
        if isinstance(region, Record) and isinstance(regions, Record):
            inner = _within(section_of(region, "states"), name, new)
            block = put(
                block,
                "regions",
                put(section_of(block, "regions"), key, put(region, "states", inner)),
            )
    if "states" in block.entries:
        block = put(block, "states", _within(section_of(block, "states"), name, new))
    return block


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
