"""Mistakes in blocks, calls, pauses and approved lists: each with line, column and remedy, all in one run."""

import re
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carelane.pathways.approved_reader import taken_off
from carelane.pathways.definition import RedFlags
from carelane.pathways.loading import load
from tests.rules.language2 import ASK, BOARD, CALLER, REVIEW

BLOCKS = [
    (
        "region",
        'looked: { when: "fit = true", then: clinical-fit',
        'looked: { when: "fit = true", then: money-found',
        "money-found",
    ),
    ("region", "start: read\n", "start: funding\n", "funding\n"),
    ("region", "request.cancelled: closed-cancelled", "request.cancelled: funding", "funding\n"),
    (
        "region-writes",
        'looked: { when: "fit = true", then: clinical-fit',
        'looked: { when: "fit = true", set: { paid_by: fund }, then: clinical-fit',
        "paid_by: fund }, then: clinical",
    ),
    (
        "region-reads",
        'when: "fit = true", then: clinical-fit',
        'when: "paid_by = fund", then: clinical-fit',
        'paid_by = fund"',
    ),
    (
        "region-reads",
        "      payer: { then: money-found, set: { paid_by: payer } }",
        '      payer: { when: "fit = true", then: money-found, else: money-missing }',
        'fit = true", then: money-found',
    ),
    (
        "region-reads",
        "fallback: { state: late, tell: chair }",
        'fallback: { when: "fit = true", then: late, else: late }',
        'fit = true", then: late',
    ),
    ("guard", 'when: "review.clinical = fit and', 'when: "review.clinical = good and', "good and"),
    (
        "guard",
        'when: "review.clinical = fit and',
        'when: "review.nobody = fit and',
        "review.nobody",
    ),
    ("join", "else: closed-declined }\n  late:", "else: stay }\n  late:", "then: { when"),
    ("not-listed", "join: all", "join: most", "most"),
    ("missing-key", "      join: all\n", "", "regions:\n"),
    (
        "never-asked",
        "on: { records.arrived: read }",
        "on: { request.cancelled: read }",
        "wait-for-records:\n",
    ),
    (
        "twice",
        "            money-missing: { final: true",
        "            read: { final: true",
        "read: { final",
    ),
    (
        "no-end",
        (
            "            money-found: { final: true, outcome: found }\n"
            "            money-missing: { final: true, outcome: missing }\n"
        ),
        "",
        "start: funding",
    ),
    ("start", "start: read\n", "start: clinical-fit\n", "start: clinical-fit"),
    (
        "unknown-key",
        "            read:\n",
        "            read:\n              status: odd\n",
        "status: odd",
    ),
    ("unknown-name", "in: { wait-for-records:", "in: { late:", "late: { reason"),
    ("unknown-name", "until: patient.answered", "until: patient.replied", "until: patient.replied"),
    ("missing-key", "reason: records are outstanding, ", "", "{ resume_by: 20d"),
    ("safety-clock", "      due: 10d\n", "      due: 10d\n      safety: true\n", "pauses:"),
    ("clock", "      due: 10d\n", "      due: 10d\n      most: 5d\n", "most: 5d"),
    ("language", "language: 2", "language: 1", "parallel:"),
    ("set", "set: { paid_by: payer }", "set: { paid_by: nobody }", "paid_by: nobody"),
]
EACH = [
    (
        "unknown-name",
        "table: reviewers\n      join",
        "table: readers\n      join",
        "table: readers",
    ),
    ("unknown-name", "hit: collect", "hit: first", "table: reviewers\n      join"),
    ("unknown-name", "of: agree }", "of: agreeing }", "of: agreeing"),
    ("missing-key", "      else: closed-nobody\n", "", "table: reviewers\n      join"),
    ("loop", "      else: closed-nobody\n", "      else: again\n", "opinions:\n    status"),
    (
        "for-each",
        "        opinion:\n          task: opine",
        "        opinion:\n          parallel: { join: all, regions: {}, then: agreed }\n          task: opine",
        "opinion:\n          parallel",
    ),
    ("not-a-number", "at_least: 1", "at_least: 13", "13,"),
]
CALLS = [
    (
        "unknown-name",
        "call: ask-patient\n    with: { priority: haste, who: name }\n    on: { request.cancelled: stay }",
        "call: ask-nobody\n    with: { priority: haste, who: name }\n    on: { request.cancelled: stay }",
        "call: ask-nobody",
    ),
    ("missing-key", "      not-reached: closed\n", "", "reached: { when"),
    (
        "unknown-key",
        "      not-reached: closed\n",
        "      not-reached: closed\n      elsewhere: closed\n",
        "elsewhere",
    ),
    (
        "unknown-name",
        "with: { priority: haste, who: name }\n    on: { request.cancelled: stay }",
        "with: { priority: hurry, who: name }\n    on: { request.cancelled: stay }",
        "with: { priority: hurry",
    ),
    (
        "call",
        "haste: { from: request.priority, order: [routine, urgent] }",
        "haste: { from: request.priority, order: [routine, urgent, stat] }",
        "with: { priority: haste, who: name }\n    on: { request.cancelled: closed",
    ),
    ("join", "      not-reached: closed\n", "      not-reached: stay\n", "stay\n  closed"),
    ("language", "language: 2", "language: 1", "call: ask"),
]
SUBS = [
    (
        "call",
        "  writing:\n    status: writing\n",
        (
            "  writing:\n    call: ask-patient\n    outcomes: { reached: reached, not-reached: not-reached }\n"
            "  other:\n    status: writing\n"
        ),
        "call: ask",
    ),
    (
        "unknown-name",
        "fallback: { state: not-reached }\n    effects",
        "fallback: { state: closed }\n    effects",
        "closed }",
    ),
    (
        "twice",
        "outcomes: [reached, not-reached]",
        "outcomes: [reached, not-reached, writing]",
        "outcomes: [reached",
    ),
    ("pools", "pools: { desk: [routine, urgent] }", "pools: { desk: [routine] }", "pools: { desk"),
    ("unused", "effects: [letter]\n    effect_outcomes: { done: not-reached }\n", "", "letter: {"),
    (
        "unknown-name",
        "events: [request.received, request.cancelled]",
        "events: [request.received, request.lost]",
        None,
    ),
    ("call", "start: calling\n", "start: reached\n", "start: reached"),
    (
        "call",
        "if_unknown: ask, sends: [who] }",
        "if_unknown: ask, sends: [who], on_failure: reached }",
        "letter: {",
    ),
    (
        "unknown-name",
        "fallback: { state: not-reached }\n    outcomes",
        "fallback: { state: not-reached, tell: chief }\n    outcomes",
        "chief",
    ),
    (
        "unknown-name",
        "    fallback: { state: not-reached }\n    outcomes",
        "    fallback: { state: not-reached }\n    on: { other.event: stay }\n    outcomes",
        "other.event",
    ),
]


def place_of(text: str, words: str) -> str:
    """Line and column of the words, as problems say it."""
    before = text[: text.index(words)]
    return f"line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))}"


@pytest.mark.requirement("R12")
@pytest.mark.parametrize(
    ("text", "code", "there", "instead", "words"),
    [(REVIEW, *each) for each in BLOCKS]
    + [(BOARD, *each) for each in EACH]
    + [(CALLER, *each) for each in CALLS],
    ids=lambda each: each.strip()[:30] if isinstance(each, str) else None,
)
def test_language2_mistake_has_place_and_remedy(
    text: str, code: str, there: str, instead: str, words: str
) -> None:
    """The problem names the code, stands where the mistake is, and says what to do."""
    assert there in text
    wrong = text.replace(there, instead, 1)
    definition, problems = load(wrong, place="here.yaml", subs={"ask-patient": ASK})
    assert definition is None
    found = [one for one in problems if one.code == f"pathway.{code}"]
    assert found, [one.line() for one in problems]
    assert f"here.yaml, {place_of(wrong, words)}" in {one.place for one in found}
    assert all(one.remedy and re.search(r"line \d+, column \d+", one.place) for one in problems)


@pytest.mark.parametrize(
    ("code", "there", "instead", "words"), SUBS, ids=lambda each: str(each)[:30]
)
def test_language2_mistake_in_a_sub_pathway_names_its_own_file(
    code: str, there: str, instead: str, words: str | None
) -> None:
    """Not the caller's."""
    assert there in ASK
    wrong = ASK.replace(there, instead, 1)
    definition, problems = load(CALLER, place="here.yaml", subs={"ask-patient": wrong})
    assert definition is None
    found = [one for one in problems if one.code == f"pathway.{code}"]
    assert found, [one.line() for one in problems]
    if words is not None:
        assert f"sub/ask-patient.yaml, {place_of(wrong, words)}" in {one.place for one in found}


def test_language2_a_sub_pathway_is_not_read_alone() -> None:
    """One problem says so, not one for every key."""
    _, problems = load(ASK)
    assert [one.code for one in problems] == ["pathway.not-a-pathway"]


def test_language2_twenty_mistakes_are_twenty_problems() -> None:
    """In one run, each with line, column and remedy."""
    wrong = REVIEW
    apart = [
        *(BLOCKS[n] for n in (1, 2, 3, 5, 6, 7, 9, 10, 16, 17, 18)),
        ("not-listed", "subject: patient", "subject: planet", ""),
        ("unknown-name", "touches: [charting]", "touches: [cooking]", ""),
        (
            "not-listed",
            "if_unknown: ask, undo: take-back }\n  take-back",
            "if_unknown: guess, undo: take-back }\n  take-back",
            "",
        ),
        ("capability", "capability: payer.inquiry", "capability: bank.inquiry", ""),
        ("unknown-name", "roles: [chair]", "roles: [seat]", ""),
        (
            "not-a-duration",
            "due: 3d }\n              fallback: { state: wait",
            "due: soon }\n              fallback: { state: wait",
            "",
        ),
        ("clock", "clock: { kind: wall, due: 5d }", "clock: { kind: wall, due: 5d, warn: 6d }", ""),
        ("name", "pathway: transplant-review", "pathway: Transplant Review", ""),
        ("edge", "      on: { records.arrived: read }", "      on: { records.arrived: [] }", ""),
    ]
    for _, there, instead, _ in apart:
        assert there in wrong, there
        wrong = wrong.replace(there, instead, 1)
    _, problems = load(wrong, place="here.yaml")
    assert len(problems) >= 20
    assert {f"pathway.{code}" for code, *_ in apart} <= {one.code for one in problems}
    assert all(one.remedy and re.search(r"line \d+, column \d+", one.place) for one in problems)


@pytest.mark.parametrize("bad", ["&a x", "*a", "!!python/object x", "[" * 40, "\x00", "- y\n\t- z"])
def test_language2_hostile_sub_pathways_are_refused(bad: str) -> None:
    """In the sub-pathway's own file, as in the pathway's."""
    definition, problems = load(CALLER, subs={"ask-patient": f"sub: ask-patient\ntitle: {bad}\n"})
    assert definition is None
    assert any("sub/ask-patient.yaml" in one.place for one in problems)


def test_language2_deep_and_wide_blocks_are_refused_quickly() -> None:
    """Blocks in blocks in blocks, and calls that call on: bounded by depth, not by patience."""
    inner = "{ final: true }"
    for n in range(60):
        region = f"{{ start: s, states: {{ s{n}: {inner} }} }}"
        inner = f"{{ parallel: {{ join: all, regions: {{ a: {region} }}, then: x }} }}"
    before = time.process_time()
    definition, problems = load(REVIEW + f"  deep: {inner}\n")
    assert definition is None
    assert {"pathway.too-deep"} == {one.code for one in problems}
    chain = {
        f"s{n}": ASK.replace("sub: ask-patient", f"sub: s{n}").replace(
            "  writing:\n    status: writing\n",
            f"  more: {{ call: s{n + 1}, outcomes: {{ reached: reached, not-reached: not-reached }} }}\n"
            "  writing:\n    status: writing\n",
        )
        for n in range(200)
    }
    definition, problems = load(CALLER.replace("ask-patient", "s0"), subs=chain)
    assert definition is None
    assert "pathway.call" in {one.code for one in problems}
    assert time.process_time() - before < 60


def test_language2_phrases_and_red_flags_have_approvers_of_their_own() -> None:
    """Two each, a list that is not empty, and codes that exist."""
    head = REVIEW.replace("inputs:\n", (
        "phrases:\n  words: { approvers: [a], phrases: { urgent: [fever], panic: [pain], routine: ['...'] } }\n"
        "red_flags: { approvers: [a, b], inputs: { priority: [high] } }\n"
        "inputs:\n  said: { from: message.text, phrases: words, order: [routine, urgent] }\n"
        "  heard: { from: message.text, phrases: words, codes: [urgent, panic] }\n"
    ), 1)  # fmt: skip
    _, problems = load(head)
    assert {"pathway.approvers", "pathway.phrase", "pathway.unknown-name", "pathway.no-order"} == {
        one.code for one in problems
    }
    _, problems = load(
        REVIEW.replace("inputs:\n", "red_flags: { approvers: [a, b] }\ninputs:\n", 1)
    )
    assert {one.code for one in problems} == {"pathway.red-flags"}


def test_language2_a_red_flag_list_is_compared_code_by_code() -> None:
    """What is taken off is named; what is added is not held against it."""
    old = RedFlags(
        approvers=("a", "b"), inputs={"flag": ("HH", "LL")}, outputs={"critical": ("yes",)}
    )
    new = RedFlags(
        approvers=("a", "b"), inputs={"flag": ("HH", "AA")}, outputs={"critical": ("yes",)}
    )
    assert taken_off(old, new) == ("inputs flag = LL",)
    assert taken_off(None, new) == ()
    assert len(taken_off(new, None)) == 3
    assert taken_off(replace(old, instructions="emergency"), old) == ("instructions",)


def test_language2_what_is_written_out_is_bounded() -> None:
    """A for each over many answers with many states is refused, not read for minutes."""
    many = "".join(
        f"        s{n}: {{ task: opine, owner: {{ pool: each }}, clock: {{ kind: wall, due: 1d }}, "
        f"fallback: again, outcomes: {{ agree: agreed, disagree: refused, could-not-do: silent }} }}\n"
        for n in range(1_200)
    )
    definition, problems = load(BOARD.replace("        agreed: {", f"{many}        agreed: {{", 1))
    assert definition is None
    assert "pathway.too-large" in {one.code for one in problems}


WORDS = re.compile(r"[\w./-]+|[{}\[\]:,]")
TEXTS = [(REVIEW, {}), (BOARD, {}), (CALLER, {"ask-patient": ASK})]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(TEXTS), st.data())
def test_language2_broken_texts_have_problems_and_never_raise(
    texts: tuple[str, dict[str, str]], data: st.DataObject
) -> None:
    """A word in another's place, lines left out: a definition without problems, or problems with places."""
    text, subs = texts
    for _ in range(data.draw(st.integers(1, 3))):
        words = list(WORDS.finditer(text))
        one, other = (data.draw(st.sampled_from(words)) for _ in range(2))
        text = text[: one.start()] + other.group() + text[one.end() :]
    lines = text.split("\n")
    first = data.draw(st.integers(0, len(lines) - 1))
    del lines[first : first + data.draw(st.integers(0, 3))]
    definition, problems = load("\n".join(lines), subs=subs)
    assert (definition is None) == bool(problems)
    assert all(one.remedy and "column" in one.place for one in problems)
