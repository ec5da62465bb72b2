"""Coverage as pathways read it: the payer as it was sent, with everything it may be known by as codings. Pure."""

from typing import Final

from carelane.connect.fhir.codec import Resource, reference_of
from carelane.connect.fhir.mapping.people import listed
from carelane.connect.fhir.mapping.source import Source

_KEPT: Final = ("status", "identifier", "type", "subscriberId", "relationship", "period")


def coverage(source: Source, resource: Resource) -> Resource:
    """A Coverage whose `payor` say their name, number and codes, wherever those stood."""
    kept: Resource = {"resourceType": "Coverage"}
    kept |= {name: resource[name] for name in _KEPT if name in resource}
    payors = [
        found for one in listed(resource.get("payor")) if (found := _payor(source, resource, one))
    ]
    return kept | ({"payor": payors} if payors else {})


def insured_by(source: Source, resource: Resource) -> Resource | None:
    """The first coverage that an order names and that came along."""
    for one in listed(resource.get("insurance")):
        found = source.company.follow(one) or _contained(resource, one)
        if found is not None and found.get("resourceType") == "Coverage":
            return coverage(source, found)
    return None


def _payor(source: Source, resource: Resource, reference: Resource) -> Resource | None:
    known = source.company.follow(reference) or _contained(resource, reference) or {}
    numbers = [*listed(known.get("identifier")), *listed([reference.get("identifier")])]
    numbers = [one for one in numbers if one.get("value")]
    name = known.get("name") or reference.get("display")
    codes = [*(str(one["value"]) for one in numbers), *([str(name)] if name else [])]
    if not codes:
        literal = reference_of(str(reference.get("reference", "")))
        return {"coding": [{"code": literal}]} if literal else None
    payor: Resource = {"coding": [{"code": code} for code in dict.fromkeys(codes)]}
    if name:
        payor["display"] = name
    if numbers:
        payor["identifier"] = {
            part: numbers[0][part] for part in ("system", "value") if numbers[0].get(part)
        }
    return payor


def _contained(resource: Resource, reference: Resource) -> Resource | None:
    wanted = str(reference.get("reference", ""))
    inside = listed(resource.get("contained"))
    return next((one for one in inside if wanted == f"#{one.get('id')}"), None)
