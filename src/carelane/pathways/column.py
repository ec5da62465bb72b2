"""A plain layout that needs nothing: all boxes in one column, each line in a lane of its own beside it.

Boxes can't overlap and no line crosses one, by construction. Groups have no frames here; each box says where it is.
"""

from collections.abc import Mapping, Sequence
from itertools import count

from carelane.pathways.boxes import BOX_WIDTH, LABEL_CHARACTER, LABEL_LINE, label_lines
from carelane.pathways.links import Link
from carelane.pathways.places import Box, Layout, Line

_GAP = 56
_LANE = 18
_STEP = 7  # between the ends of two lines at one box


def stack(sizes: Mapping[str, int], arrows: Sequence[Link]) -> Layout:
    """The column, in breadth first order from the start."""
    boxes: dict[str, Box] = {}
    top = 0.0
    for name in _order(list(sizes), arrows):
        boxes[name] = Box(x=0.0, y=top, width=BOX_WIDTH, height=sizes[name])
        top += sizes[name] + _GAP
    ends = {name: count() for name in sizes}
    lines = tuple(
        _lane(
            one, boxes, (next(ends[one.tail]), next(ends[one.head])), BOX_WIDTH + _LANE * (at + 1)
        )
        for at, one in enumerate(arrows)
    )
    longest = max((len(line) for one in arrows for line in label_lines(one)), default=0)
    width = BOX_WIDTH + _LANE * (len(arrows) + 1) + longest * LABEL_CHARACTER
    return Layout(width=width, height=max(top - _GAP, 0.0), boxes=boxes, lines=lines)


def _order(names: list[str], arrows: Sequence[Link]) -> list[str]:
    found: list[str] = []
    waiting = list(names)
    while waiting:
        name = waiting.pop(0)
        if name in found:
            continue
        found.append(name)
        waiting[:0] = [one.head for one in arrows if one.tail == name and one.head not in found]
    return found


def _lane(link: Link, boxes: Mapping[str, Box], ends: tuple[int, int], x: float) -> Line:
    tail, head = boxes[link.tail], boxes[link.head]
    begin = tail.y + 12 + _STEP * ends[0] % max(tail.height - 16, 1)
    end = head.y + 12 + _STEP * ends[1] % max(head.height - 16, 1)
    points = ((tail.x + tail.width, begin), (x, begin), (x, end), (head.x + head.width, end))
    middle = (begin + end) / 2 - LABEL_LINE * len(label_lines(link)) / 2
    at = (x + LABEL_CHARACTER * max(map(len, label_lines(link)), default=0) / 2 + 4, middle)
    return Line(link=link, points=points, label_at=at if link.labels else None, straight=True)
