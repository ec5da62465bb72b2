"""A request for an appointment: from the form, chat or call to the EHR's booking and the patient's text."""

from datetime import timedelta

import pytest

from tests.flows.scheduling.clinic import Clinic
from tests.flows.scheduling.waiting import ACCEPTED, PHONES, asks

pytestmark = pytest.mark.postgres


def agreed(clinic: Clinic, slot: str, *, days: int = 2, minutes: int = 30) -> dict[str, str]:
    """What a scheduler writes down who agreed on a slot with the patient."""
    starts = clinic.hand() + timedelta(days=days)
    return {"slot": f"Slot/{slot}", "slot_start": starts.isoformat(), "slot_minutes": str(minutes)}


@pytest.mark.requirement("R34", "R36")
async def test_a_request_is_completed_offered_booked_in_the_record_and_the_patient_told(
    clinic: Clinic,
) -> None:
    """From the web form to a closed loop; then the reminder of the visit that the EHR told of begins."""
    starts = clinic.hand() + timedelta(days=9)
    await clinic.slot("s1", starts, status="busy-tentative")
    await clinic.slot("s1", starts)  # opened for booking
    await asks(clinic, 1)

    assert clinic.states("scheduling-request") == ["offering"]

    too_short = agreed(clinic, "s1", minutes=10)
    assert await clinic.do("offer-time", "agreed", person=1, form=too_short) == ""
    assert clinic.states("scheduling-request") == ["offering"]

    assert await clinic.do("offer-time", "agreed", person=1, form=agreed(clinic, "s1")) == ""
    await clinic.settle()

    assert clinic.states("scheduling-request") == ["closed: booked"]
    assert sorted((name, state) for name, state, _ in clinic.effects("scheduling-request")) == [
        ("book", "done"), ("hold", "done"), ("tell-booked", "done")]  # fmt: skip
    assert len(clinic.appointments("s1")) == 1
    assert clinic.slot_status("s1") == "busy"
    assert "booked your appointment" in clinic.texts(PHONES[1])[-1]
    assert (
        clinic.news(PHONES[1]) == 2
    )  # it came, and a time is looked for; that it is booked is no news on top
    assert clinic.states("slot-booking") == ["closed: settled"]
    clinic.never_double_booked()
    clinic.owned()


@pytest.mark.requirement("R34")
async def test_two_who_want_one_slot_and_the_record_has_one_appointment(either: Clinic) -> None:
    """Two schedulers agree on one slot at once: the slot's order gives it to one, the other gets another time."""
    clinic = either
    await clinic.slot(
        "s1", clinic.hand() + timedelta(days=70)
    )  # far ahead: nobody offers it to a waitlist
    await asks(clinic, 1)
    await asks(clinic, 2)
    for person in (1, 2):
        assert (
            await clinic.do("offer-time", "agreed", person=person, form=agreed(clinic, "s1")) == ""
        )
    await clinic.settle()

    assert clinic.states("scheduling-request") == ["closed: booked", "offering"]
    assert len(clinic.appointments("s1")) == 1
    clinic.never_double_booked()

    await clinic.slot("s2", clinic.hand() + timedelta(days=2))
    assert await clinic.do("offer-time", "agreed", person=2, form=agreed(clinic, "s2")) == ""
    await clinic.settle()

    assert clinic.states("scheduling-request") == ["closed: booked", "closed: booked"]
    assert clinic.states("slot-fill") == ["closed: gone"]
    clinic.never_double_booked()
    clinic.owned()


@pytest.mark.requirement("R34")
async def test_a_slot_that_the_hospital_took_itself_is_not_booked_again(clinic: Clinic) -> None:
    """The record is the last word: its refusal is a person's work, and the request goes on to another time."""
    await clinic.slot("s1", clinic.hand() + timedelta(days=2), status="busy")
    await asks(clinic, 1)
    assert await clinic.do("offer-time", "agreed", person=1, form=agreed(clinic, "s1")) == ""
    await clinic.settle()

    assert clinic.states("scheduling-request") == ["by-hand"]
    assert clinic.appointments("s1") == []

    assert await clinic.do("book-by-hand", "slot-gone", person=1) == ""

    assert clinic.states("scheduling-request") == ["offering"]
    clinic.never_double_booked()
    clinic.owned()


@pytest.mark.requirement("R34", "R46")
async def test_the_same_request_by_two_channels_is_one_and_missing_things_are_chased(
    clinic: Clinic,
) -> None:
    """Form and call are one case; what is missing is asked of the patient; an urgent one has an hour and a level."""
    assert (
        await clinic.says("web-form", 1, phone=PHONES[1], kind="appointment", service="astrology")
        == ACCEPTED
    )
    assert (
        await clinic.do("complete-request", "ask-patient", form={"missing": "which service"}) == ""
    )
    await clinic.settle()

    assert clinic.states("scheduling-request") == ["waiting-for-patient"]
    assert len(clinic.texts(PHONES[1])) == 1
    assert clinic.news(PHONES[1]) == 1

    said = {"note": "She means the heart clinic.", "agent": "Bo", "priority": "urgent"}
    assert (
        await clinic.says(
            "call-centre", 1, kind="appointment", service="cardiology", request="R-77", **said
        )
        == ACCEPTED
    )
    assert len(clinic.states("scheduling-request")) == 2  # another number, another service: its own

    await clinic.wait(hours=1, minutes=1)

    assert "incomplete" in clinic.states("scheduling-request")[1]
    clinic.owned()


@pytest.mark.requirement("R34")
async def test_an_emergency_is_never_sent_to_a_desk(clinic: Clinic) -> None:
    """Chest pain at a form: instructions at once, a nurse with a safety clock, and help when nobody takes it."""
    assert (
        await clinic.says(
            "web-form",
            1,
            phone=PHONES[1],
            kind="appointment",
            service="cardiology",
            reasons=["chest-pain"],
        )
        == ACCEPTED
    )
    await clinic.settle()

    assert clinic.states("scheduling-request") == ["emergency"]
    assert "911" in clinic.texts(PHONES[1])[0]

    await clinic.wait(minutes=6)

    told = clinic.feed.sql("select recipient from notice where level = 1")
    assert told
    clinic.owned()
