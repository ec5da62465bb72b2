"""What answers of FHIR servers mean, as tables; no sockets."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carelane.connect.fhir.codec import (
    Answer,
    canonical,
    decode,
    encode,
    entry_resources,
    etag_of,
    issue_code,
    link_of,
    reference_of,
    retry_after,
)
from carelane.connect.fhir.verdicts import judge_transaction, judge_write
from carelane.facts.ports import Verdict

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
OURS = (
    b'{"resourceType":"Task","id":"7","identifier":[{"system":"urn:carelane:effect","value":"e1"}]}'
)
OTHER = (
    b'{"resourceType":"Task","id":"8","identifier":[{"system":"urn:carelane:effect","value":"e2"}]}'
)
ERROR = b'{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"business-rule"}]}'
NOTE = b'{"resourceType":"OperationOutcome","issue":[{"severity":"information","code":"informational"}]}'


def judged(status: int, body: bytes = b"", **more: object) -> tuple[str, str, str]:
    answer = Answer(status=status, body=body, **more)  # type: ignore[arg-type]  # a table's cells
    sent = judge_write(answer, now=NOW, kind="Task", effect="e1")
    return str(sent.verdict), sent.cause, sent.reference


@pytest.mark.requirement("R92")
@pytest.mark.parametrize(
    ("status", "body", "more", "expected"),
    [
        (201, OURS, {}, ("done", "", "Task/7")),
        (200, OURS, {}, ("done", "", "Task/7")),
        (201, b"", {"locations": ("http://x/fhir/Task/9/_history/1",)}, ("done", "", "Task/9")),
        (201, NOTE, {"locations": ("Task/9",)}, ("done", "", "Task/9")),
        (201, b"", {"locations": ("Task/9", "Task/10")}, ("unknown", "location-duplicated", "")),
        (201, OTHER, {}, ("unknown", "not-ours", "")),
        (200, ERROR, {}, ("unknown", "outcome-business-rule", "")),
        (200, OURS[:40], {}, ("unknown", "not-fhir", "")),
        (200, b"", {"whole": False}, ("unknown", "half-body", "")),
        (307, b"", {}, ("refused", "http-307", "")),
        (400, ERROR, {}, ("refused", "http-400-business-rule", "")),
        (401, b"", {}, ("retry", "http-401", "")),
        (403, b"", {}, ("refused", "http-403", "")),
        (404, b"", {}, ("refused", "http-404", "")),
        (408, b"", {}, ("unknown", "http-408", "")),
        (409, b"", {}, ("conflict", "http-409", "")),
        (412, b"", {}, ("conflict", "if-match", "")),
        (422, b"<html>", {}, ("refused", "http-422", "")),
        (429, b"", {}, ("retry", "http-429", "")),
        (500, ERROR, {}, ("unknown", "http-500", "")),
        (501, b"", {}, ("refused", "http-501", "")),
        (502, b"", {}, ("unknown", "http-502", "")),
        (503, b"", {}, ("retry", "http-503", "")),
    ],
)
def test_each_answer_has_one_verdict(
    status: int, body: bytes, more: dict[str, object], expected: tuple[str, str, str]
) -> None:
    assert judged(status, body, **more) == expected


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Mon, 23 Nov 2026 12:01:30 GMT", 90),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0),
        ("999999999999", 24 * 3600),
        ("Fri, 31 Dec 2100 23:59:59 GMT", 24 * 3600),
    ],
)
def test_retry_after_in_both_forms(text: str, seconds: int) -> None:
    """Seconds and HTTP-date; never in the past, never more than a day."""
    assert retry_after(text, now=NOW) == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", [None, "", "soon", "-5", "1.5", "Mon, 99 Nov 2026 12:00:00 GMT", "٣"]
)
def test_unreadable_retry_after_is_no_time(text: str | None) -> None:
    assert retry_after(text, now=NOW) is None


def transacted(*statuses: str, whole: bool = True) -> tuple[Verdict, str]:
    entries = [
        {"response": {"status": one, "location": f"Task/{n}"}} for n, one in enumerate(statuses)
    ]
    body = encode({"resourceType": "Bundle", "type": "transaction-response", "entry": entries})
    sent = judge_transaction(Answer(status=200, body=body, whole=whole), now=NOW, entries=2)
    return sent.verdict, sent.cause


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (("201 Created", "200 OK"), (Verdict.DONE, "")),
        (("201 Created", "412"), (Verdict.CONFLICT, "half-transaction-412")),
        (("422", "201"), (Verdict.CONFLICT, "half-transaction-422")),
        (("422", "424"), (Verdict.REFUSED, "entry-422")),
        (("503", "503"), (Verdict.RETRY, "entry-503")),
        (("500", "500"), (Verdict.UNKNOWN, "entry-500")),
        (("201",), (Verdict.UNKNOWN, "entries-missing")),
        (("201", ""), (Verdict.UNKNOWN, "entries-missing")),
        (("201", "fine"), (Verdict.UNKNOWN, "entries-missing")),
    ],
)
def test_a_transaction_is_done_only_if_each_entry_is(
    statuses: tuple[str, ...], expected: tuple[Verdict, str]
) -> None:
    assert transacted(*statuses) == expected


def test_half_a_transaction_answer_is_unknown() -> None:
    assert transacted("201", "201", whole=False) == (Verdict.UNKNOWN, "half-body")


def test_issue_codes_come_from_the_closed_set_only() -> None:
    """A code that a server made up could carry anything: it is not repeated."""
    made_up = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": "Mr Canary"}],
    }
    assert issue_code(made_up) == "unknown"
    assert issue_code(None) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Task/1", "Task/1"),
        ("https://ehr.example/fhir/Task/a-1.b/_history/3", "Task/a-1.b"),
        ("urn:uuid:1", ""),
        ("../Task/1?x=y", ""),
        ("Task/" + "x" * 65, ""),
        ("task/1", ""),
    ],
)
def test_references_are_read_strictly(text: str, expected: str) -> None:
    assert reference_of(text) == expected


def test_etags_are_given_back_as_sent() -> None:
    """UUID ETags, strong or weak; else the version of the resource."""
    resource = {"resourceType": "Task", "meta": {"versionId": "3"}}
    assert etag_of(Answer(status=200, headers={"etag": '"0b5e"'}), resource) == '"0b5e"'
    assert etag_of(Answer(status=200), resource) == 'W/"3"'
    assert etag_of(Answer(status=200), {}) == ""


def test_numbers_keep_their_digits() -> None:
    """What we give back to an EHR is what it gave us: 6.10 does not become 6.1."""
    raw = b'{"resourceType":"Observation","valueQuantity":{"value":6.10}}'
    resource = decode(raw)
    assert resource is not None
    assert encode(resource) == raw
    assert canonical({"b": 1, "a": 2}) == b'{"a":2,"b":1}'


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(raw: bytes) -> None:
    assert judged(200, raw)[0] in {"done", "unknown"}
    decode(raw)


def test_deep_nesting_is_not_fhir() -> None:
    assert decode(b'{"resourceType":' * 100_000) is None
    assert decode(b'{"resourceType":"Task","x":' + b"[" * 100_000) is None


def test_a_link_is_read_as_sent() -> None:
    bundle = {
        "resourceType": "Bundle",
        "link": [{"relation": "self"}, {"relation": "next", "url": "u"}],
    }
    assert link_of(bundle) == "u"


def test_what_only_says_how_a_search_went_is_nothing_that_was_found() -> None:
    """Else each poll would bring it in as a message of its own."""
    entries = [
        {"resource": {"resourceType": "Task", "id": "7"}},
        {"resource": {"resourceType": "Patient", "id": "1"}, "search": {"mode": "include"}},
        {"resource": {"resourceType": "OperationOutcome"}, "search": {"mode": "outcome"}},
    ]
    found = entry_resources({"resourceType": "Bundle", "entry": entries})
    assert [(mode, one["resourceType"]) for mode, one in found] == [
        ("match", "Task"),
        ("include", "Patient"),
    ]
