"""Inputs: what guards and tables read of a payload, typed; only here a list becomes one value.

Declared in the pathway (`definition.Input`); the last known value is kept with the case by `cases`.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from itertools import groupby
from typing import TypeAlias

from carelane.facts.fact import Json, Payload
from carelane.facts.problem import Fault, Problem, Severity
from carelane.pathways.definition import Input, InputType, Reduce
from carelane.pathways.guard import Value, Values
from carelane.pathways.literals import date_of, instant_of
from carelane.pathways.payloads import OBJECT, down, opened, parts, walk
from carelane.pathways.phrases import found_in

_NUMBER_MAX = 10**15
_FIRST, _COUNT, _ANY = Reduce.FIRST, Reduce.COUNT, Reduce.ANY  # looking a member up is slow
_Typed: TypeAlias = Callable[[Input, Json], Value | None]
_Asked: TypeAlias = tuple[str, Input, tuple[str, ...], _Typed]
_Roles: TypeAlias = Sequence[tuple[str, Sequence[_Asked]]]
_PLANS: dict[int, tuple[Mapping[str, Input], _Roles]] = {}
_PLANS_MAX = 512


def read(inputs: Mapping[str, Input], payload: Payload) -> Values:
    """The value of each input in this payload; None where absent, or not of its type or list.

    A payload that does not speak of a role says nothing of its inputs, also not that there are none.
    """
    return read_over(inputs, payload, {})[0]


def read_over(
    inputs: Mapping[str, Input], payload: Payload, known: Mapping[str, Value | None]
) -> tuple[Values, Values]:
    """What `read` reads, and the known values with that over them, as `carry` lays it; in one go."""
    fresh: Values = dict.fromkeys(inputs)
    values = dict(known)
    for role, asked in _by_role(inputs):
        if role in payload:
            below = payload[role]
            for name, given, rest, typed in asked:
                value = _value(given, down(below, rest), typed)
                if value is not None:
                    fresh[name] = value
                    before = values.get(name)
                    if before is None or not _lower(given, value, before):
                        values[name] = value
    return fresh, values


def _by_role(inputs: Mapping[str, Input]) -> _Roles:
    """The inputs, neighbours of one role together, with the names below it; worked out once for a definition."""
    kept = _PLANS.get(id(inputs))
    if kept is None:
        paths = ((name, given, parts(given.path)) for name, given in inputs.items())
        roles = tuple(
            (role, tuple((name, given, path[1:], _typed(given)) for name, given, path in group))
            for role, group in groupby(paths, key=lambda each: each[2][0])
        )
        if len(_PLANS) >= _PLANS_MAX:
            _PLANS.clear()
        # The entry holds the inputs, so their id can't be given to others while it is here.
        kept = _PLANS[id(inputs)] = (inputs, roles)
    return kept[1]


def report(inputs: Mapping[str, Input], payload: Payload) -> tuple[Problem, ...]:
    """What was there but reads as missing: codes outside the list, values of another type."""
    return tuple(
        Problem(
            code="input.not-readable",
            place=given.path,
            message=f"input {name} is there, but no value of type {given.type} in its list",
            remedy="Map the source's code to one that the pathway lists, or extend the list.",
            severity=Severity.WARNING,
            fault=Fault.SENDER,
        )
        for name, given in inputs.items()
        if not given.phrases
        and (found := walk(payload, given.path))
        and _value(given, found, _typed(given)) is None
    )


def carry(inputs: Mapping[str, Input], known: Mapping[str, Value | None], fresh: Values) -> Values:
    """Known values with fresh ones over them: missing don't erase, raise-only never go down."""
    merged = dict(known)
    for name, value in fresh.items():
        if value is None:
            continue
        before = merged.get(name)
        if before is None or not _lower(inputs.get(name), value, before):
            merged[name] = value
    return merged


def _lower(given: Input | None, value: Value, before: Value) -> bool:
    if given is None or not given.raise_only:
        return False
    return _rank(given, value) < _rank(given, before)


def _rank(given: Input, value: Value) -> float:
    if given.type is InputType.CODE:
        return given.codes.index(str(value)) if value in given.codes else -1
    if isinstance(value, bool | int | float):
        return float(value)
    return float(value.toordinal()) if not isinstance(value, str) else -1


def _value(given: Input, found: Sequence[Json], typed: _Typed) -> Value | None:
    reduce = given.reduce
    if reduce is _COUNT:
        return len(found)
    if not found:
        return None
    values = [value for one in found if (value := typed(given, one)) is not None]
    if not values:
        return None
    if reduce is _FIRST:
        return values[0]
    if reduce is _ANY:
        return any(values)
    return max(values, key=lambda value: _order(given, value))


def _order(given: Input, value: Value) -> tuple[float, str]:
    if given.type in (InputType.DATE, InputType.INSTANT):
        return 0.0, str(value)  # ISO texts of one form sort as time does
    return _rank(given, value), ""


def _typed(given: Input) -> _Typed:
    """How one value of this input is read."""
    return _phrase if given.phrases else _TYPED[given.type]


def _phrase(given: Input, one: Json) -> str | None:
    return found_in(_text(one), given.phrases, given.codes)


def _boolean(_given: Input, one: Json) -> bool | None:
    return one if isinstance(one, bool) else {"true": True, "false": False}.get(_text(one))


def _date(_given: Input, one: Json) -> date | None:
    return date_of(_text(one))


def _instant(_given: Input, one: Json) -> datetime | None:
    return instant_of(_text(one))


def _code(given: Input, one: Json) -> str | None:
    for code in _codes(one):
        if code in given.codes:
            return code
        known = given.aliases.get(code.casefold())
        if known is not None:
            return known
    return None


def _codes(one: Json) -> list[str]:
    """The codes of a CodeableConcept, a Coding or a plain code, in order."""
    if isinstance(one, str):
        return [one]
    if isinstance(one, OBJECT):
        if "coding" in one:
            return [code for coding in opened(one["coding"]) for code in _codes(coding)]
        return [_text(one["code"])] if isinstance(one.get("code"), str) else []
    return [_text(one)] if isinstance(one, bool) else []


def _text(one: Json) -> str:
    if isinstance(one, bool):
        return "true" if one else "false"
    return one if isinstance(one, str) else ""


def _number(given: Input, one: Json) -> int | float | None:
    if isinstance(one, OBJECT):
        one = one.get("value")  # a Quantity
    if isinstance(one, bool) or not isinstance(one, int | float | str):
        return None
    try:
        number = Decimal(str(one))
    except InvalidOperation:
        return None
    # `abs` would round to a context first, and overflow on 1E+9999999
    if not number.is_finite() or number.copy_abs() > _NUMBER_MAX:
        return None
    if given.type is InputType.DECIMAL:
        return float(number)
    return int(number) if number == number.to_integral_value() else None


_TYPED: Mapping[InputType, _Typed] = {
    InputType.CODE: _code,
    InputType.BOOLEAN: _boolean,
    InputType.INTEGER: _number,
    InputType.DECIMAL: _number,
    InputType.DATE: _date,
    InputType.INSTANT: _instant,
}
