"""Blocks before they are read: the states inside, how their regions can end, and what each region writes.

Works on nodes, because names must be known before anything that uses them is read.
"""

from collections.abc import Iterator, Mapping

from carelane.pathways.definition import Input, InputType, TaskKind
from carelane.pathways.names import Names
from carelane.pathways.reader import Many, Node, Record, Text

FORM = "task.form."


def inner_records(node: Node | None) -> Iterator[tuple[str, Record, Record]]:
    """Every state in a `states` node, also inside blocks: name, its record, and the record it stands in."""
    if not isinstance(node, Record):
        return
    for name, state in node.entries.items():
        if isinstance(state, Record):
            yield name, state, node
            for _, region in regions_of(state):
                yield from inner_records(region.entries.get("states"))
            each = state.entries.get("for_each")
            yield from inner_records(
                each.entries.get("states") if isinstance(each, Record) else None
            )


def block_fields(node: Node | None) -> dict[str, Input]:
    """How each region of each block ended, as guards read it: `block.region`; of a `for_each`, counts."""
    found = {}
    for name, state, _ in inner_records(node):
        for region, record in regions_of(state):
            field = f"{name}.{region}"
            ends = outcomes_of(record.entries.get("states"))
            found[field] = Input(name=field, path="", codes=ends)
        each = state.entries.get("for_each")
        for field in count_fields(
            name, each.entries.get("states") if isinstance(each, Record) else None
        ):
            found[field] = Input(name=field, path="", type=InputType.INTEGER)
    return found


def own_counters(node: Node | None) -> frozenset[str]:
    """The counters of the states inside: each answer of a `for_each` has its own."""
    return frozenset(
        name for _, state, _ in inner_records(node) for name in _keys(state, "counters")
    )


def count_fields(block: str, node: Node | None) -> frozenset[str]:
    """The fields that count how the regions of a `for_each` ended: `block.outcome`."""
    return frozenset(f"{block}.{outcome}" for outcome in outcomes_of(node))


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
        whole = names.whole("state", name)
        found |= {f"{whole}.{one}" for one, _ in regions_of(state)}
        found |= {names.whole("counter", one) for one in _keys(state, "counters")}
        found |= {names.fields[one].name for one in _set_names(state) if one in names.fields}
        task = names.whole("task", _text(state, "task"))
        for key, kind in tasks.items():
            if key == task or ("call" in state.entries and key.startswith(f"{whole}/")):
                forms |= {field.name for field in kind.form}
    paths = {f"{FORM}{form}" for form in forms}
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
