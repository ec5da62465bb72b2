"""The door of each channel over real HTTP: what is taken, what is refused and how it is said; what comes of it."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from carelane.connect.channel.adapter import (
    ChannelSettingMissing,
    envelope_for,
    open_door,
    reader_for,
)
from carelane.connect.channel.codec import decode
from carelane.connect.channel.door import ChannelDoor, Instruct
from carelane.connect.channel.schema import BYTES_MAX, CHANNELS
from carelane.connect.channel.signing import authentic, signature
from carelane.facts.errors import SetupFault
from carelane.facts.ports import Receipt
from carelane.testing.doorstep import standing

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SECRET = "a-made-up-secret-of-a-channel-of-the-tests-01"
SENT = "2026-11-23T11:59:00-05:00"
PATIENT = {"numbers": [{"authority": "NORTH", "value": "P0000001"}], "family": "Abbot", "given": "Ada",
           "birth_date": "1950-01-01", "phone": "555-555-0101", "language": "es"}  # fmt: skip
SAID: Mapping[str, dict[str, Any]] = {
    "web-form": {"id": "W1", "sent_at": SENT, "patient": PATIENT, "kind": "appointment", "request": "RQ1",
                 "service": "orthopaedics", "priority": "urgent", "text": "My knee.",
                 "answers": [{"question": "chest-pain", "value": False}, {"question": "pain", "value": 7}],
                 "consents": [{"channel": "text", "given": True}]},
    "chat": {"id": "C1", "sent_at": SENT, "patient": PATIENT, "thread": "T1",
             "turns": [{"by": "patient", "at": SENT, "text": "Hello"}, {"by": "staff", "at": SENT, "text": "Hi"}]},
    "call-centre": {"id": "N1", "sent_at": SENT, "patient": PATIENT, "kind": "refill", "service": "lisinopril",
                    "note": "Needs a refill.", "agent": "amara.quill", "caller": "daughter",
                    "call_back": "555-555-0102"},
    "portal": {"id": "M1", "sent_at": SENT, "patient": PATIENT, "thread": "T2", "subject": "A question",
               "text": "May I swim?"},
    "device": {"id": "D1", "sent_at": SENT, "patient": PATIENT, "device": "cuff-7",
               "readings": [{"code": "8480-6", "value": 181.0, "unit": "mm[Hg]", "at": SENT}]},
}  # fmt: skip


class Keeping:
    """A receiver in memory: the same number with the same body is once, with another body a conflict."""

    def __init__(self, channel: str) -> None:
        self.kept: dict[str | None, bytes] = {}
        self.rejected = 0
        self.stopped = False
        self._envelope = envelope_for({"channel": channel})

    async def __call__(self, _connection: str, raw: bytes) -> Receipt:
        """Keep it."""
        if self.stopped:
            raise SetupFault("the disk is full")
        envelope = self._envelope(raw)
        if envelope.problems:
            self.rejected += 1
            return Receipt(outcome="rejected", message=None)
        before = self.kept.setdefault(envelope.control_id, raw)
        known = before is not raw
        outcome = "accepted" if not known else "duplicate" if before == raw else "conflict"
        return Receipt(outcome=outcome, message=None)


@asynccontextmanager
async def open_channel(
    channel: str, folder: Path, *, instruct: Instruct | None = None, **settings: Any
) -> AsyncIterator[tuple[str, Keeping]]:
    """A door on a socket, and what it keeps."""
    (folder / "secret").write_text(SECRET)
    keeping = Keeping(channel)
    door = open_door(
        {"channel": channel, "secret_file": str(folder / "secret"), **settings},
        connection="forms", receive=keeping, now=lambda: NOW, instruct=instruct)  # fmt: skip
    async with standing(door) as base:
        yield f"{base}/intake/forms", keeping


async def post(
    url: str,
    said: Any,
    *,
    sign: str | None = None,
    kind: str = "application/json",
    method: str = "POST",
) -> tuple[int, Any]:
    """Send it signed, unless told otherwise."""
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    proof = signature(body, SECRET, NOW) if sign is None else sign
    headers = {"Content-Type": kind, "X-Carelane-Signature": proof}
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, data=body, headers=headers) as answer,
    ):
        return answer.status, await answer.json()


@pytest.mark.requirement("R46")
@pytest.mark.parametrize("channel", CHANNELS)
async def test_each_channel_takes_its_message_once(channel: str, tmp_path: Path) -> None:
    """Accepted, then known again, then refused with another body; the site's words are shown at once."""
    words = "In an emergency call 911."
    async with open_channel(channel, tmp_path, instructions=words) as (url, keeping):
        status, told = await post(url, SAID[channel])
        assert (status, told["outcome"], told["instructions"]) == (202, "accepted", words)
        status, told = await post(url, SAID[channel])
        assert (status, told["outcome"]) == (200, "duplicate")
        other = {**SAID[channel], "sent_at": "2026-11-23T12:00:00Z"}
        status, told = await post(url, other)
        assert (status, told["outcome"]) == (409, "conflict")
        assert len(keeping.kept) == 1


@pytest.mark.parametrize("stopped", [False, True])
async def test_the_words_for_an_emergency_come_first_also_where_nothing_could_be_kept(
    tmp_path: Path,
    stopped: bool,  # noqa: FBT001  # a table's column
) -> None:
    """Whoever says a red flag reads what to do in the answer itself; the site's own words follow, by language."""

    async def instruct(raw: bytes) -> str:
        return "Call 911 now." if b"knee" in raw else ""

    words = {"en": "We answer within a day.", "es": "Respondemos en un día."}
    async with open_channel("web-form", tmp_path, instructions=words, instruct=instruct) as opened:
        url, keeping = opened
        keeping.stopped = stopped
        status, told = await post(url, SAID["web-form"])
        assert status == (503 if stopped else 202)
        assert told["instructions"] == "Call 911 now.\nRespondemos en un día."
        assert told["emergency"] is True
        _, told = await post(
            url, {**SAID["web-form"], "id": "W2", "text": "My elbow.", "patient": {}}
        )
        assert told["instructions"] == "We answer within a day."
        assert "emergency" not in told


@pytest.mark.parametrize("channel", CHANNELS)
async def test_the_schema_is_answered(channel: str, tmp_path: Path) -> None:
    async with open_channel(channel, tmp_path) as (url, _):
        status, schema = await post(url, b"", method="GET")
        assert status == 200
        assert "$defs" in schema


async def test_refusals_say_place_and_remedy_and_never_the_value(tmp_path: Path) -> None:
    """401, 405, 413, 415, 422, 503; nothing but a rejected one is handed on."""
    good, canary = SAID["web-form"], "canary-7f3a"
    async with open_channel("web-form", tmp_path) as (url, keeping):
        old = signature(json.dumps(good).encode(), SECRET, NOW - timedelta(minutes=6))
        wrong = signature(json.dumps(good).encode(), SECRET[::-1], NOW)
        for refused, wanted, place in (
            (await post(url, good, sign=""), 401, "X-Carelane-Signature"),
            (await post(url, good, sign=old), 401, "X-Carelane-Signature"),
            (await post(url, good, sign=wrong), 401, "X-Carelane-Signature"),
            (await post(url, good, kind="text/plain"), 415, "Content-Type"),
            (await post(url, good, method="PUT"), 405, "method"),
            (await post(url, b"[" * (BYTES_MAX["web-form"] + 1)), 413, "body"),
            (await post(url, b"[" * 10_000), 422, "$"),
            (await post(url, b"\xff{"), 422, "$"),
            (await post(url, {**good, "kind": canary}), 422, "$.kind"),
            (
                await post(url, {**good, "patient": {**PATIENT, "birth_date": canary}}),
                422,
                "$.patient.birth_date",
            ),
            (await post(url, {**good, canary: 1}), 422, "$"),
            (await post(url, {**good, "extra": canary}), 422, "$.extra"),
            (await post(url, {name: good[name] for name in good if name != "kind"}), 422, "$.kind"),
            (await post(url, {**good, "sent_at": "2026-11-23T11:59:00"}), 422, "$.sent_at"),
            (await post(url, {**good, "id": canary + " "}), 422, "$.id"),
        ):
            status, told = refused
            [problem] = told["problems"]
            assert (status, problem["field"]) == (wanted, place)
            assert problem["remedy"]
            assert canary not in json.dumps(told)
        assert keeping.kept == {}
        assert keeping.rejected == 9
        keeping.stopped = True
        status, told = await post(url, good)
        assert (status, told["problems"][0]["field"]) == (503, "server")


class BelievesTheTime(ChannelDoor):
    """Mutant: a signature is right whatever its time."""

    @override
    async def __call__(self, scope: Any, source: Any, sink: Any) -> None:
        headers = dict(scope["headers"])
        made = int(headers[b"x-carelane-signature"].decode().partition(",")[0][2:])
        door = ChannelDoor(connection=self.connection, channel=self.channel, secret=self.secret, receive=self.receive,
                           now=lambda: datetime.fromtimestamp(made, tz=UTC), bytes_max=self.bytes_max)  # fmt: skip
        await door(scope, source, sink)


async def test_mutant_that_takes_an_old_signature_is_caught() -> None:
    mutant = BelievesTheTime(connection="forms", channel="web-form", secret=SECRET, receive=Keeping("web-form"),
                             now=lambda: NOW, bytes_max=10_000)  # fmt: skip
    body = json.dumps(SAID["web-form"]).encode()
    old = signature(body, SECRET, NOW - timedelta(days=1))
    async with standing(mutant) as base:
        status, _ = await post(base, SAID["web-form"], sign=old)
    assert status == 202
    assert not authentic(old, body, SECRET, now=NOW)


@given(st.binary(max_size=200), st.binary(min_size=1, max_size=8), st.integers(0, 200))
def test_a_signature_holds_for_its_bytes_only(body: bytes, added: bytes, place: int) -> None:
    proof = signature(body, SECRET, NOW)
    changed = body[:place] + added + body[place:]
    assert authentic(proof, body, SECRET, now=NOW)
    assert not authentic(proof, changed, SECRET, now=NOW)


@given(st.sampled_from(sorted(CHANNELS)), st.binary(max_size=300))
def test_no_bytes_raise(channel: str, raw: bytes) -> None:
    """Bytes of any kind are a message or a problem with a place."""
    said, problems = decode(channel, raw)
    assert (said is None) == bool(problems)


@given(st.data())
def test_a_message_with_a_part_of_any_kind_is_taken_or_named(data: st.DataObject) -> None:
    """Whatever stands in a field: no exception, and no value in the words."""
    channel = data.draw(st.sampled_from(sorted(CHANNELS)))
    said = deepcopy(SAID[channel])
    field = data.draw(st.sampled_from(sorted(said)))
    leaves = st.none() | st.booleans() | st.floats(allow_nan=False) | st.just("canary-7f3a")
    branches = st.dictionaries(st.just("other"), leaves, max_size=1)
    values = st.recursive(leaves | branches, lambda inner: st.lists(inner, max_size=3))
    said[field] = data.draw(values)
    _, problems = decode(channel, json.dumps(said).encode())
    assert all(each.place.startswith("$") and "canary" not in each.line() for each in problems)


def heard(channel: str, **changed: Any) -> list[tuple[str, Any, Any]]:
    """Type, payload and draft of what a message says."""
    raw = json.dumps({**SAID[channel], **changed}).encode()
    reading, problems = reader_for({"channel": channel}, source="forms")(raw, received_at=NOW)
    assert problems == ()
    return [(draft.type, draft.payload.reveal(), draft) for draft in reading.drafts]


def test_a_form_is_a_request_and_a_consent() -> None:
    [(first, consent, _), (second, payload, draft)] = heard("web-form")
    assert (first, consent["consent"]["status"], consent["consent"]["channel"]) == (
        "consent.given",
        "active",
        "text",
    )
    assert second == "request.received"
    assert payload["intake"] == {"channel": "web-form", "source": "forms", "said": ["My knee."]}
    request = payload["request"]
    assert request["category"][0]["coding"][0]["code"] == "appointment"
    assert (request["priority"], request["note"][0]["text"]) == ("urgent", "My knee.")
    assert payload["answers"] == {"chest-pain": False, "pain": 7}
    assert payload["patient"]["communication"][0]["language"]["coding"][0]["code"] == "es"
    assert draft.keys == {"request": "RQ1"}
    assert (draft.urgency.name, draft.identifiers[0].authority) == ("URGENT", "NORTH")
    assert draft.occurred_at == datetime(2026, 11, 23, 16, 59, tzinfo=UTC)


def test_a_chat_is_a_message_or_a_request() -> None:
    [(type_, payload, draft)] = heard("chat")
    assert type_ == "message.received"
    assert payload["communication"]["payload"][0]["contentString"] == "Patient: Hello\nStaff: Hi"
    assert draft.keys == {"thread": "T1", "message": "forms|C1"}
    [(type_, payload, _)] = heard("chat", kind="symptoms")
    assert type_ == "request.received"
    assert payload["request"]["category"][0]["coding"][0]["code"] == "symptoms"


def test_a_call_note_keeps_who_called_and_whom_to_call_back() -> None:
    [(type_, payload, _)] = heard("call-centre", kind="records")
    assert type_ == "request.received"
    assert payload["request"]["requester"]["display"] == "daughter"
    assert payload["request"]["note"][0]["text"].splitlines() == [
        "Needs a refill.", "Call back: 555-555-0102", "Taken by amara.quill"]  # fmt: skip


def test_a_wish_for_a_refill_is_what_a_pharmacy_asks_for() -> None:
    """The same fact, with the number on the package and the days left; who called is not who prescribed."""
    [(type_, payload, draft)] = heard("call-centre", prescription="RX7", supply_left_days=2)
    wish = payload["medication_request"]
    assert (type_, draft.keys["prescription"]) == ("refill.requested", "RX7")
    assert (wish["intent"], wish["supplyLeftDays"]) == ("proposal", 2)
    assert wish["medicationCodeableConcept"]["coding"] == [{"code": "lisinopril"}]
    assert wish["reportedReference"]["display"] == "daughter"
    assert "requester" not in wish


def test_each_reading_is_a_fact() -> None:
    two = [
        {"code": "8480-6", "value": 181.0, "unit": "mm[Hg]", "at": SENT},
        {"code": "8867-4", "value": 99, "unit": "/min", "at": SENT},
    ]
    found = heard("device", readings=two)
    assert [type_ for type_, _, _ in found] == ["reading.received", "reading.received"]
    assert found[0][1]["reading"]["valueQuantity"]["value"] == 181.0
    assert found[1][1]["reading"]["code"]["coding"][0]["code"] == "8867-4"


def test_who_has_no_number_is_known_by_the_message() -> None:
    """A provisional patient is made of it; a person links it later."""
    [(_, _, draft)] = heard("portal", patient={"family": "Abbot"})
    assert [(one.authority, one.value) for one in draft.identifiers] == [("forms-sender", "M1")]


@pytest.mark.parametrize(
    "settings",
    [{}, {"channel": "fax"}, {"channel": "chat"}, {"channel": "chat", "secret_file": "/nowhere"}],
)
def test_settings_that_can_not_work_say_so(settings: dict[str, Any]) -> None:
    with pytest.raises(ChannelSettingMissing):
        open_door(settings, connection="forms", receive=Keeping("chat"), now=lambda: NOW)
