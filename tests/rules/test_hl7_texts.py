"""Components read all at once say the same as one by one."""

from hypothesis import given
from hypothesis import strategies as st

from carelane.connect.hl7v2.codec import STANDARD, Repetition

RAW = st.text(alphabet='ab ^&\\"T0~|', max_size=24)


@given(raw=RAW, number=st.integers(1, 12))
def test_texts_are_the_components_trimmed(raw: str, number: int) -> None:
    part = Repetition(raw, STANDARD, "ascii")
    one_by_one = [part.get(at) for at in range(1, number + 1)]
    assert part.texts(number) == [(text.strip() or None) if text else None for text in one_by_one]
