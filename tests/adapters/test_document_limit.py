"""A document has a limit of its own, however its message comes: at it all is read, one byte over nothing is lost."""

import base64
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import aiohttp
import msgspec
import pytest

from carelane.connect.fhir.adapter import local_of
from carelane.connect.fhir.adapter import reader_for as fhir_reader
from carelane.connect.fhir.subscription import SubscriptionDoor
from carelane.connect.hl7v2.adapter import reader_of as hl7v2_reader
from carelane.facts.documents import DOCUMENT_BYTES_MAX, bytes_in
from carelane.facts.ids import name_id
from carelane.facts.ports import Reader, Receipt
from carelane.facts.problem import Problem
from carelane.testing.conformance.fhir_rig import STARTS_AT
from carelane.testing.doorstep import standing
from carelane.testing.messages import report

LIMIT = 1000
SETTINGS = {"document_bytes_max": LIMIT}
SECRET = "s" * 40
BODY_BYTES_MAX = 4000


def as_fhir(size: int) -> bytes:
    """A document of so many bytes, half of it in each of two attachments."""
    parts = [size // 2, size - size // 2]
    content = [
        {"attachment": {"contentType": "text/plain", "data": encoded(each)}} for each in parts
    ]
    return msgspec.json.encode({
        "resourceType": "DocumentReference", "id": "d1", "meta": {"versionId": "1"}, "status": "current",
        "subject": {"reference": "Patient/p1"}, "content": content})  # fmt: skip


def as_text(size: int) -> bytes:
    """A document of so many letters, in one OBX of text."""
    lines = report(1, of=1).decode().split("\r")
    kept = [line for line in lines if line and not line.startswith("OBX")]
    return "\r".join([*kept, f"OBX|1|TX|R^Report||{'x' * size}", ""]).encode()


def as_attachment(size: int) -> bytes:
    """The same as an encapsulated one (ED)."""
    return as_text(1).replace(
        b"|TX|R^Report||x", f"|ED|R^Report||^TEXT^PLAIN^Base64^{encoded(size)}".encode()
    )


def encoded(size: int) -> str:
    """So many bytes as base64."""
    return base64.b64encode(b"x" * size).decode()


WAYS: Sequence[tuple[Reader, Callable[[int], bytes], str]] = (
    (fhir_reader(SETTINGS), as_fhir, "DocumentReference.content.attachment.data"),
    (hl7v2_reader(SETTINGS), as_text, "OBX-5"),
    (hl7v2_reader(SETTINGS), as_attachment, "OBX-5"),
)
each_way = pytest.mark.parametrize(
    ("reader", "message", "place"), WAYS, ids=["fhir", "text", "attached"]
)


@each_way
def test_at_the_limit_all_of_it_is_read(
    reader: Reader, message: Callable[[int], bytes], place: str
) -> None:
    del place
    reading, problems = reader(message(LIMIT), received_at=STARTS_AT)
    assert (reading.outcome, [each.code for each in problems]) == ("facts", [])
    [draft] = reading.drafts
    document: Any = draft.payload.reveal()["document"]
    assert bytes_in(document) == LIMIT


@each_way
def test_one_byte_over_it_is_held_back_with_place_and_remedy(
    reader: Reader, message: Callable[[int], bytes], place: str
) -> None:
    """A person gets the message: what the document says is neither cut nor left out in silence."""
    reading, problems = reader(message(LIMIT + 1), received_at=STARTS_AT)
    assert (reading.outcome, reading.drafts) == ("quarantined", ())
    [found] = problems
    assert (found.code, found.place) == ("document.too-large", place)
    assert found.message == "The document holds 1001 bytes, and this connection takes 1000."
    assert "`document_bytes_max`" in found.remedy


def test_unless_the_site_says_otherwise_it_is_four_mebibytes() -> None:
    reader = fhir_reader({})
    assert DOCUMENT_BYTES_MAX == 4 * 1024 * 1024
    assert reader(as_fhir(DOCUMENT_BYTES_MAX), received_at=STARTS_AT)[0].outcome == "facts"
    assert (
        reader(as_fhir(DOCUMENT_BYTES_MAX + 1), received_at=STARTS_AT)[0].outcome == "quarantined"
    )


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 998, 999, 1000])
def test_bytes_are_counted_without_decoding(size: int) -> None:
    """Also where the sender broke lines, or left the filling out."""
    text = encoded(size)
    broken = "\r\n".join(text[at : at + 76] for at in range(0, len(text), 76))
    for data in (text, broken, text.rstrip("=")):
        assert bytes_in({"content": [{"attachment": {"data": data}}]}) == size


@pytest.mark.parametrize(
    "shape", [None, "x", [None], [{"attachment": None}], [{"attachment": {"data": 7}}]]
)
def test_what_holds_no_document_counts_for_nothing(shape: Any) -> None:
    assert bytes_in({"content": shape}) == 0


@pytest.mark.parametrize(
    ("size", "status", "outcome"), [(LIMIT, 200, "facts"), (LIMIT + 1, 200, "quarantined"), (BODY_BYTES_MAX, 413, "")]
)  # fmt: skip
async def test_a_stream_that_never_said_how_long_it_is(
    size: int, status: int, outcome: str
) -> None:
    """In chunks, without Content-Length: kept and answered, and read by the same limit; beyond the door's, refused."""
    kept: list[bytes] = []

    async def receive(_connection: str, raw: bytes) -> Receipt:
        kept.append(raw)
        return Receipt(outcome="accepted", message=name_id("m"))

    async def pieces() -> AsyncIterator[bytes]:
        body = as_fhir(size)
        for at in range(0, len(body), 100):
            yield body[at : at + 100]

    door = SubscriptionDoor(connection="ehr", secret=SECRET, receive=receive, local=local_of(SETTINGS),
                            body_bytes_max=BODY_BYTES_MAX)  # fmt: skip
    async with standing(door) as base, aiohttp.ClientSession() as session:
        headers = {"X-Carelane-Secret": SECRET}
        async with session.post(base, data=pieces(), headers=headers) as answer:
            assert "Content-Length" not in answer.request_info.headers
            assert answer.status == status
    found = [WAYS[0][0](raw, received_at=STARTS_AT) for raw in kept]
    assert [reading.outcome for reading, _ in found] == ([outcome] if outcome else [])
    assert all(isinstance(each, Problem) for _, problems in found for each in problems)
