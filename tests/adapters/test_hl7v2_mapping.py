"""The mapping's edges: what is tolerated, what is held back and why, times, identifiers, oracle."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import hl7
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carelane.connect.hl7v2.codec import parse, split_batch
from carelane.connect.hl7v2.mapping import TRIGGERS, Local, read
from carelane.connect.hl7v2.mapping.times import fhir_time, instant
from carelane.connect.hl7v2.mapping.urgency import of_words
from carelane.facts.fact import Urgency
from carelane.facts.ports import Reading
from carelane.facts.problem import Problem, Severity
from carelane.testing import messages

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
HEADER = "MSH|^~\\&|LAB|NORTH|CARELANE|SITE|20261123090000+0000||{}|42|P|2.5.1\r"


def _read(trigger: str, body: str, local: Local | None = None) -> tuple[Reading, list[Problem]]:
    raw = (HEADER.format(trigger) + body).encode()
    reading, problems = read(raw, received_at=AT, local=local or Local())
    return reading, list(problems)


HELD = [
    ("rubbish", "rejected", "hl7v2.header-unreadable"),
    (HEADER.format("") + "PID|1||7\r", "quarantined", "hl7v2.type-missing"),
    (HEADER.format("ADT^A08") + "EVN|A08\r", "quarantined", "hl7v2.patient-missing"),
    (HEADER.format("ORU^R01") + "OBR|1\r", "quarantined", "hl7v2.patient-missing"),
    (HEADER.format("ORU^R01") + "PID|1||7\r", "quarantined", "hl7v2.segment-missing"),
    (HEADER.format("ORM^O01") + "PID|1||7\r", "quarantined", "hl7v2.segment-missing"),
    (HEADER.format("RDE^O11") + "PID|1||7\r", "quarantined", "hl7v2.segment-missing"),
    (HEADER.format("MDM^T02") + "PID|1||7\r", "quarantined", "hl7v2.segment-missing"),
    (HEADER.format("ADT^A40") + "PID|1||7\r", "quarantined", "hl7v2.identity-incomplete"),
    (HEADER.format("ADT^A40") + "PID|1||\rMRG|8\r", "quarantined", "hl7v2.identity-incomplete"),
    (HEADER.format("ADT^A40") + "PID|1||7\rMRG|7\r", "quarantined", "hl7v2.identity-same"),
    (HEADER.format("ADT^A24") + "PID|1||7\r", "quarantined", "hl7v2.identity-incomplete"),
    (HEADER.format("ADT^A37") + "PID|1||7\rPID|2\r", "quarantined", "hl7v2.identity-incomplete"),
    (
        HEADER.format("MDM^T02") + "PID|1||7\rPID|2||8\rTXA|1\r",
        "quarantined",
        "hl7v2.several-patients",
    ),
    (
        HEADER.format("ORU^R01") + "PID|1||7\rOBR|1|2\rPID|2||8\r",
        "quarantined",
        "hl7v2.segment-missing",
    ),
    (HEADER.format("BAR^P01") + "PID|1||7\r", "no mapping", "hl7v2.no-mapping"),
    (HEADER.format("ACK") + "MSA|AA|1\r", "no mapping", "hl7v2.no-mapping"),
]


@pytest.mark.parametrize(("text", "outcome", "code"), HELD)
def test_what_is_held_back_says_where_and_what_to_do(text: str, outcome: str, code: str) -> None:
    reading, problems = read(text.encode(), received_at=AT)
    assert (reading.outcome, reading.drafts) == (outcome, ())
    found = next(problem for problem in problems if problem.code == code)
    assert found.place
    assert found.remedy.endswith(".")
    assert (found.severity is Severity.NOTE) == (outcome == "no mapping")


TOLERATED = [
    ("ADT^A08", "PID|1|EXT7\r", "hl7v2.identifier-misplaced"),
    ("ADT^A08", "PID|1|||ALT7\r", "hl7v2.identifier-misplaced"),
    ("ADT^A08", "PID|1\r", "hl7v2.identifier-missing"),
    ("ADT^A08", "PID|1||7||A^B||Aug 15, 1942\r", "hl7v2.time-unreadable"),
    ("ORU^R01", "PID|1||7\rOBR|1|2\rOBX|1|NM|K||>5\r", "hl7v2.number-unreadable"),
    ("SIU^S12", "PID|1||7\rSCH|\r", "hl7v2.appointment-unnumbered"),
    ("REF^I12", "PID|1||7\rRF1|P\r", "hl7v2.referral-unnumbered"),
]


@pytest.mark.parametrize(("trigger", "body", "code"), TOLERATED)
def test_what_is_missing_is_reported_and_the_rest_is_used(
    trigger: str, body: str, code: str
) -> None:
    reading, problems = _read(trigger, body)
    assert reading.outcome == "facts"
    assert code in {problem.code for problem in problems}
    assert all(problem.severity is not Severity.ERROR for problem in problems)


def test_a_missing_control_id_is_noted_and_the_message_used() -> None:
    raw = messages.admit(1).replace(b"|ADTA01000000001|", b"||")
    reading, problems = read(raw, received_at=AT)
    assert (reading.outcome, reading.control_id) == ("facts", None)
    assert [problem.place for problem in problems] == ["MSH-10"]


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("7", [("NORTH", "7", "MR")]),
        ("7^^^HIS^PI", [("HIS", "7", "PI")]),
        ("7^^^&1.2.3&ISO^MR", [("1.2.3", "7", "MR")]),
        ("7^^^HIS&1.2.3&ISO", [("HIS", "7", "MR")]),
        ("7^^^HIS~8^^^GOV^SS~~7^^^HIS", [("HIS", "7", "MR"), ("GOV", "8", "SS")]),
        ("  7  ", [("NORTH", "7", "MR")]),
    ],
)
def test_identifiers_keep_their_authority(field: str, found: list[tuple[str, str, str]]) -> None:
    reading, _ = _read("ADT^A08", f"PID|1||{field}\r")
    got = [(each.authority, each.value, each.type) for each in reading.drafts[0].identifiers]
    assert got == found


def test_a_connection_may_have_a_default_authority() -> None:
    reading, _ = _read("ADT^A08", "PID|1||7\r", Local(authority="REGION"))
    assert reading.drafts[0].identifiers[0].authority == "REGION"


@pytest.mark.parametrize(
    ("text", "zone", "utc", "fhir"),
    [
        ("2026", UTC, datetime(2026, 1, 1, tzinfo=UTC), "2026"),
        ("202611", UTC, datetime(2026, 11, 1, tzinfo=UTC), "2026-11"),
        ("20261123", BERLIN, datetime(2026, 11, 22, 23, tzinfo=UTC), "2026-11-23"),
        ("202611230910", BERLIN, datetime(2026, 11, 23, 8, 10, tzinfo=UTC), "2026-11-23T08:10:00Z"),
        ("202607010910", BERLIN, datetime(2026, 7, 1, 7, 10, tzinfo=UTC), "2026-07-01T07:10:00Z"),
        ("20261123091011.5+0200", UTC, datetime(2026, 11, 23, 7, 10, 11, 500000, tzinfo=UTC), "2026-11-23T07:10:11Z"),
        ("20261123091011-0530", UTC, datetime(2026, 11, 23, 14, 40, 11, tzinfo=UTC), "2026-11-23T14:40:11Z"),
        ("20110613122406637", UTC, datetime(2011, 6, 13, 12, 24, 6, tzinfo=UTC), "2011-06-13T12:24:06Z"),
        ("20261332", UTC, None, None),
        ("Aug 15", UTC, None, None),
        ("20261123+2500", UTC, None, None),
        ("00000000", UTC, None, None),
    ],
)  # fmt: skip
def test_times_are_read_with_their_zone(
    text: str, zone: ZoneInfo, utc: datetime | None, fhir: str | None
) -> None:
    assert instant(text, zone) == utc
    assert fhir_time(text, zone) == fhir


@pytest.mark.parametrize(
    ("evn", "expected"),
    [
        ("EVN|A08|202611230800+0000||||202611230700+0000\r", 7),
        ("EVN|A08|202611230800+0000\r", 8),
        ("EVN|A08\r", 9),
        ("", 9),
    ],
)
def test_the_event_happened_when_the_sender_says(evn: str, expected: int) -> None:
    reading, _ = _read("ADT^A08", evn + "PID|1||7\r")
    assert reading.drafts[0].occurred_at == datetime(2026, 11, 23, expected, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "urgency"),
    [
        (("R",), Urgency.ROUTINE),
        (("", None), Urgency.ROUTINE),
        (("S", "R"), Urgency.STAT),
        (("stat",), Urgency.STAT),
        (("A",), Urgency.ASAP),
        (("TM30",), Urgency.URGENT),
        (("whenever",), Urgency.ROUTINE),
    ],
)
def test_priorities_only_raise(words: tuple[str | None, ...], urgency: Urgency) -> None:
    assert of_words(*words) is urgency


def test_orders_of_one_message_are_facts_of_their_own() -> None:
    body = "PID|1||7\rORC|NW|1^A\rOBR|1||||\rORC|CA|2^A\rOBR|2|2^A\rOBR|3|3^A\r"
    reading, _ = _read("ORM^O01", body)
    found = [(draft.type, draft.keys["placer_order"]) for draft in reading.drafts]
    assert found == [
        ("order.received", "A|1"),
        ("order.cancelled", "A|2"),
        ("order.received", "A|3"),
    ]


def test_results_of_several_patients_stay_apart() -> None:
    """A result never lands on the patient who happens to be named first."""
    body = "PID|1||7\rOBR|1|A\rOBX|1|NM|K||5\rPID|2||8\rOBR|1|B\rOBX|1|NM|K||6\rOBR|2|C\r"
    reading, _ = _read("ORU^R01", body)
    found = [(each.identifiers[0].value, each.keys["placer_order"]) for each in reading.drafts]
    assert found == [("7", "A"), ("8", "B"), ("8", "C")]


def test_a_group_appointment_is_a_fact_of_each_patient() -> None:
    body = "SCH|1^A|2^B\rPID|1||7\rPID|2||8\rRGS|1\rAIP|1||9^X\r"
    reading, _ = _read("SIU^S12", body)
    assert [each.identifiers[0].value for each in reading.drafts] == ["7", "8"]
    assert {each.keys["appointment"] for each in reading.drafts} == {"B|2"}


def test_previous_results_with_an_order_are_no_orders() -> None:
    body = "PID|1||7\rORC|NW|1\rOBR|1|1\rPID|1||7\rORC|PR|0\rOBR|1|0\rOBX|1|NM|K||5\r"
    reading, _ = _read("OML^O21", body)
    assert [each.keys["placer_order"] for each in reading.drafts] == ["1"]


def test_a_missing_event_is_taken_from_where_old_versions_put_it() -> None:
    assert _read("ADT", "EVN|A08\rPID|1||7\r")[0].trigger == "ADT^A08"
    assert _read("ORU", "PID|1||7\rOBR|1|2\r")[0].outcome == "facts"


def test_problems_never_show_what_the_patient_said() -> None:
    secret = "ZEBRAFISH"
    _, problems = _read("ADT^A08", f"PID|1||{secret}||{secret}^\\Q\\||{secret}|{secret}\r")
    assert problems
    assert secret not in " ".join(problem.line() for problem in problems)


pieces = st.lists(
    st.sampled_from(
        [
            *TRIGGERS,
            "PID|1||7",
            "MRG|8",
            "OBR|1|2",
            "ORC|NW",
            "OBX|1|NM|K||5",
            "TXA|1",
            "SCH|1",
            "RF1|P",
            "PRD|RP^",
            "RXE||X",
            "EVN|A08|x",
            "|^~^&~~|",
            '|""|""',
            "PV1|1|I",
            "NTE|1||\\",
            "PID|||~^^^&&&~",
            "TQ1|1||||||2026|2027|S",
            "AIS|1||||9999",
            "DG1|1||~",
            "OBX|1|ED|||^^^^",
        ]
    ),
    max_size=14,
)


@settings(max_examples=300)
@given(st.sampled_from(sorted(TRIGGERS)), pieces, st.text("|^~&\\AZ01\r", max_size=30))
def test_any_message_is_read_or_held_and_nothing_is_raised(
    trigger: str, lines: list[str], tail: str
) -> None:
    reading, problems = _read(trigger, "\r".join([*lines, tail]))
    assert reading.outcome in {"facts", "quarantined"}
    assert bool(reading.drafts) == (reading.outcome == "facts")
    assert reading.drafts or any(problem.severity is Severity.ERROR for problem in problems)


@pytest.mark.parametrize(
    "raw", [messages.admit(3), messages.critical_result(3), messages.appointment_booked(3, of=1)]
)
def test_the_oracle_reads_the_same_fields(raw: bytes) -> None:
    """Where nothing is escaped, the `hl7` package and we agree on every component."""
    message, _ = parse(raw)
    assert message is not None
    theirs = hl7.parse(raw.decode())
    for segment, other in zip(message, theirs, strict=True):
        for number in range(3, len(segment.fields())):
            ours = [part.raw for part in segment.repetitions(number)] or [""]
            assert [str(part) for part in other(number)] == ours


def _corpus() -> Path:
    beside = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    return Path(os.environ.get("CARELANE_CORPUS", beside)) / "hl7v2"  # noqa: TID251  # a test's own switch


ORDER = ["facts", "no mapping", "quarantined", "rejected"]


@pytest.mark.corpus
@pytest.mark.skipif(not _corpus().is_dir(), reason="the sample data is not on this machine")
def test_the_sample_data_is_accounted_for() -> None:
    """All 130 files; of the 72 with a listed trigger at least 67 give facts, none has no mapping."""
    files = [file for file in _corpus().rglob("*") if file.suffix in {".hl7", ".txt"}]
    listed: list[str] = []
    for file in files:
        readings = [read(raw, received_at=AT) for raw in split_batch(file.read_bytes())[0]]
        worst = max((reading.outcome for reading, _ in readings), key=ORDER.index)
        if readings[0][0].trigger in TRIGGERS:
            listed.append(worst)
        for reading, problems in readings:
            held = reading.outcome in {"quarantined", "rejected"}
            assert held == any(problem.severity is Severity.ERROR for problem in problems)
    assert (len(files), len(listed)) == (130, 72)
    assert listed.count("facts") >= 67
    assert "no mapping" not in listed


def test_staleness_goes_by_the_appointment_not_by_the_message() -> None:
    first, later = (
        read(messages.appointment_event(n, "S13", booked=1), received_at=AT)[0].drafts[0]
        for n in (5, 9)
    )
    assert first.entity == later.entity == "appointment"
    assert first.keys[first.entity] == later.keys[later.entity]
    assert first.occurred_at is not None
    assert later.occurred_at is not None
    assert later.occurred_at - first.occurred_at == timedelta(seconds=4)
