"""A try that ends nothing (nobody answered): the work stays, for whoever is here next unless somebody had taken it."""

from typing import Any

import pytest

from carelane.compose.people import viewer_of
from carelane.engine.decide import Standing
from carelane.facts.phi import Phi
from carelane.worklist import acting, holding
from carelane.worklist.answers import Acted, Held, Lost
from tests.flows.scheduling.clinic import Clinic
from tests.flows.scheduling.waiting import asks

pytestmark = pytest.mark.postgres
TRIED, NEXT = "bo.tarrant", "dev.okafor"


async def _ends(clinic: Clinic, by: str, outcome: str, version: int) -> object:
    ((task,),) = clinic.feed.sql("select id from task where closed_at is null")
    return await acting.complete(
        clinic.house.runtime, viewer_of(clinic.house, by), task, version=version, outcome=outcome,
        form=Phi({"note": "Moved away."}, "form"))  # fmt: skip


def _held(clinic: Clinic) -> tuple[Any, ...]:
    ((assignee, status, version),) = clinic.feed.sql(
        "select assignee, status, version from task where closed_at is null"
    )
    return assignee, status, version


async def test_after_a_call_without_answer_whoever_is_next_tries_again(clinic: Clinic) -> None:
    await asks(clinic, 1)
    tried = await _ends(clinic, TRIED, "no-answer", version=1)

    assert isinstance(tried, Acted)
    assert (tried.answer.standing, tried.open, tried.undo_until) == (Standing.APPLIED, True, None)
    assert _held(clinic) == ("", "ready", tried.version)
    leaves = clinic.feed.sql(
        "select convert_from(body, 'utf8')::jsonb->>'action' from audit_leaf where"
        " convert_from(body, 'utf8')::jsonb->>'action' in ('task.claimed', 'task.released') order by seq")  # fmt: skip

    ended = await _ends(clinic, NEXT, "patient-declined", version=tried.version)

    assert isinstance(ended, Acted)
    assert not ended.open
    assert clinic.states("scheduling-request") == ["closed: declined"]
    assert [action for (action,) in leaves][-2:] == ["task.claimed", "task.released"]


async def test_who_had_taken_it_keeps_it(clinic: Clinic) -> None:
    await asks(clinic, 1)
    ((task,),) = clinic.feed.sql("select id from task where closed_at is null")
    runtime = clinic.house.runtime
    taken = await holding.claim(runtime, viewer_of(clinic.house, TRIED), task, version=1)
    assert isinstance(taken, Held)

    tried = await _ends(clinic, TRIED, "no-answer", version=taken.version)

    assert isinstance(tried, Acted)
    assert tried.open
    assert _held(clinic) == (TRIED, "in-progress", tried.version)
    assert isinstance(await _ends(clinic, NEXT, "no-answer", version=tried.version), Lost)
