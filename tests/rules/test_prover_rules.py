"""The prover, rule by rule: a small pathway that holds, and one edit for each way of breaking a rule."""

from dataclasses import replace
from pathlib import Path

import pytest

from carelane.pathways.definition import Definition
from carelane.pathways.loading import load
from carelane.pathways.trial import read_trials
from carelane.proofs.catalogue import RULES
from carelane.proofs.prove import prove
from carelane.proofs.rules import flags
from carelane.proofs.trials import run_trial
from carelane.proofs.verdicts import PROVER, Finding, Verdict
from tests.rules.texts import loaded

SOUND = """
pathway: small
version: "1"
language: 2
subject: patient
title: A small piece of work
touches: [charting]
urgency: urgency
requires:
  - { before: closed-done, outcome: done, of: look }
  - { chain: look, at: waiting, levels: "2", last_by: 3h, last_channel: phone }
red_flags: { approvers: [director, lead], inputs: { flag: [bad] } }
inputs:
  flag: { from: result.flag, codes: [good, bad] }
  age: { from: result.age, type: integer }
fields:
  name: { from: patient.name, label: Name, authority: ehr, ttl: 1d }
  number: { from: result.identifier, label: Number, authority: ehr, ttl: 1d }
tables:
  urgency:
    hit: first
    output: urgency
    rows:
      - { when: "flag = bad", then: stat }
      - { when: "age > 70", then: urgent }
      - { when: otherwise, then: routine }
events:
  work.asked: { key: referral, start: { when: always, unique: referral }, several: one, none: { ignore: not ours } }
tasks:
  look:
    title: Look
    outcomes: [done, no-answer, could-not-do]
    could_not: could-not-do
    reasons: [other]
    shows: [name]
effects:
  tell: { capability: ehr.communication, audience: record, if_unknown: ask, sends: [number] }
pools:
  desk: [routine, urgent, asap, stat]
  slow: [routine]
roles: [on-call, supervisor]
start: waiting
everywhere: { work.asked: stay }
states:
  waiting:
    status: waiting
    task: look
    owner: { pool: desk }
    counters: { tries: { add: no-answer, max: 3 } }
    clock: { kind: wall, warn: 1h, due: 4h }
    escalate:
      - { level: 1, after: 1h, to: on-call, by: secure-message }
      - { level: 2, after: 3h, to: on-call, by: phone }
    fallback: { state: late }
    outcomes:
      done: telling
      no-answer: { when: "tries < 3", then: again, else: late }
      could-not-do: late
  late:
    status: late
    task: look
    owner: { role: on-call }
    clock: { kind: wall, safety: true, due: 1h }
    escalate: [{ level: 1, after: 0m, to: on-call, by: phone }]
    fallback: { repeat: until acknowledged, to: on-call, tell: supervisor }
    outcomes: { done: telling, no-answer: again, could-not-do: again }
  telling:
    status: telling
    owner: { pool: desk }
    effects: [tell]
    clock: { kind: wall, due: 1h }
    fallback: { state: late }
    effect_outcomes: { done: closed-done, refused: late, needs-person: late }
  closed-done: { final: true, outcome: done }
"""

ALARM = """  alarm: { capability: staff.alert, audience: staff, if_unknown: drop }
  tell: {"""
STUCK = """  stuck:
    status: stuck
    task: look
    owner: { role: on-call }
    clock: { kind: wall, due: 1h }
    fallback: { state: late }
    outcomes: { done: telling, no-answer: late, could-not-do: late }
  telling:"""
BROKEN = {
    "tables-complete": [("- { when: otherwise, then: routine }", "")],
    "tables-without-conflict": [
        ("hit: first", "hit: unique"),
        ("when: otherwise", 'when: "age <= 70 or age is missing"'),
    ],
    "rows-reachable": [
        (
            "- { when: otherwise, then: routine }",
            "- { when: otherwise, then: routine }\n      - { when: always, then: asap }",
        )
    ],
    "states-reachable": [
        ('"tries < 3", then: again, else: late', '"tries < 3", then: again, else: stuck'),
        ("max: 3", "max: 2"),
        ("  telling:", STUCK),
    ],
    "no-dead-ends": [
        (
            "done: telling, no-answer: again, could-not-do: again",
            "done: again, no-answer: again, could-not-do: again",
        )
    ],
    "loops-bounded": [
        (
            "fallback: { repeat: until acknowledged, to: on-call, tell: supervisor }",
            "fallback: { state: waiting }",
        )
    ],
    "expiry-leads-on": [
        (
            "due: 1h }\n    fallback: { state: late }\n    effect",
            "due: 1h }\n    fallback: stay\n    effect",
        )
    ],
    "safety-clocks": [
        (
            "{ level: 1, after: 0m, to: on-call, by: phone }",
            "{ level: 1, after: 2h, to: on-call, by: phone }",
        )
    ],
    "answered-everywhere": [
        (
            "effect_outcomes: { done: closed-done, refused: late, needs-person: late }",
            "effect_outcomes: { done: closed-done, refused: late }",
        )
    ],
    "red-flag-list": [
        ("red_flags: { approvers: [director, lead], inputs: { flag: [bad] } }\n", "")
    ],
    "red-flags-to-urgent-pools": [
        ("owner: { pool: desk }\n    counters", "owner: { pool: slow }\n    counters")
    ],
    "requires": [
        ("      done: telling\n", "      done: late\n"),
        ("- { level: 2, after: 3h, to: on-call, by: phone }", ""),
    ],
    "authority-of-what-is-written": [
        ("ehr.communication", "ehr.result.update"),
        ("sends: [number]", "sends: [value]"),
        (
            "  number:",
            "  value: { from: result.value, label: Value, authority: ehr, ttl: 1d }\n  number:",
        ),
    ],
    "effects-say-what-if-unknown": [
        ("  tell: {", ALARM),
        ("tell: supervisor }\n", "tell: supervisor }\n    effects: [alarm]\n"),
    ],
}


def edited(edits: list[tuple[str, str]]) -> Definition:
    """The sound pathway with these edits."""
    text = SOUND
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    return loaded(text)


@pytest.mark.requirement("R99")
def test_prover_proves_what_holds() -> None:
    """Every rule is proved, nothing is found, and the proof is of this release and this prover."""
    definition = loaded(SOUND)
    judged = prove(definition)

    assert judged.findings == ()
    assert set(judged.proof.rules) == set(RULES)
    assert set(judged.proof.rules.values()) == {Verdict.PROVED}
    assert judged.proof.current(definition.digest)
    assert not judged.proof.current("another")
    assert not replace(judged.proof, prover=PROVER - 1).current(definition.digest)


@pytest.mark.parametrize("rule", BROKEN)
def test_prover_refutes_what_breaks_a_rule(rule: str) -> None:
    """The rule that an edit breaks is refuted, with a place and a remedy; a run is one that the engine goes."""
    definition = edited(BROKEN[rule])
    judged = prove(definition)
    findings = [each for each in judged.findings if each.rule == rule]

    assert judged.proof.verdict is Verdict.REFUTED
    assert judged.proof.rules[rule] is Verdict.REFUTED, judged.findings
    assert findings
    for each in findings:
        assert each.remedy
        assert each.line > 0
        _runs(definition, each)


def _runs(definition: Definition, found: Finding) -> None:
    """A counter-example's table, read as any test is, runs and holds."""
    if not found.run:
        return
    trials, findings = read_trials(found.run, definition)
    assert not findings.problems
    assert not any(row.missed for trial in trials for row in run_trial(definition, trial))
    assert found.path


def test_prover_gives_a_shortest_run_without_what_it_does_not_need() -> None:
    """Two rows: the start and what goes wrong. Nothing else is brought in."""
    judged = prove(edited(BROKEN["red-flags-to-urgent-pools"]))
    run = next(each.run for each in judged.findings if each.rule == "red-flags-to-urgent-pools")

    rows = run.splitlines()[3:]
    assert len(rows) == 1
    assert "flag=bad" in rows[0]
    assert "age" not in rows[0]


def test_prover_tells_a_loop_state_by_state() -> None:
    """Each time that a clock runs out is a row of its own, and the table's columns stand under one another."""
    text = (Path(__file__).parents[2] / "pathways/callback.yaml").read_text("utf-8")
    repeats = "fallback: { repeat: until acknowledged, to: triage-nurses, tell: house-supervisor }"
    definition, _ = load(text.replace(repeats, "fallback: { state: late }", 1))
    assert definition is not None
    run = next(each.run for each in prove(definition).findings if each.rule == "loops-bounded")

    _, _, head, *rows = run.splitlines()
    assert [row.split(" | ")[0].strip() for row in rows] == ["0m", "30m1s", "4h30m2s"]
    assert [row.split("state ")[1].split(";")[0] for row in rows] == ["nurse", "late", "late"]
    assert (
        len({tuple(n for n, each in enumerate(row) if each == "|") for row in (head, *rows)}) == 1
    )


def test_prover_lets_red_flags_only_grow() -> None:
    """A code that was a red flag in the release before may not go."""
    before, after = loaded(SOUND), loaded(SOUND)
    fewer = replace(after, red_flags=None)

    assert [each.rule for each in flags.shrunk(before, fewer)] == ["red-flag-list"]
    assert list(flags.shrunk(fewer, after)) == []
    assert prove(fewer, before=before).proof.verdict is Verdict.REFUTED


def test_prover_says_that_it_can_not_decide() -> None:
    """Too many ways in which regions can end are not decided, which is no proof."""
    regions = "\n".join(
        f"        r{n}: {{ start: s{n}, states: {{ s{n}: {{ task: look, owner: {{ pool: desk }}, "
        f"clock: {{ kind: wall, due: 1h }}, fallback: {{ state: a{n} }}, "
        f"outcomes: {{ done: a{n}, no-answer: b{n}, could-not-do: c{n} }} }}, "
        f"a{n}: {{ final: true }}, b{n}: {{ final: true }}, c{n}: {{ final: true }} }} }}"
        for n in range(8)
    )
    block = f"""  many:
    status: many
    owner: {{ pool: desk }}
    clock: {{ kind: wall, due: 1h }}
    fallback: {{ state: late }}
    parallel:
      join: all
      regions:
{regions}
      then: waiting
"""
    judged = prove(edited([("start: waiting", "start: many"), ("states:\n", "states:\n" + block)]))

    assert judged.proof.verdict is Verdict.NOT_DECIDED
    assert set(judged.proof.rules.values()) == {Verdict.NOT_DECIDED}
    assert not judged.proof.current(judged.proof.release)


def test_prover_does_not_decide_on_an_answer_that_may_be_old() -> None:
    """A table that counts is answered when a fact comes; an expiry that reads it later is not decided."""
    counted = '- { when: "tries >= 3", then: asap }\n      - { when: otherwise, then: routine }'
    judged = prove(
        edited(
            [
                ("- { when: otherwise, then: routine }", counted),
                (
                    "fallback: { state: late }\n    outcomes:",
                    'fallback: { when: "urgency = asap", then: late, else: again }\n    outcomes:',
                ),
            ]
        )
    )

    assert judged.proof.verdict is Verdict.NOT_DECIDED
    assert "old answer" in judged.findings[0].message


def test_each_of_several_levels_of_a_safety_clock_is_required() -> None:
    """A safety clock calls somebody before it is due; that one of two levels goes shows by a `chain` alone."""
    safe = (
        "clock: { kind: wall, warn: 1h, due: 4h }",
        "clock: { kind: wall, safety: true, due: 4h }",
    )
    unasked = (
        '  - { chain: look, at: waiting, levels: "2", last_by: 3h, last_channel: phone }\n',
        "",
    )
    one_less = ("      - { level: 2, after: 3h, to: on-call, by: phone }\n", "")

    assert prove(edited([safe])).findings == ()
    assert [each.rule for each in prove(edited([safe, unasked])).findings] == ["requires"]
    assert [each.rule for each in prove(edited([safe, one_less])).findings] == ["requires"]
    assert prove(edited([safe, unasked, one_less])).findings == ()


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        ("until promised < 2d", Verdict.PROVED),
        ("tries >= 3", Verdict.NOT_DECIDED),
    ],
)
def test_a_persons_word_is_read_in_before_it_is_counted(row: str, verdict: Verdict) -> None:
    """In a state that counts, an outcome may read a table of times, answered then; one that counts may be old."""
    judged = prove(
        edited(
            [
                (
                    "  age: { from: result.age, type: integer }\n",
                    (
                        "  age: { from: result.age, type: integer }\n"
                        "  promised: { from: task.form.promised, type: instant }\n"
                    ),
                ),
                (
                    "events:\n",
                    (
                        f'  soon: {{ hit: first, output: boolean, rows: [{{ when: "{row}", then: true }},'
                        " { when: otherwise, then: false }] }\nevents:\n"
                    ),
                ),
                (
                    "    shows: [name]\n",
                    "    shows: [name]\n    form: { promised: { type: instant, required_for: [done] } }\n",
                ),
                (
                    "      done: telling\n      no-answer: { when",
                    '      done: { when: "soon = true", then: late, else: telling }\n      no-answer: { when',
                ),
            ]
        )
    )
    assert judged.proof.verdict is verdict, judged.findings
