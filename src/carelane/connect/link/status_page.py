"""The page behind a milestone's link: first a question for the birth date, then how far the case is. No script.

It is laid out for a phone and read from top to bottom: what has happened, what comes next, whom to call. A date is
three small fields with labels of their own, which need no picker and which a browser may fill that knows the reader.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Final

from carelane.connect.link.page import STYLE, filled, page, policy_of, with_phone
from carelane.connect.link.status_words import PHRASE_OF, STATUS_WORDS, STEP, StatusWords

STATUS_STYLE: Final = STYLE + (
    "h2{font-size:1.25rem;line-height:1.3;margin:2rem 0 .5rem}"
    "fieldset{border:0;margin:0;padding:0;min-width:0}"
    "legend{font-weight:600;padding:0;margin:0 0 .5rem}"
    ".parts{display:flex;flex-wrap:wrap;gap:.75rem}"
    ".parts label{display:grid;gap:.25rem}"
    "input{font:inherit;box-sizing:border-box;width:5.5rem;max-width:100%;min-height:3rem;padding:.5rem;"
    "border:2px solid CanvasText;border-radius:.5rem;background:Canvas;color:CanvasText}"
    "input:focus-visible{outline:3px solid Highlight;outline-offset:3px}"
    ".wrong{border-left:.375rem solid CanvasText;padding-left:.75rem;font-weight:600}"
    "ol{list-style:none;margin:0;padding:0}"
    "li{border-left:.25rem solid CanvasText;margin:0;padding:0 0 1rem 1rem}"
    "li:last-child{padding-bottom:0}"
    "time{display:block;font-size:1rem}"
    "small{display:block;margin-top:2rem;font-size:1rem}"
)
STATUS_POLICY: Final = policy_of(STATUS_STYLE)
_LETTERS: Final[Mapping[str, int]] = {"day": 2, "month": 2, "year": 4}
SAYING: Final = frozenset({"ended", "often", "sorry"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One milestone: its date as it is read, and its words, or the public code that a phrase stands for."""

    when: str
    words: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the page shows, in this language; dates are written out already. `over` is the end of what has ended."""

    language: str
    now: str
    lines: tuple[Line, ...] = ()
    due: str = ""
    late: bool = False
    over: str = ""


def checking(language: str, site: Mapping[str, str], *, wrong: bool = False) -> str:
    """The question for the birth date; the form goes back to the same address."""
    words = STATUS_WORDS[language]
    fault = (
        f'<p class="wrong" role="alert" id="fault">{with_phone(words.wrong, site)}</p>'
        if wrong
        else ""
    )
    about = ' aria-describedby="fault"' if wrong else ""
    fields = "".join(_field(words, name) for name in words.order)
    body = (
        f"<p>{escape(words.check)}</p>{fault}"
        f'<form method="post"><fieldset{about}><legend>{escape(words.born)}</legend><div class="parts">{fields}</div>'
        f'</fieldset><button type="submit">{escape(words.show)}</button></form>'
        f"<p>{with_phone(words.call, site)}</p>"
    )
    return _page(language, site, body)


def _field(words: StatusWords, name: str) -> str:
    return (
        f'<label for="{name}">{escape(words.parts[name])}<input id="{name}" name="{name}" inputmode="numeric" '
        f'autocomplete="bday-{name}" maxlength="{_LETTERS[name]}" required></label>'
    )


def saying(language: str, site: Mapping[str, str], what: str) -> str:
    """One sentence: `ended`, `often` or `sorry`. A screen reader says it at once."""
    said = with_phone(str(getattr(STATUS_WORDS[language], what)), site)
    return _page(language, site, f'<p role="status">{said}</p>')


def showing(site: Mapping[str, str], told: Told) -> str:
    """What has happened, what comes next, whom to call."""
    words = STATUS_WORDS[told.language]
    parts = (
        _part(words.happened, _lines(words, told)),
        _part(words.comes, f"<p>{escape(_next(words, told))}</p>"),
        _part(words.whom, f"<p>{with_phone(words.call, site)}</p>"),
        f"<small>{escape(words.now.format(at=told.now))}</small>",
    )
    return _page(told.language, site, "".join(parts))


def _part(heading: str, body: str) -> str:
    return f"<h2>{escape(heading)}</h2>{body}"


def _lines(words: StatusWords, told: Told) -> str:
    """Phrases that repeat the one before say nothing new: one stands for them, with the first date."""
    said = [(one.when, one.words or _phrase(words, one.status)) for one in told.lines]
    fresh = [each for at, each in enumerate(said) if at == 0 or said[at - 1][1] != each[1]]
    if not fresh:
        return f"<p>{escape(words.nothing)}</p>"
    items = "".join(f"<li><time>{escape(when)}</time>{escape(text)}</li>" for when, text in fresh)
    return f"<ol>{items}</ol>"


def _phrase(words: StatusWords, status: str) -> str:
    return words.phrases[PHRASE_OF.get(status, STEP)]


def _next(words: StatusWords, told: Told) -> str:
    if told.over or not told.due:
        return words.over.format(at=told.over)
    return (words.late if told.late else words.due).format(at=told.due)


def _page(language: str, site: Mapping[str, str], body: str) -> str:
    title = filled(STATUS_WORDS[language].title, site)
    return page(language, title, body, style=STATUS_STYLE)
