"""The word in a patient's link: ours and whole, or nothing; it says nothing of a patient."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from carelane.facts.answer_links import ANSWER, STATUS, Ended, made, opened
from carelane.store.tokens import Tokens

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
EFFECT = UUID("019caeda-d193-8a74-bfde-780a43fe1a46")
SEAL = Tokens(b"k" * 32).of
OTHERS = Tokens(b"o" * 32).of


def test_a_word_names_its_message_until_it_ends() -> None:
    """Short enough for a text, safe in an address, and over at its time."""
    word = made(SEAL, EFFECT, NOW + timedelta(days=1))

    assert len(word) == 43  # 32 bytes
    assert set(word) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert opened(SEAL, word, NOW) == EFFECT
    assert opened(SEAL, word, NOW + timedelta(days=1)) == Ended(effect=EFFECT)
    assert opened(OTHERS, word, NOW) is None


@given(st.integers(0, 42), st.characters(codec="ascii"))
def test_a_changed_word_opens_nothing(place: int, sign: str) -> None:
    """Every letter counts, also the bits that the last one carries for nothing."""
    word = made(SEAL, EFFECT, NOW + timedelta(days=1))
    other = word[:place] + sign + word[place + 1 :]

    assert opened(SEAL, other, NOW) == (EFFECT if other == word else None)


@given(st.text(max_size=80))
def test_whatever_is_sent_is_an_answer_and_no_error(word: str) -> None:
    """Strangers try anything."""
    assert opened(SEAL, word, NOW) is None


def test_a_word_for_one_use_opens_nothing_of_the_other() -> None:
    """Whoever may look may not answer, and the other way round."""
    until = NOW + timedelta(days=1)
    for use, other in ((ANSWER, STATUS), (STATUS, ANSWER)):
        word = made(SEAL, EFFECT, until, use=use)

        assert opened(SEAL, word, NOW, use=use) == EFFECT
        assert opened(SEAL, word, NOW, use=other) is None
        assert opened(SEAL, word, until, use=other) is None  # nor is it told that it was one
