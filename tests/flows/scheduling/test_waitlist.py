"""A slot is freed: offered by rules, won by one, booked once in the EHR; what nobody takes is a person's in time."""

from datetime import timedelta

import pytest

from tests.flows.scheduling.clinic import Clinic
from tests.flows.scheduling.waiting import PHONES, waits

pytestmark = pytest.mark.postgres


def offers(clinic: Clinic) -> list[list[str]]:
    """Where each patient who waits stands."""
    return [clinic.states("waitlist-offer", person) for person in range(1, 5)]


@pytest.mark.requirement("R38")
@pytest.mark.requirement("R34", "R42")
async def test_a_freed_slot_is_offered_to_three_and_the_first_who_says_yes_has_it(
    clinic: Clinic,
) -> None:
    """From the EHR's notification to its booking: two say yes at once, one has it, and everybody hears what became."""
    for person in (1, 2, 3, 4):
        await waits(clinic, person)
    await clinic.slot("s1", clinic.hand() + timedelta(days=2))
    await clinic.settle()

    assert clinic.states("slot-fill") == ["offering"]
    assert offers(clinic) == [["asked"], ["asked"], ["asked"], ["listed"]]
    assert len(clinic.texts()) == 3  # three offers out, never more
    assert clinic.news(PHONES[1]) == 3  # asked for, being looked for, on the waitlist: each once
    assert "Reply YES" in clinic.texts(PHONES[1])[0]

    await clinic.at_once((PHONES[2], "Yes"), (PHONES[3], "YES!"))
    await clinic.settle()

    assert offers(clinic) == [["listed"], ["closed: booked"], ["listed"], ["listed"]]
    assert clinic.states("slot-fill") == ["closed: filled"]
    assert clinic.states("slot-booking") == ["closed: settled"]
    assert clinic.slot_status("s1") == "busy"
    assert len(clinic.appointments("s1")) == 1
    assert "booked your appointment" in clinic.texts(PHONES[2])[-1]
    assert "was taken" in clinic.texts(PHONES[3])[-1]
    assert "was taken" in clinic.texts(PHONES[1])[-1]
    assert [clinic.news(PHONES[person]) for person in (1, 2, 3, 4)] == [3, 3, 3, 3]
    assert len(clinic.texts(PHONES[4])) == 0
    assert clinic.states("waitlist-entry") == ["waiting", "closed: left", "waiting", "waiting"]
    clinic.never_double_booked()
    clinic.owned()


@pytest.mark.requirement("R34")
async def test_an_earlier_time_frees_the_old_one_for_somebody_else(clinic: Clinic) -> None:
    """Taken by text: the old visit is cancelled in the EHR, which frees its slot and tells; the next one gets it."""
    old = clinic.hand() + timedelta(days=20)
    await clinic.slot("s9", old, status="busy")
    await clinic.known(1, PHONES[1])
    await clinic.visit("V1", 1, old, service="cardiology", slot=[{"reference": "Slot/s9"}])
    replaced = {"old_appointment": "V1", "old_start": old.isoformat()}
    await waits(clinic, 1, form=replaced)
    await waits(clinic, 2)
    await clinic.slot("s1", clinic.hand() + timedelta(days=2))
    await clinic.settle()
    await clinic.replies(PHONES[1], "Yes")
    await clinic.settle()

    assert clinic.states("waitlist-offer", 1) == ["closed: booked"]
    assert [name for name, _, _ in clinic.effects("waitlist-offer")].count("cancel-old") == 1
    kept = clinic.ehr.desk.records.current("Appointment", "V1")
    assert kept is not None
    assert kept.resource["status"] == "cancelled"
    assert kept.resource["cancelationReason"]["coding"][0]["code"] == "earlier-time"
    assert (clinic.slot_status("s1"), clinic.slot_status("s9")) == ("busy", "free")
    assert clinic.states("appointment-reminder", 1)[0] == "closed: cancelled"

    assert clinic.states("waitlist-offer", 2) == ["asked"]  # the slot that was freed
    await clinic.replies(PHONES[2], "Yes")
    await clinic.settle()

    assert clinic.states("waitlist-offer", 2) == ["closed: booked"]
    assert len(clinic.appointments("s9")) == 1
    clinic.never_double_booked()
    clinic.owned()


@pytest.mark.requirement("R34")
async def test_the_next_slot_goes_to_those_who_were_not_asked_yet(clinic: Clinic) -> None:
    """Nobody starves: who was never offered anything comes first; a no brings the next, and silence too."""
    for person in (1, 2, 3, 4):
        await waits(clinic, person)
    await clinic.slot("s1", clinic.hand() + timedelta(days=2))
    await clinic.settle()
    await clinic.replies(PHONES[1], "No")
    await clinic.settle()

    assert offers(clinic) == [["listed"], ["asked"], ["asked"], ["asked"]]

    await clinic.wait(hours=2, minutes=1)  # others would be asked now, but all who fit were

    assert clinic.states("slot-fill") == ["last-answers"]
    assert offers(clinic) == [["listed"], ["overdue"], ["overdue"], ["overdue"]]
    assert len(clinic.texts(PHONES[1])) == 1  # nobody is asked twice about one time

    await clinic.slot("s2", clinic.hand() + timedelta(days=3))
    await clinic.settle()

    assert offers(clinic)[0] == ["asked"]  # another time is another offer
    clinic.owned()


@pytest.mark.requirement("R34", "R42")
async def test_a_late_yes_has_the_time_that_nobody_else_took(clinic: Clinic) -> None:
    """After two hours of silence others are asked as well; the first yes has it, and the second hears so."""
    await waits(clinic, 1)
    await waits(clinic, 2)
    await clinic.slot("s1", clinic.hand() + timedelta(days=2))
    await clinic.settle()
    await clinic.wait(hours=3)

    assert offers(clinic)[:2] == [["overdue"], ["overdue"]]

    await clinic.at_once((PHONES[2], "Yes"), (PHONES[1], "YES!"))
    await clinic.settle()

    assert offers(clinic)[:2] == [["listed"], ["closed: booked"]]
    assert clinic.states("slot-fill") == ["closed: filled"]
    assert len(clinic.appointments("s1")) == 1
    assert "was taken" in clinic.texts(PHONES[1])[-1]
    clinic.never_double_booked()
    clinic.owned()


@pytest.mark.requirement("R34", "R42")
async def test_the_list_is_asked_again_for_who_joins_it_later(clinic: Clinic) -> None:
    """Nobody waits when the slot is freed; four hours later somebody does, long before the desk would have to call."""
    await clinic.slot("s1", clinic.hand() + timedelta(days=3))
    await clinic.settle()

    assert clinic.states("slot-fill") == ["resting"]

    await waits(clinic, 1)
    await clinic.wait(hours=4, minutes=1)

    assert clinic.states("slot-fill") == ["offering"]
    assert clinic.states("waitlist-offer", 1) == ["asked"]

    await clinic.replies(PHONES[1], "Yes")
    await clinic.settle()

    assert clinic.states("slot-fill") == ["closed: filled"]
    assert len(clinic.appointments("s1")) == 1
    clinic.owned()


@pytest.mark.requirement("R34", "R42")
async def test_who_has_no_phone_or_wants_no_texts_is_called_with_the_offer(clinic: Clinic) -> None:
    """Everybody still has a way: a person calls, and the answer by phone books the slot."""
    await waits(clinic, 1, phone="")
    await waits(clinic, 2)
    await waits(clinic, 3)
    await clinic.replies(PHONES[2], "hello")  # so that the number is known to have written
    await clinic.slot("s1", clinic.hand() + timedelta(days=2))
    await clinic.settle()

    assert clinic.states("waitlist-offer", 1) == ["calling"]
    assert clinic.states("waitlist-offer", 2) == ["asked"]

    await clinic.replies(PHONES[2], "STOP")
    await clinic.settle()

    assert clinic.states("waitlist-offer", 2) == ["calling"]

    assert await clinic.do("call-with-offer", "accepted", person=1) == ""
    await clinic.settle()

    assert clinic.states("waitlist-offer", 1) == ["closed: booked"]
    assert clinic.states("waitlist-offer", 2) == ["listed"]
    assert len(clinic.appointments("s1")) == 1
    assert len(clinic.texts(PHONES[2])) == 1  # an opt-out is honoured at once
    clinic.owned()


@pytest.mark.requirement("R42")
async def test_below_the_notice_floor_a_person_fills_the_slot(clinic: Clinic) -> None:
    """Nothing is offered too late, or for a complex visit within three days; the desk has it with a clock."""
    await waits(clinic, 1)
    texts = len(clinic.texts())
    await clinic.slot("s1", clinic.hand() + timedelta(hours=3))
    await clinic.slot(
        "s2",
        clinic.hand() + timedelta(days=2),
        appointmentType={"coding": [{"code": "procedure"}]},
    )
    await clinic.settle()

    assert clinic.states("slot-fill") == ["by-hand", "by-hand"]
    assert len(clinic.texts()) == texts

    missing = "form-incomplete:appointment_number"
    assert await clinic.do("fill-by-hand", "filled") == missing
    form = {"appointment_number": "A77"}
    assert await clinic.do("fill-by-hand", "filled", form=form) == ""
    await clinic.wait(days=1, hours=22, minutes=30)

    assert clinic.states("slot-fill") == ["closed: filled-by-hand", "by-hand-late"]

    await clinic.wait(hours=2)

    assert clinic.states("slot-fill") == ["closed: filled-by-hand", "closed: unfilled"]
    clinic.owned()


@pytest.mark.requirement("R42")
async def test_a_slot_that_is_taken_in_the_record_takes_its_offers_back(clinic: Clinic) -> None:
    """Somebody books it at the hospital itself while patients are asked: a late yes is told that it is gone."""
    await waits(clinic, 1)
    starts = clinic.hand() + timedelta(days=2)
    await clinic.slot("s1", starts)
    await clinic.settle()

    await clinic.slot("s1", starts, status="busy")
    await clinic.settle()

    assert clinic.states("slot-fill") == ["closed: gone"]
    assert clinic.states("waitlist-offer", 1) == ["listed"]
    assert clinic.states("waitlist-entry") == ["waiting"]

    await clinic.replies(PHONES[1], "YES")
    await clinic.settle()

    assert clinic.states("waitlist-offer", 1) == ["listed"]
    assert clinic.appointments() == []


@pytest.mark.requirement("R42")
async def test_a_cancelled_appointment_frees_its_slot(clinic: Clinic) -> None:
    """The EHR tells of the appointment and of the slot: one slot, one case, whatever told of it."""
    await waits(clinic, 1)
    starts = clinic.hand() + timedelta(days=3)
    await clinic.slot("s1", starts, status="busy")
    booked = {
        "status": "booked", "slot": [{"reference": "Slot/s1"}], "start": starts.isoformat(),
        "participant": [{"actor": {"reference": "Patient/p5", "type": "Patient"}, "status": "accepted"}],
    }  # fmt: skip
    clinic.ehr.desk.records.put("Appointment", "x1", {**booked, "resourceType": "Appointment"})
    await clinic.chart("Appointment", "x1", {**booked, "status": "cancelled"})
    await clinic.settle()

    assert clinic.slot_status("s1") == "free"
    assert clinic.states("slot-fill") == ["offering"]
    assert clinic.states("waitlist-offer", 1) == ["asked"]
