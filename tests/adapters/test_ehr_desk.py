"""The synthetic EHR's rules: two profiles, conditional writes, scheduling, transactions, what search sees."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from carelane.testing.ehr.clock import SetClock
from carelane.testing.ehr.desk import Asked, Desk, Told
from carelane.testing.ehr.profiles import PROFILES

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Office:
    """A desk with its clock, asked without sockets."""

    def __init__(self, profile: str) -> None:
        self.clock = SetClock(NOW)
        self.desk = Desk(profile=PROFILES[profile], clock=self.clock)

    def ask(
        self, method: str, path: str, body: Any = None, *, racy: bool = False, **headers: str
    ) -> Told:
        """One request; header names with underscores."""
        place, _, query = path.partition("?")
        return self.desk.answer(
            Asked(
                method=method,
                parts=tuple(part for part in place.split("/") if part),
                query=[
                    (name, value)
                    for name, _, value in (pair.partition("=") for pair in query.split("&") if pair)
                ],
                headers={name.replace("_", "-"): value for name, value in headers.items()},
                body=msgspec.json.encode(body) if body is not None else b"",
                base="http://ehr/fhir",
                racy=racy,
            )
        )

    def found(self, path: str) -> list[str]:
        """Ids of what a search matches."""
        told = self.ask("GET", path)
        assert told.resource is not None
        entries = told.resource["entry"]
        return [one["resource"]["id"] for one in entries if one["search"]["mode"] == "match"]

    def held(self, reference: str) -> dict[str, Any]:
        """A resource as it stands."""
        resource = self.ask("GET", reference).resource
        assert resource is not None
        return resource


@pytest.fixture(params=["a", "b"])
def office(request: pytest.FixtureRequest) -> Office:
    return Office(request.param)


@pytest.fixture
def strict() -> Office:
    return Office("a")


@pytest.fixture
def loose() -> Office:
    return Office("b")


TASK = {
    "resourceType": "Task",
    "status": "ready",
    "identifier": [{"system": "urn:x", "value": "1"}],
}
UNLESS = "identifier=urn:x|1"


@pytest.mark.requirement("R18")
def test_it_starts_with_charts(office: Office) -> None:
    """Patients, orders, medication history, slots and an appointment."""
    office.clock.advance(timedelta(seconds=31))
    for kind in ("Patient", "ServiceRequest", "MedicationRequest", "Slot", "Appointment"):
        assert office.found(kind)
    assert office.found("ServiceRequest?patient=p2") == ["s2"]


def test_the_profiles_differ_in_client_ids(strict: Office, loose: Office) -> None:
    body = TASK | {"id": "mine"}
    assert strict.ask("PUT", "Task/mine", body).status == 201
    assert loose.ask("PUT", "Task/mine", body).status == 405


def test_the_profiles_differ_in_etags(strict: Office, loose: Office) -> None:
    assert strict.ask("POST", "Task", TASK).headers["ETag"] == 'W/"1"'
    assert len(loose.ask("POST", "Task", TASK).headers["ETag"]) == len('W/""') + 36


def test_the_same_requests_give_the_same_ids() -> None:
    """Two EHRs asked alike answer alike: failures can be played again."""
    answers = [
        [Office(name).ask("POST", "Task", TASK).resource for _ in range(2)] for name in ("b", "b")
    ]
    assert answers[0] == answers[1]


def test_if_match_wants_the_current_version(office: Office) -> None:
    slot = office.held("Slot/slot1")
    stale = office.ask("PUT", "Slot/slot1", slot, If_Match='W/"0"')
    assert stale.status == 412
    current = office.ask("GET", "Slot/slot1").headers["ETag"]
    assert office.ask("PUT", "Slot/slot1", slot, If_Match=current).status == 200
    assert office.ask("PUT", "Slot/slot1", slot, If_Match=current).status == 412
    history = office.held("Slot/slot1/_history")
    assert len(history["entry"]) == 2


def test_if_none_exist_holds_on_a_and_races_on_b(strict: Office, loose: Office) -> None:
    """B's condition reads the same late search as everybody: two in a row make two."""
    first, second = (strict.ask("POST", "Task", TASK, If_None_Exist=UNLESS) for _ in range(2))
    assert (first.status, second.status) == (201, 200)
    assert first.resource == second.resource
    assert len(strict.found("Task?identifier=urn:x|1")) == 1
    made = [loose.ask("POST", "Task", TASK, If_None_Exist=UNLESS).status for _ in range(2)]
    loose.clock.advance(timedelta(seconds=31))
    assert made == [201, 201]
    assert loose.ask("POST", "Task", TASK, If_None_Exist=UNLESS).status == 412


def test_a_racy_condition_can_be_staged_on_a(strict: Office) -> None:
    made = [
        strict.ask("POST", "Task", TASK, If_None_Exist=UNLESS, racy=True).status for _ in range(2)
    ]
    assert made == [201, 201]


def test_b_shows_writes_late_and_reads_them_at_once(loose: Office) -> None:
    """Search catches up within thirty seconds; reading by id never lags."""
    loose.clock.advance(timedelta(seconds=60))
    made = [loose.ask("POST", "Task", TASK).resource for _ in range(10)]
    assert all(loose.held(f"Task/{one['id']}") for one in made if one)
    assert len(loose.found("Task?_count=50")) < 5
    loose.clock.advance(timedelta(seconds=31))
    told = loose.ask("GET", "Task")
    assert told.resource is not None
    assert told.resource["total"] == 10
    assert len(told.resource["entry"]) == 5
    assert "_offset=5" in told.resource["link"][1]["url"]


def booking(slot: str = "slot1", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Appointment",
        "status": "booked",
        "slot": [{"reference": f"Slot/{slot}"}],
        **more,
    }


def test_a_slot_is_booked_once_and_freed_by_cancelling(strict: Office) -> None:
    """The scheduling API is the arbiter: the second booking is in conflict."""
    first = strict.ask("POST", "Appointment", booking()).resource
    assert first is not None
    assert strict.held("Slot/slot1")["status"] == "busy"
    assert strict.ask("POST", "Appointment", booking()).status == 409
    assert strict.ask("POST", "Appointment", booking("nowhere")).status == 409
    cancelled = {**first, "status": "cancelled"}
    assert strict.ask("PUT", f"Appointment/{first['id']}", cancelled).status == 200
    assert strict.held("Slot/slot1")["status"] == "free"
    assert strict.ask("POST", "Appointment", booking()).status == 201
    assert strict.ask("PUT", f"Appointment/{first['id']}", cancelled).status == 200
    assert (
        strict.held("Slot/slot1")["status"] == "busy"
    )  # cancelled once more: somebody else has it


def transaction(office: Office, etag: str) -> Told:
    entries = [
        {"resource": booking("slot2"), "request": {"method": "POST", "url": "Appointment"}},
        {
            "resource": {**office.held("Slot/slot3"), "status": "busy"},
            "request": {"method": "PUT", "url": "Slot/slot3", "ifMatch": etag},
        },
    ]
    return office.ask(
        "POST", "", {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    )


def test_a_transaction_is_whole_on_a_and_halved_on_b(strict: Office, loose: Office) -> None:
    """A undoes all and says 412; B says 200, with a failed entry inside, and keeps the rest."""
    told = transaction(strict, 'W/"0"')
    assert told.status == 412
    assert strict.held("Slot/slot2")["status"] == "free"
    half = transaction(loose, 'W/"0"')
    assert half.status == 200
    assert half.resource is not None
    statuses = [one["response"]["status"] for one in half.resource["entry"]]
    assert statuses == ["201 OK", "412"]
    whole = transaction(loose, loose.ask("GET", "Slot/slot3").headers["ETag"])
    assert whole.resource is not None
    assert [one["response"]["status"][:3] for one in whole.resource["entry"]] == ["201", "200"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "Patient/nobody", None, 404),
        ("GET", "Patient?shoe-size=44", None, 400),
        ("GET", "Patient?_lastUpdated=gesoon", None, 400),
        ("POST", "Task", [1], 400),
        ("POST", "Task", {"resourceType": "Slot"}, 400),
        ("PUT", "Task/1", {"resourceType": "Task", "id": "2"}, 400),
        ("DELETE", "Task/1", {"resourceType": "Task"}, 405),
    ],
)
def test_bad_requests_get_an_operation_outcome(
    office: Office, method: str, path: str, body: Any, status: int
) -> None:
    told = office.ask(method, path, body)
    assert told.status == status
    assert told.resource is not None
    assert told.resource["resourceType"] == "OperationOutcome"
