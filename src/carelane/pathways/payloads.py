"""Walks payloads by dotted paths, through lists. Used by `inputs` and `fields`; never raises.

Payloads are FHIR R4 shaped JSON by role (`facts.fact`).
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from carelane.facts.fact import Json, Payload

VALUES_MAX = 2_000


_NOTHING: list[Json] = []
_OBJECT = (dict, Mapping)  # `dict` first: asking an abstract class is four times as slow


@lru_cache(maxsize=4096)
def parts(path: str) -> tuple[str, ...]:
    """The names of a path."""
    return tuple(path.split("."))


def walk(payload: Payload, path: str) -> list[Json]:
    """All values at the end of the path, in order; lists on the way and at its end are opened."""
    role, *rest = parts(path)
    if role not in payload:
        return _NOTHING
    here: list[Json] = [*opened(payload[role])]
    for name in rest:
        here = [
            value
            for one in here
            if isinstance(one, _OBJECT) and name in one
            for value in opened(one[name])
        ][:VALUES_MAX]
    return [value for value in here if value is not None]


def opened(value: Json) -> Sequence[Json]:
    """The items of a list, or the value alone."""
    if isinstance(value, list):  # JSON's own; asking an abstract class is four times as slow
        return value
    if isinstance(value, Sequence) and not isinstance(value, str):
        return value
    return (value,)
