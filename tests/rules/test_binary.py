"""Columns as PostgreSQL's binary arrays: read back by psycopg's own loaders; and ids made without the constructor."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import Format

from carelane.facts.ids import derive, from_bytes, name_id
from carelane.store.binary import packed

_ARRAYS = {"uuid": 2951, "text": 1009, "bytea": 1001, "boolean": 1000, "smallint": 1005, "int": 1007,
           "bigint": 1016, "timestamptz": 1185}  # fmt: skip
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "uuid": st.uuids(),
    "text": st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    "bytea": st.binary(),
    "boolean": st.booleans(),
    "smallint": st.integers(-(2**15), 2**15 - 1),
    "int": st.integers(-(2**31), 2**31 - 1),
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "timestamptz": st.datetimes(
        datetime(1900, 1, 1),  # noqa: DTZ001  # hypothesis adds the zone
        datetime(2200, 1, 1),  # noqa: DTZ001  # likewise
        timezones=st.just(UTC),
    ),
}


def read_back(kind: str, column: Sequence[Any]) -> list[Any]:
    """What psycopg reads from the array."""
    loader = Transformer().get_loader(_ARRAYS[kind], Format.BINARY)
    found: list[Any] = loader.load(packed(kind, column).data)
    return found


@pytest.mark.parametrize("kind", list(_VALUES))
@given(data=st.data())
def test_a_column_is_read_back_as_it_was(kind: str, data: st.DataObject) -> None:
    value = _VALUES[kind]
    column = data.draw(st.lists(st.none() | value) | st.lists(value))
    assert read_back(kind, column) == column
    if column:
        assert read_back(kind, [column[0]] * 3) == [column[0]] * 3


def test_json_travels_as_it_was_encoded() -> None:
    assert read_back("text", [b'{"a":1}', "plain"]) == ['{"a":1}', "plain"]


@pytest.mark.parametrize("kind", list(_VALUES))
def test_psycopg_sends_it_as_an_array_of_that_type(kind: str) -> None:
    column = packed(kind, [None])
    dumper = Transformer().get_dumper(column, PyFormat.BINARY)
    assert (dumper.oid, dumper.format) == (_ARRAYS[kind], Format.BINARY)
    assert dumper.dump(column) == column.data


def test_what_is_of_another_type_is_refused() -> None:
    with pytest.raises((TypeError, AttributeError)):
        packed("uuid", ["not an id", None])


@given(number=st.integers(0, 2**128 - 1))
def test_an_id_from_bytes_is_that_id(number: int) -> None:
    made = from_bytes(number.to_bytes(16, "big"))
    assert made == UUID(int=number)
    assert (str(made), hash(made), made.is_safe) == (
        str(UUID(int=number)), hash(UUID(int=number)), UUID(int=number).is_safe,
    )  # fmt: skip


def test_derived_ids_are_what_they_always_were() -> None:
    """They are in every database: a changed derivation would decide a restored history anew."""
    at, one = datetime(2026, 3, 2, 9, 30, tzinfo=UTC), UUID("0195559f-1c40-7000-8000-000000000001")
    assert str(derive(at, "task", one, 3)) == "019cade2-11c0-83d0-8709-631d0cb8c135"
    assert str(name_id("pool", one)) == "f8614b23-fcc4-8f7d-89fc-b21cfe189c70"
