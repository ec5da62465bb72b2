"""One message that can't be taken in holds up no other: it is set aside with an owner (I5, I9)."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from psycopg.errors import QueryCanceled

from carelane.cli.doctor import _work
from carelane.compose.connections import readers
from carelane.engine.runtime import Runtime
from carelane.facts.ports import Reading
from carelane.facts.problem import Problem
from carelane.intake.interpret import TRIES_MAX, interpret
from carelane.testing import messages

Feed = Any  # the fixture's class lives in conftest
pytestmark = pytest.mark.postgres


def _numbered(person: int, several: int) -> bytes:
    """A referral whose patient has so many numbers more, each of another hospital."""
    mine = messages.patient_number(person).encode() + b"^^^NORTH^MR"
    more = b"".join(b"~%d^^^H%d^MR" % (person, number) for number in range(several))
    return messages.referral(person, person=person).replace(mine, mine + more)


async def test_a_backlog_of_patients_with_many_numbers_is_taken_in(feed: Feed) -> None:
    """Their keys are more than a process remembers, and all of them are needed until the batch is written."""
    await feed.store(*(_numbered(person, 5) for person in range(200)))
    await feed.interpret()
    assert feed.sql("select distinct outcome from message") == [("facts",)]


async def test_a_patient_with_more_numbers_than_are_remembered_is_taken_in(feed: Feed) -> None:
    await feed.send(_numbered(1, 1_100))
    assert feed.sql("select outcome from message") == [("facts",)]


class _Defective:
    """A reader with a defect: it fails at one message."""

    def __init__(self, inner: Any, at: bytes) -> None:
        self.inner, self.at = inner, at

    def __call__(self, raw: bytes, **known: Any) -> tuple[Reading, Iterable[Problem]]:
        if self.at in raw:
            raise KeyError("a defect")
        return self.inner(raw, **known)  # type: ignore[no-any-return]  # whatever it reads


async def _until_nothing(runtime: Runtime, reading: dict[str, Any]) -> None:
    while await interpret(runtime, reading, "mllp") > 0:
        pass


@pytest.mark.invariant("I5")
@pytest.mark.invariant("I9")
async def test_a_message_that_we_fail_at_is_a_persons_and_the_others_go_on(feed: Feed) -> None:
    await feed.store(*(messages.referral(n, person=n) for n in range(7)))
    at = messages.patient_number(3).encode()
    reading = {"mllp": _Defective(readers(feed.house.runtime.directory)["mllp"], at)}
    await _until_nothing(feed.house.runtime, reading)
    await feed.drain()
    outcomes = feed.sql("select outcome, reason from message order by seq")
    others = ("facts", "")
    assert outcomes == [others] * 3 + [("quarantined", "intake.failed")] + [others] * 3
    assert feed.sql("select status, closed_at from pathway_case where pathway = 'quarantine'") == [
        ("quarantined", None)
    ]


OVERDUE = """
create sequence tried;
grant usage on sequence tried to public;
create function overdue() returns trigger language plpgsql as $$ begin
  perform nextval('tried');
  raise exception 'canceling statement due to statement timeout' using errcode = 'query_canceled';
end $$;
create trigger overdue before insert on fact for each row {when} execute function overdue();
"""
"""What PostgreSQL answers when a statement takes too long, at once: the tests wait for no clock."""


@pytest.mark.invariant("I5")
@pytest.mark.invariant("I9")
async def test_a_message_whose_work_takes_too_long_is_a_persons_after_bounded_tries(
    feed: Feed,
) -> None:
    """It was tried for ever, and held up all that came after it."""
    await feed.store(*(messages.referral(n, person=n) for n in range(7)))
    ((late,),) = feed.sql("select id from message order by seq offset 3 limit 1")
    when = f"when (new.origin = '{late}' and new.type <> 'message.quarantined')"
    feed.superuser.execute(OVERDUE.format(when=when))
    await feed.interpret()
    await feed.drain()

    outcomes = feed.sql("select outcome, reason from message order by seq")
    others = ("facts", "")
    assert outcomes == [others] * 3 + [("quarantined", "intake.overdue")] + [others] * 3
    halves = 3  # seven, three (without it), then the four by two and one
    ((tried,),) = feed.sql("select last_value from tried")
    assert TRIES_MAX <= tried <= TRIES_MAX + halves
    assert feed.sql("select status, closed_at from pathway_case where pathway = 'quarantine'") == [
        ("quarantined", None)
    ]
    assert feed.sql("select count(*) from message_body") == [(7,)]


async def test_where_everything_takes_too_long_nothing_is_set_aside(feed: Feed) -> None:
    """The database is busy: no message is to blame, and all of them are read once it is not."""
    await feed.store(*(messages.referral(n, person=n) for n in range(3)))
    feed.superuser.execute(OVERDUE.format(when=""))
    with pytest.raises(QueryCanceled):
        await feed.interpret()
    assert feed.sql("select count(*) from message where outcome = 'pending'") == [(3,)]

    feed.superuser.execute("drop trigger overdue on fact")
    await feed.interpret()
    assert feed.sql("select distinct outcome from message") == [("facts",)]


async def test_the_doctor_names_a_connection_whose_messages_are_not_read(feed: Feed) -> None:
    await feed.store(messages.referral(1), messages.referral(2, person=2))
    feed.hand.forward(timedelta(minutes=2))
    found = next(each for each in await _work(feed.house) if each.what == "messages of mllp")
    assert (found.well, found.says.split(",")[0]) == (False, "2 wait to be read")
    await feed.interpret()
    assert all(each.what != "messages of mllp" for each in await _work(feed.house))
