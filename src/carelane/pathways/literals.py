"""Typed values from text: the literals of guards and tables, and what payloads hold.

Instants are aware and in UTC; decimals are floats; a code is one of the field's list.
"""

import re
from datetime import UTC, date, datetime

from carelane.pathways.definition import Input, InputType
from carelane.pathways.guard import Value

_INTEGER = re.compile(r"[+-]?\d{1,15}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?\d{1,15}(\.\d{1,10})?", re.ASCII)
_CODES_SHOWN_MAX = 10


def literal(text: str, field: Input) -> Value | None:
    """The value of the field's type that the text says, or None."""
    match field.type:
        case InputType.CODE:
            return text if text in field.codes else None
        case InputType.BOOLEAN:
            return {"true": True, "false": False}.get(text)
        case InputType.INTEGER:
            return int(text) if _INTEGER.fullmatch(text) else None
        case InputType.DECIMAL:
            return float(text) if _DECIMAL.fullmatch(text) else None
        case InputType.DATE:
            return date_of(text)
        case InputType.INSTANT:
            return instant_of(text)


def literal_form(field: Input) -> str:  # noqa: PLR0911  # one answer per type
    """What a value of the field looks like, for a remedy."""
    match field.type:
        case InputType.CODE if not field.codes:
            return "`same` and another field: this one has no list of codes"
        case InputType.CODE:
            more = ", ..." if len(field.codes) > _CODES_SHOWN_MAX else ""
            return "one of " + ", ".join(field.codes[:_CODES_SHOWN_MAX]) + more
        case InputType.BOOLEAN:
            return "true or false"
        case InputType.INTEGER:
            return "a whole number"
        case InputType.DECIMAL:
            return "a number like 2.5"
        case InputType.DATE:
            return "a date like 2026-11-30"
        case InputType.INSTANT:
            return "an instant with its offset, like 2026-11-30T14:00:00Z"


def date_of(text: str) -> date | None:
    """A whole date, or the date part of a date-time as written; a partial date is None."""
    try:
        return date.fromisoformat(text[:10]) if len(text) >= len("2026-01-01") else None
    except ValueError:
        return None


def instant_of(text: str) -> datetime | None:
    """An instant in UTC; without an offset it is not one."""
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
