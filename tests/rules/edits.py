"""Planted edits of a pathway's text: one threshold, row, due time, owner or wording each, found and changed by seed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from carelane.pathways.definition import Definition
from carelane.pathways.loading import load
from carelane.testing.simulation.dice import Dice

_DUE = re.compile(r"\b(due|warn|after|resume_by): (\d+)(m|h|d)\b")
_OWNER = re.compile(r"(?<=owner: \{ )(pool|role): ([a-z-]+)")
_TITLE = re.compile(r"^( {4}(?:title|milestone): )([^\"\n].*)$", re.MULTILINE)
_TEMPLATE = re.compile(r"^( {4}template: )(.+)$", re.MULTILINE)
_LEVEL = re.compile(r"(level: \d, after: \d+m, to: )([a-z_-]+)")
_CODES = re.compile(r"\{((?:[a-zA-Z]+, )+[a-zA-Z]+)\}(?=[ \"].*then)")
_ROW = re.compile(r"^ {6}- \{ when: .*, then: ([a-z-]+) \}$", re.MULTILINE)
_LITERAL = re.compile(r"\b(priority = )(urgent|asap|stat)\b")
_EFFECTS = re.compile(r"^ {4}effects: \[[a-z-]+\]\n", re.MULTILINE)


Planted = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Edit:
    """What was changed, and the release that it gives."""

    kind: str
    what: str
    text: str
    definition: Definition


def edits(text: str, *, seed: int, number: int) -> list[Edit]:
    """So many edits of a pathway's text that load without an error, kinds in turn."""
    dice = Dice(seed)
    by_kind: dict[str, list[tuple[str, str]]] = {}
    for kind, what, changed in (*_figures(text, dice), *_words(text), *_rules(text, dice)):
        by_kind.setdefault(kind, []).append((what, changed))
    chosen: list[Edit] = []
    while len(chosen) < number and any(by_kind.values()):
        for kind, found in by_kind.items():
            edit = _loaded(kind, *found.pop(dice.roll(len(found)))) if found else None
            if edit is not None and len(chosen) < number:
                chosen.append(edit)
    return chosen


def _loaded(kind: str, what: str, text: str) -> Edit | None:
    definition, problems = load(text)
    if definition is None or any(each.severity == "error" for each in problems):
        return None
    return Edit(kind=kind, what=what, text=text, definition=definition)


def _figures(text: str, dice: Dice) -> Iterator[Planted]:
    for found in _DUE.finditer(text):
        name, number, unit = found.groups()
        other = (int(number) * 2 if dice.chance(50) else int(number) // 2) or 5
        yield _one(text, found, "due time", f"{name}: {other}{unit}")
    for found in _OWNER.finditer(text):
        others = {each[1] for each in _OWNER.findall(text) if each[0] == found[1]} - {found[2]}
        if others:
            yield _one(text, found, "owner", f"{found[1]}: {dice.pick(sorted(others))}")
    for found in _LEVEL.finditer(text):
        yield _one(text, found, "level", f"{found[1]}house-supervisor")


def _words(text: str) -> Iterator[Planted]:
    for pattern in (_TITLE, _TEMPLATE):
        for found in pattern.finditer(text):
            kind, what, changed = _one(text, found, "wording", f"{found[1]}{found[2]}-soon")
            yield kind, what, _translated(changed, found[2]) if "milestone" in found[1] else changed
    for found in _EFFECTS.finditer(text):
        yield _one(text, found, "effect", "")


def _translated(text: str, words: str) -> str:
    """With other words a milestone needs other translations; those of words that are gone go."""
    still = re.search(rf"milestone: \"?{re.escape(words)}\"?(?=$| \}})", text, re.MULTILINE)
    line = re.compile(rf"^ {{4}}{re.escape(words)}: (.+)\n", re.MULTILINE)
    kept = r"\g<0>" if still else ""
    return line.sub(lambda found: found.expand(kept) + f"    {words}-soon: {found[1]}\n", text)


def _rules(text: str, dice: Dice) -> Iterator[Planted]:
    for found in _CODES.finditer(text):
        codes = found[1].split(", ")
        codes.remove(dice.pick(codes))
        yield _one(text, found, "guard", "{" + ", ".join(codes) + "}")
    for found in _LITERAL.finditer(text):
        yield _one(text, found, "threshold", found[1] + dice.pick(["routine", "asap", "stat"]))
    for found in _ROW.finditer(text):
        yield _one(text, found, "row deleted", "")
        other = dice.pick(sorted(set(_ROW.findall(text)) - {found[1]}))
        instead = found[0].replace(f"then: {found[1]}", f"then: {other}")
        yield _one(text, found, "row", instead)


def _one(text: str, found: "re.Match[str]", kind: str, instead: str) -> Planted:
    line = text.count("\n", 0, found.start()) + 1
    what = f"line {line}: {found[0].strip()} -> {instead.strip() or 'nothing'}"
    return kind, what, text[: found.start()] + instead + text[found.end() :]
