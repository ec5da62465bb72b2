"""How much a poll asks for and how far its cursor goes, as tables; and what stands for what could not be read."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from carelane.connect.fhir.mapping.reading import envelope, read
from carelane.connect.fhir.mapping.unread import MARK, silent, too_large
from carelane.connect.fhir.progress import (
    COUNT_MAX,
    HELD_MAX,
    Held,
    Progress,
    fewer,
    holding,
    holding_no_longer,
    in_order,
    known_as,
    loaded,
    more,
    new_of,
    received,
    saved,
)

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
OVERLAP = timedelta(seconds=120)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def one(key: str, seconds: float | None, version: str | None = "1") -> dict[str, Any]:
    meta: dict[str, Any] = {} if version is None else {"versionId": version}
    if seconds is not None:
        meta["lastUpdated"] = at(seconds).isoformat()
    return {"resourceType": "Slot", "id": key, "meta": meta}


@pytest.mark.parametrize(
    ("count", "less", "larger"),
    [(COUNT_MAX, 64, COUNT_MAX), (64, 32, 128), (7, 3, 14), (3, 1, 6), (2, 1, 4), (1, 1, 2)],
)
def test_counts_are_halved_down_to_one_and_grow_back(count: int, less: int, larger: int) -> None:
    assert (fewer(count), more(count)) == (less, larger)


@pytest.mark.parametrize(
    ("after", "times", "ordered"),
    [
        (None, [], True),
        (None, [1, 1, 2], True),
        (None, [2, 1], False),
        (2, [2, 3], True),
        (2, [1, 3], False),
        (None, [1, None, 2], False),
    ],
)
def test_a_page_in_order_goes_on_from_the_one_before(
    after: float | None,
    times: list[float | None],
    ordered: bool,  # noqa: FBT001  # a table's column
) -> None:
    listed = [one(str(n), each) for n, each in enumerate(times)]
    assert in_order(None if after is None else at(after), listed) is ordered


@pytest.mark.parametrize(
    ("since", "upto", "times", "then", "kept"),
    [
        (0, 60, [50, 60], 60, ["0", "1"]),
        (0, 600, [50, 600], 600, ["1"]),  # an older one is past the overlap
        (0, None, [50, 600], 0, ["0", "1"]),  # not sorted: versions only
        (0, 60, [60, 600], 60, ["0", "1"]),  # a version newer than the list says moves nothing
        (100, 60, [60], 100, ["0"]),  # never back
    ],
)
def test_how_far_a_page_moves_the_cursor(
    since: float, upto: float | None, times: list[float], then: float, kept: list[str]
) -> None:
    listed = [one(str(n), each) for n, each in enumerate(times)]
    moved = received(
        Progress(since=at(since)), listed, OVERLAP, upto=None if upto is None else at(upto)
    )
    assert moved.since == at(then)
    assert list(moved.seen) == [f"Slot/{each}/1" for each in kept]
    assert new_of(moved, [*listed, one("9", 0)])[-1]["id"] == "9"


def test_a_cursor_of_before_is_read_and_a_written_one_comes_back() -> None:
    """Stored shapes are supported for ever."""
    old = loaded('{"since":"2026-11-23T12:00:00Z","seen":{"Slot/1/1":"2026-11-23T12:00:00Z"}}')
    assert old == Progress(since=NOON, seen={"Slot/1/1": NOON})
    held = holding(old, one("2", 5), 10)
    assert held.held == {"Slot/2/1": Held("Slot/2", at(5), 10)}
    assert loaded(saved(held)) == held
    assert holding_no_longer(held, "Slot/2/1") == old
    assert loaded(None) is None


def test_what_is_held_is_bounded() -> None:
    progress = Progress(since=NOON)
    for number in range(HELD_MAX + 1):
        progress = holding(progress, one(str(number), number), 10)
    assert len(progress.held) == HELD_MAX
    assert "Slot/0/1" not in progress.held


def test_without_a_version_the_time_names_it() -> None:
    assert known_as(one("1", 5, version=None)) == f"Slot/1/{at(5).isoformat()}"
    assert known_as(one("1", None, version=None)) == ""


def test_what_is_too_large_is_held_back_under_its_name() -> None:
    """Its control id is not that of the resource: once it can be read it is no conflict."""
    raw = msgspec.json.encode(too_large(one("d1", 5), connection="ehr", bytes_max=1000))
    reading, [found] = read(raw, received_at=NOON)
    assert (reading.outcome, reading.trigger, reading.drafts) == ("quarantined", "FHIR Slot", ())
    assert (found.code, found.place) == ("fhir.too-large", "ehr Slot/d1")
    assert "1000 bytes" in found.message
    assert "`response_bytes_max`" in found.remedy
    assert envelope(raw).control_id == reading.control_id == "Slot/d1/1/not-read"


def test_a_silent_type_is_one_message_for_each_silence() -> None:
    said = [
        silent("Slot", connection="ehr", cause=each, since=NOON) for each in ("connect", "timeout")
    ]
    raws = [msgspec.json.encode(each) for each in said]
    reading, [found] = read(raws[0], received_at=NOON)
    assert reading.outcome == "quarantined"
    assert (found.code, found.place) == ("fhir.not-read", "ehr Slot")
    assert "cause of the last: connect." in found.message
    assert len({envelope(raw).control_id for raw in raws}) == 1


@pytest.mark.invariant("I13")
def test_whoever_writes_the_mark_writes_nothing_into_a_problem() -> None:
    """Problems stand in clear: a name where a connection's should be is not repeated."""
    parts = [
        {"url": each, "valueString": "Anna Maier"} for each in ("cause", "connection", "since")
    ]
    forged = one("1", 5) | {"extension": [{"url": MARK, "extension": parts}]}
    _, [found] = read(msgspec.json.encode(forged), received_at=NOON)
    assert "Anna" not in found.line()
