"""Reading an intent's content: resources by role, declared values, form values, text. Pure."""

from collections.abc import Mapping, Sequence

from carelane.facts.fact import Json, Payload

_NOTHING: Mapping[str, Json] = {}
_WORDY = ("values", "form", "fields")


def mapping(value: Json) -> Mapping[str, Json]:
    """The object, or an empty one."""
    return value if isinstance(value, Mapping) else _NOTHING


def listing(value: Json) -> Sequence[Json]:
    """The list, the lone value as a list, or nothing."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return value
    return () if value is None else (value,)


def placed(content: Payload, role: str) -> Json:
    """A resource by its role, at the top or among the case's fields; else of its identifier alone."""
    fields = mapping(content.get("fields"))
    found = content.get(role) or fields.get(role)
    if found:
        return found
    for name in (f"{role}_identifier", f"{role}_identifiers", f"{role}_number"):
        if fields.get(name):
            return {"identifier": [_identifier(one) for one in listing(fields[name])]}
    return None


def _identifier(value: Json) -> Json:
    """A FHIR identifier as it is; a text as `AUTHORITY|value` or a bare value."""
    if not isinstance(value, str):
        return value
    authority, bar, number = value.rpartition("|")
    return {"system": authority, "value": number} if bar else {"value": value}


def word(content: Payload, name: str) -> str:
    """A text value: declared values first, then the form, the fields, the top; empty where absent."""
    for part in (*(mapping(content.get(each)) for each in _WORDY), content):
        value = part.get(name)
        if isinstance(value, str) and value:
            return value
    return ""


def text_of(content: Payload) -> str:
    """The rendered text, else the values and the form as `name: value` lines."""
    text = content.get("text")
    if isinstance(text, str) and text:
        return text
    said = [
        f"{name}: {value}"
        for part in _WORDY
        for name, value in mapping(content.get(part)).items()
        if isinstance(value, str | int | float) and value != ""
    ]
    return "\n".join(said)


def person_name(patient: Mapping[str, Json]) -> tuple[str | None, ...] | None:
    """The first name of a Patient as family and given."""
    for one in listing(patient.get("name")):
        family = mapping(one).get("family")
        given = [each for each in listing(mapping(one).get("given")) if isinstance(each, str)]
        if isinstance(family, str) or given:
            return (family if isinstance(family, str) else None, *given[:2])
    return None
