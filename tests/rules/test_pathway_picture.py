"""Pictures and tables of pathways: complete, accessible, and free of inline style and script."""

import re
from collections.abc import Callable
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from carelane.cli.pathway_files import definition_of
from carelane.pathways.boxes import says_of, texts
from carelane.pathways.column import stack
from carelane.pathways.definition import (
    Definition,
)
from carelane.pathways.layout import place
from carelane.pathways.links import links
from carelane.pathways.picture import draw
from carelane.pathways.places import Box, Layout, Line, Point
from carelane.pathways.sayings import table_text

EVERYTHING = (
    Path(__file__).parent / "pathways" / "surgery-clearance.yaml"
)  # all that the language can say
FILES = [*sorted((Path(__file__).parents[2] / "pathways").rglob("*.yaml")), EVERYTHING]
SVG = "{http://www.w3.org/2000/svg}"


def stacked(definition: Definition) -> Layout:
    """The layout of a machine without Graphviz."""
    sizes = {name: text.height for name, text in texts(definition).items()}
    return stack(sizes, links(definition))


@pytest.mark.requirement("R125")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_pathway_picture_shows_each_state_and_has_no_inline_style(path: Path) -> None:
    """Title, description, one box for each state, one line for each link; nothing a strict policy stops."""
    definition = definition_of(path)
    text = draw(definition, counts=dict.fromkeys(definition.states, 7))
    root = ET.fromstring(text)  # noqa: S314  # our own text, made a line above
    counted = {
        one.attrib["data-state"]: one.text
        for one in root.iter(f"{SVG}text")
        if "data-state" in one.attrib
    }

    assert root.attrib["role"] == "img"
    assert root.findtext(f"{SVG}title") == definition.title
    assert all(name in (root.findtext(f"{SVG}desc") or "") for name in _waiting(definition))
    assert counted == dict.fromkeys(_waiting(definition), "7")
    lines = [one for one in root.iter(f"{SVG}path") if "edge" in one.attrib.get("class", "")]
    assert len(lines) == len(links(definition))
    assert not any("…" in (one.text or "") for one in root.iter(f"{SVG}text"))
    assert not re.search(r"\sstyle=|<style|<script|\son\w+=|javascript:|<image|href=", text)


def test_pathway_picture_highlights_a_path_in_its_order() -> None:
    """A counter-example's states are numbered, and only lines between neighbours of the path stand out."""
    definition = definition_of(next(one for one in FILES if one.stem == "critical-result"))
    path = ("call", "call-on-call", "act", "call-on-call")
    root = ET.fromstring(draw(definition, path=path))  # noqa: S314  # our own text
    marked = [one for one in root.iter() if "on-path" in one.attrib.get("class", "")]
    lines = [one.findtext(f"{SVG}title") or "" for one in marked if one.tag == f"{SVG}path"]
    steps = [
        one.findtext(f"{SVG}text") for one in root.iter() if one.attrib.get("class") == "path-step"
    ]

    assert len([one for one in marked if one.tag == f"{SVG}g"]) == 3
    assert sorted(line.partition(":")[0] for line in lines) == [
        "act to call-on-call",
        "call to call-on-call",
        "call-on-call to act",
        "the start to call",
    ]
    assert sorted(filter(None, steps)) == ["1", "2, 4", "3"]
    assert "then act, then call-on-call." in (root.findtext(f"{SVG}desc") or "")


def test_pathway_picture_shows_the_way_that_holds_in_each_open_state() -> None:
    """Where a death ends a case from any state, the arrow from `In each open state` stands out."""
    definition = definition_of(next(one for one in FILES if one.stem == "referral-intake"))
    root = ET.fromstring(draw(definition, path=("triage", "closed-deceased")))  # noqa: S314  # our own text
    marked = [one for one in root.iter(f"{SVG}path") if "on-path" in one.attrib.get("class", "")]

    assert "each open state to closed-deceased: patient.died" in [
        one.findtext(f"{SVG}title") for one in marked
    ]


def test_pathway_picture_frames_blocks_regions_and_calls() -> None:
    """Regions stand apart in their block's frame, also in a block of a block; a called pathway in one of its own."""
    definition = definition_of(EVERYTHING)
    placed = place(definition)
    frames = {each.group.name: each for each in placed.frames}
    parents = {name: frame.group.parent for name, frame in frames.items()}

    assert parents["clearing"] == ""
    assert parents["clearing/patient"] == parents["clearing/specialists"] == "clearing"
    assert parents["opinions"] == "clearing/specialists"
    assert parents["opinions/cardiology"] == "opinions"
    assert parents["call ask"] == "clearing/patient"
    for frame in frames.values():
        inside = {name for name, box in placed.boxes.items() if _around(frame.box, box)}
        assert inside == frame.group.members
    assert not _overlap(frames["clearing/patient"].box, frames["clearing/specialists"].box)
    shown = draw(definition)
    assert "Side by side, until all are done" in shown
    assert "Side by side, until 2 are fit" in shown
    assert "ends its part: fit" in shown


def _around(frame: Box, box: Box) -> bool:
    across = frame.x <= box.x and box.x + box.width <= frame.x + frame.width
    return across and frame.y <= box.y and box.y + box.height <= frame.y + frame.height


def test_pathway_picture_says_each_state_in_full() -> None:
    """Nothing in a box is cut off: owner, clock and fallback stand there word for word."""
    definition = definition_of(next(one for one in FILES if one.stem == "critical-result"))
    for name, text in texts(definition).items():
        state = definition.states.get(name)
        words = " ".join(" ".join(text.says).split())
        assert state is None or words.replace("- ", "-") == " ".join(says_of(state))


@pytest.mark.parametrize("layout", [place, stacked], ids=["graphviz", "column"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_pathway_picture_boxes_do_not_overlap_and_no_line_crosses_one(
    path: Path, layout: Callable[[Definition], Layout]
) -> None:
    """Each state has a place of its own inside the picture, and lines go around the others."""
    placed = layout(definition_of(path))
    boxes = placed.boxes

    assert all(not _overlap(one, two) for one, two in combinations(boxes.values(), 2))
    assert all(_inside(one, placed) for one in boxes.values())
    crossed = [
        (line.link.tail, line.link.head, name)
        for line in placed.lines
        for name, box in boxes.items()
        if name not in {line.link.tail, line.link.head} and any(_in(box, at) for at in _along(line))
    ]
    assert crossed == []


def test_mutant_a_box_across_a_line_is_found() -> None:
    """The check above sees a box that is moved onto a line."""
    placed = place(definition_of(next(one for one in FILES if one.stem == "critical-result")))
    long = max(placed.lines, key=lambda line: len(line.points))
    x, y = _along(long)[len(_along(long)) // 2]

    assert any(_in(Box(x=x - 9, y=y - 9, width=18, height=18), at) for at in _along(long))


def _overlap(one: Box, two: Box) -> bool:
    return (
        one.x < two.x + two.width
        and two.x < one.x + one.width
        and one.y < two.y + two.height
        and two.y < one.y + one.height
    )


def _inside(box: Box, layout: Layout) -> bool:
    across = box.x >= -1 and box.x + box.width <= layout.width + 1
    return across and box.y >= -1 and box.y + box.height <= layout.height + 1


def _in(box: Box, at: Point) -> bool:
    return box.x + 1 < at[0] < box.x + box.width - 1 and box.y + 1 < at[1] < box.y + box.height - 1


def _along(line: Line) -> list[Point]:
    """Points on the line, close to each other."""
    if line.straight:
        pieces = [(one, one, two, two) for one, two in pairwise(line.points)]
    else:
        ends = range(0, len(line.points) - 2, 3)
        pieces = [
            (line.points[at], line.points[at + 1], line.points[at + 2], line.points[at + 3])
            for at in ends
        ]
    return [_bezier(piece, step / 40) for piece in pieces for step in range(41)]


def _bezier(piece: tuple[Point, Point, Point, Point], t: float) -> Point:
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
    x = sum(weight * point[0] for weight, point in zip(weights, piece, strict=True))
    y = sum(weight * point[1] for weight, point in zip(weights, piece, strict=True))
    return (x, y)


def test_pathway_text_table_says_owner_clock_and_fallback() -> None:
    """The table beside the picture, in words."""
    definition = definition_of(next(one for one in FILES if one.stem == "critical-result"))
    lines = table_text(definition).splitlines()
    call = next(line for line in lines if line.startswith("call "))

    assert lines[0].split(" | ")[0].strip() == "state"
    assert "role responsible-clinician" in call
    assert "due 30m from verified_at, warns at 5m, safety" in call
    assert "3 at 20m: physician-on-call (phone)" in call
    assert "goes to call-on-call" in call
    assert len(lines) == len(definition.states) + 2


def _waiting(definition: Definition) -> list[str]:
    return [state.name for state in definition.states.values() if not state.final]
