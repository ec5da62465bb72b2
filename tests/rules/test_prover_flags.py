"""A red flag is told from every other code, also where no guard tells it: what is watched cuts cells too."""

from pathlib import Path

import pytest

from carelane.pathways.definition import Definition
from carelane.proofs.prove import prove
from carelane.proofs.verdicts import Verdict
from tests.rules.brute import judge
from tests.rules.texts import loaded

TEXT = (Path(__file__).parents[2] / "pathways/scheduling-request.yaml").read_text("utf-8")
FLAGS = "chest-pain, breathing-difficulty, stroke-signs, severe-bleeding, unconscious, suicidal, anaphylaxis"
ROW = f'"complaint in {{{FLAGS}}}", then: emergency'
LED_DOWN = "red-flags-to-urgent-pools"
HEAD = """
pathway: small
version: "1"
language: 2
subject: patient
title: A red flag that somebody must see
touches: [none]
urgency: URGENCY
red_flags: { approvers: [director, lead], inputs: { flag: [bad] } }
events:
  request.received: { keys: [request], start: { when: START, unique: request }, several: one, none: { ignore: no } }
start: looking
everywhere: { request.received: stay }
"""
LOOKING = """states:
  looking:
    status: open
    task: look
    owner: { pool: desk }
    clock: { kind: wall, due: 1d }
    fallback: { repeat: until acknowledged, to: desk }
    outcomes: { done: DONE, could-not-do: again }
  closed: { final: true, status: closed, outcome: over }
"""
UNASKED = f"""{HEAD.replace("URGENCY", "asked")}
inputs:
  flag: {{ from: request.flag, codes: [good, bad] }}
  asked: {{ from: request.priority, order: [routine, urgent, asap, stat] }}
tasks:
  look: {{ title: Look, outcomes: [done, could-not-do], could_not: could-not-do, reasons: [other] }}
pools: {{ desk: POOL }}
{LOOKING.replace("DONE", "closed")}"""
"""A code that no guard asks about."""


def refuted(definition: Definition) -> set[str]:
    """The rules that the prover refutes."""
    return {one.rule for one in prove(definition).findings if one.verdict is Verdict.REFUTED}


@pytest.mark.requirement("R131")
@pytest.mark.parametrize("code", FLAGS.split(", "))
def test_mutant_that_forgets_one_red_flag_in_a_row_is_refused(
    code: str, request: pytest.FixtureRequest
) -> None:
    """Without its place in the row, the flag would be like any other complaint, and wait at a desk.

    The naive judge takes half a minute for each: it sees them where every mutant is judged.
    """
    left = ", ".join(one for one in FLAGS.split(", ") if one != code)
    assert ROW in TEXT
    given = loaded(TEXT.replace(ROW, f'"complaint in {{{left}}}", then: emergency'))

    assert refuted(given) == {LED_DOWN}
    if request.config.getoption("--every-mutant"):
        assert judge(given) == {LED_DOWN}


@pytest.mark.parametrize(
    ("start", "pool", "broken"),
    [
        ("always", "[routine, urgent, asap, stat]", {LED_DOWN}),
        ("flag = good", "[routine, urgent, asap, stat]", {LED_DOWN}),
        ("asked = asap", "[urgent, asap]", {LED_DOWN}),
    ],
)
def test_a_red_flag_that_no_guard_asks_about_is_seen(
    start: str, pool: str, broken: set[str]
) -> None:
    """It is there, it says nothing of urgency, and so the case would stay routine."""
    given = loaded(UNASKED.replace("START", start).replace("POOL", pool))

    assert refuted(given) == broken
    assert judge(given) == broken


URGENT_BEFORE = f"""{HEAD.replace("URGENCY", "urgency").replace("START", "always")}
inputs:
  flag: {{ from: task.form.flag, order: [good, bad], raise_only: true }}
  asked: {{ from: request.priority, order: [routine, urgent, asap, stat] }}
tables:
  urgency:
    hit: first
    output: urgency
    rows:
      - {{ when: asked = asap, then: asap }}
      - {{ when: flag = bad, then: stat }}
      - {{ when: otherwise, then: routine }}
tasks:
  look:
    title: Look
    outcomes: [done, could-not-do]
    could_not: could-not-do
    reasons: [other]
    form: {{ flag: {{ label: Flag, type: code, options: [good, bad] }} }}
  file: {{ title: File, outcomes: [done, could-not-do], could_not: could-not-do, reasons: [other] }}
pools: {{ desk: [routine, urgent, asap, stat], archive: [routine] }}
{LOOKING.replace("DONE", "{ when: WHEN, then: filing, else: closed }")}
  filing:
    status: filing
    task: file
    owner: {{ pool: archive }}
    clock: {{ kind: wall, due: 1d }}
    fallback: {{ repeat: until acknowledged, to: desk }}
    outcomes: {{ done: closed, could-not-do: again }}
"""
"""A flag that a person finds, in a case that may have been urgent before."""


@pytest.mark.parametrize(
    ("when", "broken"), [("urgency = routine", set()), ("urgency = asap", {LED_DOWN})]
)
def test_a_red_flag_in_a_case_that_was_urgent_before(when: str, broken: set[str]) -> None:
    """What was known before has raised the case: the flag asks for nothing new, and still it is not routine."""
    given = loaded(URGENT_BEFORE.replace("WHEN", when))

    assert {each.rule for each in prove(given).findings} == refuted(given) == broken
    assert judge(given) == broken


REFERRAL = (Path(__file__).parents[2] / "pathways/referral-intake.yaml").read_text("utf-8")
URGENT = '  - { when: "urgency in {urgent, asap, stat}", then: urgent-triage }\n  - triage\n'


@pytest.mark.parametrize(
    "start",
    [
        '  - { when: "urgency in {urgent, asap}", then: urgent-triage }\n  - triage\n',
        '  - { when: "not (urgency in {urgent, asap, stat})", then: urgent-triage }\n  - triage\n',
        "  - triage\n",
    ],
)
def test_mutant_that_leads_a_flag_to_a_pool_that_a_table_names_is_refused(start: str) -> None:
    """A walk that thought values known before anything came once overlooked this, and the release was proved."""
    before, after = REFERRAL.split(URGENT, 1)
    assert before.endswith("then: incomplete }\n")
    definition = loaded(before + start + after)

    assert LED_DOWN in refuted(definition)
    assert LED_DOWN in judge(definition)
