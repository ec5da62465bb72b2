"""What could not be read from an EHR, as a message of our own: it is held back for a person with place and remedy.

It has the form of the resource that it stands for, of which it holds the name and the version only, and the mark below.
Its control id is not that of the resource, which is a message of its own once it is read. Pure.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from carelane.connect.fhir.codec import TOO_LARGE, Resource, reference_of, resource_reference
from carelane.connect.fhir.mapping.kinds import kind_of
from carelane.facts.problem import Fault, Problem

MARK: Final = "urn:carelane:not-read"
"""The extension that says: this is what Carelane could not read."""
_PLAIN: Final = re.compile(r"[A-Za-z0-9:+_.\-]{1,64}")
_META: Final = ("versionId", "lastUpdated")


def too_large(resource: Resource, *, connection: str, bytes_max: int) -> Resource:
    """What stands for one resource that is larger than the connection's limit."""
    meta = resource.get("meta")
    named = meta if isinstance(meta, dict) else {}
    return {
        "resourceType": resource["resourceType"],
        "id": resource["id"],
        "meta": {name: named[name] for name in _META if name in named},
        "extension": [_marked(TOO_LARGE, connection=connection, bytes_max=str(bytes_max))],
    }


def silent(kind: str, *, connection: str, cause: str, since: datetime) -> Resource:
    """What stands for all of a type whose polls fail since then."""
    said = _marked(cause, connection=connection, since=since.isoformat(timespec="seconds"))
    return {"resourceType": kind, "extension": [said]}


def _marked(cause: str, **parts: str) -> Resource:
    listed = {"cause": cause, **parts}
    return {
        "url": MARK,
        "extension": [{"url": name, "valueString": value} for name, value in listed.items()],
    }


def mark_of(resource: Resource) -> Mapping[str, str]:
    """What the mark says; empty where there is none."""
    for one in _listed(resource.get("extension")):
        if one.get("url") == MARK:
            parts = _listed(one.get("extension"))
            return {str(each.get("url")): _plain(each.get("valueString")) for each in parts}
    return {}


def _plain(value: object) -> str:
    """What may stand in clear in a problem: anybody who sends to us could write the mark, with a name in it (I13)."""
    return value if isinstance(value, str) and _PLAIN.fullmatch(value) else "other"


def control_of(resource: Resource, own: str | None) -> str | None:
    """The control id of a marked message: one for each version of a resource, and for each silence of a type."""
    mark = mark_of(resource)
    if not mark:
        return own
    if since := mark.get("since"):
        return f"{kind_of(resource)}/not-read/{since}"
    return f"{own or resource_reference(resource)}/not-read"


def problem_of(resource: Resource) -> Problem | None:
    """Why a person gets it; None for whatever an EHR itself sent."""
    mark = mark_of(resource)
    if not mark:
        return None
    return _silence(resource, mark) if "since" in mark else _size(resource, mark)


def _size(resource: Resource, mark: Mapping[str, str]) -> Problem:
    named = reference_of(f"{kind_of(resource)}/{resource.get('id', '')}") or kind_of(resource)
    return Problem(
        code="fhir.too-large",
        place=f"{mark.get('connection', '')} {named}",
        message=f"The resource is larger than this connection reads: more than {mark.get('bytes_max', '')} bytes.",
        remedy="The poll went past it, and it stands in the EHR under this name. Raise the connection's "
        "`response_bytes_max`: the next poll then asks for it by itself, and this message can be set aside.",
        fault=Fault.SITE,
    )


def _silence(resource: Resource, mark: Mapping[str, str]) -> Problem:
    return Problem(
        code="fhir.not-read",
        place=f"{mark.get('connection', '')} {kind_of(resource)}",
        message=f"No poll of this type came to its end since {mark['since']}; cause of the last: {mark.get('cause')}.",
        remedy="Until one does, changes in the EHR may reach nobody. Put right what the cause names (see how "
        "to connect an EHR by FHIR); polling then goes on where it stopped, and this message can be set aside.",
        fault=Fault.SITE,
    )


def _listed(value: object) -> list[Resource]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
