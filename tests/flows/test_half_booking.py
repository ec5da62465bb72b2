"""A booking of which the EHR did half: 200, one entry failed. A named person finds out, and nothing is sent again."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from carelane.settings import Settings
from carelane.store.roles import DatabaseUrls
from carelane.testing.messages import referral
from tests.flows.conftest import ROOT, Hand
from tests.flows.outside import Outside, close_outside, open_outside
from tests.flows.sites import fed

pytestmark = pytest.mark.postgres
BOOKING = """
pathway: booking
version: "1.0.0"
language: 1
subject: patient
title: A visit is booked in the EHR
touches: [scheduling]
fields:
  patient_identifier: { from: patient.identifier, label: Number, authority: ehr, ttl: 30d }
  slot: { from: task.form.slot, label: Slot, authority: ehr, ttl: 30d }
events:
  referral.received:
    key: referral
    start: { when: always, unique: referral }
    several: one
    none: { person: scheduling-desk }
tasks:
  choose-slot:
    title: Choose a slot
    outcomes: [chosen, could-not-do]
    could_not: could-not-do
    reasons: [other]
    form:
      slot: { label: Slot, type: text, required_for: [chosen] }
    shows: [patient_identifier]
    undo: 0m
effects:
  book:
    capability: ehr.appointment.book
    audience: record
    if_unknown: ask
    on_failure: person
    sends: [patient_identifier, slot]
pools:
  scheduling-desk: [routine, urgent, asap]
start: choosing
everywhere:
  referral.received: stay
states:
  choosing:
    title: A slot is to be chosen
    status: choosing
    task: choose-slot
    owner: { pool: scheduling-desk }
    clock: { kind: wall, due: 8h }
    fallback: { repeat: until acknowledged, to: scheduling-desk }
    outcomes: { chosen: booking, could-not-do: again }
  booking:
    title: It is being booked
    status: booking
    owner: { pool: scheduling-desk }
    effects: [book]
    clock: { kind: wall, due: 8h }
    fallback: { state: choosing }
    effect_outcomes: { done: booked, refused: choosing, needs-person: choosing }
  booked: { final: true, title: "Closed, booked", outcome: booked }
"""


@pytest.fixture
async def outside(
    database: DatabaseUrls, tmp_path: Path, hand: Hand, superuser: "psycopg.Connection[Any]"
) -> AsyncIterator[Outside]:
    """A house whose only pathway books by a transaction, beside an EHR that keeps what went well of one."""
    site, pathways = tmp_path / "site", tmp_path / "pathways"
    shutil.copytree(ROOT / "site", site)
    shutil.copytree(ROOT / "pathways" / "system", pathways / "system")
    (pathways / "booking.yaml").write_text(BOOKING)
    people = "approvers: [kira.sandoval, luca.fenwick], reason: A test"
    (site / "pathways.yaml").write_text(f"activations:\n  - {{ pathway: booking, {people} }}\n")
    settings = Settings(home=tmp_path, site=site, pathways=pathways)
    async with fed(settings, database, hand, superuser) as feed:
        opened = await open_outside(feed.house, feed, hand, profile="b")
        yield opened
        await close_outside(opened)


def _ours(outside: Outside) -> list[str]:
    """Appointments of the EHR that carry an id of ours."""
    [(effect,)] = outside.feed.sql("select id from effect where name = 'book'")
    return [str(version.resource["id"]) for version in outside.ehr.desk.records.of_kind("Appointment")
            if str(effect) in str(version.resource.get("identifier"))]  # fmt: skip


async def _chosen(outside: Outside) -> None:
    await outside.feed.send(referral(1))
    await outside.do("choose-slot", "chosen", pathway="booking", form={"slot": "Slot/slot1"})


async def test_both_entries_or_none_is_a_booking(outside: Outside) -> None:
    """All went well: the appointment is there once, its slot busy, the case closed."""
    await _chosen(outside)
    await outside.settle()
    assert outside.effects() == [("book", "done", "")]
    assert outside.state(pathway="booking") == "closed: booked"
    assert len(_ours(outside)) == 1
    slot = outside.ehr.desk.records.current("Slot", "slot1")
    assert slot is not None
    assert slot.resource["status"] == "busy"


@pytest.mark.requirement("R92")
@pytest.mark.invariant("I3")
async def test_half_a_booking_is_never_called_done_nor_sent_again(outside: Outside) -> None:
    """200, and the appointment is kept without its slot: a person gets a task with a clock, and settles it."""
    outside.ehr.faults.add({"mode": "entry-fails", "method": "POST"})
    await _chosen(outside)
    for _ in range(3):
        await outside.settle(seconds=120)
    [(name, state, cause)] = outside.effects()
    assert (name, state) != ("book", "done")
    assert cause.startswith("half-transaction"), outside.effects()
    assert len(_ours(outside)) == 1
    posts = [
        each
        for each in outside.ehr.requests
        if each["method"] == "POST" and each["kind"] == "Bundle"
    ]
    assert len(posts) == 1
    outside.owned()
    task, _ = outside.task("settle-effect", pathway="effect-attention")
    [(owner, due)] = outside.feed.sql(
        "select owner_name, due_at > opened_at from task where id = %s", task
    )
    assert (owner, due) == ("integration-desk", True)
    await outside.do("settle-effect", "was-done", by="jonas.weald", pathway="effect-attention",
                     form={"note": "The slot was set busy by hand"})  # fmt: skip
    await outside.settle()
    assert outside.effects()[0][1] == "done"
    who = outside.feed.sql("select convert_from(body, 'utf8')::jsonb#>>'{actor,name}' from audit_leaf where "
                           "convert_from(body, 'utf8')::jsonb->>'action' = 'effect.settled' order by seq")  # fmt: skip
    assert ("jonas.weald",) in who
    assert ("system-pathway",) not in who
    assert (
        outside.state(pathway="booking") == "choosing"
    )  # the desk has it and decides what follows
    assert len(_ours(outside)) == 1
