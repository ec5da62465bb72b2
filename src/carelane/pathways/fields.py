"""Copied fields: what tasks show and effects send, taken out of payloads by declared paths.

Each field names its authority and how long a copy may live; `store` encrypts them.
"""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import TypeAlias

from carelane.facts.fact import Json, Payload
from carelane.pathways.definition import Field
from carelane.pathways.payloads import OBJECT, down, parts

Copied: TypeAlias = tuple[tuple[str, tuple[tuple[str, tuple[str, ...]], ...]], ...]
"""Declared fields for `read`: neighbours of one role together, each with the names below the role."""
Places: TypeAlias = tuple[tuple[str, str, str], ...]
"""Fields for `nested`: the name, the role, and the element right below it."""


def copied(fields: Mapping[str, Field]) -> Copied:
    """The fields as `read` wants them; in the order in which they are declared."""
    paths = ((name, parts(field.path)) for name, field in fields.items())
    return tuple(
        (role, tuple((name, path[1:]) for name, path in group))
        for role, group in groupby(paths, key=lambda each: each[1][0])
    )


def read(fields: Copied, payload: Payload) -> dict[str, Json]:
    """The declared fields that this payload holds, in the shape they have there.

    Where the path goes through a list, the values of its items make a list.
    """
    found: dict[str, Json] = {}
    for role, asked in fields:
        if role in payload:  # most facts carry few of the roles
            given = payload[role]
            for name, below in asked:
                value = _value(given, below)
                if value is not None:
                    found[name] = value
    return found


def places(fields: Mapping[str, Field], names: Iterable[str]) -> Places:
    """The fields as `nested` wants them. A path through a list is left out."""
    paths = ((name, fields[name].path.partition(".")) for name in names)
    return tuple(
        (name, role, element)
        for name, (role, _, element) in paths
        if element and "." not in element
    )


def nested(wanted: Places, known: Mapping[str, Json]) -> Mapping[str, Json]:
    """Known fields put back at their paths: `request_identifier` becomes `request.identifier` again.

    For adapters, which make requests of resources by role.
    """
    built: dict[str, dict[str, Json]] = {}
    for name, role, element in wanted:
        value = known.get(name)
        if value is not None:
            built.setdefault(role, {})[element] = value
    return built


def _value(role: Json, below: tuple[str, ...]) -> Json:
    here = role
    for name in below:
        if here is None:
            return None
        if not isinstance(here, OBJECT):
            return down(role, below) or None
        here = here.get(name)
    return here
