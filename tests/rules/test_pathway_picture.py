"""Pictures and tables of pathways: complete, accessible, and free of inline style and script."""

import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from carelane.pathways.definition import Definition
from carelane.pathways.layout import BOX_WIDTH, Layout, links, place
from carelane.pathways.loading import load
from carelane.pathways.picture import draw
from carelane.pathways.sayings import table_text

FILES = sorted(
    each
    for each in (Path(__file__).parents[2] / "pathways").rglob("*.yaml")
    if each.parent.name != "overlays"
)
SVG = "{http://www.w3.org/2000/svg}"


def definition_of(path: Path) -> Definition:
    """A shipped pathway."""
    definition, problems = load(path.read_bytes(), place=path.name)
    assert definition is not None, problems
    return definition


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
    assert counted == dict.fromkeys(definition.states, "7")
    assert len(root.findall(f".//{SVG}path[@class]")) == len(links(definition))
    assert not re.search(r"\sstyle=|<style|<script|\son\w+=|javascript:|<image|href=", text)


def test_pathway_picture_highlights_a_path() -> None:
    """A counter-example's states and the lines between them stand out by class and by weight."""
    definition = definition_of(next(one for one in FILES if one.stem == "critical-result"))
    root = ET.fromstring(draw(definition, path=("call", "call-on-call")))  # noqa: S314  # our own text
    marked = [one for one in root.iter() if "on-path" in one.attrib.get("class", "")]

    assert len([one for one in marked if one.tag == f"{SVG}g"]) == 2
    assert [one for one in marked if one.tag == f"{SVG}path"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_pathway_picture_boxes_do_not_overlap(path: Path) -> None:
    """Each state has a place of its own."""
    layout: Layout = place(definition_of(path))
    corners = sorted(layout.boxes.values(), key=lambda corner: (corner[1], corner[0]))

    assert len(set(corners)) == len(corners)
    for one, two in pairwise(corners):
        assert abs(one[1] - two[1]) > 1 or two[0] - one[0] >= BOX_WIDTH
    assert layout.width > 0
    assert layout.height > 0


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
