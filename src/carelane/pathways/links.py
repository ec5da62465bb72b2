"""The arrows of a pathway's picture: one for each pair of boxes, with every reason to go that way.

Beside the states stand two boxes of the picture's own: where a case starts, and what holds in each open state.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from carelane.pathways.checks import edges_of
from carelane.pathways.definition import Branch, Definition, Edge, State
from carelane.pathways.guard import ALWAYS
from carelane.pathways.names import STAYS
from carelane.pathways.wording import wording

START = "(start)"
EVERYWHERE = "(everywhere)"
_DRAWN_AS = {"waits": "effect", "region": "event", "join": "event"}
KINDS = ("outcome", "event", "effect", "fallback")  # the first that a link has gives its stroke


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An arrow: from, to, why it is taken (`outcome`, `event`, `effect`, `fallback`), and the names on it.

    `labels` are short names; `reasons` say the conditions too.
    """

    tail: str
    head: str
    kind: str
    labels: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    tail: str
    head: str
    kind: str
    label: str
    reason: str


def links(definition: Definition) -> tuple[Link, ...]:
    """The arrows of a definition, in its own order."""
    found: dict[tuple[str, str], list[_Way]] = {}
    for way in _ways(definition):
        found.setdefault((way.tail, way.head), []).append(way)
    return tuple(_link(ways) for ways in found.values())


def holds_everywhere(definition: Definition) -> bool:
    """Whether an event leads somewhere from each open state: then the picture has a box for that."""
    return any(way.tail == EVERYWHERE for way in _ways(definition))


def _link(ways: list[_Way]) -> Link:
    kinds = {way.kind for way in ways}
    return Link(
        tail=ways[0].tail,
        head=ways[0].head,
        kind=next(kind for kind in KINDS if kind in kinds),
        labels=tuple(dict.fromkeys(way.label for way in ways if way.label)),
        reasons=tuple(dict.fromkeys(way.reason for way in ways if way.reason)),
    )


def _ways(definition: Definition) -> Iterator[_Way]:
    for branch in definition.start.branches:
        condition = _condition(branch, definition.start)
        yield _Way(tail=START, head=branch.then, kind="event", label=condition, reason=condition)
    for event, edge in definition.everywhere.items():
        yield from _of_edge(EVERYWHERE, "event", event, edge)
    for state in definition.states.values():
        for kind, label, edge in _edges(state):
            yield from _of_edge(state.name, kind, label, edge)


def _of_edge(tail: str, kind: str, label: str, edge: Edge) -> Iterator[_Way]:
    for branch in edge.branches:
        if branch.then not in STAYS:
            condition = _condition(branch, edge)
            reason = f"{label} ({condition})" if condition else label
            yield _Way(tail=tail, head=branch.then, kind=kind, label=label, reason=reason)


def _condition(branch: Branch, edge: Edge) -> str:
    if branch.when != ALWAYS:
        return f"if {wording(branch.when)}"
    return "otherwise" if len(edge.branches) > 1 else ""


def _edges(state: State) -> Iterator[tuple[str, str, Edge]]:
    for kind, label, edge in edges_of(state):
        if kind == "effect":
            yield kind, f"{'; '.join(state.effects)} {label}".strip(), edge
        else:
            yield _DRAWN_AS.get(kind, kind), "" if kind == "region" else label, edge
