"""Discharge follow-up from A03 to contact, visit and medicines, and everything that undoes it (issue 4, j)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from carelane.testing.message_parts import Origin
from carelane.testing.messages import appointment_booked, appointment_event
from tests.flows.clinical.clinic import Clinic
from tests.flows.clinical.stays import stay

pytestmark = pytest.mark.postgres
PATHWAY = "discharge-follow-up"
NEW_YORK = ZoneInfo("America/New_York")
STARTED = ["book", "call", "following", "reconciling"]


def local(text: str) -> datetime:
    """A wall time in New York as a UTC instant."""
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).astimezone(UTC)


async def leave(ward: Clinic, at: datetime, **said: str | int) -> None:
    """The patient is discharged at this time, and the message comes a minute later."""
    ward.hand.at = at + timedelta(minutes=1)
    await ward.feed.send(stay("A03", at, **said))  # type: ignore[arg-type]  # by name, as `stay` takes them


@pytest.mark.requirement("R71")
async def test_a_discharged_patient_is_called_seen_reconciled_and_the_loop_closes(
    ward: Clinic,
) -> None:
    """Two attempts do not end the duty; the third reaches; the visit is booked and attended; the record is told."""
    at = local("2026-03-02T15:00")
    await leave(ward, at)
    assert ward.waits(PATHWAY) == STARTED
    due = ward.due("call")
    assert due == local("2026-03-04T23:59:59")
    ward.owned()
    for _ in range(2):
        await ward.forward(timedelta(hours=3))
        await ward.do(PATHWAY, "call-discharged", "no-answer", by="edda.voss")
        assert ward.due("call") == due
    await ward.do(
        PATHWAY, "call-discharged", "reached", by="edda.voss", form={"said": "Feels well"}
    )
    await ward.feed.send(appointment_booked(7, person=1, origin=Origin(start=at)))
    assert ward.waits(PATHWAY) == ["booked", "following", "reconciling"]
    await ward.do(PATHWAY, "reconcile", "reconciled", by="dev.okafor", form={"changed": "Nothing"})
    attended = appointment_event(9, "S14", booked=7, person=1, origin=Origin(start=at))
    await ward.feed.send(attended.replace(b"Booked^Booked", b"Complete^Complete"))
    assert ward.waits(PATHWAY) == ["following-done"]
    await ward.done()
    assert ward.waits(PATHWAY) == ["closed: followed-up"]
    assert len(ward.charted()) == 1


async def test_a13_undoes_the_discharge_also_where_it_came_first(ward: Clinic) -> None:
    """A03 then A13: the tasks are gone. A13 before its A03: the follow-up ends as it opens. A new A03: anew."""
    at = local("2026-03-02T15:00")
    await leave(ward, at)
    await ward.feed.send(stay("A13", at + timedelta(hours=1)))
    assert ward.waits(PATHWAY) == ["closed: discharge-cancelled"]
    assert ward.feed.sql("select count(*) from task t join pathway_case c on c.id = t.case_id where c.pathway = %s"
                         " and t.closed_at is null", PATHWAY) == [(0,)]  # fmt: skip
    await ward.feed.send(stay("A13", at + timedelta(hours=2), person=2, number=2))
    await ward.feed.send(stay("A03", at + timedelta(hours=1), person=2, number=2))
    assert ward.waits(PATHWAY) == ["closed: discharge-cancelled"] * 2
    await leave(ward, at + timedelta(days=1))
    assert ward.waits(PATHWAY) == [*STARTED[:2], *["closed: discharge-cancelled"] * 2, *STARTED[2:]]


@pytest.mark.requirement("R72")
@pytest.mark.invariant("I16")
@pytest.mark.parametrize(
    ("left", "due"),
    [
        ("2027-11-24T16:00", "2027-11-29T23:59:59"),  # Thursday is a holiday, then a weekend
        ("2027-12-22T23:50", "2027-12-27T23:59:59"),  # Friday is a holiday
        ("2027-03-12T18:00", "2027-03-16T23:59:59"),  # over the Sunday with 23 hours
        ("2027-11-06T03:00", "2027-11-09T23:59:59"),  # Saturday, over the Sunday with 25 hours
        ("2027-03-13T23:30", "2027-03-16T23:59:59"),
    ],
)
async def test_contact_is_due_within_two_business_days(ward: Clinic, left: str, due: str) -> None:
    """Monday to Friday less holidays, whatever the site's hours; then it goes on with a clinician."""
    await leave(ward, local(left))
    assert ward.due("call") == local(due)
    ward.hand.at = local(due) - timedelta(seconds=1)
    await ward.feed.drain()
    assert "call" in ward.waits(PATHWAY)
    await ward.forward(timedelta(seconds=2))
    assert "call-overdue" in ward.waits(PATHWAY)
    assert ward.owner("call-overdue") == "gwen.ashby"  # who covers now
    for _ in range(3):
        await ward.do(PATHWAY, "call-discharged", "no-answer", by="gwen.ashby")
    await ward.do(PATHWAY, "call-discharged", "reached", by="gwen.ashby", form={"said": "Well"})
    assert "call-overdue" not in ward.waits(PATHWAY)
    ward.owned()


@pytest.mark.requirement("R60")
async def test_the_risk_is_received_with_the_discharge_or_beside_it_and_never_computed(
    ward: Clinic,
) -> None:
    """An OBX of the A03 asks for a visit within 7 days; without one it is 14, whoever the patient is."""
    at = local("2026-03-02T15:00")
    await leave(ward, at, risk="high")
    assert ward.waits(PATHWAY) == ["book-soon", "call", "following", "reconciling"]
    await leave(ward, at + timedelta(hours=1), person=2, number=2, risk="moderate")
    assert "book" in ward.waits(PATHWAY)
    await ward.feed.send(stay("A08", at + timedelta(hours=2), person=2, number=2, risk="high"))
    assert ward.waits(PATHWAY).count("book-soon") == 2


async def test_who_dies_comes_back_or_goes_elsewhere_is_not_called(ward: Clinic) -> None:
    """Admitted again: closed; to another facility, or dead: nothing begins; worse: a clinician within the hour."""
    at = local("2026-03-02T15:00")
    await leave(ward, at)
    await ward.feed.send(stay("A01", at + timedelta(hours=5), number=9))
    assert ward.waits(PATHWAY) == ["closed: readmitted"]
    await leave(ward, at + timedelta(hours=6), person=2, number=2, to="03")
    await leave(ward, at + timedelta(hours=6), person=3, number=3, to="20")
    assert ward.waits(PATHWAY) == ["closed: readmitted"]
    await leave(ward, at + timedelta(hours=7), person=4, number=4)
    await ward.do(
        PATHWAY, "call-discharged", "worse", by="edda.voss", form={"said": "Short of breath"}
    )
    assert "call-worse" in ward.waits(PATHWAY)
    await ward.forward(timedelta(minutes=46))
    assert "covering-clinician" in ward.told()
    ward.owned()
