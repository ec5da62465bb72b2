"""What is read of a Patient for identity, search and recognition: tokens, terms, and the few fields shown. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from carelane.facts.fact import Draft, Identifier, Json
from carelane.store.shapes import encode
from carelane.store.tokens import SearchTerms, Tokens, plain_name

REACH = "reach"
_REACHED_BY = ("telecom", "communication", "address", "extension")


def tokens_of(tokens: Tokens, patient: Mapping[str, Any]) -> dict[str, str]:
    """Demographics as tokens, absent where unknown: `family`, `birth_date` and `sex` are compared.

    By `reach` it is seen whether the contacts changed.
    """
    values = {
        "family": plain_name(_name(patient).get("family") or ""),
        "birth_date": str(patient.get("birthDate") or ""),
        "sex": str(patient.get("gender") or ""),
        REACH: encode(reached_by(patient)).decode() if patient.get("telecom") else "",
    }
    return {
        kind: tokens.of(f"demographic.{kind}", value)
        for kind, value in values.items()
        if value and value != "unknown"
    }


def reached_by(patient: Mapping[str, Any]) -> dict[str, Any]:
    """The elements of a Patient that say how to reach them."""
    return {key: patient[key] for key in _REACHED_BY if patient.get(key)}


def shown(patient: Mapping[str, Any], identifiers: Sequence[Identifier]) -> dict[str, Json]:
    """What people recognise the patient by; authority: the EHR."""
    name = _name(patient)
    return {
        "family": name.get("family"),
        "given": list(name.get("given") or ()),
        "birth_date": patient.get("birthDate"),
        "sex": patient.get("gender"),
        "phones": [str(each.get("value")) for each in _telecoms(patient)],
        "language": _language(patient),
        "identifiers": [
            {"authority": each.authority, "value": each.value, "type": each.type}
            for each in identifiers
        ],
    }


def terms(patient: Mapping[str, Any], identifiers: Sequence[Identifier]) -> SearchTerms:
    """What the patient can be searched by."""
    name = _name(patient)
    return SearchTerms(
        family=(name["family"],) if name.get("family") else (),
        given=tuple(name.get("given") or ()),
        birth_date=_date(patient.get("birthDate")),
        phones=tuple(str(each.get("value")) for each in _telecoms(patient)),
        identifiers=tuple(each.value for each in identifiers),
    )


def alike_parts(patient: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """What a suspected duplicate is looked for by: family name, first given name, birth date; None if one lacks.

    The given name is among them so that twins are not taken for one person.
    """
    name = _name(patient)
    family = plain_name(name.get("family") or "")
    given = plain_name(next(iter(name.get("given") or ()), ""))
    born = _date(patient.get("birthDate"))
    return (family, given, born.isoformat()) if family and given and born else None


def patient_of(draft: Draft) -> Mapping[str, Any]:
    """The Patient that a draft tells of, or nothing."""
    found = draft.payload.reveal().get("patient")
    return found if isinstance(found, Mapping) else {}


def _name(patient: Mapping[str, Any]) -> Mapping[str, Any]:
    names = patient.get("name") or ()
    return next((each for each in names if isinstance(each, Mapping)), {})


def _telecoms(patient: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    return [
        each
        for each in patient.get("telecom") or ()
        if each.get("system", "phone") == "phone" and each.get("value")
    ]


def _language(patient: Mapping[str, Any]) -> str | None:
    for each in patient.get("communication") or ():
        for coding in (each.get("language") or {}).get("coding") or ():
            return str(coding.get("code"))
    return None


def _date(text: object) -> date | None:
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError:
        return None
