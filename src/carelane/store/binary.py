"""How values travel to PostgreSQL and back: columns as binary arrays, ids as sixteen bytes.

psycopg would look at every element of a list to find its type, while the statement already says it
(`%(id)b::uuid[]`); and it makes an id by the constructor that checks everything. docs/adr/0014 has the measurement.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from struct import Struct
from struct import error as struct_error
from typing import Any
from uuid import UUID

from psycopg import adapters
from psycopg.adapt import Dumper, Loader
from psycopg.pq import Format
from typing_extensions import override

from carelane.facts.ids import from_bytes

_HEAD = Struct(">iiIii")  # dimensions, whether there are nulls, type, length, lower bound
_NO_ROWS = Struct(">iiI")
_LENGTH = Struct(">i").pack
_NULL = b"\xff\xff\xff\xff"
_ID = b"\x00\x00\x00\x10"
_BOOLEANS = {True: b"\x00\x00\x00\x01\x01", False: b"\x00\x00\x00\x01\x00"}
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Encode = Callable[[Any], bytes]
Buffer = bytes | bytearray | memoryview


class Packed:
    """A column as PostgreSQL's binary array."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data


class _PackedDumper(Dumper):
    format = Format.BINARY

    @override
    def dump(self, obj: Packed) -> bytes:
        return obj.data


class _IdLoader(Loader):
    format = Format.BINARY

    @override
    def load(self, data: Buffer) -> UUID:
        return from_bytes(data)


adapters.register_loader("uuid", _IdLoader)


def _number(form: str) -> Encode:
    pack, head = Struct(form).pack, _LENGTH(Struct(form).size)
    return lambda value: head + pack(value)


def _bytes(value: bytes) -> bytes:
    return _LENGTH(len(value)) + value


def _text(value: str | bytes) -> bytes:
    """A text, or JSON as it was encoded."""
    raw = value if value.__class__ is bytes else value.encode()  # type: ignore[union-attr]  # then it is a str
    return _LENGTH(len(raw)) + raw


def _uuid(value: UUID) -> bytes:
    return _ID + value.bytes


_long = _number(">q")


def _instant(value: datetime) -> bytes:
    return _long((value - _EPOCH) // _MICROSECOND)


def _kind(element: int, array: int, encode: Encode) -> tuple[int, type[Packed], Encode]:
    """One element type: its number in PostgreSQL, a class that psycopg sends as its array, and how to write one."""
    made = type("Packed", (Packed,), {"__slots__": ()})
    adapters.register_dumper(made, type("Dumper", (_PackedDumper,), {"oid": array}))
    return (element, made, encode)


_KINDS = {
    "uuid": _kind(2950, 2951, _uuid),
    "text": _kind(25, 1009, _text),
    "bytea": _kind(17, 1001, _bytes),
    "boolean": _kind(16, 1000, _BOOLEANS.__getitem__),
    "smallint": _kind(21, 1005, _number(">h")),
    "int": _kind(23, 1007, _number(">i")),
    "bigint": _kind(20, 1016, _long),
    "timestamptz": _kind(1184, 1185, _instant),
}


def packed(kind: str, column: Sequence[Any]) -> Packed:
    """A column of this type as an array; None becomes null."""
    number, made, encode = _KINDS[kind]
    if not column:
        return made(_NO_ROWS.pack(0, 0, number))
    nulls, body = _body(encode, column)
    return made(_HEAD.pack(1, nulls, number, len(column), 1) + body)


def _body(encode: Encode, column: Sequence[Any]) -> tuple[bool, bytes]:
    """The elements, and whether there is a null among them."""
    first, length = column[0], len(column)
    if (
        first == column[-1] and column.count(first) == length
    ):  # most columns say the same in every row
        return first is None, (_NULL if first is None else encode(first)) * length
    try:
        return False, b"".join(map(encode, column))
    except (
        AttributeError,
        KeyError,
        TypeError,
        struct_error,
    ):  # nulls are rare: looking for them costs more
        return True, b"".join([_NULL if value is None else encode(value) for value in column])
