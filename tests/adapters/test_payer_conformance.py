"""Our payer sender passes the sender suite against the synthetic payer, and broken senders are caught by it."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from typing_extensions import override

from carelane.connect.fhir.client import FhirClient
from carelane.connect.fhir.mapping.authorisations import read
from carelane.connect.fhir.mapping.claims import inquiry_of
from carelane.connect.fhir.mapping.outgoing import Unfit
from carelane.connect.fhir.payer import Keep, PayerProfile, PayerSender
from carelane.facts.errors import SetupFault
from carelane.facts.intent import Intent
from carelane.facts.ports import PENDED, Receipt, Sent, Verdict
from carelane.testing.conformance import sender as suite
from carelane.testing.conformance.payer_rig import PARTIES, PROFILE, PayerRig, open_rig
from carelane.testing.payer.claims import documents_of
from carelane.testing.payer.deciding import ANSWERS
from carelane.testing.payer.server import INQUIRE, SUBMIT


async def on_rig(check: Callable[[PayerRig], Awaitable[None]], rig: PayerRig) -> None:
    try:
        await check(rig)
    finally:
        await rig.close()


@pytest.mark.invariant("I3")
@pytest.mark.requirement("R92")
@pytest.mark.parametrize("check", suite.CHECKS, ids=lambda one: one.__name__)
async def test_sender_keeps_every_rule(check: Callable[[suite.Rig], Awaitable[None]]) -> None:
    """The suite that every sender passes, whatever it speaks."""
    await on_rig(check, await open_rig())


class ServerErrorIsRetry(PayerSender):
    """Mutant: a lost answer is called certainly not done."""

    @override
    async def send(self, intent: Intent, *, attempt: int, now: datetime) -> Sent:
        sent = await super().send(intent, attempt=attempt, now=now)
        if sent.verdict is Verdict.UNKNOWN:
            return Sent(verdict=Verdict.RETRY, cause=sent.cause)
        return sent


class SubmitsToLookUp(PayerSender):
    """Mutant: looks up by submitting again."""

    @override
    async def look_up(self, intent: Intent, *, now: datetime) -> Sent:
        return await super().send(intent, attempt=2, now=now)


@pytest.mark.parametrize("mutant", [ServerErrorIsRetry, SubmitsToLookUp])
async def test_mutant_senders_are_caught(mutant: type[PayerSender]) -> None:
    """Each broken sender fails a check of the suite."""

    def make(client: FhirClient, keep: Keep) -> PayerSender:
        return mutant(client=client, profile=PROFILE, keep=keep)

    rigs: list[PayerRig] = []

    async def opened() -> PayerRig:
        rigs.append(await open_rig(make=make))
        return rigs[-1]

    with pytest.raises(suite.Nonconforming):
        await suite.check_sender(opened)
    for rig in rigs:
        await rig.close()


@pytest.mark.parametrize("answer", ANSWERS)
async def test_every_answer_is_kept_and_read(answer: str) -> None:
    """What the payer says at once becomes one fact with one meaning."""

    async def check(rig: PayerRig) -> None:
        rig.server.desk.said.append(answer)
        sent = await rig.sender.send(rig.intent(answer), attempt=1, now=rig.now())
        assert sent.verdict is Verdict.DONE
        assert (sent.cause == PENDED) == (answer == PENDED)
        [raw] = rig.kept
        reading, problems = read(raw, received_at=rig.now())
        [draft] = reading.drafts
        said = draft.payload.reveal()["authorisation"]
        assert (reading.outcome, problems, said["outcome"]) == ("facts", (), answer)  # type: ignore[index,call-overload]  # a payload is JSON

    await on_rig(check, await open_rig())


async def test_a_pended_claim_is_asked_after_and_told() -> None:
    """`$inquire` gives the same answer as the same message, and the decision as another."""

    async def check(rig: PayerRig) -> None:
        rig.server.desk.said.append("pended")
        intent = rig.intent("pended")
        await rig.sender.send(intent, attempt=1, now=rig.now())
        assert isinstance(rig.sender, PayerSender)
        again = await rig.sender.ask(intent, now=rig.now())
        assert (again.verdict, again.cause) == (Verdict.DONE, PENDED)
        assert rig.kept[0] == rig.kept[1]
        await rig.wait(timedelta(days=2))
        rig.server.desk.decide(str(intent.id), "partial")
        decided = await rig.sender.ask(intent, now=rig.now())
        assert (decided.verdict, decided.cause, decided.reference) == (
            Verdict.DONE,
            "",
            "PA0000001",
        )
        assert rig.kept[2] != rig.kept[1]
        assert await rig.held(intent) == 1

    await on_rig(check, await open_rig())


async def test_an_answer_that_could_not_be_kept_is_not_done() -> None:
    """The payer has it, our store does not: unknown, and the look-up keeps it."""
    fails = [True]
    kept: list[bytes] = []

    async def keep(raw: bytes) -> Receipt:
        if fails.pop() if fails else False:
            raise SetupFault("no store")
        kept.append(raw)
        return Receipt(outcome="accepted", message=None)

    def make(client: FhirClient, _keep: Keep) -> PayerSender:
        return PayerSender(client=client, profile=PROFILE, keep=keep)

    async def check(rig: PayerRig) -> None:
        intent = rig.intent("store down")
        sent = await rig.sender.send(intent, attempt=1, now=rig.now())
        assert sent.verdict is Verdict.UNKNOWN
        assert sent.cause.startswith("not-kept-")
        found = await rig.sender.look_up(intent, now=rig.now())
        assert found.verdict is Verdict.DONE
        assert len(kept) == 1
        assert await rig.held(intent) == 1

    await on_rig(check, await open_rig(make=make))


@pytest.mark.parametrize(
    ("missing", "more"),
    [
        ("missing-payer", {"coverage": {"subscriberId": "M1"}}),
        ("missing-member", {"coverage": {"payor": [{"display": "Somewhere"}]}}),
        ("missing-service", {"request": {}}),
        ("missing-patient", {"patient": {}}),
    ],
)
async def test_what_no_payer_could_decide_never_leaves(missing: str, more: dict[str, Any]) -> None:
    """Refused with what is missing, and not one request."""

    async def check(rig: PayerRig) -> None:
        intent = rig.intent("incomplete", **more)
        sent = await rig.sender.send(intent, attempt=1, now=rig.now())
        assert (sent.verdict, sent.cause) == (Verdict.REFUSED, missing)
        assert await rig.requests() == 0

    await on_rig(check, await open_rig())


async def test_what_the_site_does_not_allow_never_leaves() -> None:
    """An allow-list without `supportingInfo` refuses the claim that has it."""
    narrow = PayerProfile(parties=PARTIES, writes=PROFILE.writes - {"supportingInfo"})

    def make(client: FhirClient, keep: Keep) -> PayerSender:
        return PayerSender(client=client, profile=narrow, keep=keep)

    async def check(rig: PayerRig) -> None:
        sent = await rig.sender.send(rig.intent("narrow"), attempt=1, now=rig.now())
        assert (sent.verdict, sent.cause) == (Verdict.REFUSED, "write-field-not-allowed")
        assert await rig.requests() == 0

    await on_rig(check, await open_rig(make=make))


@pytest.mark.parametrize("mode", ["503", "500", "outcome-error", "half-json", "commit-then-reset"])
async def test_a_look_up_that_fails_says_nothing(mode: str) -> None:
    """An ill payer is not a payer without the claim."""

    async def check(rig: PayerRig) -> None:
        intent = rig.intent("ill")
        await rig.sender.send(intent, attempt=1, now=rig.now())
        rig.server.faults.add({"mode": mode, "kind": INQUIRE})
        found = await rig.sender.look_up(intent, now=rig.now())
        assert found.verdict in {Verdict.UNKNOWN, Verdict.RETRY}
        assert await rig.requests() == 1

    await on_rig(check, await open_rig())


async def test_a_member_that_the_payer_does_not_know_is_refused() -> None:
    async def check(rig: PayerRig) -> None:
        rig.server.desk.strangers.add("M-778100")
        sent = await rig.sender.send(rig.intent("stranger"), attempt=1, now=rig.now())
        assert (sent.verdict, sent.cause) == (Verdict.REFUSED, "payer-error")
        assert rig.kept == []

    await on_rig(check, await open_rig())


async def test_a_slow_payer_is_unknown() -> None:
    """The answer breaks off in the middle: nobody knows, and the look-up finds it."""

    async def check(rig: PayerRig) -> None:
        rig.server.faults.add({"mode": "half-json-clean", "kind": SUBMIT})
        intent = rig.intent("slow")
        sent = await rig.sender.send(intent, attempt=1, now=rig.now())
        assert sent.verdict is Verdict.UNKNOWN
        assert (await rig.sender.look_up(intent, now=rig.now())).verdict is Verdict.DONE

    await on_rig(check, await open_rig())


SECOND: dict[str, Any] = {"fields": {"documents": "Notes", "payer_number": "PA0000001"}}


@pytest.mark.parametrize(
    ("more", "certification"),
    [({}, "I"), (SECOND, "S"), ({"fields": {"appeal_kind": "first", "documents": "x"}}, "2"),
     ({"fields": {"appeal_kind": "peer-to-peer", "documents": "x"}}, "1")],
)  # fmt: skip
async def test_a_second_request_says_what_it_is(more: dict[str, Any], certification: str) -> None:
    """Initial, revised, or an appeal; a revised one names the payer's own number."""

    async def check(rig: PayerRig) -> None:
        await rig.sender.send(rig.intent("again", **more), attempt=1, now=rig.now())
        [held] = rig.server.desk.book.held
        assert held.certification == certification
        related = held.claim.get("related", [{}])[0].get("reference", {}).get("value")
        assert related == ("PA0000001" if certification == "S" else None)

    await on_rig(check, await open_rig())


async def test_documents_go_with_the_claim_and_not_with_a_question_about_it() -> None:
    """What came goes with what it holds, an address too; named ones by number, each once; an empty one by its name."""
    came = {
        "masterIdentifier": {"system": "HIS", "value": "D1"},
        "type": {"text": "Letter"},
        "content": [{"attachment": {"url": "https://ehr.example/d/1", "creation": "2026"}}, {"format": {}}],
    }  # fmt: skip

    async def check(rig: PayerRig) -> None:
        numbers = {"documents": "Two", "document_numbers": "D1 D2"}
        intent = rig.intent("enclosed", fields=numbers, document=came)
        sent = await rig.sender.send(intent, attempt=1, now=rig.now())
        assert sent.verdict is Verdict.DONE
        [held] = rig.server.desk.book.held
        first, second = documents_of(held)
        assert first["content"] == [{"attachment": {"url": "https://ehr.example/d/1"}}]
        assert second["content"] == [{"attachment": {"title": "D2"}}]
        inquiry = inquiry_of(intent, PARTIES, now=rig.now())
        assert not isinstance(inquiry, Unfit)
        kinds = {one["resource"]["resourceType"] for one in inquiry["entry"]}
        assert "DocumentReference" not in kinds
        bare = {"masterIdentifier": {"value": "D3"}}
        await rig.sender.send(rig.intent("bare", document=bare), attempt=1, now=rig.now())
        [only] = documents_of(rig.server.desk.book.held[-1])
        assert only["content"] == [{"attachment": {"title": "D3"}}]

    await on_rig(check, await open_rig())
