"""Walks payloads by dotted paths, through lists. Used by `inputs` and `fields`; never raises.

Payloads are FHIR R4 shaped JSON by role (`facts.fact`).
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from carelane.facts.fact import Json, Payload

VALUES_MAX = 2_000


OBJECT: Final = (dict, Mapping)  # `dict` first: asking an abstract class is four times as slow
_NOTHING: list[Json] = []
_ALONE = frozenset({str, dict, int, float, bool})  # JSON's own that are no lists


@lru_cache(maxsize=4096)
def parts(path: str) -> tuple[str, ...]:
    """The names of a path."""
    return tuple(path.split("."))


def walk(payload: Payload, path: str) -> list[Json]:
    """All values at the end of the path, in order; lists on the way and at its end are opened."""
    return down(payload, parts(path))


def down(value: Json, names: Sequence[str]) -> list[Json]:
    """All values below this one at the end of the names."""
    for at, name in enumerate(names):
        if value.__class__ is not dict:  # the usual way needs no list of one
            return _through([*opened(value)], names[at:])
        if name not in value:
            return _NOTHING
        value = value[name]
    if value.__class__ in _ALONE:
        return [value]
    return [one for one in opened(value) if one is not None]


def _through(here: list[Json], names: Sequence[str]) -> list[Json]:
    for name in names:
        here = [
            value
            for one in here
            if isinstance(one, OBJECT) and name in one
            for value in opened(one[name])
        ][:VALUES_MAX]
    return [value for value in here if value is not None]


def opened(value: Json) -> Sequence[Json]:
    """The items of a list, or the value alone."""
    if value.__class__ in _ALONE:
        return (value,)
    if isinstance(value, list):  # JSON's own; asking an abstract class is four times as slow
        return value
    if isinstance(value, Sequence) and not isinstance(value, str):
        return value
    return (value,)
