"""Break-glass: another site's record, to view only, with a reason, for a while; the privacy office is told."""

from datetime import timedelta
from typing import Any

import aiohttp
import psycopg
import pytest
from playwright.async_api import Browser, Page

from carelane.accounts.emergency import Emergency, Grant, break_glass, grant_on
from carelane.accounts.passwords import set_password
from carelane.accounts.rights import Rights
from carelane.accounts.sessions import Session
from carelane.accounts.signing_in import sign_in
from carelane.audit.leaf import faults
from carelane.compose.policies import policies_of
from carelane.engine.drain import drain
from carelane.facts.phi import Phi
from carelane.store.shapes import decode_payload
from tests.browser.clean import accessible
from tests.browser.conftest import CLERK, COMPLIANCE, PASSWORD, Desk, together, visit

pytestmark = pytest.mark.postgres
DOCTOR = "kira.sandoval"  # a clinician of the north site
SAID = "Unconscious in our emergency room, medication unknown"
Rows = psycopg.Connection[tuple[Any, ...]]


@together
async def elsewhere(desk: Desk, superuser: Rows) -> str:
    """A case that belongs to the harbour site alone; its id."""
    await set_password(desk.house.runtime, DOCTOR, PASSWORD)
    row = superuser.execute(
        "select id, subject from pathway_case where pathway = 'referral-intake' order by id limit 1"
    ).fetchone()
    assert row is not None
    case, subject = row
    for table, column in (
        ("pathway_case", "id"),
        ("step", "case_id"),
        ("task", "case_id"),
        ("fact", "subject"),
    ):
        value = subject if column == "subject" else case
        superuser.execute(f"update {table} set site = 'harbour' where {column} = %s", (value,))  # noqa: S608  # names from this test
    superuser.execute("update subject set site = 'harbour' where id = %s", (subject,))
    return str(case)


async def _fill(page: Page, *, said: str = SAID, password: str = PASSWORD) -> None:
    await page.select_option("[name=reason]", "life-threatening")
    await page.fill("[name=said]", said)
    await page.select_option("[name=minutes]", "15")
    await page.fill("[name=password]", password)


@pytest.mark.browser
async def test_a_record_of_another_site_is_seen_in_an_emergency_and_reviewed(
    desk: Desk, browser: Browser, elsewhere: str, superuser: Rows
) -> None:
    """Refused; then opened with a reason; nothing to act with; ended; the privacy office has it with a clock."""
    page = await visit(desk, browser, DOCTOR)
    answer = await page.goto(f"{desk.url}/cases/{elsewhere}")
    assert answer is not None
    assert answer.status == 404
    await page.goto(f"{desk.url}/break-glass?case={elsewhere}")
    await accessible(page)
    await _fill(page, password="somebody else at this screen")
    await page.click("text=Open the records")
    assert "do not fit" in await page.inner_text("#problem")
    await _fill(page)
    await page.click("text=Open the records")
    await page.wait_for_url("**/break-glass/*")
    await page.click("ul.plain a")
    assert "Emergency access until" in await page.inner_text(".notice.bad")
    assert await page.locator("textarea, .outcomes, [href^='/tasks/']").count() == 0
    await accessible(page)
    await drain(desk.house.runtime)
    query = "select owner_name, due_at - opened_at from task where name = 'review-access'"
    assert superuser.execute(query).fetchall() == [("privacy-office", timedelta(hours=72))]
    query = "select capability, refers->>'to' from effect where name = 'alert'"
    assert superuser.execute(query).fetchall() == [("staff.alert", "compliance-officer")]
    await page.click("text=End now")
    await page.wait_for_url(desk.url + "/")
    answer = await page.goto(f"{desk.url}/cases/{elsewhere}")
    assert answer is not None
    assert answer.status == 404
    assert desk.problems == []
    bodies = [
        decode_payload(bytes(row[0]))
        for row in superuser.execute("select body from access_leaf").fetchall()
    ]
    actions = [body["action"] for body in bodies]
    assert actions.count("access.emergency") == 1
    assert actions.count("access.emergency_ended") == 1
    assert [faults(body) for body in bodies] == [()] * len(bodies)
    assert {body.get("purpose") for body in bodies if body["action"] == "access.read"} >= {"BTG"}


@pytest.mark.browser
async def test_the_privacy_office_reads_what_was_said(
    desk: Desk, browser: Browser, elsewhere: str
) -> None:
    """The review list is the worklist of its pool; the task shows who, why and how long."""
    page = await visit(desk, browser, DOCTOR)
    await page.goto(f"{desk.url}/break-glass?case={elsewhere}")
    await _fill(page)
    await page.click("text=Open the records")
    await page.wait_for_url("**/break-glass/*")
    await drain(desk.house.runtime)
    officer = await visit(desk, browser, COMPLIANCE)
    await officer.goto(f"{desk.url}/?pathway=emergency-access")
    await officer.click("#rows a.open >> nth=0")
    await officer.wait_for_selector("#drawer h2")
    assert "Review a look at records" in await officer.inner_text("#drawer h2")


async def _session(desk: Desk, person: str) -> Session:
    found = await sign_in(desk.house.runtime, person, PASSWORD, address="test")
    assert isinstance(found, Session)
    return found


def _said(**changes: Any) -> Emergency:
    given: dict[str, Any] = {"reason": "other", "said": Phi(SAID, "said"), "minutes": 15, "password": PASSWORD,
                             "address": "test", **changes}  # fmt: skip
    return Emergency(**given)


@pytest.mark.invariant("I11")
async def test_it_opens_nothing_without_a_reason_for_longer_or_for_a_clerk(
    desk: Desk, elsewhere: str, superuser: Rows
) -> None:
    rights = Rights(desk.house.runtime, policies_of(desk.house.settings))
    row = superuser.execute(
        "select subject from pathway_case where id = %s", (elsewhere,)
    ).fetchone()
    assert row is not None
    doctor, clerk = await _session(desk, DOCTOR), await _session(desk, CLERK)
    for wrong in (
        _said(reason=""),
        _said(said=Phi("help", "said")),
        _said(minutes=61),
        _said(minutes=0),
        _said(password="not the one that was set"),
    ):
        assert not isinstance(await break_glass(rights, doctor, wrong, subject=row[0]), Grant)
    assert not isinstance(await break_glass(rights, clerk, _said(), subject=row[0]), Grant)
    assert superuser.execute("select count(*) from emergency_access").fetchone() == (0,)
    with pytest.raises(psycopg.errors.CheckViolation):  # the table itself refuses more than an hour
        superuser.execute("insert into emergency_access (id, organisation, person, subject, reason, from_at, until_at) "
                          "select gen_random_uuid(), id, 'x', id, 'other', now(), "
                          "now() + interval '61 minutes' from organisation")  # fmt: skip


async def test_it_ends_by_itself_and_is_for_one_patient_and_one_person(
    desk: Desk, elsewhere: str, superuser: Rows
) -> None:
    """After its time, for another patient and for somebody else there is nothing."""
    runtime = desk.house.runtime
    rights = Rights(runtime, policies_of(desk.house.settings))
    ids = superuser.execute(
        "select id, subject from pathway_case order by id = %s desc", (elsewhere,)
    ).fetchall()
    (case, subject), other = ids[0], next(id_ for id_, whose in ids if whose != ids[0][1])
    doctor, colleague = await _session(desk, DOCTOR), await _session(desk, "dev.okafor")
    assert isinstance(await break_glass(rights, doctor, _said(), subject=subject), Grant)
    assert await grant_on(rights, doctor, case) is not None
    assert await grant_on(rights, doctor, other) is None
    assert await grant_on(rights, colleague, case) is None
    superuser.execute(
        "update emergency_access set from_at = from_at - interval '16 minutes', "
        "until_at = until_at - interval '16 minutes'"
    )
    assert await grant_on(rights, doctor, case) is None


@pytest.mark.requirement("R106")
async def test_nothing_can_be_done_in_an_emergency_but_looking(
    desk: Desk, elsewhere: str, superuser: Rows
) -> None:
    """Every act on the record is answered as if there were none."""
    rights = Rights(desk.house.runtime, policies_of(desk.house.settings))
    row = superuser.execute(
        "select t.id, t.case_id, t.subject from task t where t.case_id = %s", (elsewhere,)
    ).fetchone()
    assert row is not None
    task, case, subject = row
    doctor = await _session(desk, DOCTOR)
    assert isinstance(await break_glass(rights, doctor, _said(), subject=subject), Grant)
    headers = {"Authorization": f"Bearer {doctor.secret}"}
    async with aiohttp.ClientSession(headers=headers) as client:
        async with client.get(f"{desk.url}/api/cases/{case}") as answer:
            assert answer.status == 200
        for verb in ("claim", "complete", "snooze", "escalate", "reassign", "override", "release"):
            async with client.post(
                f"{desk.url}/api/tasks/{task}/{verb}", json={"version": 1}
            ) as answer:
                assert answer.status == 404, verb
        async with client.post(
            f"{desk.url}/api/cases/{case}/thread", json={"kind": "note", "text": "x"}
        ) as answer:
            assert answer.status == 404
