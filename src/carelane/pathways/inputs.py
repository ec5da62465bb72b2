"""Inputs: what guards and tables read of a payload, typed; only here a list becomes one value.

Declared in the pathway (`definition.Input`); the last known value is kept with the case by `cases`.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

from carelane.facts.fact import Json, Payload
from carelane.facts.problem import Fault, Problem, Severity
from carelane.pathways.definition import Input, InputType, Reduce
from carelane.pathways.guard import Value, Values
from carelane.pathways.literals import date_of, instant_of
from carelane.pathways.payloads import opened, parts, walk
from carelane.pathways.phrases import found_in

_NUMBER_MAX = 10**15


def read(inputs: Mapping[str, Input], payload: Payload) -> Values:
    """The value of each input in this payload; None where absent, or not of its type or list."""
    return {
        name: _found(given, payload) if parts(given.path)[0] in payload else None
        for name, given in inputs.items()
    }


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
        if not given.phrases and walk(payload, given.path) and _read(given, payload) is None
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


def _read(given: Input, payload: Payload) -> Value | None:
    if parts(given.path)[0] not in payload:
        return None
    return _found(given, payload)


def _found(given: Input, payload: Payload) -> Value | None:
    """The value in a payload that speaks of this: only then a count of nothing is none, and not missing."""
    found = walk(payload, given.path)
    if given.reduce is Reduce.COUNT:
        return len(found)
    return _value(given, found) if found else None


def _value(given: Input, found: Sequence[Json]) -> Value | None:
    values = [value for one in found if (value := _typed(given, one)) is not None]
    if given.reduce is Reduce.ANY:
        return any(values) if values else None
    if not values:
        return None
    if given.reduce is Reduce.MAX:
        return max(values, key=lambda value: _order(given, value))
    return values[0]


def _order(given: Input, value: Value) -> tuple[float, str]:
    if given.type in (InputType.DATE, InputType.INSTANT):
        return 0.0, str(value)  # ISO texts of one form sort as time does
    return _rank(given, value), ""


def _typed(given: Input, one: Json) -> Value | None:
    if given.phrases:
        return found_in(_text(one), given.phrases, given.codes)
    match given.type:
        case InputType.CODE:
            return _code(given, one)
        case InputType.BOOLEAN:
            return one if isinstance(one, bool) else {"true": True, "false": False}.get(_text(one))
        case InputType.INTEGER | InputType.DECIMAL:
            return _number(given, one)
        case InputType.DATE:
            return date_of(_text(one))
        case InputType.INSTANT:
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
    if isinstance(one, (dict, Mapping)):  # `dict` first, because it is asked often
        if "coding" in one:
            return [code for coding in opened(one["coding"]) for code in _codes(coding)]
        return [_text(one["code"])] if isinstance(one.get("code"), str) else []
    return [_text(one)] if isinstance(one, str | bool) else []


def _text(one: Json) -> str:
    if isinstance(one, bool):
        return "true" if one else "false"
    return one if isinstance(one, str) else ""


def _number(given: Input, one: Json) -> int | float | None:
    if isinstance(one, Mapping):
        one = one.get("value")  # a Quantity
    if isinstance(one, bool) or not isinstance(one, int | float | str):
        return None
    try:
        number = Decimal(str(one))
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number) > _NUMBER_MAX:
        return None
    if given.type is InputType.DECIMAL:
        return float(number)
    return int(number) if number == number.to_integral_value() else None
