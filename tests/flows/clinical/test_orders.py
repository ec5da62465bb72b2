"""Orders and referrals until the loop is closed, and every way in which one leaks (issue 4, h)."""

from datetime import timedelta
from typing import Any

import pytest

from carelane.connect.hl7v2.codec.building import Field
from carelane.testing.message_parts import Origin
from carelane.testing.messages import appointment_booked, appointment_event, order, referral
from tests.flows.clinical.clinic import Clinic

pytestmark = pytest.mark.postgres
ORDER, REFERRAL = "order-tracking", "referral-intake"
DOCTOR, DESK, NURSE = "gwen.ashby", "bo.tarrant", "dev.okafor"


def ordered(ward: Clinic, n: int, section: str = "", priority: str = "", **said: Any) -> bytes:
    """An order of a department (OBR-24), made now."""
    raw = order(n, person=1, origin=Origin(start=ward.hand()), **said)
    lines = raw.decode().split("\r")
    place = next(at for at, line in enumerate(lines) if line.startswith("OBR"))
    fields = lines[place].split("|")
    fields[24], fields[5] = section, priority
    lines[place] = "|".join(fields)
    lines[0] = lines[0].replace("|OMGO19", f"|{said.get('control', 'NW')}")  # a number of its own
    return "\r".join(lines).encode()


def visit(ward: Clinic, n: int, event: str = "S12", *, of: int, **changed: bytes) -> bytes:
    """An appointment for order or referral `of`."""
    origin = Origin(start=ward.hand())
    raw = (
        appointment_booked(n, of=of, person=1, origin=origin)
        if event == "S12"
        else appointment_event(n + 100, event, booked=n, of=of, person=1, origin=origin)
    )
    return raw.replace(b"Booked^Booked", changed.get("status", b"Booked^Booked"))


def answer(ward: Clinic, of: int) -> bytes:
    """The final result of order `of`."""
    number: Field = f"REF{of:07d}"
    report = ("ORC|RE|{0}^HIS|F{0}^LIS\rOBR|1|{0}^HIS|F{0}^LIS|71020^X-ray^C4||||||||||||||||||{1}||RAD|F\r"
              "OBX|1|TX|71020^X-ray^C4||No fracture||||||F")  # fmt: skip
    at = ward.hand().strftime("%Y%m%d%H%M%S+0000")
    head = f"MSH|^~\\&|RIS|NORTH|CARELANE|NORTH|{at}||ORU^R01^ORU_R01|RIS{of}{at}|P|2.5.1\r"
    return (head + "PID|1||P0000001^^^NORTH^MR\r" + report.format(number, at)).encode()


@pytest.mark.requirement("R6")
@pytest.mark.parametrize(
    ("section", "desk"),
    [("RAD", "imaging-desk"), ("CT", "imaging-desk"), ("EC", "procedure-desk"), ("", "referral-intake")],
)  # fmt: skip
async def test_an_order_goes_to_the_department_that_performs_it(
    ward: Clinic, section: str, desk: str
) -> None:
    """By its section; what nobody declared goes to a person, and a person's word moves it."""
    await ward.feed.send(ordered(ward, 1, section))
    assert ward.waits(ORDER) == ["scheduling"]
    assert ward.owner("scheduling") == desk
    await ward.do(ORDER, "schedule-order", "redirected", by=DESK, form={"department": "procedure"})
    assert ward.owner("scheduling") == "procedure-desk"
    ward.owned()


async def test_an_order_is_scheduled_missed_performed_and_reported(ward: Clinic) -> None:
    """The clock follows the appointment; a missed one is scheduled again; the result closes it."""
    await ward.feed.send(ordered(ward, 1, "RAD"))
    await ward.feed.send(visit(ward, 5, of=1))
    assert ward.waits(ORDER) == ["scheduled"]
    await ward.feed.send(visit(ward, 5, "S26", of=1))
    assert ward.waits(ORDER) == ["scheduling"]
    await ward.feed.send(visit(ward, 6, of=1))
    await ward.feed.send(visit(ward, 6, "S14", of=1, status=b"Complete^Complete"))
    assert ward.waits(ORDER) == ["awaiting-result"]
    await ward.feed.send(answer(ward, 1))
    assert ward.waits(ORDER) == ["closed: reported"]


async def test_an_order_that_nobody_schedules_is_chased_until_somebody_decides(
    ward: Clinic,
) -> None:
    """Three calls without an answer, then its clinician, again and again; lapsed at last, with the reason, and told."""
    await ward.feed.send(ordered(ward, 1, "RAD"))
    for _ in range(3):
        await ward.forward(timedelta(hours=3))
        await ward.do(ORDER, "schedule-order", "no-answer", by=DESK)
    assert ward.waits(ORDER) == ["unscheduled"]
    for _ in range(2):
        await ward.forward(timedelta(days=4))
        assert ward.waits(ORDER) == ["unscheduled"]
        ward.owned()
    await ward.do(ORDER, "decide-order", "try-again", by=DOCTOR)
    assert ward.waits(ORDER) == ["scheduling"]
    await ward.forward(timedelta(days=8))
    assert ward.waits(ORDER) == ["unscheduled"]
    await ward.do(ORDER, "decide-order", "lapse", by=DOCTOR, form={"note": "Not wanted any more"})
    await ward.done()
    assert ward.waits(ORDER) == ["closed: never-scheduled"]
    assert len(ward.charted()) == 1


async def test_an_urgent_order_is_not_dropped_at_the_desk(ward: Clinic) -> None:
    """Within two hours, help at one; went elsewhere is for its clinician to say, and is an outcome."""
    await ward.feed.send(ordered(ward, 1, "CT", priority="S"))
    assert ward.waits(ORDER) == ["scheduling-now"]
    assert ward.due("scheduling-now") - ward.hand() <= timedelta(hours=2)
    await ward.forward(timedelta(minutes=61))
    assert "covering-clinician" in ward.told()
    gone = {"note": "The other hospital did it"}
    await ward.do(ORDER, "schedule-order", "went-elsewhere", by=DESK, form=gone)
    assert ward.waits(ORDER) == ["unscheduled"]
    ward.owned()
    await ward.feed.send(ordered(ward, 1, "CT", control="CA"))
    assert ward.waits(ORDER) == ["closed: cancelled"]


async def test_a_result_that_never_comes_is_chased(ward: Clinic) -> None:
    """A week after it was performed the department looks; not performed after all: it is scheduled again."""
    await ward.feed.send(ordered(ward, 1, "RAD"))
    await ward.do(ORDER, "schedule-order", "no-appointment-needed", by=DESK)
    await ward.forward(timedelta(days=9))
    assert ward.waits(ORDER) == ["result-overdue"]
    await ward.do(ORDER, "chase-result", "not-performed", by=DESK)
    assert ward.waits(ORDER) == ["scheduling"]
    await ward.do(ORDER, "schedule-order", "went-elsewhere", by=DESK, form={"note": "Nearer"})
    await ward.done()
    assert ward.waits(ORDER) == ["closed: went-elsewhere"]


async def _accepted(ward: Clinic) -> None:
    await ward.feed.send(referral(1, person=1, specialty=1, origin=Origin(start=ward.hand())))
    await ward.do(REFERRAL, "triage-referral", "accepted", by=NURSE)
    assert ward.waits(REFERRAL) == ["scheduling"]


@pytest.mark.parametrize(
    ("outcome", "ended"),
    [("withdraw", "never-scheduled"), ("went-elsewhere", "went-elsewhere"), ("lapse", "lapsed")],
)
async def test_a_referral_that_leaks_says_why_and_the_one_who_referred_hears(
    ward: Clinic, outcome: str, ended: str
) -> None:
    """Never scheduled, gone elsewhere or lapsed: an outcome of its own, written to the record of whoever referred."""
    await _accepted(ward)
    await ward.do(REFERRAL, "book-appointment", "could-not-do", by="amara.quill", reason="no-slot")
    await ward.do(REFERRAL, "decide-unreached", outcome, by="amara.quill", form={"note": "Said so"})
    await ward.done()
    await ward.done()
    assert ward.waits(REFERRAL) == [f"closed: {ended}"]
    statuses = [one["businessStatus"]["coding"][0]["code"] for one in ward.charted("Task")]
    assert statuses == ["accepted", "withdrawn"]


async def test_a_referral_is_redirected_and_then_answered_in_writing(ward: Clinic) -> None:
    """To another service line's pool; there a specialist answers without a visit, and the advice is in the record."""
    await ward.feed.send(referral(1, person=1, specialty=1, origin=Origin(start=ward.hand())))
    assert ward.owner("triage") == "referral-triage-orthopaedics"
    await ward.do(
        REFERRAL, "triage-referral", "redirected", by=NURSE, form={"service": "cardiology"}
    )
    assert ward.owner("triage") == "referral-triage-cardiology"
    await ward.do(REFERRAL, "triage-referral", "e-consult", by="edda.voss")
    advice = {"advice": "Start slowly"}
    await ward.do(REFERRAL, "answer-e-consult", "answered", by="edda.voss", form=advice)
    await ward.done()
    assert ward.waits(REFERRAL) == ["closed: advised"]
    assert "Start slowly" in str(ward.charted())
