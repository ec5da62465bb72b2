"""FHIR search as far as this EHR offers it: identifier, patient, status, start, service-type, schedule, _id, paging."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from carelane.testing.ehr.records import Resource, Version

Pairs = Sequence[tuple[str, str]]

_COMPARE: Final[Mapping[str, Callable[[datetime, datetime], bool]]] = {
    "eq": lambda at, limit: at == limit,
    "ge": lambda at, limit: at >= limit,
    "gt": lambda at, limit: at > limit,
    "le": lambda at, limit: at <= limit,
    "lt": lambda at, limit: at < limit,
}
_STATUSES: Final = {"status": "status", "lifecycle-status": "lifecycleStatus"}
CONTROL: Final = frozenset(
    {"_count", "_offset", "_sort", "_include", "_format", "_elements", "_summary"}
)
_SUMMARY: Final = frozenset({"id", "meta", "status"})


class BadSearch(ValueError):
    """A parameter this EHR doesn't know, or a value it can't read: answered with 400."""


def matching(versions: Iterable[Version], parameters: Pairs) -> list[Version]:
    """Versions that meet all parameters, oldest change first."""
    tests = [_test(name, value) for name, value in parameters if name not in CONTROL]
    found = [one for one in versions if all(test(one) for test in tests)]
    return sorted(found, key=lambda one: (one.at, str(one.resource["id"])))


def narrowed(resource: Resource, parameters: Pairs, known: frozenset[str]) -> Resource:
    """The elements of it that are asked for, by the parameters that this EHR minds (FHIR R4 3.1.1.5.8, 3.1.1.5.9)."""
    asked = {name: value for name, value in parameters if name in known}
    if "_elements" in asked:
        wanted = frozenset(asked["_elements"].split(","))
    elif asked.get("_summary") == "true":
        wanted = _SUMMARY
    else:
        return resource
    return {name: value for name, value in resource.items() if name in wanted | {"resourceType"}}


def identifier_in(parameters: Pairs) -> str:
    """The value of an identifier that is asked for; empty when none is, so that nothing is narrowed."""
    asked = [value.rpartition("|")[2] for name, value in parameters if name == "identifier"]
    return asked[0] if asked else ""


def patients_of(resource: Resource) -> set[str]:
    """`Patient/id` of the references by which a resource is about a patient."""
    named = [resource.get("subject"), resource.get("patient"), resource.get("for")]
    named += [one.get("actor") for one in resource.get("participant", []) if isinstance(one, dict)]
    references = {str(one.get("reference", "")) for one in named if isinstance(one, dict)}
    return {one for one in references if one.startswith("Patient/")}


def _test(  # noqa: PLR0911  # one answer per parameter
    name: str, value: str
) -> Callable[[Version], bool]:
    if name == "identifier":
        return lambda one: _has_identifier(one.resource, value)
    if name == "_id":
        return lambda one: str(one.resource["id"]) in value.split(",")
    if name == "_lastUpdated":
        return _time_test(value, lambda one: one.at)
    if name == "start":
        return _time_test(value, lambda one: read_instant(str(one.resource.get("start", ""))))
    if name in {"patient", "subject"}:
        wanted = value if value.startswith("Patient/") else f"Patient/{value}"
        return lambda one: wanted in patients_of(one.resource)
    if name == "service-type":
        return lambda one: not _codes(one.resource.get("serviceType")).isdisjoint(value.split(","))
    if name == "schedule":
        return lambda one: (
            str(one.resource.get("schedule", {}).get("reference")) in value.split(",")
        )
    if name in _STATUSES:
        element, allowed = _STATUSES[name], value.split(",")
        return lambda one: str(one.resource.get(element)) in allowed
    raise BadSearch(f"unknown search parameter {name}")


def _codes(concepts: Any) -> set[str]:
    """The codes of concepts, as a token without a system asks for them (FHIR R4 3.1.1.4.10)."""
    listed = concepts if isinstance(concepts, list) else [concepts] if concepts else []
    return {str(each.get("code", "")) for one in listed for each in one.get("coding", [])}


def _time_test(value: str, time_of: Callable[[Version], datetime]) -> Callable[[Version], bool]:
    prefix, text = (value[:2], value[2:]) if value[:2] in _COMPARE else ("eq", value)
    limit = read_instant(text)
    return lambda one: _COMPARE[prefix](time_of(one), limit)


def read_instant(text: str) -> datetime:
    """An instant; raises `BadSearch` for anything else."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadSearch("not an instant") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _has_identifier(resource: Mapping[str, Any], token: str) -> bool:
    system, bar, value = token.rpartition("|")
    for one in resource.get("identifier", []):
        same_system = not bar or one.get("system", "") == system
        if same_system and (not value or one.get("value") == value):
            return True
    return False
