"""Texts of pathways: one that must load, and one in which something is changed that must stand there."""

from carelane.pathways.definition import Definition
from carelane.pathways.loading import load


def loaded(text: str | bytes, *, place: str = "", **subs: str) -> Definition:
    """The definition of a text without mistakes, with these sub-pathways beside it."""
    definition, problems = load(text, place=place, subs=subs)
    assert definition is not None, [each.line() for each in problems]
    return definition


def edited(text: str, *edits: tuple[str, str]) -> str:
    """The text with these parts replaced, each wherever it stands."""
    for before, after in edits:
        assert before in text, before
        text = text.replace(before, after)
    return text
