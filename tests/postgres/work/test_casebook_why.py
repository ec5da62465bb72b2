"""Every routing decision answers why: rule, release, inputs, the cells that missed, approvers, late-bound versions."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from carelane.casebook.why import Explanation, Miss, explain, fired
from carelane.casebook.why_text import told
from carelane.facts.ids import derive
from carelane.facts.phi import Phi
from carelane.worklist import acting
from carelane.worklist.answers import Refused
from carelane.worklist.correcting import Wrong, correct
from carelane.worklist.viewer import Viewer

Rig = Any  # the fixture's class lives in conftest
WHO = Viewer(person="r.moreau", sites=("main",), pools=("referral-desk",))


async def _why(rig: Rig) -> Explanation:
    case = rig.value("select id from pathway_case where pathway = 'referral'")
    async with rig.runtime.app.transaction(sites=("main",)) as tx:
        found = await explain(tx, rig.runtime.releases.published, case)
    assert found is not None
    return found


def _approved(
    rig: Rig, *, site: str, one: str, after: timedelta, ended: timedelta | None = None
) -> None:
    at = rig.hand() + after
    rig.insert(
        "activation", id=derive(at, "activation", site, one), organisation=rig.organisation, release="referral-1",
        pathway="referral", site=site, service_line="", approver_one=one, approver_two="z.two", reason="agreed",
        from_at=at, to_at=rig.hand() + ended if ended else None,
    )  # fmt: skip


@pytest.mark.requirement("R51")
async def test_a_decision_says_rule_inputs_and_the_cells_that_missed(rig: Rig) -> None:
    await rig.referral()
    found = await _why(rig)
    [table] = [each for each in found.decisions[0].rules if each.rule.startswith("table triage")]

    assert (table.rule, table.answer) == ("table triage row 2", "desk = referral-desk")
    assert table.says == "otherwise: referral-desk"
    assert table.inputs == {"specialty": "neurology"}
    assert table.missed == (Miss(row=1, cell="specialty = cardiology (was neurology)"),)
    assert fired(found) == "table triage row 2"
    assert found.release == "referral-1"
    assert found.decisions[0].bound == {"directory": rig.runtime.directory.version}
    [here] = found.here
    assert (here.state, here.owner_kind, here.owner_name) == ("triage", "pool", "referral-desk")
    assert here.owner_found
    assert "palpitations" not in repr(found), "nothing of the patient"


@pytest.mark.requirement("R15")
async def test_who_answers_for_it_is_the_narrowest_scope_in_force_when_it_opened(rig: Rig) -> None:
    _approved(rig, site="", one="a.wide", after=-timedelta(days=2))
    _approved(rig, site="main", one="b.main", after=-timedelta(days=1), ended=timedelta(hours=1))
    _approved(rig, site="north", one="c.north", after=-timedelta(days=1))
    _approved(rig, site="main", one="d.later", after=timedelta(days=1))
    await rig.referral()
    force = (await _why(rig)).force

    assert force is not None
    assert (force.approvers, force.scope, force.reason) == (
        ("b.main", "z.two"),
        "site main",
        "agreed",
    )


async def test_an_override_and_a_correction_stand_in_the_explanation(rig: Rig) -> None:
    task = await rig.referral()
    rig.hand.forward(minutes=5)
    await acting.override(rig.runtime, WHO, task, reason="wrong-specialty", pool="cardiology-desk")
    found = await _why(rig)

    assert [(each.rule, each.reason) for each in found.corrections] == [
        ("table triage row 2", "wrong-specialty")
    ]
    assert found.decisions[0].type == "routing.overridden"
    assert found.decisions[0].by == "r.moreau"
    text = told(found)
    assert "row 1 missed: specialty = cardiology (was neurology)" in text
    assert "said to be wrong by r.moreau" in text
    assert b'"row":1,"cell":"specialty = cardiology (was neurology)"' in msgspec.json.encode(found)


async def test_a_case_out_of_view_has_no_why(rig: Rig) -> None:
    await rig.referral()
    case = rig.value("select id from pathway_case")
    async with rig.runtime.app.transaction(sites=("north",)) as tx:
        assert await explain(tx, rig.runtime.releases.published, case) is None


@pytest.mark.parametrize(
    ("reason", "text", "pool", "code"),
    [
        ("because", "x", "", "reason-missing"),
        ("rule-wrong", " ", "", "text-length"),
        ("rule-wrong", "x", "no-such-pool", "not-allowed"),
    ],
)
async def test_a_correction_that_says_too_little_is_refused_and_counts_nothing(
    rig: Rig, reason: str, text: str, pool: str, code: str
) -> None:
    await rig.referral()
    case = rig.value("select id from pathway_case")
    wrong = Wrong(rule="table triage row 2", reason=reason, text=Phi(text, "text"), pool=pool)
    refused = await correct(rig.runtime, WHO, case, wrong)

    assert isinstance(refused, Refused)
    assert refused.code == code
    assert rig.value("select count(*) from routing_override") == 0
    assert rig.value("select count(*) from thread_entry") == 0
