"""What a page of a poll becomes: the bytes to receive, each patient before what is about them. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from carelane.connect.fhir.codec import Resource, canonical, reference_of, resource_reference
from carelane.connect.fhir.mapping.company import told
from carelane.connect.fhir.mapping.people import Local
from carelane.connect.fhir.mapping.readings import measured_by_device
from carelane.connect.fhir.progress import updated


def messages(
    matches: Iterable[Resource],
    included: Sequence[Resource],
    goals: Mapping[str, list[Resource]],
    local: Local,
) -> Iterable[bytes]:
    """The bytes to receive: each patient once, before what is about them; then the change with its company."""
    known: set[str] = set()
    company = {resource_reference(one): one for one in included}
    for match in sorted(matches, key=_changed_at):
        along = [company[one] for one in references(match) if one in company]
        for one in along:
            patient = resource_reference(one)
            if one["resourceType"] == "Patient" and patient not in known:
                known.add(patient)
                yield canonical(one)
        rest = [one for one in along if one["resourceType"] != "Patient"]
        if measured_by_device(match):
            rest += [
                goal for one in references(match.get("subject")) for goal in goals.get(one, ())
            ]
        yield canonical(told(match, rest, local))


def references(value: object) -> list[str]:
    """All references inside a resource, each once, in a settled order."""
    found: dict[str, None] = {}
    heap: list[object] = [value]
    while heap:
        one = heap.pop()
        if isinstance(one, dict):
            text = one.get("reference")
            if isinstance(text, str) and reference_of(text):
                found[reference_of(text)] = None
            heap.extend(one.values())
        elif isinstance(one, list):
            heap.extend(one)
    return sorted(found)


def _changed_at(resource: Resource) -> tuple[str, str]:
    at = updated(resource)
    return (at.isoformat() if at else "", resource_reference(resource))
