"""MLLP framing and batch files: single messages out of streams and files, whatever the cuts."""

import pytest

from carelane.connect.hl7v2.codec import Broken, Event, Frame, Framer, Garbage, frame, split_batch

ONE = b"MSH|^~\\&|A|B|C|D|||ADT^A01|1|P|2.5\rPID|1\r"
TWO = b"MSH|^~\\&|A|B|C|D|||ADT^A01|2|P|2.5\rPID|2\r"


def _feed(framer: Framer, *chunks: bytes) -> list[Event]:
    return [event for chunk in chunks for event in framer.receive(chunk)]


def test_two_frames_in_one_packet_are_two_messages() -> None:
    assert _feed(Framer(), frame(ONE) + frame(TWO)) == [Frame(ONE), Frame(TWO)]


@pytest.mark.requirement("R19")
@pytest.mark.parametrize("cut", range(1, len(frame(ONE) + frame(TWO))))
def test_a_frame_cut_at_any_byte_is_read_whole(cut: int) -> None:
    stream = frame(ONE) + frame(TWO)
    assert _feed(Framer(), stream[:cut], stream[cut:]) == [Frame(ONE), Frame(TWO)]


def test_a_frame_byte_by_byte_is_read_whole() -> None:
    stream = frame(ONE) + frame(TWO)
    pieces = [stream[at : at + 1] for at in range(len(stream))]
    assert _feed(Framer(), *pieces) == [Frame(ONE), Frame(TWO)]


def test_a_frame_without_end_block_is_reported_with_its_head() -> None:
    framer = Framer()
    assert _feed(framer, b"\x0b" + ONE) == []
    assert framer.close() == [Broken("unfinished", ONE)]
    assert framer.close() == []


def test_a_new_start_inside_a_frame_ends_the_lost_one() -> None:
    assert _feed(Framer(), b"\x0b" + ONE + frame(TWO)) == [Broken("unfinished", ONE), Frame(TWO)]


def test_garbage_between_frames_is_counted_and_skipped() -> None:
    events = _feed(Framer(), b"hello" + frame(ONE) + b"\r\n" + frame(TWO) + b"xy")
    assert events == [Garbage(5), Frame(ONE), Frame(TWO), Garbage(2)]


def test_a_lone_file_separator_ends_a_frame_too() -> None:
    assert _feed(Framer(), b"\x0b" + ONE + b"\x1c" + frame(TWO)) == [Frame(ONE), Frame(TWO)]


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_too_large_a_frame_is_refused_in_bounded_memory_and_the_next_is_read(size: int) -> None:
    framer = Framer(bytes_max=100)
    stream = b"\x0b" + ONE + b"x" * 500 + b"\x1c\r" + frame(TWO)
    events = _feed(framer, *(stream[at : at + size] for at in range(0, len(stream), size)))
    assert len(events) == 2
    first = events[0]
    assert isinstance(first, Broken)
    assert first.reason == "too-large"
    assert first.head.startswith(ONE)
    assert events[1] == Frame(TWO)


def test_a_frame_of_exactly_the_limit_is_taken() -> None:
    assert _feed(Framer(bytes_max=len(ONE)), frame(ONE)) == [Frame(ONE)]
    assert isinstance(_feed(Framer(bytes_max=len(ONE) - 1), frame(ONE))[0], Broken)


BATCH = b"FHS|^~\\&|A\rBHS|^~\\&|A\r" + ONE + TWO + b"BTS|2\rFTS|1\r"


@pytest.mark.parametrize(
    ("raw", "pieces", "codes"),
    [
        (ONE, (ONE,), set[str]()),
        (BATCH, (ONE, TWO), set[str]()),
        (
            BATCH.replace(b"\r", b"\n"),
            (ONE.replace(b"\r", b"\n"), TWO.replace(b"\r", b"\n")),
            set[str](),
        ),
        (BATCH.replace(b"BTS|2", b"BTS|3"), (ONE, TWO), {"hl7v2.batch-count"}),
        (BATCH.replace(b"FTS|1\r", b""), (ONE, TWO), {"hl7v2.batch-unbalanced"}),
        (ONE + TWO, (ONE, TWO), set[str]()),
        (ONE + b"\r\r" + TWO, (ONE, TWO), set[str]()),
        (b"\xef\xbb\xbf" + ONE + b"\xef\xbb\xbf" + TWO, (ONE, TWO), set[str]()),
        (frame(ONE) + frame(TWO), (ONE, TWO), set[str]()),
        (b"# comment\r" + ONE, (ONE,), {"hl7v2.garbage"}),
        (b"FHS|^~\\&|A\rFTS|0\r", (), {"hl7v2.batch-empty"}),
        (b"rubbish", (b"rubbish",), set[str]()),
        (b"", (b"",), set[str]()),
    ],
)
def test_batches_are_split_into_single_messages(
    raw: bytes, pieces: tuple[bytes, ...], codes: set[str]
) -> None:
    found, problems = split_batch(raw)
    assert found == pieces
    assert {problem.code for problem in problems} == codes


def test_a_header_name_inside_text_does_not_split() -> None:
    raw = ONE + b"NTE|1||see MSH|^~\\&| and MSHX\r"
    assert split_batch(raw) == ((raw,), ())
