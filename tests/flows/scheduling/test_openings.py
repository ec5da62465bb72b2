"""The record's open times beside a task: today's first, only what fits, recorded; away, it goes by hand."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp
import msgspec
import pytest

from carelane.accounts.passwords import set_password
from carelane.compose.openings import SiteOpenings
from carelane.compose.serve import desk_of
from carelane.portal.app import build
from carelane.testing.doorstep import standing
from tests.flows.scheduling.clinic import Clinic
from tests.flows.scheduling.waiting import asks

pytestmark = pytest.mark.postgres
PASSWORD = "four calm words stand here"
DESK, STRANGER = "bo.tarrant", "jonas.weald"


@dataclass(kw_only=True)
class Portal:
    """A portal over HTTP beside a clinic."""

    clinic: Clinic
    url: str
    token: dict[str, str]

    async def get(self, path: str) -> tuple[int, Any]:
        """Status and answer of the API."""
        async with (
            aiohttp.ClientSession() as client,
            client.get(f"{self.url}{path}", headers=self.token) as answer,
        ):
            return answer.status, await answer.json()

    def task(self) -> Any:
        """The open task that offers a time."""
        rows = self.clinic.feed.sql(
            "select id from task where name = 'offer-time' and closed_at is null"
        )
        return rows[0][0]


async def signed_in(url: str, clinic: Clinic, person: str) -> dict[str, str]:
    """The header of somebody who signs in."""
    await set_password(clinic.house.runtime, person, PASSWORD)
    said = {"person": person, "password": PASSWORD}
    async with (
        aiohttp.ClientSession() as client,
        client.post(f"{url}/api/session", json=said) as answer,
    ):
        return {"Authorization": f"Bearer {(await answer.json())['token']}"}


@pytest.fixture
async def portal(clinic: Clinic) -> AsyncIterator[Portal]:
    """A portal that reads the clinic's own EHR."""
    async with AsyncExitStack() as stack:
        times = SiteOpenings(clinic.house)  # by the site's own connection, as it is served
        stack.push_async_callback(times.close)
        url = await stack.enter_async_context(standing(build(desk_of(clinic.house, times=times))))
        yield Portal(clinic=clinic, url=url, token=await signed_in(url, clinic, DESK))


def accesses(clinic: Clinic) -> list[str]:
    """The screens that the access leaves say were read."""
    rows = clinic.feed.sql("select body from access_leaf order by seq")
    bodies = [msgspec.json.decode(bytes(body)) for (body,) in rows]
    return [str(one["detail"].get("screen")) for one in bodies if one["action"] == "access.read"]


@pytest.mark.requirement("R33", "R37")
async def test_times_of_today_come_first_and_what_is_chosen_is_what_the_pathway_takes(
    portal: Portal,
) -> None:
    """Too short, by video and another line's are left out and counted; a leaf says who looked; one is booked."""
    clinic = portal.clinic
    now = clinic.hand()
    for key, hours in (("later", 50), ("today", 1), ("soon", 26)):
        await clinic.slot(key, now + timedelta(hours=hours))
    await clinic.slot("short", now + timedelta(hours=2), minutes=10)
    await clinic.slot(
        "video", now + timedelta(hours=3), appointmentType={"coding": [{"code": "telehealth"}]}
    )
    await clinic.slot(
        "other", now + timedelta(hours=3), serviceType=[{"coding": [{"code": "neurology"}]}]
    )
    await clinic.slot("busy", now + timedelta(hours=3), status="busy")
    await asks(clinic, 1)

    status, said = await portal.get(f"/api/tasks/{portal.task()}/openings")

    assert status == 200
    assert [each["slot"] for each in said["today"]] == ["Slot/today"]
    assert [each["slot"] for each in said["later"]] == ["Slot/soon", "Slot/later"]
    assert said["left_out"] == {"of another kind or too short": 2}
    assert said["today"][0]["provider"] == "Dr. Ines Falk"
    assert said["earliest"] is None
    assert accesses(clinic).count("openings") == 1
    assert not [one for one in clinic.ehr.requests if "identifier" in str(one.get("query", ""))]

    form = said["today"][0]["form"]
    assert await clinic.do("offer-time", "agreed", person=1, form=form) == ""
    await clinic.settle()
    assert clinic.states("scheduling-request") == ["closed: booked"]
    assert len(clinic.appointments("today")) == 1
    clinic.never_double_booked()


@pytest.mark.requirement("R33")
async def test_nothing_sooner_than_the_preparation_takes_is_shown_but_for_urgent_ones(
    portal: Portal,
) -> None:
    """A procedure's times begin three days ahead, and the reason is said; an urgent one sees today's."""
    clinic = portal.clinic
    now = clinic.hand()
    for key, hours in (("today", 1), ("soon", 71), ("later", 73)):
        await clinic.slot(key, now + timedelta(hours=hours), minutes=60)
    await asks(clinic, 1, visit="procedure")
    _, said = await portal.get(f"/api/tasks/{portal.task()}/openings")
    assert ([each["slot"] for each in said["later"]], said["today"]) == (["Slot/later"], [])
    assert (said["because"], said["earliest"] is not None) == ("fasting-lab", True)

    assert await clinic.do("offer-time", "no-slot", person=1) == ""
    await asks(clinic, 2, visit="procedure", priority="urgent")
    _, said = await portal.get(f"/api/tasks/{portal.task()}/openings")
    assert [each["slot"] for each in (*said["today"], *said["later"])] == [
        "Slot/today",
        "Slot/soon",
        "Slot/later",
    ]


@pytest.mark.parametrize(
    ("mode", "count", "code", "words"),
    [
        ("503", 1, "openings-no-answer", "try again soon"),
        ("slow-loris", 1, "openings-no-answer", "try again soon"),
        ("half-json", 1, "openings-no-answer", "try again soon"),
        ("token-expired", 3, "openings-refused", "tell whoever runs the connection"),
    ],
)
async def test_a_record_that_does_not_answer_or_refuses_is_said_so_and_the_form_works_by_hand(
    portal: Portal, mode: str, count: int, code: str, words: str
) -> None:
    """A plain sentence within the time limit; who has no such work is refused before the record is asked."""
    clinic = portal.clinic
    await clinic.slot("s1", clinic.hand() + timedelta(days=70))
    await asks(clinic, 1)
    clinic.ehr.faults.add({"mode": mode, "count": count, "kind": "Slot"})

    status, said = await portal.get(f"/api/tasks/{portal.task()}/openings")

    assert (status, said["code"]) == (503, code)
    assert "by hand" in said["message"]
    assert words in said["message"]
    stranger = Portal(
        clinic=clinic, url=portal.url, token=await signed_in(portal.url, clinic, STRANGER)
    )
    before = len(clinic.ehr.requests)
    status, _ = await stranger.get(f"/api/tasks/{portal.task()}/openings")
    assert status in {403, 404}
    assert len(clinic.ehr.requests) == before
    by_hand = {
        "slot": "Slot/s1",
        "slot_start": (clinic.hand() + timedelta(days=2)).isoformat(),
        "slot_minutes": "30",
    }
    assert await clinic.do("offer-time", "agreed", person=1, form=by_hand) == ""
    await clinic.settle()
    assert clinic.states("scheduling-request") == ["closed: booked"]
