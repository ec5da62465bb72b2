"""What differs between two releases, in a clinical owner's words; nothing that differs is left out."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from carelane.pathways.definition import Definition
from carelane.pathways.difference import diff, lines
from carelane.pathways.digest import plain
from carelane.pathways.loading import load
from tests.rules.texts import edited, loaded

HOUSE = Path(__file__).parents[2] / "pathways"
REFERRAL = (HOUSE / "referral-intake.yaml").read_text("utf-8")


def referral(*edits: tuple[str, str]) -> Definition:
    """The shared referral with these edits of its text."""
    return loaded(edited(REFERRAL, *edits))


TABLE = [
    ([], []),
    (
        [
            (
                "clock: { kind: business-days, warn: 2d, due: 3d, setting: triage_within }",
                "clock: { kind: business-days, warn: 1d, due: 2d, setting: triage_within }",
            )
        ],
        ["Clocks", "  triage, due: 3 days -> 2 days", "  triage, warn: 2 days -> 1 day"],
    ),
    (
        [("owner: { pool: urgent-triage }", "owner: { pool: referral-triage }")],
        ["Owners", "  urgent-triage, owner: pool urgent-triage -> pool referral-triage"],
    ),
    (
        [
            (
                '- { when: "priority = urgent or reviewed_priority = urgent", then: urgent }',
                '- { when: "priority = urgent or reviewed_priority = urgent", then: asap }',
            )
        ],
        [
            "Tables",
            "  urgency",
            "    was row 3 | priority = urgent or reviewed_priority = urgent | urgent",
            "    now row 3 | priority = urgent or reviewed_priority = urgent | asap",
        ],
    ),
    (
        [
            (
                "could-not-do: triage-overdue\n    on:\n      referral.received: { when",
                "could-not-do: scheduling\n    on:\n      referral.received: { when",
            )
        ],
        ["Outcomes", "  triage, outcomes could-not-do: triage-overdue -> scheduling"],
    ),
    ([("not-booked", "unbooked")], ["States", "  not-booked is now called unbooked"]),
    (
        [("title: In triage", "title: Being triaged")],
        ["Wording", "  triage, title: In triage -> Being triaged"],
    ),
    (
        [
            (
                "- { level: 1, after: 2h, to: covering-clinician, by: secure-message }",
                "- { level: 1, after: 1h, to: covering-clinician, by: phone }",
            )
        ],
        [
            "Clocks",
            "  urgent-triage, escalate 1 after: 2 hours -> 1 hour",
            "  urgent-triage, escalate 1 by: secure-message -> phone",
        ],
    ),
]


@pytest.mark.requirement("R125")
@pytest.mark.parametrize(("edits", "says"), TABLE, ids=[str(n) for n in range(len(TABLE))])
def test_a_change_is_said_in_words(edits: list[tuple[str, str]], says: list[str]) -> None:
    """Clocks by their times, tables by their rows, a new name as a new name; not lines of text."""
    assert lines(diff(referral(), referral(*edits))) == says


def test_a_state_that_came_or_went_is_said_whole() -> None:
    """With its owner, clock and what follows."""
    state = (
        "  second-look:\n    status: in-triage\n    task: triage-referral\n    owner: { role: covering-clinician }\n"
        "    clock: { kind: wall, due: 24h }\n    fallback: { state: triage-overdue }\n    outcomes:\n"
        "      { accepted: scheduling, redirected: triage, declined: declining, ask-more: waiting-for-information,\n"
        "        e-consult: e-consult, could-not-do: triage-overdue }\n"
    )
    more = ("  closed-reported: {", f"{state}  closed-reported: {{")
    rest = "\n      could-not-do: triage-overdue\n    on:"
    edge = (f"      ask-more: waiting-for-information{rest}", f"      ask-more: second-look{rest}")
    old, new = referral(), referral(more, edge)
    said = "role covering-clinician; due 1d; then goes to triage-overdue"
    assert f"  second-look added: {said}" in lines(diff(old, new))
    assert f"  second-look removed (was: {said})" in lines(diff(new, old))


def _leaves(
    value: object, path: tuple[object, ...] = ()
) -> Iterator[tuple[tuple[object, ...], object]]:
    """Every single value of a definition, with the way to it."""
    if is_dataclass(value) and not isinstance(value, type):
        for each in fields(value):
            if each.name not in {"digest", "line", "name", "version"}:
                yield from _leaves(getattr(value, each.name), (*path, each.name))
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _leaves(one, (*path, key))
    elif isinstance(value, tuple):
        for number, one in enumerate(value):
            yield from _leaves(one, (*path, number))
    else:
        yield path, value


def _with(value: object, path: tuple[object, ...], new: object) -> object:
    """The same with one value changed."""
    if not path:
        return new
    first, *rest = path
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{str(first): _with(getattr(value, str(first)), tuple(rest), new)})
    if isinstance(value, dict):
        return {**value, first: _with(value[first], tuple(rest), new)}
    assert isinstance(value, tuple)
    assert isinstance(first, int)
    return (*value[:first], _with(value[first], tuple(rest), new), *value[first + 1 :])


_OTHERWISE: Mapping[type, Callable[[Any], object]] = {
    bool: lambda value: not value,
    str: lambda value: f"{value}-x",
    int: lambda value: value + 1,
    timedelta: lambda value: value + timedelta(minutes=1),
}


def test_nothing_that_differs_is_left_out() -> None:
    """Each single value of a pathway changed by itself gives a difference; without a change there is none."""
    found, _ = load((HOUSE / "critical-result.yaml").read_bytes())
    assert found is not None
    assert diff(found, found) == ()
    silent = []
    looked = 0
    for path, value in _leaves(found):
        if type(value) not in _OTHERWISE:
            continue
        other = _with(found, path, _OTHERWISE[type(value)](value))
        assert isinstance(other, Definition)
        if plain(other) != plain(found):
            looked += 1
            silent.extend([] if diff(found, other) else [path])
    assert silent == []
    assert looked > 100
