"""What is read of a Patient for identity, search and recognition: tokens, terms, and the few fields shown. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from carelane.facts.fact import Draft, Identifier, Json
from carelane.store.shapes import encode
from carelane.store.tokens import SearchRow, SearchTerms, Tokens, search_rows

REACH = "reach"
_REACHED_BY = ("telecom", "communication", "address", "extension")


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A patient as tokens, made once for each message.

    `compared` are `family`, `birth_date` and `sex`, absent where unknown; by `reach` it is seen whether the contacts
    changed. A suspected duplicate is looked for by
    `alike`: family name, first given name and birth date, None if one lacks; the given name is among them so that
    twins are not taken for one person.
    """

    compared: dict[str, str]
    search: Sequence[SearchRow]
    alike: tuple[str, str, str] | None


def described(
    tokens: Tokens, patient: Mapping[str, Any], identifiers: Sequence[Identifier]
) -> Described:
    """The tokens of a Patient."""
    found = tokens.stored(terms(patient, identifiers))
    family, given, born = (
        next(iter(found.get(kind, ())), "") for kind in ("family", "given", "birth_date")
    )
    sex = str(patient.get("gender") or "unknown")
    compared = {
        "family": family,
        "birth_date": born or _partly(tokens, patient),
        "sex": "" if sex == "unknown" else tokens.word("demographic.sex", sex),
        REACH: _reach(tokens, patient),
    }
    return Described(
        compared={kind: token for kind, token in compared.items() if token},
        search=search_rows(found),
        alike=(family, given, born) if family and given and born else None,
    )


def _reach(tokens: Tokens, patient: Mapping[str, Any]) -> str:
    if not patient.get("telecom"):
        return ""
    return tokens.of(f"demographic.{REACH}", encode(reached_by(patient)).decode())


def _partly(tokens: Tokens, patient: Mapping[str, Any]) -> str:
    """A birth date of which only the year or the month is known: it can be compared, not searched for."""
    said = str(patient.get("birthDate") or "")
    return tokens.of("demographic.birth_date", said) if said else ""


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
