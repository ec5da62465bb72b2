"""Intents leave as HL7 v2 and are settled by the acknowledgement, over real sockets."""

import asyncio
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

import pytest

from carelane.connect.hl7v2.adapter import (
    SettingUnusable,
    local_of,
    open_listener,
    open_sender,
    reader_of,
    register,
)
from carelane.connect.hl7v2.codec import envelope, parse
from carelane.connect.hl7v2.mapping import read
from carelane.connect.hl7v2.mapping.outgoing import Addresses, Outgoing, Unfit, from_intent
from carelane.facts.fact import Json
from carelane.facts.intent import Audience, EffectClass, IfUnknown, Intent
from carelane.facts.phi import Phi
from carelane.facts.ports import Receipt, Sent, Verdict
from carelane.testing import messages
from carelane.testing.mllp import Receiver

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PATIENT: Json = {
    "identifier": [{"system": "NORTH", "value": "P0000001"}],
    "name": [{"family": "O'Hara|Smith", "given": ["Ada"]}],
    "birthDate": "1950-02-03",
}
REQUEST: Json = {"identifier": [{"system": "HIS", "value": "REF0000001"}]}


def intent(capability: str, content: Mapping[str, Json], **references: str) -> Intent:
    return Intent(
        id=UUID("00000000-0000-8000-8000-00000000abcd"),
        case=UUID(int=1),
        step=None,
        name="tell",
        capability=capability,
        audience=Audience.RECORD,
        if_unknown=IfUnknown.ASK,
        content=Phi(content),
        references=references,
    )


def made(wanted: Intent) -> Outgoing:
    found = from_intent(wanted, now=AT, addresses=Addresses(to_application="HIS"))
    assert isinstance(found, Outgoing)
    return found


UPDATE = intent(
    "ehr.referral.update",
    {
        "patient": PATIENT,
        "request": REQUEST,
        "values": {"status": "declined", "reason": "duplicate"},
        "text": "Please see the first referral.",
    },
)


def test_a_referral_is_answered_with_rri() -> None:
    out = made(UPDATE)
    message, problems = parse(out.raw)
    assert message is not None
    assert problems == ()
    assert out.format == "HL7 v2 RRI^I13"
    assert [message.get("MSH", 9, part) for part in (1, 2, 3)] == ["RRI", "I13", "RRI_I12"]
    assert message.get("MSH", 10) == out.control_id == "8000800000000000ABCD"
    assert [message.get("RF1", 1, 1), message.get("RF1", 6, 1), message.get("RF1", 6, 2)] == [
        "R",
        "REF0000001",
        "HIS",
    ]
    assert message.get("RF1", 10) == "duplicate"
    assert message.get("PID", 5, 1) == "O'Hara|Smith"
    assert message.get("NTE", 3) == "Please see the first referral."


@pytest.mark.parametrize(
    ("wanted", "trigger", "kind"),
    [
        (
            intent(
                "ehr.appointment.book",
                {"patient": PATIENT, "appointment": {"start": "2026-12-01T09:00:00+01:00"}},
                referral="HIS|REF0000001",
            ),
            "SIU^S12",
            "appointment.booked",
        ),
        (
            intent("ehr.appointment.cancel", {"patient": PATIENT}, appointment="SCHED|APT1"),
            "SIU^S15",
            "appointment.cancelled",
        ),
        (
            intent("ehr.document", {"patient": PATIENT, "request": REQUEST, "text": "a\nb|c"}),
            "MDM^T02",
            "document.received",
        ),
        (
            intent("ehr.communication", {"patient": PATIENT, "text": "told"}),
            "MDM^T02",
            "document.received",
        ),
    ],
)
def test_what_we_send_our_own_reader_understands(wanted: Intent, trigger: str, kind: str) -> None:
    reading, problems = read(made(wanted).raw, received_at=AT)
    assert (reading.outcome, reading.trigger) == ("facts", trigger)
    assert problems == ()
    draft = reading.drafts[0]
    assert draft.type == kind
    assert [each.value for each in draft.identifiers] == ["P0000001"]
    if "referral" in wanted.references or (
        kind == "document.received" and "request" in wanted.content.reveal()
    ):
        assert draft.keys["referral"] == "HIS|REF0000001"


@pytest.mark.parametrize(
    ("wanted", "cause"),
    [
        (intent("ehr.slot.hold", {"patient": PATIENT}), "capability-unknown"),
        (intent("ehr.document", {"text": "x"}), "patient-missing"),
        (intent("ehr.document", {"patient": PATIENT}), "text-missing"),
        (intent("ehr.referral.update", {"patient": PATIENT}), "referral-number-missing"),
        (intent("ehr.appointment.book", {"patient": PATIENT}), "appointment-start-missing"),
        (intent("ehr.appointment.cancel", {"patient": PATIENT}), "appointment-number-missing"),
    ],
)
def test_an_intent_that_cannot_be_said_is_refused_with_a_cause(wanted: Intent, cause: str) -> None:
    assert from_intent(wanted, now=AT) == Unfit(cause)


def _send(*faults: str, times: int = 1, open_port: bool = True) -> tuple[list[Sent], Receiver]:
    async def scenario() -> tuple[list[Sent], Receiver]:
        hospital = Receiver(now=lambda: AT, faults=deque(faults))
        port = await hospital.open()
        if not open_port:
            await hospital.close()
        sender = open_sender({"host": "127.0.0.1", "port": port, "answer_s": 0.3})
        try:
            sent = [await sender.send(UPDATE, attempt=at, now=AT) for at in range(1, times + 1)]
        finally:
            await sender.close()
            await hospital.close()
        return sent, hospital

    return asyncio.run(scenario())


@pytest.mark.invariant("I3")
@pytest.mark.parametrize(
    ("fault", "verdict", "cause", "kept"),
    [
        ("", Verdict.DONE, "", 1),
        ("error", Verdict.REFUSED, "msa-ae-101", 0),
        ("busy", Verdict.RETRY, "msa-ae-207", 0),
        ("refuse", Verdict.REFUSED, "msa-ar-100", 0),
        ("silent", Verdict.UNKNOWN, "mllp-no-answer", 1),
        ("cut", Verdict.UNKNOWN, "mllp-no-answer", 1),
        ("cut-before", Verdict.UNKNOWN, "mllp-no-answer", 0),
        ("garbage", Verdict.DONE, "", 1),
        ("stale", Verdict.DONE, "", 1),
    ],
)
def test_every_end_of_a_sending_has_its_verdict(
    fault: str, verdict: Verdict, cause: str, kept: int
) -> None:
    """What may have been done is unknown, never retried blindly; what was not is."""
    sent, hospital = _send(fault)
    assert (sent[0].verdict, sent[0].cause) == (verdict, cause)
    assert sent[0].format == "HL7 v2 RRI^I13"
    assert len(hospital.kept) == kept


def test_nobody_listening_is_certainly_not_done() -> None:
    sent, hospital = _send(open_port=False)
    assert (sent[0].verdict, sent[0].cause) == (Verdict.RETRY, "mllp-not-sent")
    assert hospital.received == []


def test_one_connection_serves_many_messages_and_survives_a_cut() -> None:
    sent, hospital = _send("", "cut", "", times=3)
    assert [each.verdict for each in sent] == [Verdict.DONE, Verdict.UNKNOWN, Verdict.DONE]
    assert len(hospital.received) == 3
    assert len(hospital.kept) == 1  # the control id is the intent's: a repetition is recognisable


def test_a_look_up_is_never_sure() -> None:
    sender = open_sender({"host": "127.0.0.1", "port": 1})
    assert asyncio.run(sender.look_up(UPDATE, now=AT)).verdict is Verdict.UNKNOWN
    assert {each.effect_class for each in sender.capabilities().values()} == {EffectClass.BLIND}


def test_the_adapter_registers_itself() -> None:
    kind = register()
    assert kind.name == "hl7v2"
    assert kind.reader is not None
    assert {each.name for each in kind.capabilities} == {
        "ehr.referral.update",
        "ehr.appointment.book",
        "ehr.appointment.cancel",
        "ehr.communication",
        "ehr.document",
    }


@pytest.mark.parametrize(
    "settings",
    [{"zone": "Mars/Base"}, {"zone": 7}, {"host": ""}, {"host": "x"}, {"host": "x", "port": "y"}],
)
def test_settings_that_cannot_work_are_refused_by_name(settings: dict[str, Json]) -> None:
    maker = local_of if "zone" in settings else open_sender
    with pytest.raises(SettingUnusable):
        maker(settings)


def test_settings_open_a_listener_and_a_reader() -> None:
    async def scenario() -> list[bytes]:
        stored: list[bytes] = []

        async def receive(_connection: str, raw: bytes) -> Receipt:
            stored.append(raw)
            return Receipt(outcome="accepted", message=UUID(int=1))

        listener = await open_listener({}, connection="his", receive=receive, now=lambda: AT)
        sender = open_sender({"host": "127.0.0.1", "port": listener.port})
        sent = await sender.send(UPDATE, attempt=1, now=AT)
        await sender.close()
        await listener.close()
        assert sent.verdict is Verdict.DONE
        return stored

    stored = asyncio.run(scenario())
    assert envelope(stored[0]).trigger == "RRI^I13"
    reader = reader_of({"zone": "Europe/Berlin", "referral_codes": ["71020"]})
    reading, _ = reader(messages.order(1), received_at=AT)
    assert reading.drafts[0].type == "referral.received"
