"""A milestone in other languages: whole, under its own words, spoken by the template that tells it."""

from pathlib import Path

import pytest

from carelane.directory.reaching import MessageRules
from carelane.effects.wording import values_of, written
from carelane.facts.fact import Payload
from carelane.pathways.digest import canonical, digest
from carelane.pathways.folder import read_texts
from carelane.pathways.lettering import load_templates
from carelane.pathways.loading import load
from carelane.pathways.overlay import overlay
from carelane.pathways.segments import basic, parts
from carelane.pathways.templates import check_named
from carelane.pathways.translations import LETTERS_MAX, in_languages
from tests.rules.texts import loaded

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "pathways/order-tracking.yaml").read_text("utf-8")
BASE, _, SPANISH = TEXT.partition("\ntranslations:")
MILESTONE = "Your examination has a time."
TEMPLATES = load_templates(
    {path.name: path.read_text("utf-8") for path in (ROOT / "templates").glob("*.yaml")}
)[0].by_name
REFERRAL = (ROOT / "pathways/referral-intake.yaml").read_text("utf-8")
FOLDER = {str(path): path.read_text("utf-8") for path in (ROOT / "pathways").rglob("*.yaml")}


def codes(text: str) -> set[str]:
    return {one.code for one in load(text)[1]}


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (f"    {MILESTONE}: Su examen tiene hora.\n", "", "untranslated"),
        (f"    {MILESTONE}:", "    Your examination has its time.:", "unknown-name"),
        ("  es:\n", "  Spanish!:\n", "name"),
        ("Su examen tiene hora.", "Su examen tiene hora" + " y más" * 30, "milestones"),
        ("Su examen tiene hora.", "[a, b]", "not-text"),
        ("language: 2", "language: 1", "language"),
        (f"milestone: {MILESTONE}", "milestone: Your examination has its time.", "untranslated"),
    ],
)
def test_a_mistake_is_refused(old: str, new: str, code: str) -> None:
    """A milestone left out, one that is none, no language, too long, other words: each has its place and remedy."""
    assert old in TEXT
    assert f"pathway.{code}" in codes(TEXT.replace(old, new))


def test_a_milestone_that_fits_into_no_message_is_refused() -> None:
    long = MILESTONE + " " * (LETTERS_MAX + 1 - len(MILESTONE) - 1) + "x"
    assert "pathway.milestones" in codes(BASE.replace(MILESTONE, f'"{long}"'))
    assert codes(BASE) == set()


def test_texts_without_translations_keep_their_digest() -> None:
    """What says nothing is no part of a release's name; what says something is."""
    silent, spoken = loaded(BASE), loaded(TEXT)
    assert silent.translations == {}
    assert '"translations"' not in canonical(silent)
    assert digest(silent) != digest(spoken)


def test_milestones_and_their_template_speak_the_same_languages() -> None:
    """A language that the template lacks, or that the pathway lacks, is refused before anything is in force."""
    assert check_named(loaded(TEXT), TEMPLATES, "x.yaml") == []
    [lacking] = check_named(loaded(BASE), TEMPLATES, "x.yaml")
    assert (lacking.code, lacking.place) == ("template.named", "x.yaml, translations")
    assert "`es`" in lacking.message
    french = loaded(TEXT + "  fr:" + SPANISH.partition("  es:")[2])
    [strange] = check_named(french, TEMPLATES, "x.yaml")
    assert "no words in `fr`" in strange.message


def test_every_shipped_milestone_is_told_in_spanish_in_few_letters() -> None:
    """Pathways and overlays, whole; and the longest is no more than three text messages."""
    found, problems = read_texts(FOLDER)
    assert problems == ()
    telling = [one.definition for one in found if one.definition.milestones]
    assert len({one.name for one in telling}) == 15
    for one in telling:
        assert check_named(one, TEMPLATES, one.name) == []
        said = {state.milestone for state in one.states.values()} - {""}
        for milestone in said:
            spanish = in_languages(one, milestone)["es"]
            text = told(milestone, spanish, "es", "text")
            assert basic(spanish) in text
            assert parts(text) <= TEMPLATES["milestone"].segments


def told(milestone: str, spanish: str, language: str, channel: str) -> str:
    template = TEMPLATES["milestone"]
    rules = MessageRules(link="https://portal.example/sign-in", phone="555-0100")
    content: Payload = {"milestone": milestone, "milestone_in": {"es": spanish}}
    values = values_of(
        content, rules, clinic="Northgate Health", zone="UTC", language=template.languages[language]
    )
    said = written(template, channel, language, values)
    assert not isinstance(said, str), said
    assert said["language"] == language
    return said["text"]


def test_the_words_are_those_of_the_language_that_is_used() -> None:
    """Mail keeps its accents; a text leaves out those that would halve it, and keeps the others."""
    assert "Se acerca. Confírmela mañana." in told(
        "Soon.", "Se acerca. Confírmela mañana.", "es", "mail"
    )
    assert "Se acerca. Confirmela mañana." in told(
        "Soon.", "Se acerca. Confírmela mañana.", "es", "text"
    )
    assert "Soon." in told("Soon.", "Pronto.", "en", "text")


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("él está ahí, ¿año?", "él esta ahi, ¿año?"),
        ("[x] €", "[x] €"),
        ("Привет", "Привет"),
        ("ŁÓ", "ŁO"),
    ],
)
def test_only_accents_go(text: str, plain: str) -> None:
    """A letter that is none without its mark stays."""
    assert basic(text) == plain


OVER = """\
overlay: mine
version: "1"
of: referral-intake
for: { service_line: cardiology }
wording:
  states:
    triage: { milestone: Somebody is reading. }
"""
ADDED = "  translations: { es: { Somebody is reading.: Alguien lee. } }\n"


def test_an_overlay_translates_its_own_words() -> None:
    """Without them it is refused; with them the base's stay, and those of words that are gone go."""
    made, problems = overlay(REFERRAL, OVER)
    assert made is None
    assert {one.code for one in problems} == {"pathway.untranslated"}
    made, problems = overlay(REFERRAL, OVER + ADDED)
    assert made is not None, problems
    spanish = made.definition.translations["es"]
    assert spanish["Somebody is reading."] == "Alguien lee."
    assert spanish["Your appointment is booked."] == "Su cita está reservada."
    assert digest(loaded(made.text)) == made.definition.digest
    _, problems = overlay(REFERRAL, OVER + ADDED.replace("reading.:", "writing.:"))
    assert {one.code for one in problems} == {"pathway.untranslated", "pathway.unknown-name"}
