"""What a visit needs before: the tables of two workflows agree, and what is urgent or unknown has no default."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from carelane.pathways.definition import Definition
from carelane.pathways.guard import Value
from carelane.pathways.loading import load
from carelane.pathways.tables import evaluate
from tests.rules.test_pathway_shipped import shipped
from tests.rules.trying import missed

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
LINES = (
    "orthopaedics",
    "cardiology",
    "primary-care",
    "neurology",
    "gastroenterology",
    "dermatology",
)
VISITS = ("new-patient", "follow-up", "procedure", "telehealth", "home-visit", None)
DAYS = {"0d": 0, "2d": 2, "3d": 3}


def said(name: str, **values: Value | None) -> dict[str, Value | None]:
    """What the tables of a pathway answer."""
    return evaluate(shipped(name).tables, values, now=NOW)[0]


@pytest.mark.requirement("R33")
@pytest.mark.parametrize(("line", "visit"), list(product(LINES, VISITS)))
def test_what_scheduling_asks_for_is_checked_before_the_visit(line: str, visit: str | None) -> None:
    """A visit that needs something is one that workflow e prepares; one of no known kind is unknown, never none."""
    found = said("scheduling-request", service=line, visit=visit, priority="routine")
    if visit is None:
        assert found["preparation"] == "unknown"
        return
    checked = said("visit-preparation", visit=visit)["preparation"]
    assert (found["preparation"] == "none") == (checked == "none")


@pytest.mark.requirement("R33")
@pytest.mark.parametrize("visit", ["new-patient", "follow-up", "procedure"])
def test_a_time_is_held_to_the_days_that_the_table_says(visit: str) -> None:
    """The two tables can't drift apart: the minute before is too soon, the time itself is not."""
    days = DAYS[
        str(said("scheduling-request", service="cardiology", visit=visit)["preparation_takes"])
    ]
    for minutes, in_time in ((-1, days == 0), (0, True), (1, True)):
        at = NOW + timedelta(days=days, minutes=minutes)
        found = said("scheduling-request", service="cardiology", visit=visit, slot_start=at)
        assert found["in_time"] is in_time


def test_a_table_may_name_the_template_and_each_named_one_must_exist() -> None:
    """A message whose words a table chooses says what is said without an answer, and the table gives templates."""
    text = """pathway: said
version: "1"
language: 2
subject: patient
title: Said
touches: [none]
requires: [{ promise: said }]
inputs: { kind: { from: request.code, codes: [one, two] } }
tables:
  words:
    hit: first
    output: template
    rows: [{ when: "kind = one", then: hello }, { when: otherwise, then: other }]
events:
  request.received:
    { key: request, start: { when: always, unique: request }, several: one, none: { ignore: no } }
effects:
  tell: { capability: patient.message, audience: patient, if_unknown: drop, template: hello, template_by: KIND }
pools: { desk: [routine, urgent, asap, stat] }
start: [said]
everywhere: { request.received: stay }
states:
  said:
    title: Said
    status: said
    owner: { pool: desk }
    clock: { kind: wall, due: 1h }
    fallback: { state: closed }
    effects: [tell]
    effect_outcomes: { done: closed, refused: closed, needs-person: closed }
  closed: { final: true, title: Closed, status: closed, outcome: said }
"""
    wrong = load(text.replace("KIND", "kind"))[1]
    assert [each.code for each in wrong] == ["pathway.unknown-name"]
    without = load(text.replace("template: hello, ", "").replace("KIND", "words"))[1]
    assert "pathway.missing-key" in [each.code for each in without]
    definition, problems = load(text.replace("KIND", "words"))
    assert isinstance(definition, Definition), problems
    assert definition.effects["tell"].template_by == "words"


@pytest.mark.requirement("R33", "R37")
def test_an_urgent_time_is_never_too_soon() -> None:
    """Whatever the preparation takes: a time in an hour is taken."""
    now = "state offering-now; owner pool same-day-desk"
    asked = "about=appointment service=gastro payer=self-pay"
    for visit, priority in product(("new-patient", "procedure"), ("urgent", "asap", "stat")):
        assert (
            missed(
                shipped("scheduling-request"),
                f"""
test: urgent
time | what happens | what must follow
0m | request.received request=Q1 {asked} visit={visit} priority={priority} | {now}
1m | task offer-time agreed slot=Slot/7 slot_start=2026-11-23T15:00:00Z slot_minutes=60 | state asking-slot
""",
            )
            == []
        )
