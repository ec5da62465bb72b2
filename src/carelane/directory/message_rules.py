"""The section `messages` of a site's files: quiet hours, limits and wording's places, with what is wrong in it."""

from collections.abc import Mapping
from datetime import time, timedelta

from carelane.directory.reaching import MessageRules
from carelane.directory.reading import Row, stretch
from carelane.pathways.durations import duration
from carelane.pathways.reader import Record, Text
from carelane.pathways.zones import zone_known

_KEYS = (
    "quiet", "per_week", "country", "language", "consent", "untranslated", "link", "answers", "status", "phone",
    "zones", "same_request",
)  # fmt: skip
_CONSENTS = ("assumed", "asked")
_UNTRANSLATED = ("person", "default")
_REQUEST_MAX = timedelta(days=30)


def rules(row: Row) -> MessageRules:
    """The rules; what isn't said is as shipped."""
    row.only(*_KEYS)
    plain = MessageRules()
    begins, ends = _quiet(row, plain)
    country = row.text("country", plain.country)
    if not (country.isascii() and country.isdigit() and len(country) <= 3):  # noqa: PLR2004  # E.164
        row.wrong("country", "`country` is a country code.", 'Write it like "1" or "44".')
    consent = _word(row, "consent", _CONSENTS)
    untranslated = _word(row, "untranslated", _UNTRANSLATED)
    return MessageRules(
        quiet_from=begins,
        quiet_to=ends,
        per_week=row.number("per_week", plain.per_week),
        country=country,
        language=row.text("language", plain.language),
        ask_first=consent == "asked",
        translated=untranslated == "person",
        link=row.text("link", ""),
        answers=row.text("answers", ""),
        status=row.text("status", ""),
        phone=row.text("phone", ""),
        zones=_zones(row),
        same_request=_window(row, plain.same_request),
    )


def _word(row: Row, name: str, known: tuple[str, ...]) -> str:
    """One of a few words; the first where nothing is said."""
    said = row.text(name, known[0])
    if said not in known:
        row.wrong(name, f"`{said}` is not known.", f"Use one of: {', '.join(known)}.")
    return said


def _quiet(row: Row, plain: MessageRules) -> tuple[time, time]:
    text = row.text("quiet", f"{plain.quiet_from:%H:%M}-{plain.quiet_to:%H:%M}")
    found = stretch(text)
    if found is None:
        row.wrong("quiet", "`quiet` are no hours.", 'Write them like "21:00-08:00".')
        return plain.quiet_from, plain.quiet_to
    return found


def _window(row: Row, plain: timedelta) -> timedelta:
    if "same_request" not in row.record.entries:
        return plain
    found = duration(row.text("same_request"))
    if found is None or found > _REQUEST_MAX:
        row.wrong("same_request", "`same_request` is at most 30 days.", "Write it like 2d or 12h.")
        return plain
    return found


def _zones(row: Row) -> Mapping[str, str]:
    node = row.record.entries.get("zones")
    if node is None:
        return {}
    entries = node.entries if isinstance(node, Record) else {}
    found = {key: each.text for key, each in entries.items() if isinstance(each, Text)}
    for key, zone in found.items():
        if not zone_known(zone):
            row.wrong("zones", f"`{key}` names no time zone.", "Write it like America/Chicago.")
    if not found:
        row.wrong("zones", "`zones` maps a state to a zone.", "Write `{ IL: America/Chicago }`.")
    return {key.upper(): zone for key, zone in found.items() if zone_known(zone)}
