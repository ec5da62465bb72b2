"""What holds for the regions of a block, whichever kind it is: how many, how they begin and end, and the join."""

from collections.abc import Mapping

from carelane.pathways.definition import Edge, Join, JoinKind, Region, State
from carelane.pathways.edges_reader import read_edge
from carelane.pathways.names import STAYS, Names
from carelane.pathways.reader import Node, Record, Text
from carelane.pathways.regions import inner_records
from carelane.pathways.shape import Part

REGIONS_MAX = 12


def answers_for(each: Part, names: Names) -> tuple[str, ...]:
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


def check_plain(each: Part, node: Node | None) -> None:
    """What runs for each answer holds no block and no call."""
    for name, state, section in inner_records(node):
        if {"parallel", "for_each", "call"} & state.entries.keys():
            each.findings.add(
                "for-each",
                section.places[name],
                "A `for_each` has plain states inside.",
                "Put the block or call before or after it.",
            )


def shared(writes: Mapping[str, frozenset[str]], key: str) -> frozenset[str]:
    """What this region writes and another one too."""
    others = frozenset[str]().union(*(one for name, one in writes.items() if name != key))
    return writes[key] & others


def check_region(part: Part, region: Region, found: Mapping[str, State]) -> None:
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


def check_number(parallel: Part, count: int) -> None:
    """A block has at least two regions, and not too many to read."""
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
