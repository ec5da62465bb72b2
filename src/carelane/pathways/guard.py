"""Guards as data: the small grammar of SEMANTICS 9, so that proofs can enumerate its cells exactly.

The text form is read by `pathways.grammar`; `pathways.judge` evaluates.
No arithmetic, no string functions.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

Value: TypeAlias = str | int | float | bool | date | datetime
"""A typed cell value: a code, a number, a flag, a date or a UTC instant. Missing is `None`."""

Values: TypeAlias = "dict[str, Value | None]"
"""What a guard reads: each declared input, variable, counter or table output by name."""


class Op(StrEnum):
    """Comparison operators of the text form."""

    EQ = "="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="


@dataclass(frozen=True, slots=True)
class Compare:
    """`field op literal`. A missing field makes it false."""

    field: str
    op: Op
    literal: Value


@dataclass(frozen=True, slots=True)
class Same:
    """`field op field`, of one type and unit (`offer same winner` is `=`). Missing is false."""

    left: str
    op: Op
    right: str


@dataclass(frozen=True, slots=True)
class Within:
    """`field in {a, b}`."""

    field: str
    members: frozenset[Value]


@dataclass(frozen=True, slots=True)
class Missing:
    """`field is missing`."""

    field: str


@dataclass(frozen=True, slots=True)
class Until:
    """`until field op duration`: the time from the decision's `now` to a date or instant field."""

    field: str
    op: Op
    duration: timedelta


@dataclass(frozen=True, slots=True)
class Elapsed:
    """`elapsed op duration`: the time since the current state was entered."""

    op: Op
    duration: timedelta


@dataclass(frozen=True, slots=True)
class All:
    """`a and b`; empty is true (`always`, `otherwise`)."""

    parts: tuple["Guard", ...] = ()


@dataclass(frozen=True, slots=True)
class Either:
    """`a or b`."""

    parts: tuple["Guard", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """`not a`."""

    part: "Guard"


Guard: TypeAlias = Compare | Same | Within | Missing | Until | Elapsed | All | Either | Not
ALWAYS = All()
