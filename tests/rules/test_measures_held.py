"""What was typed again, and what is free ahead: on rows written by hand and the shipped pathways' own declarations."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from carelane.measures.capacity import capacity, free, third_next
from carelane.measures.typed_again import typed
from tests.rules.test_pathway_shipped import shipped

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
REQUEST = shipped("scheduling-request")


def answer(form: dict[str, object], *before: dict[str, object]) -> dict[str, Any]:
    return {"release": REQUEST.digest, "task": "t", "form": form, "before": list(before)}


@pytest.mark.parametrize(
    ("form", "before", "held"),
    [
        pytest.param({"payer": "public-plan"}, [{"payer": "public-plan"}], "already told: payer", id="told before"),
        pytest.param({"payer": "self-pay"}, [{"payer": "public-plan"}], "corrected", id="told otherwise"),
        pytest.param({"payer": "self-pay"}, [], "nowhere else", id="never told"),
        pytest.param(
            {"service": "cardiology"}, [{"service": "orthopaedics"}, {"service": "cardiology"}],
            "already told: service", id="the last word counts",
        ),
        pytest.param({"slot": "+"}, [], "kept by ehr", id="a field of the record"),
        pytest.param({"note": "+"}, [], "nowhere else", id="our own note"),
    ],
)  # fmt: skip
def test_a_field_is_typed_again_if_somebody_held_it(
    form: dict[str, object], before: list[dict[str, object]], held: str
) -> None:
    [row] = typed([answer(form, *before)], {REQUEST.digest: REQUEST})
    assert row["held"] == held


def test_empty_fields_and_unknown_releases_are_no_typing() -> None:
    rows = [answer({"note": "", "payer": None}), {**answer({"note": "+"}), "release": "gone"}]
    assert list(typed(rows, {REQUEST.digest: REQUEST})) == []


def slot(days: float, *, is_free: bool = True, **read: object) -> dict[str, Any]:
    start = (NOW + timedelta(days=days)).isoformat()
    said = {"slot_start": start, "slot_minutes": 20, "service": "cardiology"}
    return {"subject": f"s{days}", "free": is_free, "told_at": NOW, "site": "north", "service_line": "",
            "pathway": "slot-fill", "read": said | read}  # fmt: skip


@pytest.mark.requirement("R38")
def test_free_capacity_is_what_was_free_when_last_told_of() -> None:
    rows = [slot(1), slot(2, is_free=False), slot(-1), slot(20), {**slot(3), "read": None}, slot(1.5)]  # fmt: skip
    found = list(capacity(free(rows, NOW), NOW, {"north": "Pacific/Auckland"}))
    assert [(row["day"], row["value"]) for row in found] == [("2026-03-04", 20), ("2026-03-04", 20)]
    places = {(row["service_line"], row["visit"], row["site"]) for row in found}
    assert places == {("cardiology", "any", "north")}


def test_the_third_free_slot_is_the_one_that_counts() -> None:
    rows = [slot(4), slot(1), slot(2), slot(3), slot(2.5, kind="new-patient"), slot(9, place="harbour")]  # fmt: skip
    found = {(row["site"], row["visit"]): row["value"] for row in third_next(free(rows, NOW), NOW)}
    assert found == {("north", "any"): 3.0}


def test_mutant_a_taken_slot_moves_the_third_away() -> None:
    taken = [slot(1), slot(2, is_free=False), slot(3), slot(4)]
    [row] = third_next(free(taken, NOW), NOW)
    assert row["value"] == 4.0
