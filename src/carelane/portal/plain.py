"""Values of FHIR R4 data types as words for people: names, codes, identifiers, addresses, instants. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from carelane.facts.fact import Json

_MAX_DEPTH = 6


def words(value: Json, depth: int = 0) -> str:
    """One line; empty for nothing. Lists are joined by semicolons."""
    match value:
        case None | "":
            return ""
        case bool():
            return "yes" if value else "no"
        case str() | int() | float():
            return str(value)
        case Mapping() if depth < _MAX_DEPTH:
            return _mapping(value, depth)
        case Sequence() if depth < _MAX_DEPTH:
            return "; ".join(
                dict.fromkeys(text for each in value if (text := words(each, depth + 1)))
            )
    return ""


def _mapping(value: Mapping[str, Any], depth: int) -> str:
    if value.get("text"):
        return str(value["text"])
    if "family" in value or "given" in value:
        return " ".join(
            [*map(str, value.get("given") or ()), str(value.get("family") or "")]
        ).strip()
    if "city" in value or "line" in value:
        parts = [
            *(value.get("line") or ()),
            value.get("postalCode"),
            value.get("city"),
            value.get("country"),
        ]
        return ", ".join(str(each) for each in parts if each)
    for name in ("display", "coding", "code", "value", "name", "start", "reference", "language"):
        if value.get(name):
            return words(value[name], depth + 1)
    return ""
