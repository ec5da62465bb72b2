"""The section `states`, with what stands inside blocks: `parallel` and `for_each` of a state.

States are named once in the whole pathway. A region's edges lead only to its own states, and no region reads
or writes what another one writes before they are joined, so that regions can be proved apart (SEMANTICS 9).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from carelane.pathways.definition import Block, Edge, Join, JoinKind, Region, State, TaskKind
from carelane.pathways.edges_reader import read_edge
from carelane.pathways.findings import Findings, Place
from carelane.pathways.names import STAYS, Names, Sub
from carelane.pathways.reader import Node, Record, Text
from carelane.pathways.regions import (
    count_fields,
    inner_records,
    outcomes_of,
    own_counters,
    written,
)
from carelane.pathways.seams import Seams
from carelane.pathways.shape import Part
from carelane.pathways.states_reader import read_final, read_on, read_waiting

REGIONS_MAX = 12
_PARALLEL_KEYS = ("join", "regions", "then")
_EACH_NEEDED = ("table", "join", "start", "states", "then", "else")
_EACH_KEYS = (*_EACH_NEEDED, "output")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """Where states are read: the scope, the kinds of work, the region, and where the states go."""

    names: Names
    tasks: Mapping[str, TaskKind]
    region: str
    found: dict[str, State]
    places: dict[str, tuple[Findings, Place]]
    seams: Seams


@dataclass(frozen=True, slots=True, kw_only=True)
class States:
    """All states by name, a block before what is inside it; where each stands in its text; how calls are sewn in."""

    found: dict[str, State]
    places: dict[str, tuple[Findings, Place]]
    seams: Seams


def read_states(top: Part, names: Names, tasks: Mapping[str, TaskKind]) -> States:
    """The section `states`; calls are expanded, their edges not yet sewn in."""
    states = States(found={}, places={}, seams=Seams())
    ground = _Ground(
        names=names,
        tasks=tasks,
        region="",
        found=states.found,
        places=states.places,
        seams=states.seams,
    )
    _level(top, ground)
    return states


def _level(top: Part, ground: _Ground) -> tuple[str, ...]:
    """The states of the pathway or of one region; answers their names."""
    here: list[str] = []
    names, tasks, region = ground.names, ground.tasks, ground.region
    for name, part in top.parts("states", "State"):
        whole = names.whole("state", name)
        if whole in ground.places:
            part.findings.add(
                "twice",
                part.at,
                f"`{name}` stands in two regions.",
                "Give each state a name of its own.",
            )
        ground.places[whole] = (part.findings, top.part("states", "`states`").place(name))
        if "call" in part.entries:
            here.extend(_call(name, part, ground))
            continue
        here.append(whole)
        if part.flag("final"):
            ground.found[whole] = read_final(name, part, names, region)
        elif "parallel" in part.entries:
            ground.found[whole] = _block(name, part, ground)
        elif "for_each" in part.entries:
            ground.found[whole] = _each(name, part, ground)
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
        one.keys(("start", "states"), ("start", "states"))
        guarded = (everything - writes[key]) | _shared(writes, key)
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
    ground.seams.exits.update(_exits(part, sub, ground.names))
    ground.seams.entries[sub.caller] = sub.scope.whole("state", sub.start)
    scope = replace(sub.scope, guarded=ground.names.guarded)
    here = _level(sub.top, replace(ground, names=scope))
    on = read_on(part, ground.names)
    for one in here:
        ground.found[one] = replace(ground.found[one], on={**on, **ground.found[one].on})
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
    answers = _answers(each, names)
    inside = frozenset(node.entries if isinstance(node, Record) else ())
    writes = written(node, names, ground.tasks) | count_fields(name, node)
    own = names.within(names.states, writes)
    state = ground.found[whole] = read_waiting(name, part, own, ground.tasks, ground.region)
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
    _check_nested(each, node)
    return replace(state, block=block)


def _answers(each: Part, names: Names) -> tuple[str, ...]:
    """What the table's rows can answer, in their order."""
    table, output = each.text("table"), each.text("output", each.text("table"))
    answers = names.answers.get((table, output), ())
    if (table, output) not in names.answers:
        known = {one for one, _ in names.answers}
        each.findings.unknown("collect table with this output", table, each.place("table"), known)
    if len(answers) > REGIONS_MAX:
        each.findings.add(
            "regions",
            each.place("table"),
            f"The table has more than {REGIONS_MAX} answers.",
            "Use fewer, or a step that hands over to several pathways.",
        )
    return answers[:REGIONS_MAX]


def _check_nested(each: Part, node: Node | None) -> None:
    for name, state, section in inner_records(node):
        if {"parallel", "for_each", "call"} & state.entries.keys():
            each.findings.add(
                "for-each",
                section.places[name],
                "A `for_each` has plain states inside.",
                "Put the block or call before or after it.",
            )


def _shared(writes: Mapping[str, frozenset[str]], key: str) -> frozenset[str]:
    """What this region writes and another one too."""
    others = frozenset[str]().union(*(one for name, one in writes.items() if name != key))
    return writes[key] & others


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
            "no-end",
            part.at,
            f"Region `{region.name}` can't end.",
            "Add a state with `final: true`.",
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
            "join", place, "What was waited for is over.", "Name a state, or `again`, not `stay`."
        )
    return edge
