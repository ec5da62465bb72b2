"""Limits that were approved for a patient as FHIR Goals: `target` with a range, or a quantity with a comparator. Pure.

Only goals that are in force count, of the same patient, for the same code and unit as what was measured. Several that
say different things: the narrowest, so that no goal makes another one wider. A bare quantity is something to reach, no
limit.
"""

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from carelane.connect.fhir.codec import Resource, reference_of
from carelane.connect.fhir.mapping.people import listed

IN_FORCE: Final = ("accepted", "active")
Limits: TypeAlias = tuple[float | None, float | None]
"""Low and high; None where there is none."""
_KEPT: Final = ("resourceType", "id", "lifecycleStatus", "subject")
_TARGET: Final = ("measure", "detailQuantity", "detailRange")
_LOW, _HIGH = frozenset({">", ">="}), frozenset({"<", "<="})


def kept(goal: Resource) -> Resource:
    """A goal as it comes along with a reading: what limits are read from, and nothing else of it."""
    targets = [
        {name: one[name] for name in _TARGET if name in one} for one in listed(goal.get("target"))
    ]
    return {**{name: goal[name] for name in _KEPT if name in goal}, "target": targets}


def approved(observation: Resource, beside: Iterable[Resource]) -> Limits:
    """The limits that goals beside an Observation put on what it measured."""
    about, codes = _subject(observation), _codes(observation.get("code"))
    found = [
        _limits(target, observation.get("valueQuantity"))
        for goal in beside
        if goal.get("resourceType") == "Goal"
        and goal.get("lifecycleStatus") in IN_FORCE
        and about
        and _subject(goal) == about
        for target in listed(goal.get("target"))
        if _codes(target.get("measure")) & codes
    ]
    lows = [low for low, _ in found if low is not None]
    highs = [high for _, high in found if high is not None]
    return max(lows, default=None), min(highs, default=None)


def _limits(target: Resource, measured: object) -> Limits:
    span, quantity = target.get("detailRange"), target.get("detailQuantity")
    if isinstance(span, Mapping):
        return _number(span.get("low"), measured), _number(span.get("high"), measured)
    if not isinstance(quantity, Mapping):
        return None, None
    comparator, value = quantity.get("comparator"), _number(quantity, measured)
    return (value if comparator in _LOW else None), (value if comparator in _HIGH else None)


def _number(quantity: object, measured: object) -> float | None:
    """The number, if it has the unit of what was measured or none."""
    if not isinstance(quantity, Mapping) or not _same_unit(quantity, measured):
        return None
    value = quantity.get("value")
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _same_unit(one: Mapping[str, object], other: object) -> bool:
    mine = {one.get("code"), one.get("unit")} - {None}
    theirs = (
        {other.get("code"), other.get("unit")} - {None} if isinstance(other, Mapping) else set()
    )
    return not mine or not theirs or bool(mine & theirs)


def _subject(resource: Resource) -> str:
    subject = resource.get("subject")
    return reference_of(str(subject.get("reference", ""))) if isinstance(subject, Mapping) else ""


def _codes(concept: object) -> set[tuple[str, str]]:
    codings = listed(concept.get("coding")) if isinstance(concept, Mapping) else []
    return {(str(one.get("system", "")), str(one["code"])) for one in codings if one.get("code")}
