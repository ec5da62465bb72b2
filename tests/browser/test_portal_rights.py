"""Every route for every kind of person: what is allowed, denied, unknown; forged forms; other sites' records."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import aiohttp
import psycopg
import pytest

from carelane.audit.leaf import faults
from carelane.portal.app import API, PAGES
from carelane.store.shapes import decode_payload
from tests.browser.conftest import (
    CLERK,
    COMPLIANCE,
    ENGINEER,
    NURSE,
    OTHER,
    PASSWORD,
    Desk,
    together,
)

pytestmark = pytest.mark.postgres
NOBODY = ""
# route: (nobody, care, integration engineer, compliance). 303 leads to the sign-in; a POST page without token is 403.
TABLE = {
    ("GET", "/sign-in"): (200, 303, 303, 303),
    ("POST", "/sign-in"): (401, 401, 401, 401),
    ("POST", "/sign-out"): (303, 403, 403, 403),
    ("GET", "/here"): (303, 204, 204, 204),
    ("POST", "/purpose"): (303, 403, 403, 403),
    ("GET", "/"): (303, 200, 200, 200),
    ("POST", "/claim-next"): (303, 403, 403, 403),
    ("GET", "/tasks/{task:uuid}"): (303, 200, 403, 403),
    ("GET", "/tasks/{task:uuid}/row"): (303, 200, 403, 403),
    ("GET", "/tasks/{task:uuid}/chart"): (303, 404, 403, 403),
    ("POST", "/tasks/{task:uuid}/{verb:str}"): (303, 403, 403, 403),
    ("POST", "/tasks/{task:uuid}/openings"): (303, 403, 403, 403),
    ("POST", "/tasks/{task:uuid}/fill"): (303, 403, 403, 403),
    ("POST", "/handovers/{offer:uuid}/{verb:str}"): (303, 403, 403, 403),
    ("GET", "/cases/{case_id:uuid}"): (303, 200, 403, 403),
    ("POST", "/cases/{case_id:uuid}/reveal"): (303, 403, 403, 403),
    ("POST", "/cases/{case_id:uuid}/thread"): (303, 403, 403, 403),
    ("POST", "/cases/{case_id:uuid}/correct"): (303, 403, 403, 403),
    ("GET", "/cases/{case_id:uuid}/records/{role:str}"): (303, 303, 403, 403),
    ("GET", "/find"): (303, 200, 200, 200),
    ("POST", "/find"): (303, 403, 403, 403),
    ("GET", "/break-glass"): (303, 200, 200, 200),
    ("POST", "/break-glass"): (303, 403, 403, 403),
    ("GET", "/break-glass/{grant:uuid}"): (303, 404, 404, 404),
    ("POST", "/break-glass/{grant:uuid}/end"): (303, 403, 403, 403),
    ("GET", "/errors"): (303, 403, 200, 403),
    ("POST", "/errors/redrive"): (303, 403, 403, 403),
    ("GET", "/audit"): (303, 403, 403, 200),
    ("GET", "/pathways"): (303, 200, 200, 200),
    ("GET", "/measures"): (303, 403, 200, 200),
    ("GET", "/measures/figures.csv"): (303, 403, 200, 200),
    ("GET", "/releases"): (303, 403, 200, 200),
    ("GET", "/releases/{digest:str}"): (303, 403, 404, 404),
    ("POST", "/releases/{digest:str}/approve"): (303, 403, 403, 403),
    ("POST", "/releases/{digest:str}/rollback"): (303, 403, 403, 403),
    ("GET", "/pathways/{name:str}"): (303, 200, 200, 200),
    ("GET", "/pathways/{name:str}/events"): (303, 200, 200, 200),
    ("GET", "/downtime"): (303, 200, 200, 200),
    ("GET", "/events/{task:uuid}"): (303, 200, 403, 403),
    ("GET", "/events"): (303, 200, 200, 200),
    ("POST", "/api/session"): (401, 401, 401, 401),
    ("DELETE", "/api/session"): (401, 204, 204, 204),
    ("GET", "/api/tasks"): (401, 200, 200, 200),
    ("GET", "/api/tasks/{task:uuid}"): (401, 200, 403, 403),
    ("GET", "/api/tasks/{task:uuid}/chart"): (401, 404, 403, 403),
    ("GET", "/api/tasks/{task:uuid}/openings"): (401, 404, 403, 403),
    ("POST", "/api/tasks/{task:uuid}/{verb:str}"): (401, 200, 403, 403),
    ("GET", "/api/handovers"): (401, 200, 200, 200),
    ("POST", "/api/handovers/{offer:uuid}/{verb:str}"): (401, 404, 404, 404),
    ("GET", "/api/cases"): (401, 200, 200, 200),
    ("GET", "/api/cases/{case_id:uuid}"): (401, 200, 403, 403),
    ("GET", "/api/cases/{case_id:uuid}/trace"): (401, 200, 403, 403),
    ("GET", "/api/cases/{case_id:uuid}/why"): (401, 200, 403, 403),
    ("POST", "/api/cases/{case_id:uuid}/thread"): (401, 422, 422, 422),
    ("POST", "/api/cases/{case_id:uuid}/correct"): (401, 422, 403, 403),
    ("GET", "/api/ledger"): (401, 403, 200, 200),
    ("GET", "/api/effects/groups"): (401, 403, 200, 403),
    ("POST", "/api/effects/redrive"): (401, 403, 200, 403),
    ("GET", "/api/audit"): (401, 403, 403, 200),
    ("GET", "/api/health"): (200, 200, 200, 200),
}
BODIES: dict[str, Any] = {
    "/api/session": {"person": "nobody.here", "password": "x"},
    "/api/tasks/{task:uuid}/{verb:str}": {"version": 1},
    "/api/cases/{case_id:uuid}/thread": {"kind": "nothing", "text": "x"},
    "/api/cases/{case_id:uuid}/correct": {"reason": "because", "text": "x"},
}


@together
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


async def _token(client: aiohttp.ClientSession, desk: Desk, person: str) -> dict[str, str]:
    if person == NOBODY:
        return {}
    answer = await client.post(
        f"{desk.url}/api/session", json={"person": person, "password": PASSWORD}
    )
    return {"Authorization": f"Bearer {(await answer.json())['token']}"}


async def _work(client: aiohttp.ClientSession, desk: Desk) -> dict[str, Any]:
    answer = await client.get(f"{desk.url}/api/tasks", headers=await _token(client, desk, CLERK))
    task: dict[str, Any] = (await answer.json())["tasks"][0]
    return task


def test_every_route_is_in_the_table() -> None:
    """0 untabled routes (ONC d1)."""
    routes = {(method, path) for each in (*PAGES, *API) for one in each.ROUTES for path in one.paths
              for method in one.http_methods if method in {"GET", "POST", "DELETE"}}  # fmt: skip
    assert routes == set(TABLE)


@pytest.mark.requirement("R32")
@pytest.mark.invariant("I11")
@pytest.mark.parametrize(
    ("column", "person"), list(enumerate((NOBODY, CLERK, ENGINEER, COMPLIANCE)))
)
async def test_each_route_answers_each_person_as_tabled(
    desk: Desk, client: aiohttp.ClientSession, column: int, person: str
) -> None:
    """Closed by default: what no policy permits is refused."""
    task = await _work(client, desk)
    wrong = []
    for (method, path), wanted in TABLE.items():
        headers = await _token(client, desk, person)
        url = path.replace("{task:uuid}", task["id"]).replace("{case_id:uuid}", task["case"])
        url = url.replace("{role:str}", "request").replace("{grant:uuid}", task["id"])
        url = url.replace("{offer:uuid}", task["id"]).replace("{name:str}", "referral-intake").replace(
            "{verb:str}", "claim" if "tasks" in path else "accept")  # fmt: skip
        body = (
            {"json": BODIES.get(path, {})}
            if path.startswith("/api")
            else {"data": {"person": "x", "password": "x"}}
        )
        given = body if method == "POST" else {}
        async with client.request(
            method, desk.url + url, headers=headers, allow_redirects=False, **given
        ) as answer:
            if answer.status != wanted[column]:
                wrong.append((method, path, answer.status, wanted[column]))
    assert wrong == []


@pytest.mark.invariant("I12")
async def test_a_record_of_another_site_is_not_found(
    desk: Desk, client: aiohttp.ClientSession
) -> None:
    """BOLA: a person of the other site gets 404 for a real id, as for a made-up one, on every route with an id."""
    task = await _work(client, desk)
    headers = await _token(client, desk, "cleo.marsh")
    paths = [f"/tasks/{task['id']}", f"/cases/{task['case']}", f"/api/tasks/{task['id']}", f"/api/cases/{task['case']}",
             f"/api/cases/{task['case']}/trace", f"/api/tasks/{UUID(int=7)}", f"/api/cases/{UUID(int=7)}"]  # fmt: skip
    for path in paths:
        async with client.get(desk.url + path, headers=headers) as answer:
            assert answer.status == 404, path
    async with client.post(
        f"{desk.url}/api/tasks/{task['id']}/claim", json={"version": 1}, headers=headers
    ) as answer:
        assert answer.status == 404


async def test_a_form_from_another_site_is_refused(
    desk: Desk, client: aiohttp.ClientSession
) -> None:
    """Origin and Sec-Fetch-Site: a foreign one changes nothing, even with the right password."""
    for foreign in (
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "null"},
    ):
        data = {"person": CLERK, "password": PASSWORD}
        async with client.post(
            f"{desk.url}/sign-in", data=data, headers=foreign, allow_redirects=False
        ) as answer:
            assert answer.status == 403
            assert "Set-Cookie" not in answer.headers


@pytest.mark.requirement("R104")
async def test_answers_with_patient_data_are_not_stored_and_carry_the_policy(
    desk: Desk, client: aiohttp.ClientSession
) -> None:
    """no-store on every page; the policy allows nothing inline."""
    async with client.get(desk.url, headers=await _token(client, desk, CLERK)) as answer:
        assert answer.headers["Cache-Control"] == "no-store"
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


async def test_reads_and_denials_are_leaves_without_patient_data(
    desk: Desk, client: aiohttp.ClientSession, superuser: psycopg.Connection[tuple[Any, ...]]
) -> None:
    """One leaf per request, committed before the answer; its body passes the redaction check."""
    task = await _work(client, desk)
    await client.get(
        f"{desk.url}/api/cases/{task['case']}", headers=await _token(client, desk, CLERK)
    )
    await client.get(f"{desk.url}/api/audit", headers=await _token(client, desk, OTHER))
    bodies = [
        decode_payload(bytes(row[0]))
        for row in superuser.execute("select body from access_leaf").fetchall()
    ]
    actions = [body["action"] for body in bodies]
    assert "access.read" in actions
    assert "access.denied" in actions
    assert [faults(body) for body in bodies] == [()] * len(bodies)


@pytest.mark.requirement("R12")
async def test_a_field_opens_its_record_in_the_ehr_and_the_page_holds_no_number(
    desk: Desk, client: aiohttp.ClientSession, superuser: psycopg.Connection[tuple[Any, ...]]
) -> None:
    """The link is ours; the number stands only in the answer that sends the browser on, and a leaf says who asked."""
    task = await _work(client, desk)
    headers = await _token(client, desk, CLERK)
    async with client.get(f"{desk.url}/cases/{task['case']}", headers=headers) as answer:
        text = await answer.text()
    link = f"/cases/{task['case']}/records/request"
    assert f'href="{link}"' in text
    async with client.get(desk.url + link, headers=headers, allow_redirects=False) as answer:
        assert answer.headers["Location"].startswith(
            "http://127.0.0.1:20580/app/ServiceRequest?identifier=R"
        )
    number = answer.headers["Location"].partition("=")[2]
    assert f"{number}^" not in text
    made_up = f"/cases/{task['case']}/records/prescription"
    async with client.get(desk.url + made_up, headers=headers) as answer:
        assert answer.status == 404
    bodies = [bytes(row[0]) for row in superuser.execute("select body from access_leaf").fetchall()]
    assert any(b'"screen":"record-request"' in body for body in bodies)


async def test_the_list_is_filtered_by_service_line(
    desk: Desk, client: aiohttp.ClientSession, superuser: psycopg.Connection[tuple[Any, ...]]
) -> None:
    """What has another service, or none yet, is left out."""
    task = await _work(client, desk)
    superuser.execute("update task set service_line = 'orthopaedics' where id = %s", (task["id"],))
    headers = await _token(client, desk, NURSE)
    found = {}
    for service in ("", "orthopaedics", "cardiology"):
        address = f"{desk.url}/api/tasks?view=all&service={service}"
        async with client.get(address, headers=headers) as answer:
            found[service] = {each["id"] for each in (await answer.json())["tasks"]}
    assert found["orthopaedics"] == {task["id"]}
    assert found["cardiology"] == set()
    assert found[""] > {task["id"]}
