"""Reading templates: texts of `templates/*.yaml` to templates, with line, column and remedy of every mistake.

One file holds the languages and the clinical words (`languages.yaml`), each other one template. Never raises on bad
text. A word that says what is the matter is refused in a content-free template, also if it is a service line's name.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from carelane.facts.problem import Problem
from carelane.pathways.findings import Findings
from carelane.pathways.lexicon import Lexicon, patterns, read_lexicon
from carelane.pathways.reader import Text, read
from carelane.pathways.segments import parts
from carelane.pathways.shape import Part
from carelane.pathways.templates import (
    BLANK,
    BLANKS,
    CHANNELS,
    MAIL,
    TEXT,
    Language,
    Template,
    TemplateClass,
    Templates,
    Wording,
    filled,
)

SUBJECT_MAX = 78  # RFC 5322, 2.1.1
SEGMENTS_MAX = 3
_FLAGS = ("counted", "any_hour")
_KEYS = ("template", "class", "default", "segments", "blanks", "otherwise", *_FLAGS, *CHANNELS)
_BRACE = re.compile(r"[{}]")


def load_templates(
    files: Mapping[str, str],
    *,
    specialities: Iterable[str] = (),
    values: Mapping[str, str] | None = None,
) -> tuple[Templates, tuple[Problem, ...]]:
    """The templates of these files (name to text) and every problem; of use if there is none.

    `specialities` are names that would tell what is the matter: the site's service lines and their specialties.
    `values` are what the site fills blanks with; other blanks are taken as long as they may be.
    """
    findings = {name: Findings(file=name) for name in sorted(files)}
    tops = {name: read(files[name], findings[name]) for name in findings}
    lexicon = Lexicon(clinical=patterns(specialities), values=values or {})
    for name, top in tops.items():
        if top is not None and "languages" in top.entries:
            read_lexicon(Part(top, findings[name], "The file"), lexicon)
    found: dict[str, Template] = {}
    for name, top in tops.items():
        if top is not None and "languages" not in top.entries:
            part = Part(top, findings[name], "The template")
            template = _template(part, lexicon)
            if template.name in found:
                part.findings.add("twice", part.place("template"), f"`{template.name}` stands in two files.",
                                  "Give one another name.")  # fmt: skip
            found[template.name] = template
    for name, top in tops.items():
        if top is not None:
            _cross(Part(top, findings[name], "The template"), found)
    problems = tuple(_ours(each) for one in findings.values() for each in one.problems)
    return Templates(by_name=found), problems


def _template(top: Part, lexicon: Lexicon) -> Template:
    top.keys(_KEYS, ("template", "class", "default"))
    name = top.text("template", "unnamed")
    top.name(name, top.place("template"))
    kind = TemplateClass(top.one_of("class", list(TemplateClass), TemplateClass.CONTENT_FREE))
    blanks = top.words("blanks")
    _check_blanks(top, blanks, kind)
    default = top.text("default", "en")
    texts = {
        channel: _channel(top, channel, _Rules(kind, blanks, lexicon, default))
        for channel in CHANNELS
        if top.node(channel)
    }
    if not texts:
        top.findings.add(
            "no-words", top.at, "The template has no words.", f"Add `{TEXT}` or `{MAIL}`."
        )
    segments = top.number("segments", least=1, most=SEGMENTS_MAX) if top.node("segments") else 1
    template = Template(
        name=name,
        kind=kind,
        default=default,
        segments=segments,
        blanks=blanks,
        texts=texts,
        otherwise=top.text("otherwise"),
        counted=top.one_of("counted", ("true", "false"), "true") == "true",
        any_hour=top.one_of("any_hour", ("true", "false"), "false") == "true",
        languages=_spoken(texts, lexicon),
    )
    _check_used(top, template)
    _check_lengths(top, template, lexicon)
    return template


def _spoken(texts: Mapping[str, Mapping[str, Wording]], lexicon: Lexicon) -> dict[str, Language]:
    used = sorted({language for by_language in texts.values() for language in by_language})
    return {name: lexicon.languages[name] for name in used if name in lexicon.languages}


@dataclass(frozen=True, slots=True)
class _Rules:
    kind: TemplateClass
    blanks: tuple[str, ...]
    lexicon: Lexicon
    default: str


def _channel(top: Part, channel: str, rules: _Rules) -> dict[str, Wording]:
    part = top.part(channel, f"`{channel}`")
    if rules.default not in part.entries and part.entries:
        top.findings.add("no-default", top.place(channel), f"`{channel}` has no words in `{rules.default}`.",
                         "Write them, or name another `default`.")  # fmt: skip
    found = {}
    for language, node in part.entries.items():
        if language not in rules.lexicon.languages:
            top.findings.unknown(
                "language", language, part.place(language), rules.lexicon.languages
            )
        if channel == MAIL:
            mail = Part(node, top.findings, f"Mail in `{language}`")
            mail.keys(("subject", "body"), ("subject", "body"))
            found[language] = Wording(
                text=_words(mail, "body", rules), subject=_words(mail, "subject", rules)
            )
            _check_subject(mail)
        else:
            found[language] = Wording(text=_words(part, language, rules))
    return found


def _words(part: Part, key: str, rules: _Rules) -> str:
    """A text, its blanks and words checked where they stand."""
    node = part.node(key)
    words = part.text(key)
    if not isinstance(node, Text):
        return words
    for found in BLANK.finditer(words):
        if found[1] not in rules.blanks:
            part.findings.add("blank", node.inside(found.start() + 1), f"The blank `{{{found[1]}}}` is not declared.",
                              f"Add it to `blanks`, or use one of: {', '.join(rules.blanks) or 'none'}.")  # fmt: skip
    if (stray := _BRACE.search(BLANK.sub(lambda one: "x" * len(one[0]), words))) is not None:
        part.findings.add("brace", node.inside(stray.start() + 1), "A brace stands alone.",
                          "Write a blank like {clinic}, or leave the brace out.")  # fmt: skip
    if rules.kind is TemplateClass.CONTENT_FREE:
        _check_words(part.findings, node, rules.lexicon.clinical)
    return words


def _check_words(findings: Findings, node: Text, clinical: Mapping[str, re.Pattern[str]]) -> None:
    for pattern in clinical.values():
        if (found := pattern.search(node.text)) is not None:
            findings.add("clinical", node.inside(found.start() + 1), f"`{found[0]}` says what is the matter.",
                         "Leave it out, or write a template of class clinical-with-consent.")  # fmt: skip


def _check_blanks(top: Part, blanks: Sequence[str], kind: TemplateClass) -> None:
    for name in blanks:
        if name not in BLANKS:
            top.findings.unknown("blank", name, top.place("blanks"), BLANKS)
        elif BLANKS[name].free and kind is TemplateClass.CONTENT_FREE:
            top.findings.add("clinical", top.place("blanks"), f"`{name}` may say what is the matter.",
                             "Leave it out, or write a template of class clinical-with-consent.")  # fmt: skip


def _check_subject(mail: Part) -> None:
    subject = mail.text("subject")
    blanks = sorted(set(BLANK.findall(subject)) - {"clinic"})
    if blanks:
        mail.findings.add("subject", mail.place("subject"), f"A subject can't hold `{{{blanks[0]}}}`: it is shown to "
                          "whoever sees the screen.", "Use {clinic} or no blank.")  # fmt: skip
    if len(subject) > SUBJECT_MAX or "\n" in subject:
        mail.findings.add("subject", mail.place("subject"), f"A subject is one line of {SUBJECT_MAX} letters.",
                          "Shorten it.")  # fmt: skip


def _check_used(top: Part, template: Template) -> None:
    used = {
        name
        for texts in template.texts.values()
        for words in texts.values()
        for name in BLANK.findall(words.text + words.subject)
    }
    for name in template.blanks:
        if name not in used:
            top.findings.add(
                "unused", top.place("blanks"), f"The blank `{name}` is in no text.", "Remove it."
            )


def _check_lengths(top: Part, template: Template, lexicon: Lexicon) -> None:
    section = top.part(TEXT, f"`{TEXT}`") if TEXT in template.texts else None
    for name, words in template.texts.get(TEXT, {}).items():
        longest = max(
            parts(text) for text in _worst(words.text, lexicon.languages.get(name), lexicon.values)
        )
        if section is not None and longest > template.segments:
            top.findings.add("too-long", section.place(name), f"In `{name}` it may take {longest} text messages.",
                             f"Shorten it, or set `segments: {longest}` (at most {SEGMENTS_MAX}).")  # fmt: skip


def _worst(words: str, language: Language | None, site: Mapping[str, str]) -> list[str]:
    """The words with the longest that each blank can hold, on each kind of day."""
    longest = {name: "x" * blank.letters_max for name, blank in BLANKS.items()}
    values = {**longest, **{name: value for name, value in site.items() if value}}
    known = BLANK.sub(lambda one: one[0] if one[1] in values else one[0].strip("{}"), words)
    if language is None or "date" not in BLANK.findall(words):
        return [filled(known, values)]
    first = datetime(2026, 12, 1)  # noqa: DTZ001  # a day of the calendar, nowhere
    days = [first + timedelta(days=31 * month + day) for month in range(12) for day in range(7)]
    return [filled(known, {**values, "date": language.day(one)}) for one in days]


def _cross(top: Part, found: Mapping[str, Template]) -> None:
    template = found.get(top.text("template"))
    if template is None or not template.otherwise:
        return
    other = found.get(template.otherwise)
    if other is None:
        top.findings.unknown("template", template.otherwise, top.place("otherwise"), found)
    elif other.clinical or not template.clinical:
        top.findings.add("otherwise", top.place("otherwise"), "Instead of a clinical message comes a content-free one.",
                         "Name a content-free template, in a clinical one.")  # fmt: skip


def _ours(problem: Problem) -> Problem:
    """The reader speaks of pathways; here it is a template."""
    code = problem.code.replace("pathway.", "template.", 1)
    if code == "template.not-a-pathway":
        return replace(problem, code="template.not-a-template", message="A template is a mapping of names to values.",
                       remedy="Begin with `template: name`.")  # fmt: skip
    return replace(problem, code=code)
