"""A visit is prepared before it happens, or somebody acts before it, not at the desk."""

from datetime import timedelta
from typing import Any

import pytest

from tests.flows.scheduling.clinic import VISITS, Clinic
from tests.flows.scheduling.waiting import ACCEPTED, PHONES

pytestmark = pytest.mark.postgres


def about(number: str) -> dict[str, Any]:
    """A questionnaire of this visit."""
    return {"kind": "questionnaire", "appointment": {"authority": VISITS, "value": number}}


@pytest.mark.requirement("R6")
@pytest.mark.requirement("R34", "R43")
async def test_the_questionnaire_is_a_gate_and_the_scheduler_is_told_once(clinic: Clinic) -> None:
    """Asked by text, saved half, then finished: the EHR holds one message to the scheduler."""
    await clinic.known(1, PHONES[1])
    await clinic.visit("N1", 1, clinic.hand() + timedelta(days=9), service="new-patient")
    await clinic.settle()

    assert clinic.states("visit-preparation") == ["asked"]
    assert len(clinic.texts(PHONES[1])) == 1

    answers = [{"question": "smokes", "value": False}]
    assert (
        await clinic.says("web-form", 1, **about("N1"), complete=False, answers=answers) == ACCEPTED
    )
    assert clinic.states("visit-preparation") == ["asked"]

    assert (
        await clinic.says(
            "portal", 1, **about("N1"), thread="T1", subject="Questions", text="Done."
        )
        == ACCEPTED
    )
    await clinic.settle()

    assert clinic.states("visit-preparation") == ["ready"]
    told = list(clinic.ehr.desk.records.of_kind("Communication"))
    assert len(told) == 1
    assert len(clinic.texts(PHONES[1])) == 1
    assert clinic.news(PHONES[1]) == 1  # ready

    await clinic.visit(
        "N1", 1, clinic.hand() + timedelta(days=9), service="new-patient", status="fulfilled"
    )
    assert clinic.states("visit-preparation") == ["closed: visited"]
    clinic.owned()


@pytest.mark.requirement("R34")
async def test_an_unprepared_visit_is_acted_on_before_it_happens(clinic: Clinic) -> None:
    """Silent until three days before: checked, found incomplete, decided; where nobody decides, the clinician does."""
    await clinic.known(1, PHONES[1])
    await clinic.known(2, "")
    starts = clinic.hand() + timedelta(days=9)
    await clinic.visit("N1", 1, starts, service="new-patient")
    await clinic.visit("M1", 2, starts, service="mri")
    await clinic.settle()
    assert clinic.states("visit-preparation") == ["asked", "checking"]

    await clinic.wait(days=6, hours=1)
    assert clinic.states("visit-preparation", 1) == ["checking"]

    form = {"missing": "the whole questionnaire"}
    assert await clinic.do("check-preparation", "incomplete", person=1, form=form) == ""
    assert clinic.states("visit-preparation", 1) == ["unprepared"]

    assert await clinic.do("decide-unprepared", "moved", person=1) == ""
    await clinic.visit("N1", 1, starts + timedelta(days=30), service="new-patient")
    await clinic.settle()
    assert clinic.states("visit-preparation", 1) == ["checking"]

    await clinic.wait(days=2)
    assert clinic.states("visit-preparation", 2) == ["unprepared"]

    await clinic.wait(hours=21, minutes=30)
    assert clinic.states("visit-preparation", 2) == ["unprepared-late"]
    clinic.owned()


@pytest.mark.requirement("R34")
async def test_whom_no_message_reaches_is_called_instead(clinic: Clinic) -> None:
    """The questionnaire that no address takes is checked by a person at once, not three days before."""
    await clinic.known(2, "")
    await clinic.visit("N1", 2, clinic.hand() + timedelta(days=9), service="new-patient")
    await clinic.settle()

    assert clinic.effects("visit-preparation") == [("ask", "withdrawn", "no-address")]
    assert clinic.states("visit-preparation") == ["checking"]
    assert clinic.states("effect-attention") == []
    clinic.owned()
