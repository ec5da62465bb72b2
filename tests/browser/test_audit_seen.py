"""Who saw whom, after a breach: by reader and by patient, from what the portal's own reads left in the access tree."""

import argparse
import json
from typing import Any
from uuid import UUID

import aiohttp
import psycopg
import pytest

from carelane.cli import audit
from carelane.facts.errors import SetupFault
from tests.browser.conftest import CLERK, ENGINEER, NURSE, PASSWORD, Desk

pytestmark = pytest.mark.postgres


async def _in(client: aiohttp.ClientSession, desk: Desk, person: str) -> dict[str, str]:
    said = {"person": person, "password": PASSWORD}
    async with client.post(f"{desk.url}/api/session", json=said) as answer:
        return {"Authorization": f"Bearer {(await answer.json())['token']}"}


async def _asked(desk: Desk, capsys: pytest.CaptureFixture[str], *said: str) -> Any:
    """The document of `carelane audit seen`."""
    parser = argparse.ArgumentParser()
    audit.add(parser.add_subparsers())
    capsys.readouterr()
    assert await audit._seen(parser.parse_args(["audit", "seen", "--json", *said]), desk.house) == 0  # noqa: SLF001  # the command
    return json.loads(capsys.readouterr().out.splitlines()[-1])


@pytest.mark.requirement("R113")
async def test_who_saw_a_patient_and_whom_a_person_saw(
    desk: Desk, superuser: psycopg.Connection[tuple[Any, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Two people read; the list of one holds what that one saw, the list of a patient both; by ids alone."""
    rows = superuser.execute(
        "select id, subject from pathway_case where pathway = 'referral-intake' order by id limit 2"
    ).fetchall()
    (one, patient), (two, other) = rows
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
        clerk, nurse = await _in(client, desk, CLERK), await _in(client, desk, NURSE)
        for headers, case in ((clerk, one), (clerk, one), (clerk, two), (nurse, two)):
            async with client.get(f"{desk.url}/api/cases/{case}", headers=headers) as answer:
                assert answer.status == 200
    of_clerk = await _asked(desk, capsys, "--person", CLERK)
    assert of_clerk["people"] == [CLERK]
    assert set(of_clerk["patients"]) == {str(patient), str(other)}
    times = {each["case"]: each["times"] for each in of_clerk["seen"]}
    assert times == {str(one): 2, str(two): 1}
    assert all(each["screens"] and each["purposes"] for each in of_clerk["seen"])
    of_patient = await _asked(desk, capsys, "--case", str(two))
    assert of_patient["people"] == sorted({CLERK, NURSE})
    assert of_patient["patients"] == [str(other)]
    nobody = await _asked(desk, capsys, "--person", ENGINEER)
    assert nobody == {"people": [], "patients": [], "seen": []}


@pytest.mark.requirement("R113")
@pytest.mark.parametrize(
    ("said", "names"),
    [
        (("--from", "2026-11-30", "--to", "2026-11-29"), "before it begins"),
        (("--person", "amara.qill"), "amara.qill"),
        (("--case", str(UUID(int=7))), str(UUID(int=7))),
    ],
)
async def test_a_slip_of_the_pen_is_no_evidence_that_nobody_saw(
    desk: Desk, capsys: pytest.CaptureFixture[str], said: tuple[str, ...], names: str
) -> None:
    with pytest.raises(SetupFault, match=f"{names}.*Remedy"):
        await _asked(desk, capsys, *said)
