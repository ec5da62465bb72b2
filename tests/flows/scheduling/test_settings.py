"""Each care setting has its own way, from the message to the closed loop; who finds the time, and what fits."""

from datetime import timedelta

import pytest

from tests.flows.scheduling.clinic import Clinic
from tests.flows.scheduling.waiting import ACCEPTED, PAYER, PHONES, asks

pytestmark = pytest.mark.postgres


def owners(clinic: Clinic) -> list[str]:
    """Whose work the open steps of requests are."""
    rows = clinic.feed.sql(
        "select s.owner_name from step s join pathway_case c on c.id = s.case_id"
        " where s.closed_at is null and c.pathway = 'scheduling-request' order by s.opened_at"
    )
    return [str(name) for (name,) in rows]


async def takes(clinic: Clinic, *, kind: str, minutes: int = 20, hours: float = 48) -> str:
    """The desk agrees on slot s1, which stands in the record; why that was not taken, or nothing."""
    starts = clinic.hand() + timedelta(hours=hours)
    form = {"slot": "Slot/s1", "slot_start": starts.isoformat(), "slot_minutes": str(minutes)}
    return await clinic.do("offer-time", "agreed", person=1, form={**form, "slot_kind": kind})


@pytest.mark.parametrize(
    ("visit", "owner", "wrong", "kind", "told"),
    [
        ("telehealth", "video-visit-desk", "in-person", "video", "need not travel"),
        ("home-visit", "home-visit-team", "in-person", "home", "visit you at home"),
    ],
)
async def test_by_video_and_at_home_have_their_own_desk_time_and_words(  # noqa: PLR0917  # a table's columns
    clinic: Clinic, visit: str, owner: str, wrong: str, kind: str, told: str
) -> None:
    """A time where somebody must come is not taken; the record books the right one, and the text says which it is."""
    await clinic.slot("s1", clinic.hand() + timedelta(days=70), minutes=45)
    await asks(clinic, 1, visit=visit)
    assert owners(clinic) == [owner]

    assert await takes(clinic, kind=wrong, minutes=45) == ""
    assert clinic.states("scheduling-request") == ["offering"]

    assert await takes(clinic, kind=kind, minutes=45) == ""
    await clinic.settle()

    assert clinic.states("scheduling-request") == ["closed: booked"]
    assert len(clinic.appointments("s1")) == 1
    assert told in clinic.texts(PHONES[1])[-1]
    clinic.never_double_booked()
    clinic.owned()


async def test_urgent_care_is_found_a_time_today_and_help_is_called(clinic: Clinic) -> None:
    """A fever is urgent care whatever was asked for; after three quarters of an hour a clinician hears of it."""
    await clinic.slot("s1", clinic.hand() + timedelta(hours=3))
    await asks(clinic, 1, visit="telehealth", reasons=["fever"])
    assert clinic.states("scheduling-request") == ["offering-now"]
    assert owners(clinic) == ["same-day-desk"]

    await clinic.wait(minutes=46)
    assert clinic.feed.sql("select recipient from notice where level = 1")

    assert await takes(clinic, kind="in-person", hours=2) == ""
    await clinic.settle()

    assert clinic.states("scheduling-request") == ["closed: booked"]
    assert len(clinic.appointments("s1")) == 1
    clinic.owned()


async def test_an_emergency_is_handed_over_at_once_and_closed(clinic: Clinic) -> None:
    """Emergency words before anything else, urgent review calls, and the loop is closed by what it did."""
    said = {"kind": "appointment", "service": "cardiology", "reasons": ["chest-pain"]}
    assert await clinic.says("web-form", 1, phone=PHONES[1], visit="home-visit", **said) == ACCEPTED
    await clinic.settle()
    assert owners(clinic) == ["urgent-triage"]
    assert "911" in clinic.texts(PHONES[1])[0]

    called = {"note": "Ambulance called."}
    assert await clinic.do("see-at-once", "handed-to-emergency", by="dev.okafor", form=called) == ""

    assert clinic.states("scheduling-request") == ["closed: emergency"]
    clinic.owned()


async def test_each_service_line_has_a_desk_and_an_unknown_line_goes_to_a_person(
    clinic: Clinic,
) -> None:
    """Cardiology's desk books for its patient; a line that nobody knows is named by a person before any desk has it."""
    await clinic.slot("s1", clinic.hand() + timedelta(days=70))
    said = {"kind": "appointment", "service": "astrology", "visit": "follow-up"}
    assert await clinic.says("web-form", 1, phone=PHONES[1], **said) == ACCEPTED
    assert clinic.states("scheduling-request") == ["line-unknown"]
    assert owners(clinic) == ["call-centre"]

    assert await clinic.do("complete-request", "completed", person=1, form=PAYER) == ""
    assert owners(clinic) == ["scheduling-cardiology"]

    assert await takes(clinic, kind="in-person") == ""
    await clinic.settle()

    assert clinic.states("scheduling-request") == ["closed: booked"]
    assert len(clinic.appointments("s1")) == 1
    clinic.owned()
