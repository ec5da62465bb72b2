"""The section `states`, with what stands inside blocks: `parallel` and `for_each` of a state.

States are named once in the whole pathway. A region's edges lead only to its own states, and no region reads
or writes what another one writes before they are joined, so that regions can be proved apart (SEMANTICS 9).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from carelane.pathways.definition import Block, Edge, Join, JoinKind, Region, State, TaskKind
from carelane.pathways.edges_reader import read_edge
from carelane.pathways.names import STAYS, Names
from carelane.pathways.reader import Node, Record, Text
from carelane.pathways.regions import outcomes_of, written
from carelane.pathways.shape import Part
from carelane.pathways.states_reader import read_final, read_waiting

REGIONS_MAX = 12
_PARALLEL_KEYS = ("join", "regions", "then")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """Where states are read: the scope, the kinds of work, the region, and where the states go."""

    names: Names
    tasks: Mapping[str, TaskKind]
    region: str
    found: dict[str, State]


def read_states(top: Part, names: Names, tasks: Mapping[str, TaskKind]) -> dict[str, State]:
    """All states by name, a block before what is inside it."""
    found: dict[str, State] = {}
    _level(top, _Ground(names=names, tasks=tasks, region="", found=found))
    return found


def _level(top: Part, ground: _Ground) -> tuple[str, ...]:
    """The states of the pathway or of one region; answers their names."""
    here = []
    names, tasks, region = ground.names, ground.tasks, ground.region
    for name, part in top.parts("states", "State"):
        whole = names.whole("state", name)
        here.append(whole)
        if part.flag("final"):
            ground.found[whole] = read_final(name, part, names, region)
        elif "parallel" in part.entries:
            ground.found[whole] = _block(name, part, ground)
        else:
            ground.found[whole] = read_waiting(name, part, names, tasks, region)
    return tuple(here)


def _block(name: str, part: Part, ground: _Ground) -> State:
    """A state whose wait is the join of its regions."""
    names, tasks = ground.names, ground.tasks
    parallel = part.part("parallel", "`parallel`")
    parallel.keys(_PARALLEL_KEYS, _PARALLEL_KEYS)
    whole = names.whole("state", name)
    regions = parallel.parts("regions", "Region")
    writes = {key: written(one.node("states"), names, tasks) for key, one in regions}
    everything = frozenset[str]().union(*writes.values()) | own_fields(parallel, whole)
    own = names.within(names.states, everything)
    state = ground.found[whole] = read_waiting(name, part, own, tasks, ground.region)
    _check_regions(parallel, len(regions))
    read = {}
    for key, one in regions:
        guarded = (everything - writes[key]) | _shared(writes, key)
        read[key] = _region(f"{whole}/{key}", one, ground, guarded)
    ends = {outcome for region in read.values() for outcome in region.outcomes}
    block = Block(
        regions=read, join=read_join(parallel, ends), then=read_leading(parallel, "then", names)
    )
    return replace(state, block=block)


def _shared(writes: Mapping[str, frozenset[str]], key: str) -> frozenset[str]:
    """What this region writes and another one too."""
    others = frozenset[str]().union(*(one for name, one in writes.items() if name != key))
    return writes[key] & others


def _region(path: str, part: Part, ground: _Ground, guarded: frozenset[str]) -> Region:
    part.keys(("start", "states"), ("start", "states"))
    node = part.node("states")
    inside = frozenset(node.entries if isinstance(node, Record) else ())
    scope = ground.names.within(inside, guarded)
    states = _level(part, replace(ground, names=scope, region=path))
    start = part.node("start")
    region = Region(
        name=path.rpartition("/")[2],
        start=read_edge(start, scope, "`start`") if start else Edge(),
        states=states,
        outcomes=outcomes_of(node),
    )
    _check_region(part, region, ground.found)
    return region


def _check_region(part: Part, region: Region, found: Mapping[str, State]) -> None:
    """A region begins by waiting, and can end."""
    for branch in region.start.branches:
        if branch.then in STAYS or (branch.then in found and found[branch.then].final):
            part.findings.add(
                "start",
                part.place("start"),
                "A region starts in a state that waits.",
                "Name one; what needs no wait needs no region.",
            )
    if not region.outcomes:
        part.findings.add(
            "no-end", part.at, f"Region `{region.name}` can't end.", "Add a state with `final: true`."
        )


def _check_regions(parallel: Part, count: int) -> None:
    if not 2 <= count <= REGIONS_MAX:  # noqa: PLR2004  # one region is no block
        parallel.findings.add(
            "regions",
            parallel.place("regions"),
            f"A block has 2 to {REGIONS_MAX} regions.",
            "Write the states without a block, or split it.",
        )


def own_fields(parallel: Part, block: str) -> frozenset[str]:
    """The fields that say how the block's regions ended."""
    regions = parallel.node("regions")
    return frozenset(
        f"{block}.{name}" for name in (regions.entries if isinstance(regions, Record) else ())
    )


def read_join(part: Part, outcomes: set[str]) -> Join:
    """`join`: `all`, `any`, or `{ at_least: n, of: outcome }`."""
    node = part.node("join")
    if not isinstance(node, Record):
        return Join(kind=JoinKind(part.one_of("join", (JoinKind.ALL, JoinKind.ANY), JoinKind.ALL)))
    join = part.part("join", "`join`")
    join.keys(("at_least", "of"), ("at_least",))
    of = join.text("of")
    if of and of not in outcomes:
        join.findings.unknown("outcome of a region", of, join.place("of"), outcomes)
    return Join(
        kind=JoinKind.AT_LEAST, least=join.number("at_least", least=1, most=REGIONS_MAX), of=of
    )


def read_leading(part: Part, key: str, names: Names) -> Edge:
    """An edge that must lead away: the wait is over."""
    node: Node | None = part.node(key)
    if node is None:
        return Edge()
    edge = read_edge(node, names, f"`{key}`")
    if edge.ignore or any(branch.then == "stay" for branch in edge.branches):
        place = node.at if isinstance(node, Text) else part.place(key)
        part.findings.add(
            "join", place, "The block is over: it can't stay.", "Name a state, or `again`."
        )
    return edge
