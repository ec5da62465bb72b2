"""A layout as data: boxes, and the lines between them. Units are pixels, origin top left."""

from collections.abc import Mapping
from dataclasses import dataclass

from carelane.pathways.groups import Group
from carelane.pathways.links import Link

Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A box: its top left corner and its size."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A link's way: cubic curves (start, two controls and an end each) and a tip, or straight pieces.

    `label_at` is the middle of the label's upper edge; None without a label.
    """

    link: Link
    points: tuple[Point, ...]
    label_at: Point | None
    straight: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Where a group's frame stands."""

    group: Group
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Boxes by state, the lines, and the frames around groups, outer ones first."""

    width: float
    height: float
    boxes: Mapping[str, Box]
    lines: tuple[Line, ...]
    frames: tuple[Frame, ...] = ()
