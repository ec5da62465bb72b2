"""The section `states`, with what stands inside blocks: `parallel` and `for_each` of a state.

States are named once in the whole pathway. A region's edges lead only to its own states, and no region reads
or writes what another one writes before they are joined, so that regions can be proved apart (SEMANTICS 9).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from carelane.pathways.definition import Block, Edge, Region, State, TaskKind
from carelane.pathways.edges_reader import read_edge
from carelane.pathways.findings import Findings, Place
from carelane.pathways.joins_reader import (
    answers_for,
    check_number,
    check_plain,
    check_region,
    own_fields,
    read_join,
    read_leading,
    shared,
)
from carelane.pathways.names import Names, Sub
from carelane.pathways.reader import Record
from carelane.pathways.regions import (
    count_fields,
    outcomes_of,
    own_counters,
    written,
)
from carelane.pathways.seams import Seams
from carelane.pathways.shape import Part
from carelane.pathways.states_reader import read_final, read_on, read_waiting

STATES_MAX = 2_000
"""States of a pathway with its calls and answers written out; nobody reads or draws more."""
_PARALLEL_KEYS = ("join", "regions", "then")
_EACH_NEEDED = ("table", "join", "start", "states", "then", "else")
_EACH_KEYS = (*_EACH_NEEDED, "output")


@dataclass(frozen=True, slots=True, kw_only=True)
class States:
    """All states by name, a block before what is inside it; where each stands in its text; how calls are sewn in."""

    found: dict[str, State] = field(default_factory=dict)
    places: dict[str, tuple[Findings, Place]] = field(default_factory=dict)
    seams: Seams = field(default_factory=Seams)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """Where states are read: the scope, the kinds of work, the region, and where the states go."""

    names: Names
    tasks: Mapping[str, TaskKind]
    region: str
    into: States


def read_states(top: Part, names: Names, tasks: Mapping[str, TaskKind]) -> States:
    """The section `states`; calls are expanded, their edges not yet sewn in."""
    states = States()
    _level(top, _Ground(names=names, tasks=tasks, region="", into=states))
    return states


def _level(top: Part, ground: _Ground) -> tuple[str, ...]:
    """The states of the pathway or of one region; answers their names."""
    here: list[str] = []
    names, tasks, region = ground.names, ground.tasks, ground.region
    for name, part in top.parts("states", "State"):
        if len(ground.into.places) >= STATES_MAX:
            part.findings.add(
                "too-large",
                top.at,
                f"With its calls and answers written out, the pathway has more than {STATES_MAX} states.",
                "Split it into pathways that wait for one another.",
            )
            break
        whole = names.whole("state", name)
        at = top.part("states", "`states`").place(name)
        if whole in ground.into.places:
            part.findings.add(
                "twice",
                at,
                f"`{name}` stands in two regions.",
                "Give each state a name of its own.",
            )
        ground.into.places[whole] = (part.findings, at)
        if "call" in part.entries:
            here.extend(_call(name, part, ground))
            continue
        here.append(whole)
        if part.flag("final"):
            ground.into.found[whole] = read_final(name, part, names, region)
        elif "parallel" in part.entries:
            ground.into.found[whole] = _block(name, part, ground)
        elif "for_each" in part.entries:
            ground.into.found[whole] = _each(name, part, ground)
        else:
            ground.into.found[whole] = read_waiting(name, part, names, tasks, region)
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
    state = ground.into.found[whole] = read_waiting(name, part, own, tasks, ground.region)
    check_number(parallel, len(regions))
    read = {}
    for key, one in regions:
        one.keys(("start", "states"), ("start", "states"))
        guarded = (everything - writes[key]) | shared(writes, key)
        read[key] = _region(f"{whole}/{key}", one, ground, guarded)
    ends = {outcome for region in read.values() for outcome in region.outcomes}
    block = Block(
        regions=read, join=read_join(parallel, ends), then=read_leading(parallel, "then", names)
    )
    return replace(state, block=block)


def _call(name: str, part: Part, ground: _Ground) -> tuple[str, ...]:
    """The states of a sub-pathway in the place of the state that calls it."""
    part.keys(("call", "with", "on", "outcomes"), ("call", "outcomes"))
    sub = ground.names.calls.get(name)
    if sub is None:
        return ()
    ground.into.seams.exits.update(_exits(part, sub, ground.names))
    ground.into.seams.entries[sub.caller] = sub.scope.whole("state", sub.start)
    scope = replace(sub.scope, guarded=ground.names.guarded)
    here = _level(sub.top, replace(ground, names=scope))
    on = read_on(part, ground.names)
    for one in here:
        ground.into.found[one] = replace(
            ground.into.found[one], on={**on, **ground.into.found[one].on}
        )
    return here


def _exits(part: Part, sub: Sub, names: Names) -> dict[str, Edge]:
    """Where each outcome of the sub-pathway leads; each has an edge, and no edge is for nothing."""
    section = part.part("outcomes", "`outcomes`")
    section.keys(sub.outcomes, sub.outcomes)
    edges = {key: read_leading(section, key, names) for key in section.entries}
    return {
        sub.scope.whole("state", key): _renewed(edge, sub.caller) for key, edge in edges.items()
    }


def _renewed(edge: Edge, caller: str) -> Edge:
    """`again` of a call enters the sub-pathway anew."""
    return replace(edge, branches=tuple(
        replace(each, then=caller) if each.then == "again" else each for each in edge.branches
    ))  # fmt: skip


def _each(name: str, part: Part, ground: _Ground) -> State:
    """A block with the same states for every answer that a collect table can give."""
    names = ground.names
    each = part.part("for_each", "`for_each`")
    each.keys(_EACH_KEYS, _EACH_NEEDED)
    whole, node = names.whole("state", name), each.node("states")
    answers = answers_for(each, names)
    inside = frozenset(node.entries if isinstance(node, Record) else ())
    writes = written(node, names, ground.tasks) | count_fields(name, node)
    own = names.within(names.states, writes)
    state = ground.into.found[whole] = read_waiting(name, part, own, ground.tasks, ground.region)
    counters, regions = own_counters(node), {}
    for answer in answers:
        scope = names.within(inside, writes - counters).each(whole, answer, counters)
        region = _region(f"{whole}/{answer}", each, replace(ground, names=scope), frozenset())
        regions[answer] = replace(region, answer=answer)
    block = Block(
        regions=regions,
        join=read_join(each, set(outcomes_of(node))),
        then=read_leading(each, "then", names),
        table=names.whole("table", each.text("table")),
        output=names.whole("output", each.text("output", each.text("table"))),
        otherwise=read_leading(each, "else", names),
    )
    check_plain(each, node)
    return replace(state, block=block)


def _region(path: str, part: Part, ground: _Ground, guarded: frozenset[str]) -> Region:
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
    check_region(part, region, ground.into.found)
    return region
