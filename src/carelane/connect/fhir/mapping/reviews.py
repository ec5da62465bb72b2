"""Parts of a ClaimResponse by their meaning: action codes, numbers, periods, reasons, what is asked for. Pure."""

from collections.abc import Sequence
from typing import Final

from carelane.connect.fhir.codec import Resource, reference_of, resource_reference
from carelane.connect.fhir.mapping.pas import extension
from carelane.connect.fhir.mapping.people import listed
from carelane.connect.fhir.mapping.source import codes_in
from carelane.facts.fact import Json

_NUMBERS: Final = ("extension-authorizationNumber", "extension-administrationReferenceNumber")
_ASKING: Final = frozenset({"CommunicationRequest", "Task"})


def _reviews(item: Resource) -> list[Resource]:
    """The review actions of an item: on its adjudications (PAS 2), or on the item itself (PAS 1)."""
    places = [*listed(item.get("adjudication")), item]
    return [one for place in places if (one := extension(place, "extension-reviewAction"))]


def action_codes(item: Resource) -> list[str]:
    """The review action codes of an item (X12 element 306)."""
    parts = [part for one in _reviews(item) for part in listed(one.get("extension"))]
    named = [
        part.get("valueCodeableConcept")
        for part in parts
        if str(part.get("url", "")).rsplit("/", maxsplit=1)[-1]
        in {"extension-reviewActionCode", "code"}
    ]
    return [code for one in named for code in codes_in(one)]


def _part(item: Resource, name: str) -> list[Resource]:
    return [
        part
        for one in _reviews(item)
        for part in listed(one.get("extension"))
        if part.get("url") == name
    ]


def number_of(response: Resource) -> str:
    """The payer's number: of the authorisation, else of the request it still reviews."""
    own = response.get("preAuthRef")
    if isinstance(own, str) and own:
        return own
    for item in listed(response.get("item")):
        found = [part.get("valueString") for part in _part(item, "number")]
        found += [(extension(item, name) or {}).get("valueString") for name in _NUMBERS]
        for number in found:
            if isinstance(number, str) and number:
                return number
    return ""


def valid_until(response: Resource) -> str:
    """Until when what was approved may be done; the earliest of several."""
    periods = [response.get("preAuthPeriod")]
    periods += [
        (extension(item, "extension-itemPreAuthPeriod") or {}).get("valuePeriod")
        for item in listed(response.get("item"))
    ]
    ends = [str(one["end"])[:10] for one in periods if isinstance(one, dict) and one.get("end")]
    return min(ends, default="")


def reasons_of(response: Resource) -> list[Json]:
    """Why, in the payer's words: reason codes of the review, errors, notes."""
    concepts = [
        part.get("valueCodeableConcept")
        for item in listed(response.get("item"))
        for part in _part(item, "reasonCode")
    ]
    concepts += [one.get("code") for one in listed(response.get("error"))]
    said: list[Json] = [words for one in concepts for words in _words(one)]
    return said + [
        str(one["text"]) for one in listed(response.get("processNote")) if one.get("text")
    ]


def _words(concept: object) -> list[str]:
    if not isinstance(concept, dict):
        return []
    if isinstance(concept.get("text"), str):
        return [concept["text"]]
    return [
        str(one.get("display") or one["code"])
        for one in listed(concept.get("coding"))
        if one.get("display") or one.get("code")
    ]


def asks(response: Resource, beside: Sequence[Resource]) -> bool:
    """Whether the payer asks for more before it decides."""
    return bool(response.get("communicationRequest")) or any(
        one["resourceType"] in _ASKING for one in beside
    )


def requested(response: Resource, beside: Sequence[Resource]) -> list[Json]:
    """What the payer asks for: of the requests that this response names, else of all that came along."""
    named = {
        reference_of(str(one.get("reference", "")))
        for one in listed(response.get("communicationRequest"))
    }
    requests = [
        one
        for one in beside
        if one["resourceType"] in _ASKING
        and (not named or one["resourceType"] == "Task" or resource_reference(one) in named)
    ]
    said: list[Json] = []
    for one in requests:
        said += [
            str(each["contentString"])
            for each in listed(one.get("payload"))
            if each.get("contentString")
        ]
        for given in listed(one.get("input")):
            said += _words(given.get("valueCodeableConcept"))
    return said
