"""`waits` of a state and `announces` of a pathway: waiting for another pathway's case, and telling of one's end."""

from datetime import timedelta

from carelane.facts.fact import SubjectKind
from carelane.pathways.definition import Edge, Emit, Event, NoCase, Several, State, Waits
from carelane.pathways.edges_reader import read_edge, read_keys
from carelane.pathways.events_reader import KEYS
from carelane.pathways.names import Names
from carelane.pathways.reader import Many
from carelane.pathways.shape import Part

CASE_CLOSED = "case.closed"
ANNOUNCES_MAX = 4
_TARGETS = (*SubjectKind, "self", "sender")


def read_waits(part: Part, names: Names) -> Waits | None:
    """`waits` of a state: which pathway's case, by which key, and an edge for each of its outcomes."""
    if "waits" not in part.entries:
        return None
    waits = part.part("waits", "`waits`")
    waits.keys(
        ("pathway", "by", "within", "outcomes", "else"), ("pathway", "by", "outcomes", "else")
    )
    waits.name(waits.text("pathway", "other"), waits.place("pathway"))
    section = waits.part("outcomes", "`outcomes`")
    otherwise = waits.node("else")
    return Waits(
        pathway=waits.text("pathway"),
        by=waits.one_of("by", KEYS, KEYS[0]),
        within=waits.span("within") or timedelta(0),
        outcomes={
            key: _ending(read_edge(node, names, f"Outcome `{key}`"), section, key)
            for key, node in section.entries.items()
        },
        otherwise=Edge()
        if otherwise is None
        else _ending(read_edge(otherwise, names, "`else`"), waits, "else"),
    )


def _ending(edge: Edge, section: Part, key: str) -> Edge:
    if edge.ignore or any(branch.then == "stay" for branch in edge.branches):
        section.findings.add(
            "waits",
            section.place(key),
            "The other case is over: there is nothing left to wait for.",
            "Name a state, or `again`.",
        )
    return edge


def read_announces(top: Part) -> tuple[Emit, ...]:
    """`announces` of the head: the subjects that are told how each case of this pathway ended."""
    node = top.node("announces")
    if node is None:
        return ()
    items = node.items if isinstance(node, Many) else (node,)
    found = []
    for item in items[:ANNOUNCES_MAX]:
        part = Part(item, top.findings, "An announcement")
        part.keys(("to", "by", "keys"), ("to",))
        to = part.one_of("to", _TARGETS, "self")
        found.append(
            Emit(
                fact=CASE_CLOSED,
                to=SubjectKind(to) if to in list(SubjectKind) else to,
                by=part.text("by"),
                keys=read_keys(part),
            )
        )
    return tuple(found)


def closings(states: dict[str, State]) -> dict[str, Event]:
    """The event by which states that wait for other cases hear of their end; none where nothing waits."""
    waits = [state.waits for state in states.values() if state.waits is not None]
    if not waits:
        return {}
    keys = tuple(dict.fromkeys(one.by for one in waits))
    held = max(one.within for one in waits)
    none = NoCase(hold=held) if held else NoCase(ignore="nobody waits")
    return {
        CASE_CLOSED: Event(name=CASE_CLOSED, keys=keys, several=Several.ALL, none=none),
    }
