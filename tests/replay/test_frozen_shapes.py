"""Stored shapes of cases stay readable for ever, each number as it was written (SEMANTICS 8)."""

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from carelane.cases.model import Case, Clock, Moved, OpenStep, OwnerRef, RegionView
from carelane.facts.fact import Urgency
from carelane.facts.replacing import replace
from carelane.pathways.definition import ClockKind, OwnerKind
from carelane.store.commit_rows import case_state
from carelane.store.shapes import SHAPE, UnknownShape, decode_case, moved_of

_HERE = Path(__file__).parent
NOON = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)
PLAIN = Case(
    id=UUID(int=1),
    organisation=UUID(int=2),
    subject=UUID(int=3),
    pathway="surgery-clearance",
    version="1",
    release="d" * 64,
    opened_at=NOON,
    correlation=UUID(int=4),
    keys={"placer_order": frozenset({"token"})},
    values={
        "urgency": "stat",
        "surgery_at": NOON,
        "clearing.patient": "consented",
        "count": 2,
        "x": None,
    },
    counters={"ask/attempts": 1},
    stale={"placer_order:token": NOON},
)
IN_BLOCKS = replace(
    PLAIN,
    regions={
        "clearing/patient": RegionView(outcome="consented", effects=(UUID(int=5),)),
        "clearing/specialists": RegionView(),
    },
    owed=(UUID(int=6),),
)


WAIT = OpenStep(
    id=UUID(int=7),
    state="triage",
    opened_at=NOON,
    owner=OwnerRef(kind=OwnerKind.POOL, name="desk"),
    clock=Clock(kind=ClockKind.WALL, started_at=NOON, due_at=NOON, next_at=NOON),
    fallback="to the lead",
)
WANDERED = replace(
    PLAIN,
    moved=Moved(
        release="e" * 64,
        version="0",
        revision=3,
        steps=(WAIT,),
        after=(replace(WAIT, state="new-triage"),),
        status="in-triage",
        milestone="",
        urgency=Urgency.URGENT,
        values={"urgency": "urgent", "surgery_at": NOON},
    ),
)


@pytest.mark.invariant("I15")
@pytest.mark.parametrize(("number", "case"), [(1, PLAIN), (2, IN_BLOCKS), (3, WANDERED)])
def test_a_stored_case_is_read_and_written_as_it_was(number: int, case: Case) -> None:
    """The frozen text gives the same parts, and the case the same text: a difference is a new number."""
    text = (_HERE / "shapes" / f"case-{number}.json").read_text(encoding="utf-8").strip()
    assert case_state(case).decode() == text
    shape = decode_case(text)
    assert shape.v == number
    assert (shape.regions, shape.owed) == (case.regions, case.owed)
    assert shape.counters == case.counters
    assert moved_of(shape.moved) == case.moved


def test_every_number_has_a_frozen_shape() -> None:
    """Up to the newest."""
    numbers = {int(path.stem.partition("-")[2]) for path in (_HERE / "shapes").glob("case-*.json")}
    assert numbers == set(range(1, SHAPE + 1))


def test_a_newer_shape_is_refused() -> None:
    """A row of a later Carelane is not half read."""
    later = json.dumps({"v": SHAPE + 1})
    with pytest.raises(UnknownShape):
        decode_case(later)
