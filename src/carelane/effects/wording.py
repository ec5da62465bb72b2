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
from carelane.pathways.segments import basic
from carelane.pathways.templates import TEXT, Language, Template, filled, missing

OFFERED: Final = "slot_time"
"""The field by which a pathway says when the slot is that it offers."""


def values_of(
    content: Payload, rules: MessageRules, *, clinic: str, zone: str, language: Language | None
) -> Mapping[str, str]:
    """A value for each blank that there is one for."""
    found = {**site_values(rules, clinic), "note": _note(content), **_milestone(content)}
    starts = starts_at(content)
    if starts is not None and language is not None:
        local = starts.astimezone(ZoneInfo(zone))
        found.update(date=language.day(local), time=language.time(local))
    return {name: value for name, value in found.items() if value}


def site_values(rules: MessageRules, clinic: str) -> dict[str, str]:
    """What the site fills blanks with; without a page to answer by, the portal is named, or the number to call."""
    answer = rules.link or rules.phone
    plain = {"clinic": clinic, "phone": rules.phone, "link": rules.link}
    return {**plain, "answer": answer, "status": rules.link}


def written(
    template: Template, channel: str, language: str, values: Mapping[str, str]
) -> Mapping[str, str] | str:
    """The message's `text`, `subject` and `language`, or the first blank that has no value."""
    used, words = template.wording(channel, language)
    values = _in(template, used, channel, values)
    lacking = (*missing(words.text, values), *missing(words.subject, values))
    if lacking:
        return lacking[0]
    text, subject = filled(words.text, values), filled(words.subject, values)
    return {"text": text, "subject": subject, "language": used}


def _milestone(content: Payload) -> dict[str, str]:
    """How far it is, also in each language that the pathway has it in: `milestone:es`."""
    others = content.get("milestone_in")
    words = others if isinstance(others, Mapping) else {}
    found = {f"milestone:{language}": str(said) for language, said in words.items()}
    return {"milestone": str(content.get("milestone") or ""), **found}


def _in(
    template: Template, language: str, channel: str, values: Mapping[str, str]
) -> Mapping[str, str]:
    """The values with the milestone in the language that is used; in a text without accents that cost a part."""
    own = "milestone" if language == template.default else f"milestone:{language}"
    said = values.get(own, values.get("milestone", ""))
    return {**values, "milestone": basic(said) if channel == TEXT else said}


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
