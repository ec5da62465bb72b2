"""One reader per section of a site's files: a row of text to a row of the snapshot.

Leaves of `site`; names are checked afterwards, across files, in `crossing`.
"""

from datetime import time
from typing import TypeVar

from carelane.directory.reading import Row, day, plain, stretch
from carelane.directory.snapshot import (
    ActivationRow,
    CalendarRow,
    ConnectionRow,
    Contact,
    Coverage,
    Person,
    Place,
    Pool,
    ServiceLine,
)
from carelane.facts.fact import Json, Urgency

T = TypeVar("T")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
CHANNELS = ("secure-message", "phone", "mail", "sms")
_SECRET_WORDS = ("password", "secret", "private_key", "token", "api_key")
_APPROVERS = 2


def place(name: str, row: Row) -> Place:
    """A site."""
    row.only("title", "zone", "calendar", "last_resort")
    return Place(
        name=name,
        title=row.text("title", name),
        zone=row.text("zone"),
        calendar=row.text("calendar"),
        last_resort=row.text("last_resort"),
    )


def service_line(name: str, row: Row) -> ServiceLine:
    """A service line and where its referrals are triaged."""
    row.only("title", "sites", "triage", "specialties")
    return ServiceLine(
        name=name,
        title=row.text("title", name),
        sites=row.words("sites"),
        triage=row.text("triage"),
        specialties=row.words("specialties"),
    )


def person(name: str, row: Row) -> Person:
    """A member of staff."""
    row.only("display", "roles", "pools", "sites", "service_lines", "licences", "languages",
             "contacts", "active")  # fmt: skip
    return Person(
        name=name,
        display=row.text("display", name),
        roles=row.words("roles"),
        pools=row.words("pools"),
        sites=row.words("sites"),
        service_lines=row.words("service_lines"),
        licences=row.words("licences"),
        languages=row.words("languages") or ("en",),
        contacts=tuple(_contact(each) for each in row.rows("contacts")),
        active=row.flag("active", default=True),
    )


def _contact(row: Row) -> Contact:
    row.only("channel", "address")
    channel = row.text("channel")
    if channel not in CHANNELS:
        row.wrong("channel", "This is no channel.", f"Use one of: {', '.join(CHANNELS)}.")
    return Contact(channel=channel, address=row.text("address"))


def pool(name: str, row: Row) -> Pool:
    """A pool; its members are the people who name it."""
    row.only("title", "urgencies", "site", "service_line", "cover", "licences", "languages")
    return Pool(
        name=name,
        title=row.text("title", name),
        urgencies=tuple(
            u for word in row.words("urgencies") if (u := _urgency(row, word)) is not None
        ),
        site=row.text("site", ""),
        service_line=row.text("service_line", ""),
        cover=row.text("cover", ""),
        licences=row.words("licences"),
        languages=row.words("languages"),
    )


def _urgency(row: Row, word: str) -> Urgency | None:
    known = {each.name.lower(): each for each in Urgency}
    if word not in known:
        row.wrong("urgencies", f"`{word}` is no urgency.", f"Use one of: {', '.join(known)}.")
    return known.get(word)


def coverage(row: Row) -> Coverage | None:
    """A row of an on-call calendar."""
    row.only("role", "pool", "person", "from", "to", "site", "service_line", "order", "cover")
    start = row.instant("from")
    end = row.instant("to") if "to" in row.record.entries else None
    if start is None or ("to" in row.record.entries and end is None):
        return None
    if end is not None and end <= start:
        row.wrong("to", "The row ends before it begins.", "Put `to` after `from`.")
        return None
    if ("role" in row.record.entries) == ("pool" in row.record.entries):
        row.wrong("role", "A row is for a role or for a pool.", "Write either `role` or `pool`.")
        return None
    return Coverage(
        role=row.text("role", ""),
        pool=row.text("pool", ""),
        person=row.text("person"),
        from_at=start,
        to_at=end,
        site=row.text("site", ""),
        service_line=row.text("service_line", ""),
        order=row.number("order", 1),
        cover=row.flag("cover", default=False),
    )


def calendar(name: str, row: Row) -> CalendarRow:
    """A business calendar; a weekday that is not there is closed."""
    row.only("version", "zone", "holidays", *WEEKDAYS)
    holidays = [(word, day(word)) for word in row.words("holidays")]
    for word, found in holidays:
        if found is None:
            row.wrong("holidays", f"`{word}` is no date.", "Write it like 2026-12-25.")
    return CalendarRow(
        name=name,
        version=row.number("version", 1),
        zone=row.text("zone"),
        hours=tuple(_stretches(row, weekday) for weekday in WEEKDAYS),
        holidays=frozenset(found for _, found in holidays if found),
    )


def _stretches(row: Row, weekday: str) -> tuple[tuple[time, time], ...]:
    found = [(word, stretch(word)) for word in row.words(weekday)]
    for word, hours in found:
        if hours is None:
            row.wrong(weekday, f"`{word}` are no opening hours.", "Write them like 08:00-17:00.")
    return tuple(hours for _, hours in found if hours)


def connection(name: str, row: Row) -> ConnectionRow:
    """A connection; everything under `settings` is the adapter's."""
    row.only("kind", "site", "serves", "settings")
    node = row.record.entries.get("settings")
    settings = plain(node) if node is not None else {}
    if not isinstance(settings, dict):
        row.wrong("settings", "`settings` must be a mapping.", "Write `settings: { ... }`.")
        settings = {}
    _no_secrets(row, settings)
    return ConnectionRow(
        name=name,
        kind=row.text("kind"),
        site=row.text("site", ""),
        serves=row.words("serves"),
        settings=settings,
    )


def _no_secrets(row: Row, settings: dict[str, Json]) -> None:
    for key, value in settings.items():
        named = any(word in key.lower() for word in _SECRET_WORDS)
        if named and not key.endswith(("_file", "_url", "_seconds")) and value is not None:
            row.wrong(
                "settings",
                f"`{key}` looks like a secret: site files hold none.",
                f"Put it into a file of its own and name that: `{key}_file: ...`.",
            )


def activation(row: Row) -> ActivationRow | None:
    """A shipped pathway in force, with the two people who answer for it."""
    row.only("pathway", "overlay", "approvers", "reason", "site", "service_line")
    approvers = row.words("approvers")
    if len(set(approvers)) != _APPROVERS:
        row.wrong(
            "approvers",
            "A pathway is put in force by two different people.",
            "Name both: `approvers: [one, two]`.",
        )
        return None
    return ActivationRow(
        pathway=row.text("pathway"),
        approvers=(approvers[0], approvers[1]),
        reason=row.text("reason"),
        overlay=row.text("overlay", ""),
        site=row.text("site", ""),
        service_line=row.text("service_line", ""),
    )
