"""Templates: shipped ones hold, each mistake is found where it stands, and what is filled fits and says nothing."""

import math
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carelane.directory.reaching import MessageRules
from carelane.effects.wording import values_of, written
from carelane.pathways.lettering import load_templates
from carelane.pathways.loading import load
from carelane.pathways.segments import parts
from carelane.pathways.templates import (
    BLANK,
    BLANKS,
    Template,
    canonical,
    check_named,
    digest_of,
    filled,
    missing,
    named_by,
    revive,
)

ROOT = Path(__file__).parents[2]
SHIPPED = {path.name: path.read_text("utf-8") for path in (ROOT / "templates").glob("*.yaml")}
LEXICON = SHIPPED["languages.yaml"]
TEMPLATES, PROBLEMS = load_templates(SHIPPED, specialities=["Orthopaedics", "Primary care"])
GOOD = """template: hello
class: content-free
default: en
blanks: [clinic]
text:
  en: "A word from {clinic}."
"""


def problems(text: str, *, specialities: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """Codes and places of what is wrong with one template."""
    _, found = load_templates(
        {"languages.yaml": LEXICON, "t.yaml": text}, specialities=specialities
    )
    assert all(each.remedy and each.place.startswith("t.yaml") for each in found)
    return [
        (each.code.removeprefix("template."), each.place.removeprefix("t.yaml, ")) for each in found
    ]


def test_shipped_templates_hold() -> None:
    assert PROBLEMS == ()
    assert {each.clinical for each in TEMPLATES.by_name.values()} == {True, False}


def test_a_good_one_has_no_problem() -> None:
    assert problems(GOOD) == []


@pytest.mark.parametrize(
    ("before", "after", "code", "place"),
    [
        ("A word", "Your test results", "clinical", "line 6, column 13"),
        ("A word", "Your BLOOD-TEST", "clinical", "line 6, column 13"),
        ("A word", "Oncology: a word", "clinical", "line 6, column 8"),
        ("A word", "Knee clinic: a word", "clinical", "line 6, column 8"),
        ("{clinic}", "{clinc}", "blank", "line 6, column 20"),
        ("{clinic}", "{clinic}}", "brace", "line 6, column 28"),
        ("  en:", "  xx:", "unknown-name", "line 6, column 3"),
        ("default: en", "default: es", "no-default", "line 5, column 1"),
        ("class: content-free", "class: free", "not-listed", "line 2, column 8"),
        ("[clinic]", "[clinic, link]", "unused", "line 4, column 1"),
        ("[clinic]", "[clinic, secret]", "unknown-name", "line 4, column 1"),
        ("[clinic]", "[clinic, note]", "clinical", "line 4, column 1"),
        ("A word", "x" * 150, "too-long", "line 6, column 3"),
        ("A word", "日" * 40, "too-long", "line 6, column 3"),
        ("text:", "page:", "unknown-key", "line 5, column 1"),
        ("template: hello", "template: Hello", "name", "line 1, column 1"),
        ("default: en", "default: en\notherwise: other", "unknown-name", "line 4, column 1"),
        ("default: en", "default: en\nsegments: 9", "not-a-number", "line 4, column 11"),
    ],
)
def test_each_mistake_is_found_where_it_stands(
    before: str, after: str, code: str, place: str
) -> None:
    """With line, column and remedy; such a template can't be put in force."""
    assert (code, place) in problems(GOOD.replace(before, after, 1), specialities=("Knee clinic",))


@pytest.mark.parametrize(
    "text", ["", "- a", "a: [", "template: *x", "template: !x y", "languages: 3", "text: {en: 3}"]
)
def test_no_text_raises(text: str) -> None:
    assert problems(text) != []


def test_mail_subjects_and_instead_of_a_clinical_one() -> None:
    mail = GOOD.replace('text:\n  en: "A word from {clinic}."\n',
                        "mail:\n  en: { subject: 'On {date}', body: 'From {clinic} {date}' }\n")  # fmt: skip
    assert "subject" in dict(problems(mail.replace("[clinic]", "[clinic, date]")))
    instead = GOOD.replace("default: en", "default: en\notherwise: hello")
    assert "otherwise" in dict(problems(instead))


@given(st.data())
def test_what_is_filled_has_no_blank_left_and_fits(data: st.DataObject) -> None:
    """Whatever the values within their bounds: no brace, and never more parts than declared."""
    template = data.draw(
        st.sampled_from(sorted(TEMPLATES.by_name.values(), key=lambda one: one.name))
    )
    letters = st.sampled_from("abcXYZ019 -./:@éñÜ?")
    values = {
        name: data.draw(st.text(letters, min_size=1, max_size=BLANKS[name].letters_max))
        for name in BLANKS
    }
    for channel, texts in template.texts.items():
        for language, words in texts.items():
            at = data.draw(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)))  # noqa: DTZ001  # local already
            values["date"] = template.languages[language].day(at)
            values["time"] = template.languages[language].time(at)
            text = filled(words.text, values)
            assert missing(words.text, values) == ()
            assert not BLANK.search(text)
            if channel == "text":
                assert parts(text) <= template.segments


@pytest.mark.requirement("R104")
@given(
    st.sampled_from(["oncology", "results", "Blood Test", "HIV", "colonoscopies", "prescription"]),
    st.text(
        st.characters(codec="ascii", categories=("L", "Zs", "P"), exclude_characters='{}"\\'),
        max_size=20,
    ),
)
def test_a_clinical_word_is_refused_wherever_it_stands(word: str, around: str) -> None:
    text = GOOD.replace("A word from", f"{around} {word} {around}")
    _, found = load_templates({"languages.yaml": LEXICON, "t.yaml": text})
    assert "template.clinical" in {each.code for each in found}


def mutant_whole_small_words(text: str) -> bool:
    """Mutant: a clinical word is found only as it is written in the list."""
    return "result" in text.split(" ")


def test_mutant_words_compared_as_they_are_written_is_caught() -> None:
    assert not mutant_whole_small_words("Your Results")
    assert problems(GOOD.replace("A word", "Your Results")) == [("clinical", "line 6, column 13")]


def test_the_sites_own_values_count_for_the_length() -> None:
    """A long name, or one with an accent, makes a text longer than its blank alone."""
    files = {"languages.yaml": LEXICON, "t.yaml": GOOD.replace("A word", "x" * 60)}
    assert load_templates(files)[1] == ()
    [problem] = load_templates(files, values={"clinic": "Clínica"})[1]
    assert problem.code == "template.too-long"


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 1), ("x" * 160, 1), ("x" * 161, 2), ("x" * 306, 2), ("x" * 307, 3), ("€" * 80, 1), ("€" * 81, 2),
     ("á" * 70, 1), ("á" * 71, 2), ("😀" * 35, 1), ("😀" * 36, 2), ("á" * 135, 3)],
)  # fmt: skip
def test_parts_of_a_text(text: str, count: int) -> None:
    assert parts(text) == count


@given(st.text(max_size=400))
def test_parts_are_never_fewer_than_the_letters_need(text: str) -> None:
    assert parts(text) >= max(1, math.ceil(len(text) / 160))


def test_a_template_comes_back_from_its_canonical_text() -> None:
    for template in TEMPLATES.by_name.values():
        assert revive(canonical(template)) == template


PATHWAY = (ROOT / "tests/flows/messages/visit-reminder.yaml").read_text("utf-8")


def test_a_release_changes_with_its_templates() -> None:
    """One letter of a text gives another digest; a template it doesn't name doesn't."""
    definition, _ = load(PATHWAY)
    assert definition is not None
    named = named_by(definition, TEMPLATES.by_name)
    assert [each.name for each in named] == ["appointment-reminder"]
    changed = {
        **SHIPPED,
        "appointment-reminder.yaml": SHIPPED["appointment-reminder.yaml"].replace(
            "STOP ends", "STOP end"
        ),
    }
    other = load_templates(changed)[0].by_name
    assert digest_of(definition.digest, named) != digest_of(
        definition.digest, named_by(definition, other)
    )
    assert digest_of(definition.digest, ()) == definition.digest
    without: dict[str, Template] = {}
    [problem] = check_named(definition, without, "visit-reminder.yaml")
    assert (problem.code, problem.place) == ("template.named", "visit-reminder.yaml, effect remind")
    assert check_named(definition, TEMPLATES.by_name, "visit-reminder.yaml") == []


def test_what_stands_instead_is_part_of_the_release_too() -> None:
    definition, _ = load(
        PATHWAY.replace("template: appointment-reminder", "template: care-message")
    )
    assert definition is not None
    assert [each.name for each in named_by(definition, TEMPLATES.by_name)] == [
        "care-message",
        "message-waiting",
    ]


def test_values_are_the_sites_the_appointments_and_nothing_else() -> None:
    """Date and time at the site, in the patient's language; a blank without a value is named."""
    template = TEMPLATES.by_name["appointment-reminder"]
    content = {
        "appointment": {"start": "2026-03-08T06:30:00+00:00"},
        "patient": {"name": "Canary"},
        "fields": {"x": "y"},
    }
    rules = MessageRules(phone="+1-555-010-0100")
    for language, date, time in (
        ("en", "Sunday, March 8", "1:30 AM"),
        ("es", "8 de marzo", "1:30"),
    ):
        values = values_of(content, rules, clinic="Northgate", zone="America/New_York",
                           language=template.languages[language])  # fmt: skip
        said = written(template, "text", language, values)
        assert not isinstance(said, str)
        assert date in said["text"]
        assert time in said["text"]
        assert "Canary" not in said["text"]
    lacking = values_of({}, rules, clinic="Northgate", zone="America/New_York", language=None)
    assert written(template, "text", "en", lacking) == "date"


def test_a_value_longer_than_allowed_for_is_no_value() -> None:
    assert missing("{clinic}", {"clinic": "x" * 61}) == ("clinic",)


def test_twelve_hours_have_no_zero() -> None:
    english = TEMPLATES.by_name["appointment-reminder"].languages["en"]
    day = datetime(2026, 1, 1)  # noqa: DTZ001  # a clock on the wall
    said = [english.time(day + timedelta(hours=hour)) for hour in (0, 1, 11, 12, 13, 23)]
    assert said == ["12:00 AM", "1:00 AM", "11:00 AM", "12:00 PM", "1:00 PM", "11:00 PM"]
