"""Prior authorisations from the order's message to the closed loop, at a payer over HTTP, with the exceptions."""

from base64 import b64decode
from collections.abc import AsyncIterator

import pytest

from carelane.compose.house import House
from carelane.testing.insured import document_for, order, registration
from carelane.testing.payer.claims import documents_of
from tests.flows.conftest import Feed, Hand
from tests.flows.payers.asking import Asking, asking

pytestmark = [pytest.mark.postgres, pytest.mark.requirement("R70")]


@pytest.fixture
async def desk(house: House, feed: Feed, hand: Hand) -> AsyncIterator[Asking]:
    """A house, a payer, an EHR."""
    async with asking(house, feed, hand) as opened:
        yield opened


def owners(desk: Asking) -> list[tuple[str]]:
    """Who owns the open steps of authorisations."""
    return desk.feed.sql(
        "select s.owner_name from step s join pathway_case c on c.id = s.case_id"
        " where c.pathway = 'prior-authorisation' and s.closed_at is null"
    )


async def test_approved_at_once_and_the_record_hears_of_it(desk: Asking) -> None:
    """One claim with the order, the member and the documents; the EHR gets one Communication with the number."""
    desk.answers("approved")
    await desk.prepared(order(1))
    assert desk.state() == "closed: approved"
    [held] = desk.claims()
    assert (held.service, held.certification, held.expedited) == ("72148", "I", False)
    kinds = sorted({one["resourceType"] for one in held.company.values()})
    assert kinds == ["Claim", "Coverage", "Organization", "Patient", "ServiceRequest"]
    assert desk.submissions() == [("done", "")]
    told = [
        version.resource["payload"][0]["contentString"]
        for version in desk.outside.ehr.desk.records.of_kind("Communication")
    ]
    assert len(told) == 1
    assert held.payer_number in told[0]
    assert desk.awaited() == 0


async def test_pended_is_asked_after_until_it_is_decided(desk: Asking) -> None:
    """The same answer again is no new fact; the decision is. Then nobody asks any more."""
    desk.answers("pended")
    await desk.prepared(order(1))
    assert desk.state() == "payer-standard"
    assert desk.awaited() == 1
    await desk.later(hours=2)
    await desk.later(hours=2)
    [held] = desk.claims()
    assert held.inquiries == 2
    assert desk.facts() == ["authorisation.answered"]
    desk.decides("approved")
    await desk.later(hours=2)
    assert desk.state() == "closed: approved"
    assert desk.facts() == ["authorisation.answered"] * 2
    assert desk.awaited() == 0
    await desk.later(hours=2)
    assert held.inquiries == 3


async def test_a_silent_payer_is_past_its_clock_and_called(desk: Asking) -> None:
    """72 hours for an urgent one; then a person calls, and what the payer says on the phone closes it."""
    desk.answers("silent")
    await desk.prepared(order(1, priority="A"))
    assert desk.state() == "payer-expedited"
    [held] = desk.claims()
    assert held.expedited
    await desk.later(hours=73)
    assert desk.state() == "payer-late"
    await desk.do("chase-payer", "still-pended")
    assert desk.state() == "payer-late"
    await desk.do("chase-payer", "denied", note="Called, reference 77")
    assert desk.state() == "denied"
    await desk.do("decide-denial", "accept", by="hugo.lindqvist", note="Physiotherapy first")
    await desk.do("tell-schedulers", "told")
    assert desk.state() == "closed: denied"


async def test_the_standard_clock_is_seven_calendar_days(desk: Asking) -> None:
    desk.answers("silent")
    await desk.prepared(order(1))
    await desk.later(days=6, hours=20)
    assert desk.state() == "payer-standard"
    await desk.later(days=1)
    assert desk.state() == "payer-late"


async def test_partly_approved_is_told_by_a_person(desk: Asking) -> None:
    desk.answers("partial")
    await desk.prepared(order(1))
    assert desk.state() == "tell-approved"
    await desk.do("tell-schedulers", "told")
    assert desk.state() == "closed: approved"


async def test_denied_appealed_and_approved(desk: Asking) -> None:
    """The appeal is a claim of its own that names the payer's number of the first."""
    desk.answers("denied", "approved")
    await desk.prepared(order(1))
    assert desk.state() == "denied"
    await desk.do("decide-denial", "appeal", by="hugo.lindqvist", appeal="first")
    assert desk.state() == "appealing"
    await desk.do("assemble", "complete", documents="Letter of the clinician")
    assert desk.state() == "closed: approved"
    first, second = desk.claims()
    assert (first.certification, second.certification) == ("I", "2")
    assert second.claim["related"][0]["reference"]["value"] == first.payer_number
    assert first.number != second.number


async def test_more_information_is_put_together_and_sent(desk: Asking) -> None:
    """The payer asks, the clinician's document is chased, comes, and goes as a revised claim."""
    desk.answers("information-requested", "approved")
    await desk.prepared(order(1, person=1))
    assert desk.state() == "assembling"
    await desk.do("assemble", "missing-from-clinician", note="Therapy notes")
    assert desk.state() == "waiting-for-clinician"
    await desk.feed.send(document_for(2, of=1, person=1))
    assert desk.state() == "assembling"
    await desk.do("assemble", "complete", documents="Therapy notes")
    assert desk.state() == "closed: approved"
    _, second = desk.claims()
    assert second.certification == "S"
    [words, named] = second.claim["supportingInfo"]
    assert words["valueString"] == "Therapy notes"
    document = second.company[named["valueReference"]["reference"]]
    assert document["masterIdentifier"]["value"] == "DOC0000002"
    assert document["type"]["coding"][0]["code"] == "PN"
    assert second.company[document["subject"]["reference"]]["resourceType"] == "Patient"
    [content] = document["content"]
    assert b64decode(content["attachment"]["data"]) == b"Six weeks of physical therapy."


async def test_a_service_that_needs_documents_is_not_decided_without(desk: Asking) -> None:
    """The payer's own rule: asked for, named by the desk by their numbers, and all of them in the claim's bundle."""
    await desk.feed.send(order(1, service="27447"))
    await desk.do("assemble", "complete", documents="Letter")
    assert desk.state() == "assembling"
    await desk.do("assemble", "complete", documents="Notes", document_numbers="N-1, N-2;N-1")
    assert desk.state() == "closed: approved"
    first, second = desk.claims()
    assert (documents_of(first), second.certification) == ([], "S")
    numbers = [one["masterIdentifier"]["value"] for one in documents_of(second)]
    assert numbers == ["N-1", "N-2"]
    assert [one["sequence"] for one in second.claim["supportingInfo"]] == [1, 2, 3]


async def test_a_document_that_never_comes_reaches_somebody_else(desk: Asking) -> None:
    """Chased by the clock: after two business days it is the covering clinician's."""
    await desk.feed.send(order(1, person=1))
    await desk.do("assemble", "missing-from-clinician", note="Therapy notes")
    chased = owners(desk)
    await desk.later(days=4)
    assert desk.state() == "stuck"
    assert owners(desk)
    assert owners(desk) != chased


async def test_an_unknown_payer_goes_to_a_person_with_the_reason(desk: Asking) -> None:
    """What was sent is shown; the person's correction goes to the payer."""
    desk.answers("approved")
    await desk.feed.send(order(1, payer="Never Heard Of"))
    assert desk.state() == "payer-unknown"
    await desk.do("find-coverage", "found", payer="lakeshore-mutual", member_number="LM-9")
    await desk.do("assemble", "complete", documents="Letter")
    assert desk.state() == "closed: approved"
    [held] = desk.claims()
    names = {
        one.get("name") for one in held.company.values() if one["resourceType"] == "Organization"
    }
    assert names == {"Lakeshore Mutual", "Northgate Health"}
    members = {
        one["subscriberId"] for one in held.company.values() if one["resourceType"] == "Coverage"
    }
    assert members == {"LM-9"}


async def test_registration_that_knew_the_payer_is_remembered(desk: Asking) -> None:
    """The order names nobody: what an ADT said before holds, also for the next order; else a person is asked."""
    await desk.feed.send(
        registration(1, "Granite Health", person=1), order(2, person=1, payer=None)
    )
    assert desk.state() == "assembling"
    await desk.feed.send(order(3, person=2, payer=None))
    states = desk.feed.sql(
        "select s.state from step s join pathway_case c on c.id = s.case_id"
        " where c.pathway = 'prior-authorisation' and s.closed_at is null order by s.state"
    )
    assert states == [("assembling",), ("who-pays",)]
    await desk.feed.send(registration(4, "Granite Health", person=2))
    await desk.feed.send(order(5, person=1, payer=None))
    states = desk.feed.sql(
        "select s.state from step s join pathway_case c on c.id = s.case_id"
        " where c.pathway = 'prior-authorisation' and s.closed_at is null order by s.state"
    )
    assert states == [("assembling",)] * 3


async def test_no_member_number_is_never_sent(desk: Asking) -> None:
    """Refused before anything leaves; a person submits by the payer's own way."""
    await desk.prepared(order(1, member=False))
    assert desk.state() == "by-hand"
    assert desk.submissions() == [("dead", "missing-member")]
    assert desk.payer.requests == []
    await desk.do("submit-by-hand", "submitted", note="Portal, reference 12")
    assert desk.state() == "payer-standard"


@pytest.mark.parametrize(
    ("service", "payer"),
    [("72148", "Public Plan"), ("72148", "Self Pay"), ("71046", "Granite Health")],
)
async def test_what_needs_no_approval_is_not_ours(desk: Asking, service: str, payer: str) -> None:
    await desk.feed.send(order(1, service=service, payer=payer))
    rows = desk.feed.sql("select count(*) from pathway_case where pathway = 'prior-authorisation'")
    assert rows == [(0,)]


async def test_a_cancelled_order_asks_nothing_more(desk: Asking) -> None:
    """Pended at the payer; the order is cancelled: closed, and no more questions."""
    desk.answers("pended")
    await desk.prepared(order(1, person=1))
    await desk.feed.send(order(2, of=1, person=1, control="CA"))
    assert desk.state() == "closed: cancelled"
    await desk.later(hours=2)
    [held] = desk.claims()
    assert held.inquiries == 0
    assert desk.awaited() == 0
