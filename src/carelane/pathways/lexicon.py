"""The languages of templates, and the words that say what is the matter: `templates/languages.yaml`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from carelane.pathways.shape import Part, texts_of
from carelane.pathways.templates import BLANK, Language

_COUNTS = {"weekdays": 7, "months": 12}
_KEYS = (*_COUNTS, "date", "hours")
_PARTS = frozenset({"weekday", "month", "day"})
_PLAIN = "{day} {month}"
_GAP = re.compile(r"[-\s]+")


@dataclass(slots=True)
class Lexicon:
    """Languages by code; patterns of clinical words by the word; what the site fills blanks with."""

    languages: dict[str, Language] = field(default_factory=dict)
    clinical: dict[str, re.Pattern[str]] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)


def read_lexicon(top: Part, into: Lexicon) -> None:
    """Add what a file says."""
    top.keys(("languages", "clinical"), ("languages", "clinical"))
    for name, part in top.parts("languages", "Language"):
        language = _language(part)
        if language is not None:
            into.languages[name] = language
    words = top.part("clinical", "`clinical`")
    for node in words.entries.values():
        into.clinical.update(patterns(one.text for one in texts_of(node, top.findings, "clinical")))


def patterns(words: Iterable[str]) -> dict[str, re.Pattern[str]]:
    """Words, or their beginnings (`oncolog*`), in any case, with a plural, with a hyphen or a space between."""
    return {word.casefold(): _pattern(word) for word in words if word.strip("* ")}


def _pattern(word: str) -> re.Pattern[str]:
    ending = r"\w*" if word.endswith("*") else "(?:s|es)?"
    inner = r"[-\s]+".join(re.escape(part) for part in _GAP.split(word.rstrip("*").strip()))
    return re.compile(rf"(?<!\w){inner}{ending}(?!\w)", re.IGNORECASE)


def _language(part: Part) -> Language | None:
    part.keys(_KEYS, _KEYS)
    lists = {key: part.words(key) for key in _COUNTS}
    wrong = [key for key, count in _COUNTS.items() if len(lists[key]) != count]
    for key in wrong:
        part.findings.add(
            "count", part.place(key), f"`{key}` are {_COUNTS[key]}.", "Name each once, in order."
        )
    if wrong:
        return None
    hours = 12 if part.one_of("hours", ("12", "24"), "24") == "12" else 24
    return Language(
        weekdays=lists["weekdays"], months=lists["months"], date=_date(part), hours=hours
    )


def _date(part: Part) -> str:
    date = part.text("date", _PLAIN)
    stray = set("{}") & set(BLANK.sub("", date))
    if stray or set(BLANK.findall(date)) - _PARTS:
        part.findings.add(
            "blank",
            part.place("date"),
            "`date` has a blank that means nothing.",
            "Use {weekday}, {month} and {day}.",
        )
        return _PLAIN
    return date
