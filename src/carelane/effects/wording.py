"""A template's blanks filled for one patient: what the message says. Pure.

The clinic's name, its number and the portal are the site's; date and time are the appointment's, at the site; a note
is what a person wrote into the form. Nothing else can get into a message.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from carelane.directory.reaching import MessageRules
from carelane.facts.fact import Json, Payload
from carelane.pathways.templates import Language, Template, filled, missing

OFFERED: Final = "slot_time"
"""The field by which a pathway says when the slot is that it offers."""


def values_of(
    content: Payload, rules: MessageRules, *, clinic: str, zone: str, language: Language | None
) -> Mapping[str, str]:
    """A value for each blank that there is one for."""
    milestone = str(content.get("milestone") or "")
    found = {**site_values(rules, clinic), "note": _note(content), "milestone": milestone}
    starts = starts_at(content)
    if starts is not None and language is not None:
        local = starts.astimezone(ZoneInfo(zone))
        found.update(date=language.day(local), time=language.time(local))
    return {name: value for name, value in found.items() if value}


def site_values(rules: MessageRules, clinic: str) -> dict[str, str]:
    """What the site fills blanks with; without a page to answer by, the portal is named, or the number to call."""
    answer = rules.link or rules.phone
    return {"clinic": clinic, "phone": rules.phone, "link": rules.link, "answer": answer}


def written(
    template: Template, channel: str, language: str, values: Mapping[str, str]
) -> Mapping[str, str] | str:
    """The message's `text`, `subject` and `language`, or the first blank that has no value."""
    used, words = template.wording(channel, language)
    lacking = (*missing(words.text, values), *missing(words.subject, values))
    if lacking:
        return lacking[0]
    text, subject = filled(words.text, values), filled(words.subject, values)
    return {"text": text, "subject": subject, "language": used}


def _note(content: Payload) -> str:
    form = content.get("form")
    note = form.get("message") if isinstance(form, Mapping) else None
    return note.strip() if isinstance(note, str) else ""


def starts_at(content: Payload) -> datetime | None:
    """The appointment's time, or that of a slot which is offered."""
    appointment, fields = content.get("appointment"), content.get("fields")
    booked: Json = appointment.get("start") if isinstance(appointment, Mapping) else None
    offered: Json = fields.get(OFFERED) if isinstance(fields, Mapping) else None
    try:
        at = datetime.fromisoformat(str(booked or offered))
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
