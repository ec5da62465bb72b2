"""Loading: every mistake gets its line, column and remedy; nothing raises, nothing is executed."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carelane.facts.problem import Fault, Problem
from carelane.pathways.loading import load

GOOD = """\
pathway: small
version: "1"
language: 1
subject: patient
title: A small pathway
touches: [none]
inputs:
  flag: { from: result.flag, order: [low, high], reduce: max }
  seen_at: { from: result.at, type: instant }
  count: { from: result.count, type: integer }
fields:
  name: { from: patient.name, label: Patient, authority: ehr, ttl: 90d }
tables:
  lane:
    hit: first
    output: pool
    rows:
      - { when: "flag = high", then: nurses }
      - { when: otherwise, then: desk }
events:
  thing.happened:
    key: placer_order
    start: { when: "flag >= low", unique: placer_order }
    several: one
    none: { ignore: not ours }
tasks:
  look:
    title: Look at it
    outcomes: [done, could-not-do]
    could_not: could-not-do
    reasons: [absent]
    form: [note]
    shows: [name]
effects:
  tell: { capability: staff.alert, audience: staff, if_unknown: resend, sends: [name] }
pools: { desk: [routine], nurses: [routine, stat] }
roles: [supervisor]
start: open
everywhere:
  thing.happened: stay
states:
  open:
    status: opened
    task: look
    owner: { pool: desk, table: lane }
    clock: { kind: wall, warn: 1h, due: 4h }
    escalate:
      - { level: 1, after: 1h, to: supervisor, by: phone }
    fallback: { state: late }
    outcomes: { done: closed, could-not-do: late }
    effects: [tell]
  late:
    status: late
    task: look
    owner: { role: supervisor }
    clock: { kind: wall, due: 1h }
    fallback: { repeat: until acknowledged, to: supervisor }
    outcomes: { done: closed, could-not-do: again }
  closed: { final: true }
"""

# (code, what stands there, what is written instead, words at whose place the problem must be)
BAD = [
    ("unknown-key", "touches: [none]", "touches: [none]\ncolour: red", "colour"),
    ("missing-key", 'version: "1"\n', "", "pathway"),
    ("missing-key", "title: A small pathway\n", "", "pathway"),
    ("name", "pathway: small", "pathway: Small Pathway", "pathway"),
    ("not-a-number", "language: 1", "language: 3", "3"),
    ("not-listed", "subject: patient", "subject: planet", "planet"),
    ("unknown-name", "touches: [none]", "touches: [cooking]", "touches"),
    ("twice", "title: A small pathway", "title: A\ntitle: B", "title: B"),
    ("unknown-key", "reduce: max }", "reduce: max, colour: red }", "colour"),
    ("missing-key", "  flag: { from: result.flag,", "  flag: {", "{ order"),
    ("path", "from: result.flag", "from: result flag!", "from: result flag!"),
    ("codes", "order: [low, high], reduce: max", "reduce: first", "{ from: result.flag"),
    ("no-order", "order: [low, high]", "codes: [low, high]", "reduce"),
    ("codes", "order: [low, high]", "order: [low, high], codes: [low]", "order"),
    ("codes", "type: integer }", "type: integer, codes: [one] }", "type: integer"),
    ("reduce", "type: integer }", "type: integer, reduce: any }", "reduce: any"),
    ("not-listed", "type: instant", "type: moment", "moment"),
    ("twice", "order: [low, high]", "order: { low: [x], high: [x] }", "x] }"),
    ("not-listed", "authority: ehr", "authority: moon", "moon"),
    ("missing-key", ", ttl: 90d", "", "{ from: patient.name"),
    ("not-a-duration", "ttl: 90d", "ttl: 3 months", "3 months"),
    ("not-listed", "hit: first", "hit: maybe", "maybe"),
    ("output", "output: pool", "output: diagnosis", "diagnosis"),
    ("output", "output: pool", "output: dose", "dose"),
    ("output", "output: pool", "output: code", "code"),
    ("missing-key", "    output: pool\n", "", "hit: first"),
    ("unknown-name", "then: nurses", "then: ghosts", "ghosts"),
    ("guard", 'when: "flag = high"', 'when: "flag = purple"', "purple"),
    ("guard", 'when: "flag = high"', 'when: "flg = high"', "flg"),
    ("guard", 'when: "flag = high"', 'when: "flag high"', 'high"'),
    ("guard", 'when: "flag = high"', 'when: "(flag = high"', '", then: nurses'),
    ("guard", 'when: "flag = high"', 'when: "flag == high"', '= high"'),
    ("guard", 'when: "flag = high"', 'when: "elapsed > soon"', "soon"),
    ("guard", 'when: "flag = high"', 'when: "until flag > 2h"', "flag > 2h"),
    ("guard", 'when: "flag = high"', 'when: "count > many"', "many"),
    ("guard", 'when: "flag = high"', 'when: "flag same count"', 'count", then'),
    (
        "rows",
        '    rows:\n      - { when: "flag = high", then: nurses }\n      - { when: otherwise, then: desk }',
        "    rows: []",
        "[]",
    ),
    ("name", "  thing.happened:\n    key", "  happened:\n    key", "happened:\n    key"),
    ("unknown-name", "key: placer_order", "key: colour", "key: colour"),
    (
        "reserved-event",
        "events:\n",
        "events:\n  task.completed: { none: { ignore: x } }\n",
        "{ none: { ignore: x }",
    ),
    ("unknown-name", "unique: placer_order", "unique: referral", "unique: referral"),
    ("missing-key", "    none: { ignore: not ours }\n", "", "key: placer_order"),
    ("none", "none: { ignore: not ours }", "none: { ignore: no, person: desk }", "{ ignore: no"),
    ("unknown-name", "none: { ignore: not ours }", "none: { person: ghosts }", "person: ghosts"),
    ("not-listed", "several: one", "several: some", "some"),
    ("no-start", '    start: { when: "flag >= low", unique: placer_order }\n', "", "events:"),
    (
        "unknown-name",
        "none: { ignore: not ours }",
        "none: { ignore: x }\n    reopens: { within: 1d, at: nowhere }",
        "at: nowhere",
    ),
    ("unknown-name", "could_not: could-not-do", "could_not: never", "could_not: never"),
    ("missing-key", "    reasons: [absent]\n", "", "title: Look"),
    ("missing-key", "    could_not: could-not-do\n", "", "title: Look"),
    (
        "outcomes",
        "outcomes: [done, could-not-do]\n    could_not",
        "outcomes: [could-not-do]\n    could_not",
        "outcomes: [could-not-do]",
    ),
    ("options", "form: [note]", "form: { note: { type: code } }", "{ type: code"),
    ("unknown-name", "shows: [name]", "shows: [weight]", "shows: [weight]"),
    ("unknown-name", "sends: [name]", "sends: [weight]", "sends: [weight]"),
    ("capability", "capability: staff.alert", "capability: paging", "capability"),
    ("not-listed", "if_unknown: resend", "if_unknown: shrug", "shrug"),
    ("missing-key", ", if_unknown: resend", "", "{ capability"),
    ("unknown-name", "pools: { desk: [routine],", "pools: { desk: [sometimes],", "sometimes"),
    ("unknown-name", "start: open", "start: opne", "opne"),
    ("start", "start: open", 'start: [{ when: "flag = high", then: open }, stay]', "start: [{"),
    (
        "edge",
        "start: open",
        'start: { when: "flag = high", then: open }',
        '{ when: "flag = high", then: open',
    ),
    (
        "unknown-name",
        "  thing.happened: stay",
        "  thing.happened: stay\n  other.thing: stay",
        "other.thing",
    ),
    ("event-unhandled", "everywhere:\n  thing.happened: stay\n", "", "open:"),
    ("no-owner", "    owner: { role: supervisor }\n", "", "status: late"),
    ("no-clock", "    clock: { kind: wall, due: 1h }\n", "", "status: late"),
    (
        "no-fallback",
        "    fallback: { repeat: until acknowledged, to: supervisor }\n",
        "",
        "status: late",
    ),
    ("no-status", "    status: late\n", "", "task: look\n    owner: { role"),
    (
        "owner",
        "owner: { role: supervisor }",
        "owner: { role: supervisor, pool: desk }",
        "{ role: supervisor, p",
    ),
    ("owner", "owner: { role: supervisor }", "owner: { person: last_actor }", "{ person"),
    (
        "unknown-name",
        "owner: { pool: desk, table: lane }",
        "owner: { pool: dsk, table: lane }",
        "pool: dsk",
    ),
    ("unknown-name", "table: lane }", "table: lain }", "table: lain"),
    (
        "outcome-without-edge",
        "outcomes: { done: closed, could-not-do: again }",
        "outcomes: { done: closed }",
        "{ done: closed }",
    ),
    (
        "unknown-name",
        "outcomes: { done: closed, could-not-do: again }",
        "outcomes: { done: closed, could-not-do: again, sold: closed }",
        "sold",
    ),
    ("unknown-name", "fallback: { state: late }", "fallback: { state: lat }", "lat }"),
    ("fallback", "fallback: { state: late }", "fallback: { ignore: me }", "{ ignore: me"),
    ("clock", "due: 4h", "due: 1h", "warn"),
    ("clock", "due: 4h", "due: 0m", "due"),
    ("not-a-duration", "due: 4h", "due: soon", "soon"),
    (
        "clock",
        "kind: wall, due: 1h",
        "kind: business-days, due: 1h",
        "1h }\n    fallback: { repeat",
    ),
    ("clock", "kind: wall, due: 1h", "kind: business, due: 2d", "2d"),
    (
        "safety-clock",
        "kind: wall, due: 1h",
        "kind: business, due: 1h, safety: true",
        "kind: business",
    ),
    (
        "safety-clock",
        "due: 1h }",
        "due: 1h, safety: true }\n    pause: { reason: x, resume_by: 1d }",
        "{ reason",
    ),
    ("unknown-name", "due: 1h }", "due: 1h, from: flag }", "flag }\n    fallback: { repeat"),
    ("unknown-name", "effects: [tell]", "effects: [tel]", "effects: [tel]"),
    ("unknown-name", "to: supervisor, by: phone", "to: nobody, by: phone", "nobody"),
    ("not-listed", "by: phone", "by: pigeon", "pigeon"),
    ("levels", "- { level: 1, after: 1h", "- { level: 2, after: 1h", "level: 2"),
    (
        "unreachable",
        "  closed: { final: true }",
        "  closed: { final: true }\n  attic: { final: true }",
        "attic",
    ),
    ("no-end", "  closed: { final: true }", "", "states:"),
    (
        "unused",
        "tasks:\n",
        "tasks:\n  idle: { title: I, outcomes: [a, b], could_not: b, reasons: [c] }\n",
        "idle",
    ),
    ("names-a-connection", "title: A small pathway", "title: A pathway for Epic", "A pathway for"),
    ("names-a-connection", "title: A small pathway", "title: Reads HL7 messages", "Reads HL7"),
    ("names-a-connection", "title: A small pathway", "title: After ORU^R01", "After ORU"),
    ("names-a-connection", "title: A small pathway", "title: See https://example.org", "See https"),
    (
        "names-a-connection",
        "capability: staff.alert",
        "connection: x, capability: staff.alert",
        "connection",
    ),
    ("names-a-connection", "title: A small pathway", "title: lab-feed-3", "lab-feed-3"),
    ("tag", "title: A small pathway", "title: !!python/object/apply:os.system [id]", "!!python"),
    ("tag", "title: A small pathway", "title: !secret x", "!secret"),
    ("anchor", "title: A small pathway", "title: &a x", "&a"),
    ("alias", "title: A small pathway", "title: x\nversion2: *a", "*a"),
    ("several-documents", "start: open", "---\nstart: open", "start: open"),
    ("not-yaml", "touches: [none]", "touches: [none", None),
    ("not-yaml", "title: A small pathway", "title: A\ttab: x\n\t- y", None),
    ("not-yaml", "title: A small pathway", 'title: "\\U7FFFFFFF"', None),
    ("too-deep", "title: A small pathway", "title: " + "[" * 40 + "]" * 40, None),
    ("not-a-mapping", "pools: { desk: [routine], nurses: [routine, stat] }", "pools: 7", "7"),
    ("key", "title: A small pathway", "title: x\n? [a, b]\n: c", "[a, b]"),
]


def place_of(text: str, words: str) -> str:
    """Line and column of the words, as problems say it."""
    at = text.index(words)
    line = text.count("\n", 0, at) + 1
    return f"line {line}, column {at - text.rfind(chr(10), 0, at)}"


def test_pathway_small_one_loads_without_problems() -> None:
    """The text that the table below spoils is itself right."""
    definition, problems = load(GOOD)

    assert problems == ()
    assert definition is not None
    assert len(definition.digest) == 64


@pytest.mark.requirement("R79")
@pytest.mark.parametrize(("code", "there", "instead", "words"), BAD)
@pytest.mark.requirement("R99")
def test_pathway_mistake_has_place_and_remedy(
    code: str, there: str, instead: str, words: str | None
) -> None:
    """Each mistake is found where it stands, and says what to do."""
    assert there in GOOD
    text = GOOD.replace(there, instead, 1)
    definition, problems = load(text, place="small.yaml", connections=("lab-feed-3",))
    found = [one for one in problems if one.code == f"pathway.{code}"]

    assert definition is None
    assert found, [one.line() for one in problems]
    assert all(one.remedy and one.message and one.fault is Fault.SITE for one in problems)
    assert all(re.fullmatch(r"small.yaml, line \d+, column \d+", one.place) for one in problems)
    if words is not None:
        assert f"small.yaml, {place_of(text, words)}" in {one.place for one in found}


def test_pathway_twenty_mistakes_give_twenty_problems_in_one_run() -> None:
    """One run finds them all."""
    changes = [
        ("subject: patient", "subject: planet"),
        ("touches: [none]", "touches: [cooking]"),
        ("type: instant", "type: moment"),
        ("authority: ehr", "authority: moon"),
        ("ttl: 90d", "ttl: soon"),
        ("hit: first", "hit: maybe"),
        ("then: nurses", "then: ghosts"),
        ('when: "flag = high"', 'when: "flag = purple"'),
        ("key: placer_order", "key: colour"),
        ("several: one", "several: some"),
        ("could_not: could-not-do", "could_not: never"),
        ("shows: [name]", "shows: [weight]"),
        ("capability: staff.alert", "capability: paging"),
        ("if_unknown: resend", "if_unknown: shrug"),
        ("desk: [routine]", "desk: [sometimes]"),
        ("by: phone", "by: pigeon"),
        ("fallback: { state: late }", "fallback: { state: lat }"),
        ("effects: [tell]", "effects: [tel]"),
        ("kind: wall, due: 1h", "kind: business, due: 2d"),
        ("could-not-do: again", "could-not-do: agian"),
    ]
    text = GOOD
    for there, instead in changes:
        assert there in text
        text = text.replace(there, instead, 1)
    _, problems = load(text)

    assert len({one.place for one in problems}) >= 20
    assert all(line_of(one) > 0 for one in problems)


def line_of(problem: Problem) -> int:
    """The line a problem names."""
    found = re.search(r"line (\d+)", problem.place)
    return int(found[1]) if found else 0


@pytest.mark.parametrize(
    "text",
    [
        b"\xff\xfe\x00pathway",
        b"title: \xe9",
        "a: &a [x]\nb: &b [*a,*a]\nc: [*b,*b]\n",
        "[" * 100_000,
        "{a: " * 5_000,
        "x" * 600_000,
        "- " * 20_000,
        "",
        "\x00",
        "%YAML 9.9\n---\nx: 1",
        "just words",
        "- a\n- b",
        "!!python/object/new:os.system [echo]",
        "? ? ? x",
        "\ud800",
    ],
)
def test_pathway_hostile_text_is_refused_quickly(text: str | bytes) -> None:
    """Bombs, binary and endless nesting give a problem, never an exception, and no long wait."""
    begin = time.process_time()
    definition, problems = load(text)

    assert definition is None
    assert problems
    assert time.process_time() - begin < 5


LINES = GOOD.splitlines(keepends=True)
PIECES = st.lists(
    st.one_of(
        st.sampled_from(LINES),
        st.text(alphabet="abc:{}[],&*!|>-?#%'\"\\ \n\t0123", max_size=20),
        st.sampled_from(GOOD.split()),
    ),
    max_size=40,
)


@settings(max_examples=120, deadline=None)
@given(pieces=PIECES, at=st.integers(0, len(LINES)), cut=st.integers(0, 5))
def test_pathway_loading_never_raises(pieces: list[str], at: int, cut: int) -> None:
    """Whatever the text, there is a definition or there are problems with places."""
    text = "".join(LINES[:at]) + "".join(pieces) + "".join(LINES[at + cut :])
    definition, problems = load(text)

    assert (definition is None) == bool(problems)
    assert all("line " in one.place and one.remedy for one in problems)


@settings(max_examples=60, deadline=None)
@given(
    at=st.integers(0, len(GOOD) - 1),
    put=st.sampled_from(["", "x", ":", "\n", "{", '"', "&", "\x07"]),
)
def test_pathway_loading_survives_any_single_character(at: int, put: str) -> None:
    """One character lost or changed anywhere never raises."""
    definition, problems = load(GOOD[:at] + put + GOOD[at + 1 :])

    assert (definition is None) == bool(problems)


def test_pathway_words_on_and_no_stay_words() -> None:
    """YAML 1.2: `on`, `no`, `yes` are words, not booleans."""
    text = GOOD.replace("order: [low, high]", "order: [no, on]").replace("flag = high", "flag = on")
    definition, problems = load(text.replace("flag >= low", "flag >= no"))

    assert problems == ()
    assert definition is not None
    assert definition.inputs["flag"].codes == ("no", "on")


def test_pathway_digest_names_the_meaning_not_the_layout() -> None:
    """Comments and moved lines keep the digest; each change of meaning gives another."""
    same = load("# a comment\n\n" + GOOD)[0]
    first = load(GOOD)[0]
    other = load(GOOD.replace("due: 4h", "due: 5h"))[0]
    row = load(GOOD.replace('"flag = high", then: nurses', '"flag = high", then: desk'))[0]

    assert first is not None
    assert same is not None
    assert other is not None
    assert row is not None
    assert same.digest == first.digest
    assert len({first.digest, other.digest, row.digest}) == 3
