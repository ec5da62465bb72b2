"""Whether what a person wrote into a form is what its fields ask for, before it is decided. Pure.

The decision (`cases.people`) asks only what is missing: a "no" sent as a word would be an attestation there, and a time
without its offset none at all.
"""

from collections.abc import Mapping
from datetime import date
from difflib import get_close_matches
from typing import Final

from carelane.facts.fact import Json
from carelane.pathways.definition import FormField, TaskKind
from carelane.pathways.literals import date_of, instant_of
from carelane.worklist.answers import Refused

UNFIT: Final = "form-unfit"
UNKNOWN: Final = "form-unknown"
TOO_LONG: Final = "text-length"
TEXT_MAX: Final = 20_000  # characters of one text that a person writes, whichever way it comes
_REMEDIES: Final = {
    "boolean": "Say yes or no: true or false, without quotation marks.",
    "date": "Write a date, like 2026-11-30; the year has four digits.",
    "instant": "Write an instant with its offset, like 2026-11-30T14:00:00Z; the year has four digits.",
}
_YEARS: Final = range(
    1900, 2200
)  # who types 26 into a browser's field for a date means no year of antiquity
_DATE = len("2026-11-30")


def unknown(kind: TaskKind, form: Mapping[str, Json]) -> Refused | None:
    """A field that the form doesn't have: nothing would ever read what is written there.

    A misspelled name is not said again, since it may hold anything: `fields` has the nearest of the form's own.
    """
    names = [field.name for field in kind.form]
    strange = [name for name in form if name not in names]
    if not strange:
        return None
    listed = ", ".join(f"`{name}`" for name in names)
    remedy = f"This form has {listed}." if names else "This task has no form: leave it out."
    return Refused(
        code=UNKNOWN, remedy=remedy, fields=tuple(get_close_matches(strange[0], names, n=1))
    )


def unfit(kind: TaskKind, form: Mapping[str, Json]) -> Refused | None:
    """A field that is `unknown`, or the first with a value of another type; what is absent is asked for later."""
    if (refused := unknown(kind, form)) is not None:
        return refused
    for field in kind.form:
        given = form.get(field.name)
        if given not in (None, "") and not _fits(field, given):
            remedy = _REMEDIES.get(field.type, "Write words, or leave the field out.")
            return Refused(code=UNFIT, remedy=remedy, fields=(field.name,))
    return None


def too_long(form: Mapping[str, Json]) -> Refused | None:
    """The first text over the limit: nothing is cut, whoever wrote it shortens it."""
    for name, given in form.items():
        if isinstance(given, str) and len(given) > TEXT_MAX:
            remedy = f"Write at most {TEXT_MAX} characters; these are {len(given)}. Nothing was kept of it yet."
            return Refused(code=TOO_LONG, remedy=remedy, fields=(name,))
    return None


def _fits(field: FormField, given: Json) -> bool:
    if field.type == "boolean" or isinstance(given, bool):
        return field.type == "boolean" and isinstance(given, bool)
    if isinstance(given, int | float):
        return field.type == "text"  # a number is written down as it is said
    if not isinstance(given, str) or not given.strip():
        return False
    if field.type == "date":
        return len(given) == _DATE and _likely(date_of(given))
    return field.type != "instant" or _likely(instant_of(given))


def _likely(at: date | None) -> bool:
    return at is not None and at.year in _YEARS
