"""Copied fields: what tasks show and effects send, taken out of payloads by declared paths.

Each field names its authority and how long a copy may live; `store` encrypts them.
"""

from collections.abc import Iterable, Mapping

from carelane.facts.fact import Json, Payload
from carelane.pathways.definition import Field
from carelane.pathways.payloads import parts, walk


def read(fields: Mapping[str, Field], payload: Payload) -> dict[str, Json]:
    """The declared fields that this payload holds, in the shape they have there.

    Where the path goes through a list, the values of its items make a list.
    """
    found: dict[str, Json] = {}
    for name, field in fields.items():
        if parts(field.path)[0] in payload:  # most facts carry few of the roles
            value = _value(payload, field.path)
            if value is not None:
                found[name] = value
    return found


def nested(
    fields: Mapping[str, Field], known: Mapping[str, Json], names: Iterable[str]
) -> dict[str, Json]:
    """Known fields put back at their paths: `request_identifier` becomes `request.identifier` again.

    For adapters, which make requests of resources by role. A path through a list is left out.
    """
    built: dict[str, dict[str, Json]] = {}
    for name in names:
        role, _, element = fields[name].path.partition(".")
        if element and "." not in element and known.get(name) is not None:
            built.setdefault(role, {})[element] = known[name]
    return dict(built)


def _value(payload: Payload, path: str) -> Json:
    here: Json = payload
    for name in parts(path):
        if here is None:
            return None
        if not isinstance(here, (dict, Mapping)):  # `dict` first, because it is asked often
            values = walk(payload, path)
            return values or None
        here = here.get(name)
    return here
