"""Documents that go with a claim: each a DocumentReference in its bundle, named by the claim's supporting information.

What came for the order goes with what it holds; what a person named by its number goes by that number, and the payer
asks for it where it has it from. Nothing is read for the claim: what is sent is what the case knows. Pure.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from carelane.connect.fhir.codec import Resource
from carelane.connect.fhir.mapping.content import concept, mapping_in, objects_in, word
from carelane.connect.fhir.mapping.pas import TEMPORARY

ENCLOSED_MAX: Final = 20
_APART: Final = re.compile(r"[\s,;]+")
_KEPT: Final = ("type", "date", "description", "docStatus")
_ATTACHED: Final = ("contentType", "language", "data", "url", "title")


def enclosed(content: Mapping[str, Any], subject: Resource, ids: Sequence[str]) -> list[Resource]:
    """The documents of a wish, as many as there are ids: the one that came, and those a person named by number."""
    came = mapping_in(content.get("document"))
    number = mapping_in(came.get("masterIdentifier"))
    named = [one for one in _APART.split(word(content, "document_numbers")) if one]
    parts: list[Resource] = []
    if number.get("value"):
        kept = {name: came[name] for name in _KEPT if came.get(name)}
        parts.append({**kept, "masterIdentifier": dict(number), "content": _content(came, number)})
    parts += [
        {"masterIdentifier": {"value": one}, "content": [_titled(one)]}
        for one in dict.fromkeys(named)
        if one != number.get("value")
    ]
    return [
        {
            "resourceType": "DocumentReference",
            "id": id_,
            "status": "current",
            "subject": subject,
            **part,
        }
        for id_, part in zip(ids, parts, strict=False)
    ]


def supporting(documents: Sequence[Resource], words: str) -> list[Resource]:
    """`supportingInfo` of a claim: what was put together, in words, and each document that goes with it."""
    told: list[Resource] = []
    if words:
        told.append({"category": concept(TEMPORARY, "freeFormMessage"), "valueString": words})
    for one in documents:
        reference = {
            "reference": f"urn:uuid:{one['id']}",
            "type": "DocumentReference",
            "identifier": one["masterIdentifier"],
        }
        told.append(
            {"category": concept(TEMPORARY, "additionalInformation"), "valueReference": reference}
        )
    return [{"sequence": at, **one} for at, one in enumerate(told, 1)]


def _content(came: Mapping[str, Any], number: Mapping[str, Any]) -> list[Resource]:
    attached = [mapping_in(one.get("attachment")) for one in objects_in(came.get("content"))]
    held = [{name: one[name] for name in _ATTACHED if one.get(name)} for one in attached]
    return [{"attachment": one} for one in held if one] or [_titled(str(number["value"]))]


def _titled(number: str) -> Resource:
    """A DocumentReference has content (1..*): without any, what it is called."""
    return {"attachment": {"title": number}}
