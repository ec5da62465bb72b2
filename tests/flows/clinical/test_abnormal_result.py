"""An abnormal result until the patient has been told; corrections reach whoever acted (issue 4, k)."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from carelane.store.roles import DatabaseUrls
from carelane.testing.messages import Origin, result, update
from tests.flows.clinical.clinic import Clinic, clinic
from tests.flows.conftest import Hand

pytestmark = pytest.mark.postgres
PATHWAY = "abnormal-result"
PLAN = {"plan": "Repeat in two weeks"}
TOLD = {"told_how": "phone"}


async def reported(ward: Clinic, n: int = 1, **said: Any) -> None:
    """A result, verified now."""
    await ward.feed.send(result(n, origin=Origin(start=ward.hand()), **said))


async def test_an_abnormal_result_is_read_the_patient_is_told_and_the_loop_closes(
    ward: Clinic,
) -> None:
    """Acknowledged with a plan, two calls without an answer, told by phone within the site's days, charted."""
    await reported(ward, flag="H")
    await reported(ward, flag="H")  # sent again: the same case
    assert ward.waits(PATHWAY) == ["reading"]
    [(at, due)] = ward.feed.sql("select opened_at, due_at from step where state = 'reading'")
    assert due - at <= timedelta(days=5)
    ward.owned()
    await ward.do(PATHWAY, "review-result", "reviewed", by="gwen.ashby", form=PLAN)
    [(at, due)] = ward.feed.sql("select opened_at, due_at from step where state = 'inform'")
    assert due - at <= timedelta(days=14)
    for _ in range(2):
        await ward.forward(timedelta(hours=4))
        await ward.do(PATHWAY, "inform-patient", "no-answer", by="edda.voss")
    assert ward.waits(PATHWAY) == ["inform"]
    await ward.do(PATHWAY, "inform-patient", "informed", by="edda.voss", form=TOLD)
    await ward.done()
    assert ward.waits(PATHWAY) == ["closed: informed"]
    assert len(ward.charted()) == 1
    ward.owned()


async def test_nobody_reads_it_so_it_goes_on_until_somebody_does(ward: Clinic) -> None:
    """After its days a covering clinician has it, told again and again; an urgent action moves it to today."""
    await reported(ward, flag="L")
    await ward.forward(timedelta(days=6))
    assert ward.waits(PATHWAY) == ["reading-overdue"]
    for _ in range(3):
        await ward.forward(timedelta(hours=25))
        assert ward.waits(PATHWAY) == ["reading-overdue"]
        ward.owned()
    urgent = {"plan": "Come in today", "priority": "urgent"}
    await ward.do(PATHWAY, "review-result", "reviewed", by="gwen.ashby", form=urgent)
    await ward.do(PATHWAY, "inform-patient", "informed", by="dev.okafor", form=TOLD)
    await ward.done()
    assert ward.waits(PATHWAY) == ["closed: informed"]


async def test_a_letter_is_not_told_and_a_clinician_still_decides(ward: Clinic) -> None:
    """Three calls, then a letter, and the case stays open until somebody says that the patient knows."""
    await reported(ward, flag="A")
    await ward.do(PATHWAY, "review-result", "reviewed", by="gwen.ashby", form=PLAN)
    for _ in range(3):
        await ward.forward(timedelta(hours=1))
        await ward.do(PATHWAY, "inform-patient", "no-answer", by="edda.voss")
    await ward.done()
    assert ward.waits(PATHWAY) == ["cannot-reach"]
    [letter] = ward.charted("CommunicationRequest")
    assert "potassium" not in str(letter).lower()
    await ward.do(PATHWAY, "review-result", "patient-already-told", by="gwen.ashby", form=PLAN)
    await ward.done()
    assert ward.waits(PATHWAY) == ["closed: informed"]


@pytest.mark.parametrize("closed", [False, True])
async def test_a_correction_reaches_whoever_acted_also_after_the_end(
    ward: Clinic,
    closed: bool,  # noqa: FBT001  # a table's column
) -> None:
    """The same person, within a day, even where it is normal now; an older version that comes late does nothing."""
    await reported(ward, flag="H")
    await ward.do(PATHWAY, "review-result", "reviewed", by="gwen.ashby", form=PLAN)
    if closed:
        await ward.do(PATHWAY, "inform-patient", "informed", by="gwen.ashby", form=TOLD)
        await ward.done()
        assert ward.waits(PATHWAY) == ["closed: informed"]
    await ward.forward(timedelta(days=1))
    await reported(ward, 60, of=1, status="C", flag="N")
    assert ward.waits(PATHWAY) == ["corrected"]
    assert ward.owner("corrected") == "gwen.ashby"
    ward.owned()
    early = Origin(start=ward.hand() - timedelta(days=3))
    await ward.feed.send(result(61, of=1, person=1, status="C", flag="H", origin=early))
    assert ward.waits(PATHWAY) == ["corrected"]
    await ward.do(
        PATHWAY, "review-result", "reviewed", by="gwen.ashby", form={"plan": "Nothing more"}
    )
    await ward.do(PATHWAY, "inform-patient", "informed", by="gwen.ashby", form=TOLD)
    await ward.done()
    assert ward.waits(PATHWAY) == ["closed: informed"]


async def test_what_is_normal_critical_or_of_the_dead_opens_or_keeps_nothing_here(
    ward: Clinic,
) -> None:
    """Normal and preliminary: nothing. Critical: the other pathway, alone. A death closes what is open."""
    await reported(ward, 1, flag="N")
    await reported(ward, 2, flag="H", status="P")
    await reported(ward, 3, flag="HH")
    assert ward.waits(PATHWAY) == []
    assert ward.waits("critical-result") == ["call"]
    await reported(ward, 4, flag="H")
    await ward.feed.send(update(5, person=4, dead=True, origin=Origin(start=ward.hand())))
    assert ward.waits(PATHWAY) == ["closed: deceased"]


@pytest.mark.parametrize("asked", [("3d", 3), ("20d", 14)])
async def test_the_site_says_when_the_patient_is_told_and_never_later_than_fourteen_days(
    database: DatabaseUrls,
    tmp_path: Path,
    hand: Hand,
    superuser: "psycopg.Connection[Any]",
    asked: tuple[str, int],
) -> None:
    """`inform_abnormal_within` of the site, up to the pathway's `most`."""
    setting, days = asked
    site = {"site/organisation.yaml": f"  north:\n    inform_abnormal_within: {setting}\n"}
    async with clinic(database, tmp_path, hand, superuser, extra=site) as ward:
        await reported(ward, flag="H")
        await ward.do(PATHWAY, "review-result", "reviewed", by="gwen.ashby", form=PLAN)
        [(opened, due)] = ward.feed.sql("select opened_at, due_at from step where state = 'inform'")
        assert (due.date() - opened.date()).days == days + 1  # midnight in New York is the next day
