"""The HL7 v2 codec by examples: separators, escapes, character sets, tolerance, limits."""

from datetime import UTC, datetime

import pytest

from carelane.connect.hl7v2.codec import (
    BYTES_MAX,
    Message,
    Separators,
    Unbuildable,
    acknowledge,
    build,
    compose,
    envelope,
    parse,
    segment_text,
)
from carelane.facts.problem import Severity

HEADER = "MSH|^~\\&|LAB|NORTH|CARELANE|SITE|20261123090000+0000||ADT^A01|42|P|2.5.1"
AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def _read(text: str, charset: str = "utf-8") -> Message:
    message, _ = parse(text.encode(charset))
    assert message is not None
    return message


def _codes(raw: bytes) -> set[str]:
    return {problem.code for problem in parse(raw)[1]}


ESCAPES = [
    (r"a\F\b", "a|b"),
    (r"a\S\b", "a^b"),
    (r"a\T\b", "a&b"),
    (r"a\R\b", "a~b"),
    (r"a\E\b", "a\\b"),
    (r"line\.br\line", "line\nline"),
    (r"two\.sp2\lines", "two\n\nlines"),
    (r"\.fi\text\.in+4\ends", "textends"),
    (r"col\.sk3\col", "col   col"),
    (r"\H\bold\N\ plain", "bold plain"),
    (r"\X41\\X4243\ ", "ABC "),
    (r"\XC3A4\ ", "ä "),
    (r"\E\F\E\ ", "\\F\\ "),
]


@pytest.mark.parametrize(("sent", "meant"), ESCAPES)
def test_escapes_mean_what_the_standard_says(sent: str, meant: str) -> None:
    message, problems = parse(f"{HEADER}\rZZZ|{sent}".encode())
    assert message is not None
    assert message.get("ZZZ", 1) == meant
    assert not problems or problems[0].code == "hl7v2.charset-undeclared"


@pytest.mark.parametrize(
    "sent", [r"\Zlocal\x", r"\Q\x", r"\X4\x", r"\XFF\x", r"C:\dir", r"\.zz\x", r"\C2842\x", "end\\"]
)
def test_unknown_escapes_stay_and_are_reported(sent: str) -> None:
    raw = f"{HEADER}\rZZZ|{sent}\r".encode()
    message, problems = parse(raw)
    assert message is not None
    assert message.get("ZZZ", 1) == sent
    assert [(problem.code, problem.place) for problem in problems] == [
        ("hl7v2.escape-unknown", "ZZZ")
    ]


def test_a_known_escape_after_a_stray_backslash_is_still_read() -> None:
    assert _read(HEADER + "\rZZZ|C:\\dir a\\F\\b").get("ZZZ", 1) == "C:\\dir a|b"


def test_separators_come_from_the_header() -> None:
    message = _read("MSH*!;?@*A!B*C\rPID*1**12!!!X@Y*n?S?m;z")
    assert message.separators == Separators(
        field="*", component="!", repetition=";", escape="?", subcomponent="@"
    )
    assert message.get("MSH", 1) == "*"
    assert message.get("MSH", 2) == "!;?@"
    assert message.get("MSH", 3, 2) == "B"
    assert message.get("PID", 3, 4, 2) == "Y"
    assert message.get("PID", 4) == "n!m"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "PID|1",
        "MSH",
        "MSH|",
        "MSH||",
        "MSH|^^~&|A",
        "MSHa^~\\&aB",
        "MSH|AB|",
        "MSH\t",
        "MSH|^~\\&#!|A",
    ],
)
def test_an_unreadable_header_is_refused_with_a_place_and_a_remedy(header: str) -> None:
    message, problems = parse(header.encode())
    assert message is None
    assert problems[-1].code == "hl7v2.header-unreadable"
    assert problems[-1].place == "MSH"
    assert problems[-1].remedy
    assert envelope(header.encode()).control_id is None


def test_a_short_list_of_encoding_characters_is_enough() -> None:
    assert _read("MSH|^|A^B\rPID|1").get("MSH", 3, 2) == "B"


def test_absent_is_none_and_null_is_empty() -> None:
    message = _read(HEADER + '\rPID|1||""|x^""^y||""^b')
    assert message.get("PID", 2) is None
    assert message.get("PID", 3) == ""
    assert message.get("PID", 4, 2) == ""
    assert message.get("PID", 4, 4) is None
    assert message.get("PID", 40) is None
    assert message.get("NK1", 1) is None
    assert message.get("PID", 6, 1) == ""


def test_repetitions_and_subcomponents_are_reached() -> None:
    segment = _read(HEADER + "\rPID|||1^^^A&1.2&ISO~2^^^B||M&N^O").segment("PID")
    assert segment is not None
    assert [(each.get(1), each.get(4, 1), each.get(4, 2)) for each in segment.repetitions(3)] == [
        ("1", "A", "1.2"),
        ("2", "B", None),
    ]
    assert segment.get(5, 1, 2) == "N"
    assert segment.get(5, 2, 2) is None
    assert segment.whole(5) == "M&N^O"


CHARSETS = [
    ("ASCII", "ascii", "Doe"),
    ("UNICODE UTF-8", "utf-8", "Żółć"),
    ("8859/1", "iso8859-1", "Müller"),
    ("8859/2", "iso8859-2", "Wałęsa"),
    ("8859/3", "iso8859-3", "Ħal"),
    ("8859/4", "iso8859-4", "Ķ"),
    ("8859/5", "iso8859-5", "Иван"),
    ("8859/6", "iso8859-6", "سلام"),
    ("8859/7", "iso8859-7", "Γιώργος"),
    ("8859/8", "iso8859-8", "שלום"),
    ("8859/9", "iso8859-9", "Işık"),  # noqa: RUF001  # the Turkish letter is the test
    ("8859/15", "iso8859-15", "Œuvre €"),
]


@pytest.mark.parametrize(("declared", "codec", "name"), CHARSETS)
def test_character_sets_are_read_and_written(declared: str, codec: str, name: str) -> None:
    message = compose(("MSH", ["A"]), ("PID", [None, None, None, None, name]), charset=codec)
    raw = build(message)
    again, problems = parse(raw)
    assert problems == ()
    assert again == message
    assert again is not None
    assert again.get("PID", 5) == name
    assert (again.get("MSH", 18) or "ASCII") == declared
    assert name.encode(codec) in raw


@pytest.mark.parametrize(
    ("declared", "sent", "code", "read"),
    [
        ("", "Müller".encode(), "hl7v2.charset-undeclared", "Müller"),
        ("", "Müller".encode("latin-1"), "hl7v2.charset-undeclared", "Müller"),
        ("UNICODE UTF-8", "Müller".encode("latin-1"), "hl7v2.charset-mismatch", "Müller"),
        ("ASCII", "Müller".encode(), "hl7v2.charset-mismatch", "Müller"),
        ("KLINGON", b"Muller", "hl7v2.charset-unknown", "Muller"),
    ],
)
def test_a_wrong_character_set_is_reported_and_still_read(
    declared: str, sent: bytes, code: str, read: str
) -> None:
    raw = f"{HEADER}||||||{declared}\rPID|||||".encode() + sent
    message, problems = parse(raw)
    assert message is not None
    assert message.get("PID", 5) == read
    assert code in {problem.code for problem in problems}
    assert all(problem.severity is not Severity.ERROR for problem in problems)
    assert all(problem.place == "MSH-18" for problem in problems)


TOLERATED = [
    ("{h}\rPID|1\r", set[str]()),
    ("{h}\rPID|1", set[str]()),
    ("{h}\nPID|1\n", {"hl7v2.line-ends"}),
    ("{h}\r\nPID|1\r\n", {"hl7v2.line-ends"}),
    ("\ufeff{h}\rPID|1\r", {"hl7v2.byte-order-mark"}),
    ("\x0b{h}\rPID|1\r\x1c\r", set[str]()),
    ("{h}\r\r\r  PID|1\r", {"hl7v2.blank"}),
    ("{h}\rNTE|1||one\ntwo\rPID|1", {"hl7v2.line-ends", "hl7v2.continued"}),
    ("{h}\rPID|1\r{h}\rPID|2", {"hl7v2.several-messages"}),
]


@pytest.mark.parametrize(("text", "codes"), TOLERATED)
def test_common_departures_are_tolerated_and_reported(text: str, codes: set[str]) -> None:
    raw = text.format(h=HEADER).encode()
    message, problems = parse(raw)
    assert message is not None
    assert message.get("PID", 1) == "1"
    assert {problem.code for problem in problems} == codes
    assert len(message.segments("MSH")) == 1


def test_text_that_runs_on_over_a_line_break_stays_one_field() -> None:
    message = _read(HEADER + "\rNTE|1||one\ntwo")
    assert message.get("NTE", 3) == "one\ntwo"


def test_site_segments_are_kept_in_order() -> None:
    message = _read(HEADER + "\rZPI|7|x\rPID|1\rZPI|8")
    assert [segment.name for segment in message] == ["MSH", "ZPI", "PID", "ZPI"]
    assert [segment.get(1) for segment in message.segments("ZPI")] == ["7", "8"]


def test_a_segment_of_50_mb_is_accepted_and_over_64_mb_refused() -> None:
    large = HEADER.encode() + b"\rOBX|1|ED|X||" + b"A" * (50 * 1024 * 1024) + b"\r"
    message, problems = parse(large)
    assert message is not None
    assert problems == ()
    assert len(message.get("OBX", 5) or "") == 50 * 1024 * 1024
    refused, found = parse(large + b"A" * (15 * 1024 * 1024))
    assert refused is None
    assert found[0].code == "hl7v2.too-large"
    assert envelope(large + b"A" * BYTES_MAX).problems[0].code == "hl7v2.too-large"


@pytest.mark.parametrize(
    ("raw", "control", "trigger", "codes"),
    [
        (HEADER, "42", "ADT^A01", set[str]()),
        (
            "MSH|^~\\&|A|B|C|D|||ORU^R01^ORU_R01||P|2.5",
            None,
            "ORU^R01",
            {"hl7v2.control-id-missing"},
        ),
        ("MSH|^~\\&|A", None, "^", {"hl7v2.control-id-missing"}),
        ("MSH|^~\\&|A|B|C|D|||ACK|a\\T\\b|P|2.5", "a&b", "ACK^", set[str]()),
        ("rubbish", None, "", {"hl7v2.header-unreadable"}),
    ],
)
def test_the_envelope_says_who_and_what(
    raw: str, control: str | None, trigger: str, codes: set[str]
) -> None:
    found = envelope(raw.encode())
    assert (found.control_id, found.trigger) == (control, trigger)
    assert {problem.code for problem in found.problems} == codes


def test_an_acknowledgement_goes_back_to_the_sender() -> None:
    answer = acknowledge(HEADER.encode(), code="AA", now=AT, control_id="9", text="stored | kept")
    message, problems = parse(answer)
    assert message is not None
    assert problems == ()
    assert [message.get("MSH", number) for number in (3, 4, 5, 6)] == [
        "CARELANE",
        "SITE",
        "LAB",
        "NORTH",
    ]
    assert [message.get("MSH", 9, part) for part in (1, 2, 3)] == ["ACK", "A01", "ACK"]
    assert (message.get("MSH", 10), message.get("MSH", 12)) == ("9", "2.5.1")
    assert [message.get("MSA", number) for number in (1, 2, 3)] == ["AA", "42", "stored | kept"]


def test_what_has_no_header_is_refused_with_a_readable_answer() -> None:
    answer, _ = parse(acknowledge(b"rubbish", code="AR", now=AT, control_id="9", problem="207"))
    assert answer is not None
    assert answer.get("MSA", 1) == "AR"
    assert answer.get("ERR", 3) == "207"


def test_what_cannot_be_sent_is_refused_before_sending() -> None:
    with pytest.raises(Unbuildable):
        compose(("PID", ["1"]))
    with pytest.raises(Unbuildable):
        segment_text("pid", ["1"])
    with pytest.raises(Unbuildable):
        build(compose(("MSH", ["Żółć"]), charset="iso8859-1"))


def test_a_message_never_shows_its_content() -> None:
    message = _read(HEADER + "\rPID|1||SECRET")
    assert "SECRET" not in repr(message) + repr(message.segment("PID"))
