"""Blocks and facts between subjects through the store: what is read back is what was decided."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from carelane.engine.deliver import deliver
from carelane.engine.drain import drain
from carelane.engine.releases import Activation, Releases
from carelane.facts.fact import Actor, Fact, Json, SubjectKind
from carelane.facts.ids import derive, name_id
from carelane.facts.phi import Phi
from carelane.pathways.definition import Definition
from carelane.store.facts import make_subjects
from carelane.store.load import views
from tests.rules.language2 import ANY, REVIEW
from tests.rules.test_language2_pathways import FOLDER, definition_of
from tests.rules.texts import loaded

Rig = Any  # the fixture's class lives in conftest


def in_force(rig: Rig, *definitions: Definition) -> None:
    """These pathways are in force, and nothing else."""
    published = {each.digest: each for each in definitions}
    activations = tuple(
        Activation(release=digest, pathway=each.name, from_at=rig.hand())
        for digest, each in published.items()
    )
    rig.runtime = replace(rig.runtime, releases=Releases(published, activations))


async def tell(  # noqa: PLR0917  # a builder
    rig: Rig,
    kind: SubjectKind,
    name: str,
    type_: str,
    keys: Mapping[str, str],
    payload: dict[str, Json],
) -> UUID:
    """A fact on a subject, stored and drained; the subject."""
    subject = name_id(rig.organisation, kind, name)
    fact = Fact(
        id=derive(rig.hand(), "fact", type_, name), type=type_, subject=subject, organisation=rig.organisation,
        occurred_at=rig.hand(), recorded_at=rig.hand(), payload=Phi(payload, "p"), keys=keys, actor=Actor.SYSTEM,
        connection="hl7", origin=derive(rig.hand(), "message", type_, name), correlation=derive(rig.hand(), name),
        site="main", service_line="cardiology",
    )  # fmt: skip
    async with rig.runtime.worker.transaction() as tx:
        make_subjects(tx, rig.organisation, [(subject, kind.value, "main")])
        await deliver(rig.runtime, tx, [fact])
    await settle(rig)
    return subject


async def settle(rig: Rig) -> None:
    """Decide until nothing is pending."""
    for _ in range(10):
        rig.hand.forward(seconds=1)
        await drain(rig.runtime)


async def complete(rig: Rig, subject: UUID, task: str, outcome: str) -> None:
    """A person's outcome, as the fact it is stored as."""
    case, task_id = rig.sql(
        "select s.case_id, t.id from task t join step s on s.id = t.step"
        " where t.subject = %(s)s and t.name = %(n)s and t.closed_at is null", s=subject, n=task,
    )[0]  # fmt: skip
    fact = Fact(
        id=derive(rig.hand(), "fact", task_id, outcome), type="task.completed", subject=subject,
        organisation=rig.organisation, occurred_at=rig.hand(), recorded_at=rig.hand(),
        payload=Phi({"task": {"outcome": outcome, "form": {"fit": True}, "reason": "x"}}, "p"),
        refers={"task": task_id, "case": case}, actor=Actor.PERSON, actor_name="lead", site="main",
        service_line="cardiology",
    )  # fmt: skip
    async with rig.runtime.worker.transaction() as tx:
        await deliver(rig.runtime, tx, [fact])
    await settle(rig)


@pytest.mark.invariant("I7")
async def test_a_block_is_stored_with_a_step_for_each_region_and_read_back(rig: Rig) -> None:
    """One step for the join and one per region, each owned and timed; the join works on what was read back."""
    in_force(rig, loaded(ANY))
    patient = await tell(
        rig, SubjectKind.PATIENT, "one", "request.received", {"placer_order": "R1"}, {}
    )
    rows = rig.sql(
        "select state, owner_name <> '', due_at > opened_at, fallback <> '' from step"
        " where closed_at is null order by state"
    )
    assert rows == [
        ("funding", True, True, True), ("read", True, True, True), ("review", True, True, True),
    ]  # fmt: skip
    async with rig.runtime.worker.transaction() as tx:
        view = (await views(tx, rig.runtime.vault, rig.organisation, [patient], rig.hand()))[
            patient
        ]
    assert set(view.cases[0].regions) == {"review/clinical", "review/money"}
    assert rig.value("select state->>'v' from pathway_case") == "2"
    assert rig.sql("select distinct business_status from task") == [("in-review",)]
    await complete(rig, patient, "look", "looked")
    assert rig.sql("select outcome, state->>'v' from pathway_case") == [("declined", "1")]
    assert rig.sql("select state from effect where name = 'ask-payer'") == [("withdrawn",)]
    assert rig.value("select count(*) from step where closed_at is null") == 0
    assert rig.sql("select distinct status from task order by status") == [
        ("cancelled",),
        ("completed",),
    ]


@pytest.mark.invariant("I7")
async def test_a_click_that_joined_a_block_is_taken_back_as_it_was_stored(rig: Rig) -> None:
    """The block's wait and the click's stand in rows again, each owned and timed, with tasks of their own."""
    in_force(rig, loaded(REVIEW))
    patient = await tell(
        rig, SubjectKind.PATIENT, "one", "request.received", {"placer_order": "R1"}, {}
    )
    await complete(rig, patient, "look", "looked")
    await complete(rig, patient, "fund", "payer")
    assert rig.value("select outcome from pathway_case") == "accepted"
    case, clicked = rig.sql("select case_id, id from task where name = 'fund'")[0]
    fact = Fact(
        id=derive(rig.hand(), "fact", clicked, "undone"), type="task.undone", subject=patient,
        organisation=rig.organisation, occurred_at=rig.hand(), recorded_at=rig.hand() - timedelta(seconds=5),
        payload=Phi({"task": {}}, "p"), refers={"task": clicked, "case": case}, actor=Actor.PERSON,
        actor_name="lead", site="main", service_line="cardiology",
    )  # fmt: skip
    async with rig.runtime.worker.transaction() as tx:
        await deliver(rig.runtime, tx, [fact])
    await settle(rig)

    assert rig.sql("select outcome, closed_at from pathway_case") == [("", None)]
    assert rig.sql(
        "select state, owner_name <> '', due_at > opened_at from step where closed_at is null order by state"
    ) == [("funding", True, True), ("review", True, True)]
    assert (
        rig.value("select count(*) from task where closed_at is null and id <> %(c)s", c=clicked)
        == 1
    )
    await complete(rig, patient, "fund", "payer")
    assert rig.value("select outcome from pathway_case") == "accepted"


async def test_facts_reach_subjects_that_are_named_for_the_first_time_and_answers_their_sender(
    rig: Rig,
) -> None:
    """The slot asks a list that nobody has heard of; the list has nobody; the slot goes to the desk."""
    names = ("slot-fill", "waitlist-entry", "waitlist-offer")
    in_force(rig, *(definition_of(FOLDER / f"{name}.yaml") for name in names))
    start = rig.hand().replace(month=rig.hand().month + 1).isoformat()
    slot: dict[str, Json] = {
        "slot": {"identifier": "S1", "cohort": "cardiology", "language": "en", "start": start}
    }
    subject = await tell(rig, SubjectKind.SLOT, "S1", "slot.freed", {"slot": "S1"}, slot)
    cohort = name_id(rig.organisation, SubjectKind.SHARED, "cardiology")
    assert rig.value("select kind from subject where id = %(s)s", s=cohort) == "shared"
    assert (
        rig.value(
            "select count(*) from fact where type = 'offers.none' and subject = %(s)s", s=subject
        )
        == 1
    )
    assert rig.sql("select state from step where closed_at is null") == [("by-hand",)]
