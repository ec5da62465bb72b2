"""Open times over FHIR: both EHRs are read page by page, with the provider's name; away, it is said why."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from carelane.connect.fhir.openings import READ_MAX, FhirOpenings
from carelane.facts.openings import NO_ANSWER, REFUSED, NoOpenings, Openings, Wish
from carelane.testing.conformance.fhir_rig import STARTS_AT
from carelane.testing.conformance.over_fhir import signed_client
from carelane.testing.ehr.clock import SetClock
from carelane.testing.ehr.profiles import PROFILES
from carelane.testing.ehr.server import EhrServer

WISH = Wish(
    since=STARTS_AT, until=STARTS_AT + timedelta(days=30), lines=("cardiology", "CARDIOLOGY")
)


def slot(key: str, hours: float, **said: Any) -> dict[str, Any]:
    """A free slot of cardiology so many hours from now, half an hour long."""
    start = STARTS_AT + timedelta(hours=hours)
    return {
        "resourceType": "Slot", "id": key, "status": "free", "schedule": {"reference": "Schedule/cardiology"},
        "serviceType": [{"coding": [{"code": "cardiology"}]}], "start": start.isoformat(),
        "end": (start + timedelta(minutes=30)).isoformat(), **said,
    }  # fmt: skip


@pytest_asyncio.fixture(params=["a", "b"])
async def ehr(request: pytest.FixtureRequest) -> AsyncIterator[tuple[EhrServer, FhirOpenings]]:
    """One of the two EHRs and a reader of its schedule."""
    server = EhrServer(profile=PROFILES[request.param], clock=SetClock(STARTS_AT))
    reader = FhirOpenings(
        connection="ehr", client=signed_client(server, await server.start()), limit_s=5
    )
    yield server, reader
    await reader.close()
    await server.stop()


async def test_free_times_are_read_soonest_first_over_pages_with_who_gives_them(
    ehr: tuple[EhrServer, FhirOpenings],
) -> None:
    """Busy ones, other lines and other days are not asked for; video and home are told by their codes."""
    server, reader = ehr
    for number in range(7):
        server.put(slot(f"n{number}", 50 - number))
    server.put(slot("video", 3, appointmentType={"coding": [{"code": "telehealth"}]}))
    server.put(slot("busy", 4, status="busy"))
    server.put(slot("late", 24 * 40))
    server.put(slot("other", 5, serviceType=[{"coding": [{"code": "neurology"}]}]))
    server.put(slot("broken", 6, end="soon"))

    server.clock.advance(
        timedelta(minutes=1)
    )  # one of the two searches what was written half a minute ago

    found = await reader.read(WISH, now=STARTS_AT)

    assert isinstance(found, Openings)
    assert [each.reference for each in found.found] == [
        "Slot/video",
        *(f"Slot/n{n}" for n in reversed(range(7))),
    ]
    first = found.found[0]
    assert (first.kind, first.minutes, first.provider, first.place) == (
        "video",
        30,
        "Dr. Ines Falk",
        "Heart clinic, North",
    )
    assert not found.more


async def test_a_reading_has_an_end_and_says_that_there_is_more(
    ehr: tuple[EhrServer, FhirOpenings],
) -> None:
    """More slots than anybody looks through are not read."""
    server, reader = ehr
    for number in range(READ_MAX + 30):
        server.put(slot(f"n{number:04d}", 1 + number / 4))
    server.clock.advance(timedelta(minutes=1))
    found = await reader.read(WISH, now=STARTS_AT)
    assert isinstance(found, Openings)
    assert (len(found.found), found.more) == (READ_MAX, True)


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ({"mode": "503"}, NO_ANSWER),
        ({"mode": "half-json"}, NO_ANSWER),
        ({"mode": "slow-loris"}, NO_ANSWER),
        ({"mode": "outcome-error"}, NO_ANSWER),
        ({"mode": "reset-before"}, NO_ANSWER),
    ],
)
async def test_an_ehr_that_fails_is_a_cause_and_never_an_exception(
    ehr: tuple[EhrServer, FhirOpenings], fault: dict[str, Any], cause: str
) -> None:
    server, reader = ehr
    server.faults.add({**fault, "count": 1, "kind": "Slot"})
    assert await reader.read(WISH, now=STARTS_AT) == NoOpenings(cause=cause)


@pytest.mark.parametrize(
    "fault",
    [{"mode": "token-expired", "count": 3, "kind": "Slot"}, {"mode": "token-refused", "count": 3}],
)
async def test_an_ehr_that_takes_no_token_of_ours_or_gives_none_refuses(
    ehr: tuple[EhrServer, FhirOpenings], fault: dict[str, Any]
) -> None:
    """401, and again 401 with a new token; or no token at all: to wait and try again would not help."""
    server, reader = ehr
    server.faults.add(fault)
    assert await reader.read(WISH, now=STARTS_AT) == NoOpenings(cause=REFUSED)


async def test_an_ehr_that_lets_us_read_no_slots_refuses(
    ehr: tuple[EhrServer, FhirOpenings],
) -> None:
    """403: the token's scope does not hold it."""
    server, _ = ehr
    client = signed_client(server, server.root / "fhir", scope="system/Appointment.write")
    reader = FhirOpenings(connection="ehr", client=client)
    assert await reader.read(WISH, now=STARTS_AT) == NoOpenings(cause=REFUSED)
    await reader.close()


async def test_an_empty_schedule_is_an_answer(ehr: tuple[EhrServer, FhirOpenings]) -> None:
    found = await ehr[1].read(WISH, now=STARTS_AT)
    assert isinstance(found, Openings)
    assert found.found == ()
