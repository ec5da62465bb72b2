"""Properties of the HL7 v2 codec: round trips, and any bytes are read or refused, never raised."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carelane.connect.hl7v2.codec import (
    STANDARD,
    Framer,
    Message,
    Separators,
    acknowledge,
    build,
    compose,
    envelope,
    frame,
    parse,
    split_batch,
)
from carelane.connect.hl7v2.codec.building import Field
from carelane.connect.hl7v2.codec.escapes import escape, unescape

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MARKS = "|^~\\&#!$%*+,-./:;<=>?@[]_`{}()'"

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
marks = st.permutations(MARKS).map(
    lambda chars: Separators(
        field=chars[0],
        component=chars[1],
        repetition=chars[2],
        escape=chars[3],
        subcomponent=chars[4],
        truncation=chars[5],
    )
)
separators = st.one_of(st.just(STANDARD), marks)
values = st.one_of(st.none(), texts)
components = st.one_of(values, st.lists(values, min_size=1, max_size=3).map(tuple))
repetitions = st.one_of(values, st.lists(components, min_size=1, max_size=3).map(tuple))
fields = st.one_of(repetitions, st.lists(repetitions, min_size=1, max_size=3))
names = st.from_regex(r"\A[A-Z][A-Z0-9]{2}\Z").filter(
    lambda name: name not in {"MSH", "FHS", "BHS"}
)
segments = st.tuples(names, st.lists(fields, max_size=5))


def _message(marks: Separators, body: list[tuple[str, list[Field]]]) -> Message:
    return compose(("MSH", ["A", "B"]), *body, separators=marks)


@given(separators, st.lists(segments, max_size=5))
def test_what_is_built_is_read_back_the_same(
    marks: Separators, body: list[tuple[str, list[Field]]]
) -> None:
    message = _message(marks, body)
    again, problems = parse(build(message))
    assert again == message
    assert problems == ()


@given(separators, texts)
def test_any_text_survives_escaping(marks: Separators, text: str) -> None:
    assert unescape(escape(text, marks), marks) == text


@given(separators, st.lists(values, min_size=1, max_size=4))
def test_components_come_back_by_their_number(marks: Separators, parts: list[str | None]) -> None:
    """None stays absent and an empty text stays the null, whatever the separators."""
    message, _ = parse(build(_message(marks, [("ZZZ", [tuple(parts)])])))
    assert message is not None
    for number, part in enumerate(parts, start=1):
        assert message.get("ZZZ", 1, number) == part


def test_a_codec_that_forgets_to_escape_is_caught() -> None:
    """Planted mutant: writing values as they are loses the structure."""
    careless = "MSH|^~\\&|A\rZZZ|a^b"
    message, _ = parse(careless.encode())
    assert message is not None
    assert message.get("ZZZ", 1) != "a^b"


noise = st.one_of(
    st.binary(max_size=200),
    st.lists(
        st.sampled_from(
            [
                b"MSH|^~\\&|",
                b"MSH",
                b"PID|1||",
                b"\r",
                b"\n",
                b"\\",
                b"\\X",
                b"\xff",
                b"\xef\xbb\xbf",
                b"BHS|",
                b"BTS|9",
                b"FHS",
                b"|" * 20,
                b"8859/7",
                b"\x0b",
                b"\x1c\r",
                b"^",
                b'""',
                b" ",
            ]
        ),
        max_size=20,
    ).map(b"".join),
    st.binary(max_size=60).map(lambda tail: b"MSH|^~\\&|A|B|C|D|||ADT^A01|1|P|2.5||||||" + tail),
)


@pytest.mark.invariant("I1")
@settings(max_examples=300)
@given(noise)
def test_any_bytes_are_read_or_reported_and_nothing_is_raised(raw: bytes) -> None:
    message, problems = parse(raw)
    assert message is not None or problems
    assert envelope(raw).problems or message is not None
    assert acknowledge(raw, code="AR", now=AT, control_id="1").startswith(b"MSH")
    pieces, found = split_batch(raw)
    assert pieces or found
    if message is not None:
        for segment in message:
            for field in range(1, 4):
                segment.get(field, 2, 2)
                segment.whole(field)
        again, _ = parse(build(message))
        assert again == message


@settings(max_examples=200)
@given(noise, st.lists(st.integers(1, 40), min_size=1, max_size=20))
def test_framing_survives_any_bytes_in_any_pieces(raw: bytes, cuts: list[int]) -> None:
    framer = Framer(bytes_max=64)
    at = 0
    for cut in cuts:
        framer.receive(raw[at : at + cut])
        at += cut
    framer.receive(raw[at:])
    framer.close()
    assert framer.receive(frame(b"MSH|^~\\&|A"))[-1:] != []
