"""A request that failed leaves a trace for the operator, and an absent database is told as one, at every route."""

import io
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import psycopg
import pytest
from psycopg_pool import PoolTimeout

from carelane.accounts.sessions import begin
from carelane.compose.house import House
from carelane.compose.serve import portal_of
from carelane.engine.log import StructuredLog
from carelane.portal.failures import RUN, Failures
from carelane.store.database import away
from carelane.testing.doorstep import standing
from tests.flows.conftest import Hand

pytestmark = pytest.mark.postgres
CASE = "11111111-2222-3333-4444-555555555555"
PATIENT = "Zoe Quimbly"
TOKEN = {"Authorization": "Bearer a-made-up-token"}
SIGN_IN = {"person": "amara.quill", "password": "four calm words stand here"}


@pytest.fixture
async def url(house: House) -> AsyncIterator[str]:
    """The portal of a house."""
    async with standing(portal_of(house)) as found:
        yield found


@pytest.fixture
def log(house: House) -> io.StringIO:
    """What the process says."""
    out = io.StringIO()
    house.runtime.log = StructuredLog("serve", house.runtime.now, out)
    return out


def _raising(monkeypatch: pytest.MonkeyPatch, place: str, cause: Exception) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise cause

    monkeypatch.setattr(place, fail)


async def _ask(method: str, url: str, **given: Any) -> tuple[int, str, str]:
    """Status, body and `Retry-After`."""
    async with (
        aiohttp.ClientSession() as client,
        client.request(method, url, **given) as answer,
    ):
        return answer.status, await answer.text(), answer.headers.get("retry-after", "")


@pytest.mark.invariant("I13")
@pytest.mark.parametrize("path", [f"/api/cases/{CASE}", f"/cases/{CASE}"])
async def test_a_defect_is_logged_by_type_frames_and_route_with_the_number_that_the_page_shows(
    url: str, log: io.StringIO, hand: Hand, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    _raising(monkeypatch, "carelane.portal.shield.current", RuntimeError(PATIENT))

    status, body, _ = await _ask("GET", url + path, headers=TOKEN)

    assert status == 500
    assert f"failure 1, {hand():%Y-%m-%d %H:%M:%S} UTC." in body
    (line,) = log.getvalue().splitlines()
    said = json.loads(line)
    assert (said["event"], said["part"], said["number"]) == ("failed", "portal", 1)
    assert said["cause"] == "RuntimeError"
    assert said["place"].startswith("GET/")
    assert "<" in said["place"]
    assert said["frames"][-1].endswith(" fail")
    for secret in (CASE, PATIENT, "a-made-up-token"):
        assert secret not in line + body


@pytest.mark.parametrize(("method", "path"), [
    ("POST", "/api/session"), ("GET", f"/api/cases/{CASE}"), ("GET", "/"), ("POST", f"/tasks/{CASE}/claim"),
])  # fmt: skip
async def test_with_the_database_away_every_route_says_so_and_when_to_come_again(
    url: str, monkeypatch: pytest.MonkeyPatch, method: str, path: str
) -> None:
    """By a connection that can't be had, as a pool says it when its time is over."""
    for place in ("carelane.portal.shield.current", "carelane.portal.api.signing.sign_in"):
        _raising(monkeypatch, place, PoolTimeout("no connection"))
    signing = path == "/api/session"
    given: dict[str, Any] = {"json": SIGN_IN} if signing else {"headers": TOKEN}

    status, body, again = await _ask(method, url + path, **given)

    assert (status, again) == (503, "5")
    assert "The database does not answer; nothing was stored." in body


async def test_a_store_that_is_really_closed_is_an_absent_database_too(
    url: str, house: House
) -> None:
    await house.runtime.app.pool.close()

    status, body, again = await _ask("GET", f"{url}/api/cases", headers=TOKEN)

    assert (status, again, json.loads(body)["code"]) == (503, "5", "database-away")


async def test_an_act_during_which_the_database_went_is_not_said_to_be_undone(
    url: str, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have been committed, and only the answer was lost."""
    session = await begin(house.runtime, house.runtime.directory.people["amara.quill"])
    _raising(monkeypatch, "carelane.portal.api.signing.end", psycopg.OperationalError(PATIENT))

    status, body, again = await _ask(
        "DELETE", f"{url}/api/session", headers={"Authorization": f"Bearer {session.secret}"}
    )

    assert (status, again) == (503, "5")
    assert "whether this was stored is not known" in body
    assert PATIENT not in body


async def test_health_is_an_answer_also_without_a_database(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _raising(monkeypatch, "carelane.store.database.Tx.one", PoolTimeout("no connection"))

    status, body, _ = await _ask("GET", f"{url}/health")

    assert (status, json.loads(body)["cause"]) == (503, "PoolTimeout")


@pytest.mark.parametrize(("cause", "gone"), [
    (PoolTimeout("x"), True), (psycopg.InterfaceError("x"), True), (psycopg.errors.AdminShutdown("x"), True),
    (psycopg.errors.QueryCanceled("x"), False), (psycopg.errors.UniqueViolation("x"), False), (ValueError("x"), False),
])  # fmt: skip
def test_an_absent_database_is_told_from_a_busy_one_and_from_a_defect(
    cause: Exception, *, gone: bool
) -> None:
    assert away(cause) is gone


def test_of_failures_by_an_absent_database_the_log_hears_ever_fewer(hand: Hand) -> None:
    failures, now = Failures(), hand()

    assert [failures.heard(now) for _ in range(8)] == [True, True, False, True, *[False] * 3, True]
    assert failures.heard(now + RUN + timedelta(seconds=1))
