"""Templates: what is written to patients, by channel and language. Data: a blank is filled, nothing is executed.

A template is content-free unless it says otherwise: then it may say that there is something, never what. `lettering`
reads them and refuses what is wrong; a release that names one holds its digest.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from carelane.facts.intent import PATIENT_MESSAGE, Audience
from carelane.facts.problem import Fault, Problem
from carelane.pathways.definition import SINCE_2, Definition, EffectKind
from carelane.pathways.digest import plain
from carelane.pathways.findings import choose

TEXT, MAIL = "text", "mail"
CHANNELS: Final = (TEXT, MAIL)
BLANK: Final = re.compile(r"\{([a-z_]+)\}")


class TemplateClass(StrEnum):
    """Whether it may speak of what is the matter."""

    CONTENT_FREE = "content-free"
    CLINICAL = "clinical-with-consent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Blank:
    """A place to be filled: at most so many characters, and whether what comes there is free text of a person."""

    letters_max: int
    doc: str
    free: bool = False


BLANKS: Final[Mapping[str, Blank]] = {
    "clinic": Blank(letters_max=60, doc="the organisation's name, never a department's"),
    "phone": Blank(letters_max=20, doc="the number to call back, as the site says"),
    "link": Blank(letters_max=80, doc="where to sign in, as the site says"),
    "answer": Blank(
        letters_max=92,
        doc="where to answer this message by a button; else where to sign in, or the number",
    ),
    "status": Blank(letters_max=92, doc="where to see how far it is; else where to sign in"),
    "date": Blank(letters_max=40, doc="the appointment's date, at the site"),
    "time": Blank(letters_max=12, doc="the appointment's time, at the site"),
    "milestone": Blank(
        letters_max=160,
        doc="how far it is, in the pathway's words (clinical templates only)",
        free=True,
    ),
    "note": Blank(
        letters_max=400, doc="what a person wrote into the form's field `message`", free=True
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """One text in one language; mail has a subject."""

    text: str
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """How a language writes a date (`{weekday}`, `{month}`, `{day}`) and a time (12 or 24 hours)."""

    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    date: str
    hours: int = 24

    def day(self, at: datetime) -> str:
        """A date; the instant must be local already."""
        return self.date.format(
            weekday=self.weekdays[at.weekday()], month=self.months[at.month - 1], day=at.day
        )

    def time(self, at: datetime) -> str:
        """A time of day."""
        if self.hours == 24:  # noqa: PLR2004  # the other way to write it
            return f"{at.hour}:{at.minute:02}"
        return f"{(at.hour - 1) % 12 + 1}:{at.minute:02} {'AM' if at.hour < 12 else 'PM'}"  # noqa: PLR2004  # noon


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One template. `texts` are by channel and language; `default` is the language that is always there.

    `segments` bounds a text message's parts; `otherwise` names what a patient gets who has not consented to a
    clinical one; a message that is not `counted` is outside the limit of contacts, one for `any_hour` does not wait for
    quiet hours to end. `languages` are those of its texts: a release keeps them with it.
    """

    name: str
    kind: TemplateClass
    default: str
    segments: int
    blanks: tuple[str, ...]
    texts: Mapping[str, Mapping[str, Wording]]
    otherwise: str = ""
    counted: bool = True
    any_hour: bool = field(default=False, metadata=SINCE_2)
    languages: Mapping[str, Language] = field(default_factory=dict)

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels it has words for, in the order of preference where the patient has none."""
        return tuple(channel for channel in CHANNELS if channel in self.texts)

    @property
    def clinical(self) -> bool:
        """Whether it needs the patient's consent to be told what is the matter."""
        return self.kind is TemplateClass.CLINICAL

    def wording(self, channel: str, language: str) -> tuple[str, Wording]:
        """The language that is used, and the words."""
        texts = self.texts[channel]
        used = language if language in texts else self.default
        return used, texts[used]


@dataclass(frozen=True, slots=True, kw_only=True)
class Templates:
    """All templates by name."""

    by_name: Mapping[str, Template] = field(default_factory=dict)


def canonical(template: Template) -> str:
    """A template as canonical JSON: what a release keeps of it."""
    return json.dumps(plain(template), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def revive(text: str) -> Template:
    """The template of a canonical text."""
    said = json.loads(text)
    texts = {
        channel: {language: Wording(**words) for language, words in by_language.items()}
        for channel, by_language in said.pop("texts").items()
    }
    languages = {
        name: Language(weekdays=tuple(one.pop("weekdays")), months=tuple(one.pop("months")), **one)
        for name, one in said.pop("languages").items()
    }
    blanks, kind = tuple(said.pop("blanks")), TemplateClass(said.pop("kind"))
    return Template(texts=texts, blanks=blanks, kind=kind, languages=languages, **said)


def digest_of(release: str, named: Sequence[Template]) -> str:
    """A release's digest with the templates it names; the bare one where it names none."""
    if not named:
        return release
    parts = [release, *(canonical(each) for each in sorted(named, key=lambda one: one.name))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def named_by(definition: Definition, templates: Mapping[str, Template]) -> tuple[Template, ...]:
    """The templates that a pathway's messages to patients name, and what is said instead of those."""
    names = {name for each in _messages(definition) for name in _said_by(definition, each)}
    found = [templates[name] for name in sorted(names) if name in templates]
    instead = {each.otherwise for each in found} - names - {""}
    return (*found, *(templates[name] for name in sorted(instead) if name in templates))


def check_named(definition: Definition, known: Mapping[str, Template], place: str) -> list[Problem]:
    """What is wrong with a pathway's messages to patients, and with the languages of its milestones."""
    found = [
        _wrong(f"{place}, effect {each.name}", *fault)
        for each in _messages(definition)
        for name in _said_by(definition, each)
        if (fault := _fault(each, name, known)) is not None
    ]
    return [
        *found,
        *(_wrong(f"{place}, translations", *fault) for fault in _untold(definition, known)),
    ]


def _untold(definition: Definition, known: Mapping[str, Template]) -> Iterator[tuple[str, str]]:
    """Milestones and the template that tells them speak the same languages, or a frame would hold foreign words."""
    kind = definition.effects.get(definition.milestones)
    template = known.get(kind.template) if kind is not None else None
    if template is None or "milestone" not in template.blanks:
        return
    spoken = {language for texts in template.texts.values() for language in texts}
    for language in sorted(definition.translations.keys() - spoken):
        yield (
            f"The template `{template.name}`, which tells them, has no words in `{language}`.",
            f"Write them there, or translate to: {', '.join(sorted(spoken - {template.default})) or 'none'}.",
        )
    for language in sorted(spoken - {template.default} - definition.translations.keys()):
        yield (
            f"The template `{template.name}` tells milestones in `{language}`, which has none here.",
            f"Add `translations: {{ {language}: ... }}`, or take `{language}` out of the template.",
        )


def _messages(definition: Definition) -> list[EffectKind]:
    return [each for each in definition.effects.values() if each.capability == PATIENT_MESSAGE]


def _said_by(definition: Definition, effect: EffectKind) -> tuple[str, ...]:
    """Each template that a message may have: its own, and what the rows of the table beside it name."""
    rows = [row for table in definition.tables.values() for row in table.rows]
    by_table = [str(row.then[effect.template_by]) for row in rows if effect.template_by in row.then]
    return tuple(dict.fromkeys((effect.template, *by_table)))


def _fault(effect: EffectKind, name: str, known: Mapping[str, Template]) -> tuple[str, str] | None:
    if name not in known:
        return f"No template is called `{name or 'none'}`.", choose(name, known)
    if effect.audience is not Audience.PATIENT:
        return "A message to a patient is for a patient.", "Write `audience: patient`."
    return None


def _wrong(place: str, message: str, remedy: str) -> Problem:
    return Problem(
        code="template.named", place=place, message=message, remedy=remedy, fault=Fault.SITE
    )


def filled(words: str, values: Mapping[str, str]) -> str:
    """The words with each blank filled; each must have a value."""
    return BLANK.sub(lambda found: values[found[1]], words)


def missing(words: str, values: Mapping[str, str]) -> tuple[str, ...]:
    """The blanks that have no value, or one that is longer than was allowed for."""
    return tuple(
        name
        for name in BLANK.findall(words)
        if not values.get(name) or len(values[name]) > BLANKS[name].letters_max
    )
