"""How a patient gets onto the waitlist in these tests, and their phones."""

from collections.abc import Mapping

from tests.flows.scheduling.clinic import NOTHING, Clinic

PHONES = {n: f"+1555555010{n}" for n in range(1, 6)}
PAYER = {"service": "cardiology", "payer": "public-plan"}
ACCEPTED = 202


async def asks(clinic: Clinic, person: int, *, phone: str | None = None, **said: object) -> None:
    """A patient asks for a visit by the web form, and the call centre completes the request."""
    number = PHONES[person] if phone is None else phone
    wanted = {"service": "cardiology", "kind": "appointment", "visit": "follow-up", **said}
    assert await clinic.says("web-form", person, phone=number, **wanted) == ACCEPTED
    assert await clinic.do("complete-request", "completed", person=person, form=PAYER) == ""


async def waits(
    clinic: Clinic,
    person: int,
    *,
    phone: str | None = None,
    form: Mapping[str, object] = NOTHING,
    **said: object,
) -> None:
    """A patient asks, nothing is free, and a person puts them on the waitlist."""
    await asks(clinic, person, phone=phone, **said)
    assert await clinic.do("offer-time", "no-slot", person=person) == ""
    assert await clinic.do("decide-request", "waitlist", person=person, form=form) == ""
    await clinic.settle()
    assert clinic.states("scheduling-request", person) == ["closed: waitlisted"]
    assert clinic.states("waitlist-offer", person) == ["listed"]
