"""How far a case is, from the rows of its waits: which of them were milestones, when, and what is due next."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from carelane.casebook.standing import Standing, of_rows
from carelane.compose.status import Dates
from carelane.connect.link.status_words import PHRASE_OF, STATUS_WORDS, STEP
from tests.rules.test_templates import TEMPLATES, problems
from tests.rules.texts import loaded

NOW = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
SHIPPED = (Path(__file__).parents[2] / "pathways/order-tracking.yaml").read_text("utf-8")
ORDERED = "Your doctor has ordered an examination. We will call you to find a time."
TIMED, EVALUATED = "Your examination has a time.", "Your examination is being evaluated."
DONE = "Your result is with your doctor."


def hour(number: int) -> datetime:
    """So many hours after the beginning."""
    return NOW + timedelta(hours=number)


def stands(story: str, *, closed: int | None = None, milestone: str = "") -> Standing:
    """Of waits as `state from-to [how]`, one a line, in hours; a wait without an end is due a day later."""
    definition = loaded(SHIPPED)
    rows: list[dict[str, Any]] = []
    for line in story.strip().splitlines():
        state, span, *how = line.split(maxsplit=2)
        begins, _, ends = span.partition("-")
        rows.append({"state": state, "opened_at": hour(int(begins)), "how": " ".join(how), "release": "r",
                     "closed_at": hour(int(ends)) if ends else None, "due_at": hour(int(begins) + 24)})  # fmt: skip
    row = {"release": "r", "status": "closed", "milestone": milestone,
           "closed_at": hour(closed) if closed is not None else None}  # fmt: skip
    return of_rows(row, rows, {"r": definition})


@pytest.mark.requirement("R63")
@pytest.mark.parametrize(
    ("story", "said"),
    [
        ("scheduling 0-", [(0, ORDERED)]),
        ("scheduling 0-5 appointment.booked\nscheduled 5-", [(0, ORDERED), (5, TIMED)]),
        ("scheduling 0-1 no-answer\nscheduling 1-", [(0, ORDERED)]),  # the same words twice on end
        ("scheduling 0-5\nscheduled 5-6\nscheduling 6-", [(0, ORDERED), (5, TIMED), (6, ORDERED)]),
        ("scheduling 0-5\nawaiting-result 5-5 undone\nscheduling 5-", [(0, ORDERED)]),
        ("scheduling 0-5\nawaiting-result 5-6 undone\nscheduling 6-", [(0, ORDERED)]),
        ("scheduling 0-5\nunscheduled 5-5 passed\nscheduled 5-", [(0, ORDERED), (5, TIMED)]),
        ("scheduling 0-5\nresult-overdue 5-", [(0, ORDERED)]),  # a state without a milestone
        ("of-an-older-release 0-5\nscheduled 5-", [(5, TIMED)]),
    ],
)
def test_each_milestone_once_with_its_date(story: str, said: list[tuple[int, str]]) -> None:
    found = stands(story)
    assert [(each.at, each.words) for each in found.milestones] == [
        (hour(at), one) for at, one in said
    ]
    assert found.closed_at is None


def test_the_end_is_a_milestone_and_nothing_is_due_then() -> None:
    found = stands("scheduled 0-4\nawaiting-result 4-9", closed=9, milestone=DONE)
    assert [each.words for each in found.milestones] == [TIMED, EVALUATED, DONE]
    assert (found.milestones[-1].at, found.closed_at, found.due_at) == (hour(9), hour(9), None)
    assert (
        stands("scheduled 0-4", closed=4).milestones[-1].words == TIMED
    )  # an end that says nothing


def test_the_earliest_of_open_waits_is_due_next() -> None:
    assert stands("scheduling 0-2\nscheduled 2-\nawaiting-result 1-").due_at == hour(25)


def test_words_are_said_in_a_language_that_the_pathway_has() -> None:
    [one] = stands("scheduled 0-").milestones
    assert one.said("en", "en") == TIMED
    assert one.said("es", "en") == "Su examen tiene hora."
    assert one.said("fr", "en") == ""


def test_every_language_says_everything() -> None:
    for words in STATUS_WORDS.values():
        assert set(words.phrases) == {*PHRASE_OF.values(), STEP}
        assert set(words.order) == set(words.parts) == {"day", "month", "year"}


def test_no_phrase_says_what_is_the_matter() -> None:
    """They are held against the words that a content-free template may not hold."""
    for language, words in STATUS_WORDS.items():
        plain = [words.title, words.due, words.late, words.over, words.nothing, words.ended]
        for said in (*plain, *words.phrases.values()):
            assert written(language, said) == [], said
    assert [code for code, _ in written("en", "Your result is here.")] == ["clinical"]


def written(language: str, said: str) -> list[tuple[str, str]]:
    """What is wrong with these words in a content-free template."""
    text = f"template: t\nclass: content-free\ndefault: {language}\nblanks: [clinic]\nmail:\n  {language}:\n"
    quoted = (
        said.replace("{at}", "").replace("{phone}", "").replace("{clinic}", "").replace('"', "")
    )
    return problems(f'{text}    subject: "{{clinic}}"\n    body: "{quoted}"\n')


def test_dates_are_those_of_the_site_and_name_another_year() -> None:
    """As the templates write them; a time near midnight is another day at the site, and so is a year's end."""
    spoken = TEMPLATES.by_name["status-news"].languages
    late = datetime(2027, 1, 1, 3, 30, tzinfo=UTC)
    for language, day, instant in (
        ("en", "Thursday, December 31", "Thursday, December 31, 10:30 PM"),
        ("es", "31 de diciembre", "31 de diciembre, 22:30"),
        ("fr", "jeudi 31 décembre", "jeudi 31 décembre, 22:30"),
    ):
        says = Dates(spoken[language], "America/New_York", NOW)
        assert (says.day(late), says.instant(late)) == (day, instant)
    assert Dates(spoken["en"], "UTC", NOW).day(late) == "Friday, January 1 2027"
    assert Dates(None, "UTC", NOW).instant(late) == "2027-01-01, 03:30"
