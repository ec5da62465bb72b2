"""What an address asks for: filters, and where a page begins. What means nothing is refused, never passed over."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final, TypeVar
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from carelane.portal.legible import Illegible
from carelane.worklist.listing import LIMIT_MAX, Filters, PageKey

Found = TypeVar("Found")
FILTERS: Final = (
    "view", "site", "service", "pathway", "name", "owner", "urgency", "opened_after",
)  # fmt: skip
"""What `filters_of` reads."""
VIEWS: Final = ("pools", "mine", "all")
INSTANT: Final = "an instant with its offset, like 2026-11-30T14:00:00Z (a plus is written %2B)"
_KEY: Final = "the `after` of the page before, unchanged (a plus is written %2B)"
_CODES: Final = {str(each): each for each in range(4)}
_TRUTH: Final = {"true": True, "false": False}


def value_of(
    given: Mapping[str, str], name: str, read: Callable[[str], Found], takes: str
) -> Found | None:
    """A parameter by `read`, which raises ValueError or LookupError at what it can't read; None where none is given.

    Raises:
        Illegible: it means nothing; the remedy is what it takes.
    """
    text = given.get(name, "")
    if not text:
        return None
    try:
        return read(text)
    except (ValueError, LookupError, OverflowError):
        raise Illegible(code="parameter", message=f"`{name}` can't be read.",
                        remedy=f"It takes {takes}. Or leave it out.", path=(name,)) from None  # fmt: skip


def choice_of(given: Mapping[str, str], name: str, choices: Iterable[object]) -> str | None:
    """A parameter that is one of these; None where none is given.

    Raises:
        Illegible: it is none of them.
    """
    known = {str(each): str(each) for each in choices}
    return value_of(given, name, known.__getitem__, f"one of these: {', '.join(known)}")


def filters_of(given: Mapping[str, str]) -> Filters:
    """Filters from an address's query: codes only, so that a shared link holds nothing of a patient.

    Raises:
        Illegible: one of them means nothing.
    """
    view = choice_of(given, "view", VIEWS) or VIEWS[0]
    owner = given.get("owner") or None
    return Filters(
        everyone=view == "all",
        mine=view == "mine",
        snoozed=view == "mine",
        unclaimed=owner == "unclaimed",
        owner=owner if owner != "unclaimed" else None,
        pathway=given.get("pathway") or None,
        site=given.get("site") or None,
        service_line=given.get("service") or None,
        name=given.get("name") or None,
        opened_after=instant_of(given, "opened_after"),
        urgency=value_of(given, "urgency", _CODES.__getitem__, "0, 1, 2 or 3 (STAT)"),
    )


def list_behind(address: str) -> dict[str, str]:
    """The filters of the list that a form was sent from, by the address that its browser names; none for another page.

    They go back to the list, which reads them anew: nothing else of the address is kept.
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        return {}
    asked = parse_qsl(parts.query) if parts.path == "/" else ()
    return {name: text for name, text in asked if name in FILTERS}


def instant_of(given: Mapping[str, str], name: str) -> datetime | None:
    """An instant; None where none is given.

    Raises:
        Illegible: it is none, or has no offset.
    """
    return value_of(given, name, _instant, INSTANT)


def limit_of(given: Mapping[str, str]) -> int:
    """How many rows a page has, 1 to 100; 100 where nothing is said.

    Raises:
        Illegible: it is no such number.
    """
    return value_of(given, "limit", _limit, f"a whole number from 1 to {LIMIT_MAX}") or LIMIT_MAX


def open_of(given: Mapping[str, str]) -> bool | None:
    """Whether only open (or only closed) cases are asked for; None: both.

    Raises:
        Illegible: it is neither `true` nor `false`.
    """
    return value_of(given, "open", _TRUTH.__getitem__, "true or false")


def after_of(given: Mapping[str, str]) -> PageKey | None:
    """Where a page of work begins, `urgency~due~id`; None for the first.

    Raises:
        Illegible: it is no such key. To begin anew would send a program that pages round for ever.
    """
    return value_of(given, "after", PageKey.read, _KEY)


def after_case(given: Mapping[str, str]) -> tuple[datetime, UUID] | None:
    """Where a page of cases begins, `opened~id`; None for the first.

    Raises:
        Illegible: it is no such key.
    """
    return value_of(given, "after", _pair, _KEY)


def after_leaf(given: Mapping[str, str]) -> tuple[datetime, UUID] | None:
    """Where a page of the audit begins, `at~id`; None for the first.

    Raises:
        Illegible: it is no such key.
    """
    return value_of(given, "after", _pair, _KEY)


def _limit(text: str) -> int:
    if not re.fullmatch("[0-9]{1,3}", text) or not 1 <= int(text) <= LIMIT_MAX:
        raise ValueError
    return int(text)


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError
    return at


def _pair(text: str) -> tuple[datetime, UUID]:
    at, id_ = text.split("~")
    return _instant(at), UUID(id_)
