"""What a visit needs before is read and routed: desk, earliest time, the patient's words; urgent ones go at once."""

from datetime import timedelta

import pytest

from tests.flows.scheduling.clinic import Clinic
from tests.flows.scheduling.test_settings import owners
from tests.flows.scheduling.waiting import PAYER, PHONES, asks

pytestmark = pytest.mark.postgres


async def agrees(clinic: Clinic, *, hours: float, minutes: int = 60) -> None:
    """The desk agrees on slot s1 after so many hours."""
    starts = clinic.hand() + timedelta(hours=hours)
    form = {"slot": "Slot/s1", "slot_start": starts.isoformat(), "slot_minutes": str(minutes)}
    assert await clinic.do("offer-time", "agreed", person=1, form=form) == ""


@pytest.mark.requirement("R33")
async def test_a_preparation_makes_the_desk_the_earliest_time_and_what_the_patient_is_told(
    clinic: Clinic,
) -> None:
    """Too soon is refused and stays the desk's; booked, the patient is told that there is something to prepare."""
    await clinic.slot("s1", clinic.hand() + timedelta(days=70), minutes=60)
    await asks(clinic, 1, visit="procedure")
    assert owners(clinic) == ["scheduling-cardiology"]

    await agrees(clinic, hours=48)
    assert clinic.states("scheduling-request") == ["offered-too-soon"]
    assert clinic.effects("slot-booking") == []

    await agrees(clinic, hours=80)
    await clinic.settle()

    assert clinic.states("scheduling-request") == ["closed: booked"]
    assert len(clinic.appointments("s1")) == 1
    said = clinic.texts(PHONES[1])[-1]
    assert "Please prepare for it" in said
    assert "blood" not in said  # what it is needs the patient's consent to be written
    clinic.never_double_booked()
    clinic.owned()


@pytest.mark.requirement("R33")
async def test_a_preparation_that_no_message_reaches_is_told_by_a_person(clinic: Clinic) -> None:
    """Without a phone nobody hears of it by text: the desk settles it before the visit."""
    await clinic.slot("s1", clinic.hand() + timedelta(days=70), minutes=60)
    await asks(clinic, 1, phone="", visit="procedure")
    await agrees(clinic, hours=80)
    await clinic.settle()
    assert clinic.states("scheduling-request") == ["preparation-untold"]

    told = {"note": "Told at the desk."}
    assert await clinic.do("settle-preparation", "told", person=1, form=told) == ""

    assert clinic.states("scheduling-request") == ["closed: booked"]
    clinic.owned()


@pytest.mark.requirement("R33", "R37")
async def test_an_urgent_request_does_not_wait_for_its_preparation(clinic: Clinic) -> None:
    """Today's desk books what there is, and a clinician decides how the patient prepares."""
    await clinic.slot("s1", clinic.hand() + timedelta(days=70), minutes=60)
    await asks(clinic, 1, visit="procedure", priority="urgent")
    assert clinic.states("scheduling-request") == ["offering-now"]
    assert owners(clinic) == ["same-day-desk"]

    await agrees(clinic, hours=3)
    await clinic.settle()
    assert clinic.states("scheduling-request") == ["preparing-urgent"]
    assert owners(clinic) == ["hugo.lindqvist"]  # who covers today

    settled = {"note": "Can be done without."}
    assert (
        await clinic.do("settle-preparation", "not-needed", by="hugo.lindqvist", form=settled) == ""
    )
    await clinic.settle()

    assert clinic.states("scheduling-request") == ["closed: booked"]
    assert len(clinic.appointments("s1")) == 1
    clinic.owned()


@pytest.mark.requirement("R33")
async def test_a_visit_of_no_known_kind_is_a_persons_to_name(clinic: Clinic) -> None:
    """What it needs before is not guessed: the line's desk says which kind it is, and only then a time is offered."""
    assert (
        await clinic.says("web-form", 1, phone=PHONES[1], kind="appointment", service="cardiology")
        == 202
    )
    assert await clinic.do("complete-request", "completed", person=1, form=PAYER) == ""
    assert clinic.states("scheduling-request") == ["visit-unknown"]
    assert owners(clinic) == ["scheduling-cardiology"]

    named = {**PAYER, "setting": "new-patient"}
    assert await clinic.do("complete-request", "completed", person=1, form=named) == ""
    assert clinic.states("scheduling-request") == ["offering"]
    await agrees(clinic, hours=24, minutes=45)
    assert clinic.states("scheduling-request") == ["offered-too-soon"]
    clinic.owned()
