"""What people do with held back messages really happens: replayed, or set aside (SEMANTICS 10; I2)."""

from datetime import timedelta
from typing import Any

import pytest

from carelane.compose.people import outbox_of
from carelane.connect.hl7v2.adapter import reader_of
from carelane.effects.claim import know
from carelane.effects.dispatch import send_ready
from carelane.effects.routing import assign
from carelane.engine.merge import take_back
from carelane.facts.phi import Phi
from carelane.intake.interpret import interpret
from carelane.testing import messages
from carelane.worklist import acting
from carelane.worklist.answers import Acted
from carelane.worklist.viewer import Viewer

Feed = Any  # the fixture's class lives in conftest
pytestmark = pytest.mark.postgres
DESK = Viewer(
    person="kira.sandoval",
    sites=("north", "harbour", ""),
    pools=("integration-desk", "identity-desk"),
)


async def _finish(feed: Feed, name: str, outcome: str, **form: str) -> None:
    ((task, version),) = feed.sql(
        "select id, version from task where name = %s and closed_at is null", name
    )
    act = await acting.complete(feed.house.runtime, DESK, task, version=version, outcome=outcome,
                                form=Phi(form, "form"))  # fmt: skip
    assert isinstance(act, Acted), act
    feed.hand.forward(timedelta(minutes=1))  # past undo
    outbox = outbox_of(feed.house)
    await know(outbox)
    await assign(outbox)
    await send_ready(outbox, "carelane")
    await feed.interpret()
    await feed.drain()


def _cases(feed: Feed, pathway: str) -> list[str]:
    return [
        row[0] for row in feed.sql("select outcome from pathway_case where pathway = %s", pathway)
    ]


@pytest.mark.invariant("I2")
async def test_a_conflicting_message_that_a_person_replays_is_taken_in(feed: Feed) -> None:
    await feed.send(messages.referral(1), messages.referral(1, priority=2))
    await _finish(feed, "sort-message", "replayed")
    assert _cases(feed, "quarantine") == ["released"]
    outcomes = feed.sql("select outcome, replay_of is not null from message order by seq")
    assert outcomes == [("facts", False), ("quarantined", False), ("facts", True)]


async def test_a_message_that_is_not_needed_stays_as_it_is(feed: Feed) -> None:
    await feed.send(messages.referral(1), messages.referral(1, priority=2))
    await _finish(feed, "sort-message", "not-needed", note="An old copy")
    assert _cases(feed, "quarantine") == ["not-needed"]
    assert len(feed.sql("select from message")) == 2


async def test_a_message_is_identified_once_the_record_is_put_right(feed: Feed) -> None:
    """Two patients were merged wrongly; a message that names both waits; it is read again after the reversal."""
    await feed.send(messages.referral(1, person=1), messages.referral(2, person=2))
    both = (
        messages.patient_number(1).encode() + b"^^^NORTH^MR~" + messages.patient_number(2).encode()
    )
    raw = messages.critical_result(3, person=1).replace(
        messages.patient_number(1).encode(), both, 1
    )
    await feed.send(raw)
    assert _cases(feed, "identity-review") == [""]
    await feed.send(messages.merge(4, survivor=1, retired=2))
    await _finish(feed, "identify-patient", "same-person")
    assert _cases(feed, "identity-review") == ["identified"]
    assert feed.open_cases(1)["critical-result"] == 1
    ((row,),) = feed.sql("select id from merge_log")
    assert await take_back(feed.house.runtime, row, by="ines.barreto") is not None
    await feed.drain()
    assert feed.subject(1) != feed.subject(2)


async def test_a_document_that_is_too_large_is_read_when_the_limit_is_raised(feed: Feed) -> None:
    """It waits whole, with an owner; the same bytes then say all that they said."""
    await feed.store(messages.report(1, of=1))
    runtime = feed.house.runtime
    await interpret(runtime, {"mllp": reader_of({"document_bytes_max": 10})}, "mllp")
    await feed.drain()
    assert feed.sql("select outcome, reason from message") == [
        ("quarantined", "document.too-large")
    ]
    assert feed.sql("select type from fact where type like 'document.%%'") == []
    assert _cases(feed, "quarantine") == [""]

    await _finish(
        feed, "sort-message", "replayed"
    )  # by the connection's own limit, which is larger
    assert _cases(feed, "quarantine") == ["released"]
    assert feed.sql("select outcome from message order by seq") == [("quarantined",), ("facts",)]
    assert feed.sql("select type from fact where type like 'document.%%'") == [
        ("document.received",)
    ]
