"""How the synthetic hospital's patients answer an offer: drawn beforehand for patient and time, in their language."""

from collections import Counter

import pytest

from carelane.testing.gateways.flavours import Asked
from carelane.testing.hospital.phones import ACCEPTS, OFFERS, answer_to_offer
from carelane.testing.hospital.work import WORK

ENGLISH = "Clinic: an earlier time is free: {}. Reply YES to take it or NO to keep waiting."
SPANISH = "Clinic: hay una hora libre: {}. Responda SI para tomarla o NO para seguir en espera."


def asked(text: str, *, to: str = "+15550000001", reference: str = "one") -> Asked:
    return Asked(to=to, text=text, reference=reference)


@pytest.mark.parametrize(
    ("text", "roll", "ends"),
    [
        (ENGLISH, 0.10, ("accepted", "YES")),
        (ENGLISH, 0.12, ("declined", "NO")),
        (ENGLISH, 0.50, ("unanswered", "")),
        (SPANISH, 0.10, ("accepted", "SI")),
        (SPANISH, 0.12, ("declined", "NO")),
        ("Clinic: the time we offered was taken.", 0.10, None),
    ],
)
def test_an_offer_is_answered_as_it_was_drawn(
    text: str, roll: float, ends: tuple[str, str] | None
) -> None:
    """Eleven of a hundred say yes, thirty say no; what offers nothing is no offer."""
    assert answer_to_offer(lambda *_: roll, asked(text)) == ends


def test_the_same_time_is_answered_alike_however_often_it_is_offered() -> None:
    """The draw is named by patient and words, which hold the time: not by the text's number."""
    names: list[tuple[object, ...]] = []

    def draw(*what: object) -> float:
        names.append(what)
        return 0.5

    first = asked(ENGLISH.format("Monday, 9:00"))
    again = asked(ENGLISH.format("Monday, 9:00"), reference="two")
    other = asked(ENGLISH.format("Monday, 10:00"))
    for each in (first, again, other, asked(first.text, to="+15550000002")):
        answer_to_offer(draw, each)

    assert names[0] == names[1]
    assert len(Counter(names)) == 3


def test_nobody_says_yes_more_often_by_phone_than_by_text() -> None:
    """The task of calling with an offer ends by the same share."""
    choices = WORK["waitlist-offer/call-with-offer"].choices
    whole = sum(weight for weight, _, _ in choices)
    yes = sum(weight for weight, outcome, _ in choices if outcome == "accepted")

    assert yes / whole == pytest.approx(ACCEPTS)
    assert {words for words, _ in OFFERS.values()} == {"YES", "SI"}
