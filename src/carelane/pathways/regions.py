"""Blocks before they are read: the states inside, how their regions can end, and what each region writes.

Works on nodes, because names must be known before anything that uses them is read.
"""

from collections.abc import Iterator, Mapping

from carelane.pathways.definition import Input, TaskKind
from carelane.pathways.findings import Place
from carelane.pathways.names import Names
from carelane.pathways.reader import Many, Node, Record, Text

_FORM = "task.form."


def inner_records(node: Node | None) -> Iterator[tuple[str, Record, Record]]:
    """Every state in a `states` node, also inside blocks: name, its record, and the record it stands in."""
    if not isinstance(node, Record):
        return
    for name, state in node.entries.items():
        if isinstance(state, Record):
            yield name, state, node
            for _, region in regions_of(state):
                yield from inner_records(region.entries.get("states"))


def places_of(node: Node | None) -> dict[str, Place]:
    """Where each state stands in the text."""
    return {name: section.places[name] for name, _, section in inner_records(node)}


def block_fields(node: Node | None) -> dict[str, Input]:
    """How each region of each block ended, as guards read it: `block.region`."""
    return {
        f"{name}.{region}": Input(
            name=f"{name}.{region}", path="", codes=outcomes_of(record.entries.get("states"))
        )
        for name, state, _ in inner_records(node)
        for region, record in regions_of(state)
    }


def regions_of(state: Record) -> Iterator[tuple[str, Record]]:
    """The regions of a state with `parallel`."""
    parallel = state.entries.get("parallel")
    regions = parallel.entries.get("regions") if isinstance(parallel, Record) else None
    for name, region in regions.entries.items() if isinstance(regions, Record) else ():
        if isinstance(region, Record):
            yield name, region


def outcomes_of(node: Node | None) -> tuple[str, ...]:
    """How a region can end: the outcomes of its final states, each once."""
    ends = []
    for name, state in node.entries.items() if isinstance(node, Record) else ():
        if isinstance(state, Record) and _text(state, "final") == "true":
            ends.append(_text(state, "outcome") or name)
    return tuple(dict.fromkeys(ends))


def written(node: Node | None, names: Names, tasks: Mapping[str, TaskKind]) -> frozenset[str]:
    """What the states of a region write: variables, counters, region outcomes, and what its tasks' forms fill."""
    found: set[str] = set()
    forms: set[str] = set()
    for name, state, _ in inner_records(node):
        found |= set(_keys(state, "counters")) | {f"{name}.{one}" for one, _ in regions_of(state)}
        task = tasks.get(names.whole("task", _text(state, "task")))
        forms |= {field.name for field in task.form} if task else set()
        called = f"{name}/" if "call" in state.entries else "//"
        for key, kind in tasks.items():
            forms |= {field.name for field in kind.form} if key.startswith(called) else set()
        found |= {names.fields[one].name for one in _set_names(state) if one in names.fields}
    paths = {f"{_FORM}{form}" for form in forms}
    filled = {one.name for one in names.fields.values() if one.path in paths}
    return frozenset(found | filled)


def _set_names(record: Record) -> Iterator[str]:
    """The variables set by any edge of a state."""
    waiting: list[Node] = list(record.entries.values())
    while waiting:
        node = waiting.pop()
        if isinstance(node, Many):
            waiting.extend(node.items)
        elif isinstance(node, Record):
            yield from _keys(node, "set")
            waiting.extend(node.entries.values())


def _keys(record: Record, key: str) -> tuple[str, ...]:
    node = record.entries.get(key)
    return tuple(node.entries) if isinstance(node, Record) else ()


def _text(record: Record, key: str) -> str:
    node = record.entries.get(key)
    return node.text if isinstance(node, Text) else ""
