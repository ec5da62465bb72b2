"""Overlays: a service line changes what its base allows, never takes anything away, and follows its base."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from carelane.pathways.definition import Definition
from carelane.pathways.folder import read_texts
from carelane.pathways.loading import load
from carelane.pathways.overlay import base_of, overlay
from carelane.pathways.wording import wording

HOUSE = Path(__file__).parents[2] / "pathways"
BASE = """\
pathway: small
version: "1"
language: 1
subject: patient
title: A small pathway
touches: [none]
urgency: urgency
overlays:
  pools: [open]
  clocks: [open, urgent]
  settings: [open]
  tables: [lane, urgency]
  wording: [states, tasks]
inputs:
  flag: { from: result.flag, order: [low, high], reduce: max }
  priority: { from: request.priority, order: [routine, urgent, asap, stat], raise_only: true }
tables:
  urgency:
    hit: first
    output: urgency
    rows:
      - { when: "priority = stat", then: stat }
      - { when: otherwise, then: routine }
  lane:
    hit: first
    output: pool
    rows:
      - { when: "flag = high", then: nurses }
      - { when: otherwise, then: desk }
events:
  thing.happened:
    key: placer_order
    start: { when: always, unique: placer_order }
    several: one
    none: { ignore: not ours }
tasks:
  look:
    title: Look at it
    outcomes: [done, could-not-do]
    could_not: could-not-do
    reasons: [absent]
    form: { note: { label: Note } }
pools: { desk: [routine, stat], nurses: [routine, stat] }
roles: [supervisor]
start: [{ when: "urgency = stat", then: urgent }, open]
everywhere:
  thing.happened: stay
states:
  open:
    status: opened
    task: look
    owner: { pool: desk, table: lane }
    clock: { kind: wall, warn: 1h, due: 4h, setting: open_within }
    escalate:
      - { level: 1, after: 2h, to: supervisor, by: phone }
    fallback: { state: late }
    outcomes: { done: closed, could-not-do: late }
  urgent:
    status: opened
    task: look
    owner: { pool: nurses }
    clock: { kind: wall, due: 30m, safety: true }
    escalate:
      - { level: 1, after: 10m, to: supervisor, by: phone }
    fallback: { state: late }
    outcomes: { done: closed, could-not-do: late }
  late:
    status: late
    task: look
    owner: { role: supervisor }
    clock: { kind: wall, due: 1h }
    fallback: { repeat: until acknowledged, to: supervisor }
    outcomes: { done: closed, could-not-do: again }
  closed: { final: true }
"""
HEAD = """\
overlay: line
version: "1"
of: small
for: { service_line: line }
"""


def laid(text: str, *, base: str = BASE) -> Definition:
    """The base with the overlay on it."""
    made, problems = overlay(base, HEAD + text, base_place="base.yaml", place="line.yaml")
    assert made is not None, [each.line() for each in problems]
    again, _ = load(made.text)
    assert again is not None
    assert again.digest == made.definition.digest
    return made.definition


def refused(text: str, *, base: str = BASE) -> list[str]:
    """The problems' lines."""
    made, problems = overlay(base, text, base_place="base.yaml", place="line.yaml")
    assert made is None
    assert all(each.remedy for each in problems)
    return [each.line() for each in problems]


@pytest.mark.requirement("R146")
def test_an_overlay_changes_what_it_names_and_nothing_else() -> None:
    """Pools, owners, clocks, levels, settings, rows and words; the rest is the base's."""
    base, _ = load(BASE)
    assert base is not None
    found = laid(
        "pools: { own-desk: [routine, stat] }\n"
        "owners: { open: { pool: own-desk } }\n"
        "clocks: { open: { warn: 30m, due: 2h, levels: { 1: 1h } } }\n"
        "settings: { open: line_within }\n"
        'tables: { lane: { first: [{ when: "flag is missing", then: own-desk }] } }\n'
        "wording: { states: { open: { title: Ours } }, tasks: { look: { form: { note: Ours } } } }\n"
    )
    opened = found.states["open"]
    assert opened.owner is not None
    assert opened.clock is not None
    assert (opened.owner.name, opened.owner.table) == ("own-desk", "lane")
    assert [str(each) for each in (opened.clock.warn, opened.clock.due, opened.escalate[0].after)] == [
        "0:30:00", "2:00:00", "1:00:00"]  # fmt: skip
    assert (opened.clock.setting, opened.title) == ("line_within", "Ours")
    assert [wording(row.when) for row in found.tables["lane"].rows] == [
        "flag is missing",
        "flag = high",
        "always",
    ]
    assert found.tasks["look"].form[0].label == "Ours"
    assert (found.name, found.version, found.only_for) == (
        "small",
        "1+line.1",
        {"service_line": "line"},
    )
    same = replace(
        base, digest="", version="", only_for={}, pools={}, states={}, tables={}, tasks={}
    )
    assert same == replace(
        found, digest="", version="", only_for={}, pools={}, states={}, tables={}, tasks={}
    )
    assert found.states["late"] == replace(base.states["late"], line=found.states["late"].line)


def test_a_row_of_urgencies_only_raises() -> None:
    """It goes before the first row that answers lower; where it could lower, it is refused."""
    found = laid('tables: { urgency: { raise: [{ when: "flag = high", then: urgent }] } }\n')
    assert [row.then["urgency"] for row in found.tables["urgency"].rows] == [
        "stat",
        "urgent",
        "routine",
    ]
    rows = BASE.replace(
        '      - { when: "priority = stat", then: stat }\n      - { when: otherwise, then: routine }\n',
        '      - { when: "flag = low", then: routine }\n      - { when: "priority = stat", then: stat }\n'
        "      - { when: otherwise, then: routine }\n",
    )
    text = HEAD + 'tables: { urgency: { raise: [{ when: "flag = high", then: urgent }] } }\n'
    assert any("could lower" in line for line in refused(text, base=rows))


BAD = [
    (
        "rows: [{ when: otherwise, then: routine }]",
        "tables: { urgency: { HERE } }\n",
        "has no `rows`",
    ),
    ("due: 45m", "clocks: { urgent: { HERE } }\n", "only made shorter"),
    ("levels: { 1: 20m }", "clocks: { urgent: { HERE } }\n", "only made shorter"),
    ("levels: { 2: 5m }", "clocks: { open: { HERE } }\n", "No level is called `2`"),
    ("due: 2h", "clocks: { late: { HERE } }\n", "lets an overlay change clocks of open, urgent"),
    ("kind: business", "clocks: { open: { HERE } }\n", "has no `kind`"),
    ("pool: nurses", "owners: { urgent: { HERE } }\n", "lets an overlay change pools of open"),
    ("pool: nobody", "owners: { open: { HERE } }\n", "No pool is called `nobody`"),
    ("pool: desk", "owners: { opne: { HERE } }\n", "No state of the base is called `opne`"),
    ("fallback: { state: closed }", "HERE\n", "has no `fallback`"),
    ("states: {}", "HERE\n", "has no `states`"),
    ("desk: [routine]", "pools: { HERE }\n", "has a pool `desk` already"),
    ("fields: { name: Name }", "wording: { HERE }\n", "change wording of states, tasks"),
    ("due: soon", "clocks: { open: { HERE } }\n", "is a duration"),
    ("rows: []", "tables: { lane: { HERE } }\n", "is a list of rows"),
    (
        'first: [{ when: "flag = hihg", then: desk }]',
        "tables: { lane: { HERE } }\n",
        "no value of `flag`",
    ),
]


@pytest.mark.parametrize(("what", "where", "says"), BAD, ids=[each[2] for each in BAD])
def test_what_an_overlay_may_not_do_is_named_in_its_own_file(
    what: str, where: str, says: str
) -> None:
    """File, line and remedy: nothing lets it lengthen a safety clock, drop a row of urgencies, or touch the rest."""
    text = HEAD + where.replace("HERE", what)
    found = refused(text)
    mine = [line for line in found if says in line]
    assert mine, found
    number = 1 + text[: text.index(what)].count("\n")
    assert re.search(rf"line\.yaml, line {number}, column \d+", mine[0]), mine


def test_a_mistake_of_the_base_is_named_in_the_base() -> None:
    """Two files, each mistake where it must be mended."""
    base = BASE.replace("task: look\n    owner: { role", "task: lok\n    owner: { role")
    found = refused(HEAD + "clocks: { open: { due: soon } }\n", base=base)
    assert any(line.startswith("error base.yaml, line") and "`lok`" in line for line in found)
    assert any(line.startswith("error line.yaml, line 5") for line in found)


def test_the_head_says_of_what_and_for_whom() -> None:
    """Without them, or for another base, it is refused."""
    assert any(
        "lies over `other`" in line for line in refused(HEAD.replace("of: small", "of: other"))
    )
    assert any(
        "no `for`" in line for line in refused(HEAD.replace("for: { service_line: line }\n", ""))
    )
    assert any(
        "names a site or a service line" in line
        for line in refused(HEAD.replace("{ service_line: line }", "{}"))
    )
    assert any("unknown-key" in line for line in refused(HEAD + "colour: red\n"))
    narrow = BASE.replace("touches: [none]", "touches: [none]\nonly_for: { service_line: other }")
    assert any(
        "in force for another service_line only" in line for line in refused(HEAD, base=narrow)
    )


@pytest.mark.requirement("R146")
def test_a_change_of_the_base_reaches_the_overlay() -> None:
    """What the overlay does not say is the base's of today; the result is a release of its own."""
    before = laid("clocks: { open: { due: 3h } }\n")
    base = BASE.replace(
        "escalate:\n      - { level: 1, after: 2h", "escalate:\n      - { level: 1, after: 90m"
    )
    after = laid("clocks: { open: { due: 3h } }\n", base=base)
    assert str(after.states["open"].escalate[0].after) == "1:30:00"
    assert after.states["open"].clock == before.states["open"].clock
    assert after.digest != before.digest


def test_a_pathway_that_allows_nothing_has_no_overlays() -> None:
    """The base's owners say what a service line may change; without a word, nothing."""
    closed = re.sub(r"overlays:\n(?:  .*\n)+", "", BASE, count=1)
    assert any(
        "change clocks of nothing" in line
        for line in refused(HEAD + "clocks: { open: { due: 3h } }\n", base=closed)
    )


def test_an_allowance_names_what_exists() -> None:
    """A misspelt state in the base's `overlays` is a mistake of the base."""
    _, problems = load(BASE.replace("pools: [open]", "pools: [opne]"), place="base.yaml")
    assert ["No pools part is called `opne`." in each.message for each in problems] == [True]


def test_red_flags_are_not_changed_by_a_service_line() -> None:
    """A table that says red flags has approvers of its own."""
    flagged = BASE.replace("language: 1", "language: 2").replace(
        "inputs:\n",
        "red_flags: { approvers: [supervisor], outputs: { lane: [nurses] } }\ninputs:\n",
        1,
    )
    text = HEAD + "tables: { lane: { rows: [{ when: otherwise, then: desk }] } }\n"
    assert any("says red flags" in line for line in refused(text, base=flagged))


@pytest.mark.parametrize("text", ["", "[", "overlay: x", "- a", "overlay: !x y", "overlay: &a b"])
def test_odd_texts_are_refused_and_never_raise(text: str) -> None:
    """Whatever stands in the file."""
    made, problems = overlay(BASE, text, place="line.yaml")
    assert made is None
    assert problems
    assert base_of(text) in (None, "")


@pytest.mark.parametrize("of", ["", "of: [a]\n", "of: nowhere\n"])
def test_an_overlay_over_nothing_is_told_what_it_lacks(of: str) -> None:
    """It was said to lie over a pathway without a name, to be put beside it as `.yaml`."""
    found, problems = read_texts({"one.yaml": f"overlay: one\n{of}"})
    assert found == ()
    [problem] = problems
    assert problem.code == "pathway.overlay"
    assert "``" not in problem.message
    assert "`.yaml`" not in problem.remedy


def test_a_folder_of_texts_gives_pathways_and_overlays() -> None:
    """Each overlay finds its base; without one it says which is missing."""
    texts = {"small.yaml": BASE, "overlays/line.yaml": HEAD}
    found, problems = read_texts(texts)
    assert problems == ()
    assert [(each.definition.version, each.overlay) for each in found] == [
        ("1", ""),
        ("1+line.1", "line"),
    ]
    _, missing = read_texts({"overlays/line.yaml": HEAD})
    assert [each.place for each in missing] == ["overlays/line.yaml, line 1, column 1"]


@pytest.mark.requirement("R139", "R146")
@pytest.mark.parametrize("name", ["orthopaedics", "cardiology", "primary-care"])
def test_the_shipped_overlays_take_nothing_away(name: str) -> None:
    """Every state, owner, clock, fallback, outcome and level of the shared referral is there."""
    texts = {
        str(each.relative_to(HOUSE)): each.read_text("utf-8") for each in HOUSE.rglob("*.yaml")
    }
    found, problems = read_texts(texts)
    assert problems == ()
    base = next(
        each.definition
        for each in found
        if each.definition.name == "referral-intake" and not each.overlay
    )
    over = next(each.definition for each in found if each.overlay == name)
    assert over.states.keys() == base.states.keys()
    for key, state in base.states.items():
        mine = over.states[key]
        assert (mine.owner is None) == (state.owner is None)
        assert (mine.clock is None) == (state.clock is None)
        assert (mine.fallback, mine.outcomes, mine.on) == (
            state.fallback,
            state.outcomes,
            state.on,
        )
        assert [each.level for each in mine.escalate] == [each.level for each in state.escalate]
    assert over.digest != base.digest
    assert over.only_for == {"service_line": name}
