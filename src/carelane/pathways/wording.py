"""Guards back to text, for people and for the digest; `grammar.parse` reads it again."""

import re
from datetime import date, datetime

from carelane.pathways.durations import duration_text
from carelane.pathways.guard import (
    All,
    Compare,
    Either,
    Elapsed,
    Guard,
    Missing,
    Not,
    Same,
    Until,
    Value,
    Within,
)

_PLAIN = re.compile(r"[\w+-][\w.:+-]*")


def wording(guard: Guard) -> str:  # noqa: C901, PLR0911  # one answer per kind of guard
    """The text of a guard, in one canonical form (set members sorted)."""
    match guard:
        case All(()):
            return "always"
        case All(parts):
            return " and ".join(_inner(part) for part in parts)
        case Either(parts):
            return " or ".join(_inner(part) for part in parts)
        case Not(Missing(field)):
            return f"{field} is not missing"
        case Not(part):
            return f"not {_inner(part)}"
        case Compare(field, op, literal):
            return f"{field} {op.value} {value_text(literal)}"
        case Same(left, op, right):
            return f"{left} same {right}" if op.value == "=" else f"{left} {op.value} {right}"
        case Within(field, members):
            return f"{field} in {{{', '.join(sorted(value_text(one) for one in members))}}}"
        case Missing(field):
            return f"{field} is missing"
        case Until(field, op, duration):
            return f"until {field} {op.value} {duration_text(duration)}"
        case Elapsed(op, duration):
            return f"elapsed {op.value} {duration_text(duration)}"


def value_text(value: Value) -> str:
    """A value as the grammar writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date | datetime):
        return value.isoformat()
    text = str(value)
    return text if _PLAIN.fullmatch(text) else f'"{text}"'


def _inner(guard: Guard) -> str:
    compound = isinstance(guard, Either) or (isinstance(guard, All) and guard.parts)
    return f"({wording(guard)})" if compound else wording(guard)
