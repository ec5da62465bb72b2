"""A patient asks to be called: in the promised window, never five times, and never not at all."""

from datetime import timedelta

import pytest

from tests.flows.scheduling.clinic import Clinic
from tests.flows.scheduling.waiting import ACCEPTED, PHONES

pytestmark = pytest.mark.postgres
CALLS_MAX = 4


@pytest.mark.requirement("R41")
async def test_a_call_is_made_in_its_window_and_the_patient_reached(clinic: Clinic) -> None:
    """The window is the patient's; who is reached is done; who takes the wish back is not called."""
    at = clinic.hand()
    window = {
        "wanted_from": (at + timedelta(hours=1)).isoformat(),
        "wanted_by": (at + timedelta(hours=3)).isoformat(),
    }
    said = {"kind": "callback", "note": "About my bill.", "agent": "Bo"}
    assert (
        await clinic.says("call-centre", 1, phone=PHONES[1], request="C-1", **said, **window)
        == ACCEPTED
    )
    assert await clinic.says("call-centre", 2, phone=PHONES[2], request="C-2", **said) == ACCEPTED

    assert clinic.states("callback") == ["in-window", "calling"]

    assert (
        await clinic.do("call-patient", "reached", person=1, form={"talked": "Sent the bill."})
        == ""
    )
    assert (
        await clinic.says("web-form", 2, kind="callback", request="C-2", withdrawn=True) == ACCEPTED
    )

    assert clinic.states("callback") == ["closed: reached", "closed: withdrawn"]
    clinic.owned()


@pytest.mark.requirement("R41")
async def test_never_five_calls_and_never_none(clinic: Clinic) -> None:
    """Who is silent is tried again, then written to, then a person decides; a call that nobody makes goes to nurses."""
    assert (
        await clinic.says("web-form", 1, phone=PHONES[1], kind="callback", text="Please call me.")
        == ACCEPTED
    )
    calls = 0
    for _ in range(12):
        open_ = clinic.open_tasks()
        if "call-patient" in open_:
            calls += 1
            assert await clinic.do("call-patient", "no-answer", person=1) == ""
        elif clinic.states("callback") == ["unreached"]:
            refused = await clinic.do("decide-callback", "try-again", person=1)
            if refused or clinic.states("callback") == ["unreached"]:
                break
        await clinic.settle()

    assert calls <= CALLS_MAX
    assert calls >= 2  # tried at least twice
    assert "tried to reach you" in clinic.texts(PHONES[1])[0]
    assert clinic.news(PHONES[1]) == 2  # it came, and we tried: each once, however often

    assert (
        await clinic.do("decide-callback", "message-left", person=1, form={"talked": "A letter."})
        == ""
    )
    assert clinic.states("callback") == ["closed: message-left"]

    assert (
        await clinic.says("web-form", 2, phone=PHONES[2], kind="callback", text="Please call me.")
        == ACCEPTED
    )
    await clinic.wait(hours=5)
    assert clinic.states("callback", 2) == ["late"]
    clinic.owned()
