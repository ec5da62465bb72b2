"""Derived ids: what makes replay give the same ids, and indexes stay local."""

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carelane.facts.ids import derive, name_id

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # Hypothesis adds the zone
parts = st.lists(st.text(max_size=20), max_size=5)


@pytest.mark.invariant("I15")
@given(at=moments, words=parts)
def test_the_same_history_gives_the_same_id(at: datetime, words: list[str]) -> None:
    assert derive(at, *words) == derive(at, *words)
    assert name_id(*words) == name_id(*words)


@given(at=moments, words=parts)
def test_an_id_is_a_version_8_uuid(at: datetime, words: list[str]) -> None:
    for made in (derive(at, *words), name_id(*words)):
        assert made.version == 8
        assert made.variant == RFC_4122


@given(at=moments, words=parts)
def test_an_id_begins_with_its_time_in_milliseconds(at: datetime, words: list[str]) -> None:
    assert derive(at, *words).int >> 80 == int(at.timestamp() * 1000)


@given(first=parts, second=parts)
def test_a_later_id_sorts_after_an_earlier_one(first: list[str], second: list[str]) -> None:
    assert derive(AT, *first) < derive(AT + timedelta(milliseconds=1), *second)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("case", 1), ("case", 2)),
        (("a", "bc"), ("ab", "c")),  # a boundary between parts counts
        (("a",), ("a", "")),
        ((), ("",) * 2),
    ],
)
def test_different_parts_give_different_ids(
    one: tuple[object, ...], other: tuple[object, ...]
) -> None:
    assert derive(AT, *one) != derive(AT, *other)
    assert name_id(*one) != name_id(*other)


def test_an_id_is_the_same_in_every_process_and_release() -> None:
    """Stored ids must be derivable for ever: this one was written down once."""
    assert str(derive(AT, "case", "fact", 0)) == "01a2076b-4400-84fa-b690-efc7adf66951"
    assert str(name_id("organisation", "Test Hospital")) == "ad8f3a6c-341c-8acc-b21d-cb04c55ef469"
