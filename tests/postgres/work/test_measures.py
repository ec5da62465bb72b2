"""What is counted, over a planted history of two cases whose answers are worked out by hand beside each test.

Case A was done, undone, done again, paused, closed, reopened and closed; case B moved to another release and is late.
"""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from psycopg.types.json import Json as Jsonb

from carelane.directory.snapshot import CalendarRow, Place, Snapshot
from carelane.facts.ids import name_id
from carelane.measures.counted import Asked, access, count, history
from carelane.measures.definitions import MEANINGS
from carelane.measures.figures import PARTS, Figure
from carelane.measures.workflows import OTHER, title
from carelane.pathways.definition import Definition, Input, InputType
from carelane.testing.core.pathways import referral
from tests.postgres.work.conftest import SITE, Rig

HOUR = 3600
OFFICE = ((time(8), time(17)),)
SNAPSHOT = Snapshot(
    organisation="test",
    title="Test Hospital",
    sites={SITE: Place(name=SITE, title="Main", zone="UTC", calendar="office", last_resort="desk")},
    calendars={
        "office": CalendarRow(
            name="office", version=1, zone="UTC", hours=(*(OFFICE,) * 5, (), ()), holidays=frozenset[date]()
        )
    },
)  # fmt: skip
_SOURCE = re.compile(r"(\w+) ([0-9a-f-]{36})")
CASE_A, CASE_B = name_id("case", "A"), name_id("case", "B")


def monday(hour: float) -> datetime:
    return datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=hour)


def tuesday(hour: float) -> datetime:
    return monday(24 + hour)


def releases() -> dict[str, Definition]:
    """The release of now, which reads appointments, and an older one with a state that is gone."""
    start = Input(name="appointment_start", path="appointment.start", type=InputType.INSTANT)
    now = replace(referral(), inputs={**referral().inputs, "appointment_start": start})
    intake = replace(now.states["triage"], name="intake")
    old = replace(now, digest="referral-0", version="0", states={**now.states, "intake": intake})
    return {each.digest: each for each in (old, now)}


def said_of(said: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a person's answer: its reason and its form."""
    task = {name: said[name] for name in ("reason", "form") if name in said}
    told = {"read": {"referral": said["told"]}} if "told" in said else {}
    return ({"said": {"task": task}} if task else {}) | told


class Planted:
    """Rows, with the names that tests use for them."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.revision = 0

    def where(self, line: str) -> dict[str, object]:
        """Where a row belongs."""
        return {"organisation": self.rig.organisation, "site": SITE, "service_line": line}

    def case(self, id_: UUID, line: str, opened: datetime, **more: object) -> None:
        """A case."""
        row: dict[str, object] = {
            "id": id_, **self.where(line), "subject": name_id("subject", str(id_)), "pathway": "referral",
            "version": "1", "release": "referral-1", "status": "in-triage", "opened_at": opened, "decided_at": opened,
            "correlation": id_, "revision": 1, "state": Jsonb({"v": 1}),
        }  # fmt: skip
        self.rig.insert("pathway_case", **(row | more))

    def wait(self, case: UUID, state: str, opened: datetime, due: datetime, **more: object) -> UUID:
        """A wait on opening hours with its task; `ended` and `how` say how it closed."""
        line = "cardiology" if case == CASE_A else "neurology"
        step, task = name_id("step", f"{case}{state}{opened}{more.get('ended')}"), None
        ended, how = more.pop("ended", None), more.pop("how", "")
        task = name_id("task", str(step))
        detail = {"owner": {}, "clock": {"intervals": more.pop("intervals", []), "paused_at": None}}
        self.rig.insert(
            "step", id=step, **self.where(line), case_id=case, subject=name_id("subject", str(case)), state=state,
            opened_at=opened, closed_at=ended, how=how, owner_kind="pool", owner_name="desk", clock_kind="business",
            started_at=opened, due_at=due, next_at=due, fallback="to the lead", task=task, detail=Jsonb(detail),
        )  # fmt: skip
        self.rig.insert(
            "task", id=task, **self.where(line), case_id=case, step=step, subject=name_id("subject", str(case)),
            pathway="referral", name="triage-referral" if state != "scheduling" else "schedule", title=state,
            status="completed" if ended else "ready", outcome=how, owner_kind="pool", owner_name="desk",
            opened_at=opened, due_at=due, closed_at=ended,
        )  # fmt: skip
        return step

    def fact(self, case: UUID, type_: str, at: datetime, person: str = "", **said: Any) -> None:
        """A fact applied to a case."""
        line = "cardiology" if case == CASE_A else "neurology"
        self.revision += 1
        fact = name_id("fact", self.revision)
        refers = {"case": str(case)}
        if step := said.get("step"):
            refers |= {"step": str(step), "task": str(name_id("task", str(step)))}
        self.rig.insert(
            "fact", id=fact, **self.where(line), subject=name_id("subject", str(case)), type=type_, occurred_at=at,
            recorded_at=at, actor="person" if person else "clock", actor_name=person, refers=Jsonb(refers),
        )  # fmt: skip
        self.rig.insert(
            "application", case_id=case, fact=fact, **self.where(line), at=at, revision=self.revision,
            reasons=Jsonb(said.get("reasons", [])), release=said.get("release", ""),
        )  # fmt: skip
        self.rig.insert(
            "decision", fact=fact, **self.where(line), subject=name_id("subject", str(case)), disposition="applied",
            decided_at=at, read=Jsonb(said_of(said)),
        )  # fmt: skip


@pytest.fixture
def planted(rig: Rig) -> Rig:
    rows = Planted(rig)
    rig.sql("begin")
    _case_a(rows)
    _case_b(rows)
    rig.insert(
        "message", id=name_id("message", 1), **rows.where(""), connection="hl7", received_at=monday(9), digest=b"d",
        size=1, outcome="quarantined", reason="no patient",
    )  # fmt: skip
    rig.sql("commit")
    return rig


def _case_a(rows: Planted) -> None:
    appointment = {"v": 1, "values": {"appointment_start": ["i", "2026-03-05T09:00:00+00:00"]}}
    end = {"closed_at": tuesday(14), "outcome": "declined", "state": Jsonb(appointment)}
    rows.case(CASE_A, "cardiology", monday(9), **end)
    undone = rows.wait(CASE_A, "triage", monday(9), monday(13), ended=monday(10.5), how="accept")
    triage = rows.wait(CASE_A, "triage", monday(9), monday(13), ended=monday(11), how="accept")
    ran = [
        {"from_at": monday(11).isoformat(), "to_at": monday(12).isoformat()},
        {"from_at": tuesday(9).isoformat(), "to_at": tuesday(9).isoformat()},
    ]
    booking = rows.wait(
        CASE_A, "scheduling", monday(11), tuesday(12), ended=tuesday(10), how="booked", intervals=ran
    )  # fmt: skip
    again = rows.wait(CASE_A, "triage", tuesday(12), tuesday(13), ended=tuesday(14), how="could-not-do")  # fmt: skip
    rows.fact(CASE_A, "task.completed", monday(10.5), "ben", step=undone)
    rows.fact(CASE_A, "task.undone", monday(10.6), "ben", step=undone)
    rows.fact(CASE_A, "task.completed", monday(11), "ana", step=triage)
    rows.fact(CASE_A, "task.completed", tuesday(10), "ben", step=booking)
    rows.fact(CASE_A, "clock.expired", tuesday(13), step=again)
    rows.fact(CASE_A, "task.completed", tuesday(14), "ana", step=again, reason="out-of-scope")


def _case_b(rows: Planted) -> None:
    rows.case(CASE_B, "neurology", monday(8))
    rows.wait(CASE_B, "intake", monday(8), monday(10), ended=monday(9), how="accept")
    triage = rows.wait(CASE_B, "triage", monday(9), monday(15))
    task = name_id("task", str(triage))
    rows.fact(CASE_B, "referral.received", monday(8), reasons=[{"rule": "table urgency row 1"}])
    for hour in (12, 13):
        rows.fact(CASE_B, "routing.overridden", monday(hour), "ana", step=triage)
        rows.rig.insert(
            "routing_override", id=name_id("override", hour), **rows.where("neurology"), case_id=CASE_B, task=task,
            person="ana", rule="table pool row 2", release="referral-1", reason="wrong-service", at=monday(hour),
        )  # fmt: skip
    moved = [{"rule": "reassign", "answer": "pool"}]
    rows.fact(CASE_B, "task.reassigned", monday(14), "ana", step=triage, reasons=moved)
    offer = {"task": task, "what": "w", "reason": "r", **rows.where("neurology")}
    rows.rig.insert("handover", id=name_id("offer", 1), **offer, giver="ana", receiver="ben", offered_at=monday(10),
                    accepted_at=monday(11), accepted_by="ben")  # fmt: skip
    back = {**offer, "giver": "ben", "receiver": "ana", "offered_at": monday(12)}
    rows.rig.insert("handover", id=name_id("offer", 2), **back)


WEEK = Asked(from_at=monday(0), to_at=tuesday(24))


async def counted(rig: Rig, asked: Asked = WEEK) -> tuple[Figure, ...]:
    definitions = releases()
    async with rig.runtime.worker.snapshot() as tx:
        found = await history(tx, asked, definitions.values())
    return count(found, asked, SNAPSHOT, definitions)


def of(figures: tuple[Figure, ...], measure: str) -> dict[tuple[str, ...], tuple[int, float | None]]:  # fmt: skip
    """`n` and median by what it is."""
    return {tuple(one.what.values()): (one.n, one.median) for one in figures if one.measure == measure}  # fmt: skip


@pytest.mark.requirement("R62", "R67", "R68", "R132", "R152", "R161")
@pytest.mark.requirement("R17", "R3", "R101", "R153", "R154")
async def test_every_measure_is_what_was_worked_out_by_hand(planted: Rig) -> None:
    figures = await counted(planted)
    # A: done, undone, done, done, done: five facts by people. B is open.
    assert of(figures, "touches") == {(): (1, 5.0)}
    # A: in triage at once, scheduling after 2 h, closed 29 h after it was opened; reopening is no second arrival.
    # B: in triage at once too, in a state that only its earlier release had.
    assert of(figures, "milestones") == {
        ("in-triage",): (2, 0.0), ("scheduling",): (1, 2.0 * HOUR), ("closed",): (1, 29.0 * HOUR)
    }  # fmt: skip
    (triage,) = (one for one in figures if one.what.get("status") == "in-triage")
    assert triage.total == 0.0
    # Opening hours 8 to 17. Scheduling: 11-17 and 8-10 are 8 h, of which 12-17 and 8-9 were paused: 2 h.
    assert of(figures, "waits") == {
        ("intake", "accept"): (1, 1.0 * HOUR), ("triage", "accept"): (1, 2.0 * HOUR),
        ("scheduling", "booked"): (1, 2.0 * HOUR), ("triage", "could-not-do"): (1, 2.0 * HOUR),
    }  # fmt: skip
    # Missed: A's last wait, whose clock ran out before it ended, and B's, still open nine hours late.
    assert of(figures, "clocks") == {("kept",): (3, None), ("missed",): (2, None)}
    assert of(figures, "by_hand") == {("routing.overridden",): (2, None), ("task.reassigned",): (1, None)}  # fmt: skip
    assert of(figures, "items") == {
        ("ana", "2026-03-02"): (1, 2.0 * HOUR), ("ben", "2026-03-03"): (1, 23.0 * HOUR),
        ("ana", "2026-03-03"): (1, 2.0 * HOUR),
    }  # fmt: skip
    assert of(figures, "handovers") == {("sent back",): (1, 1.0 * HOUR), ("not answered",): (1, None)}  # fmt: skip
    # Overridden twice by one rule: once, 3 h after the wait began; moved by reassignment after 5 h.
    assert of(figures, "misroutes") == {
        ("table pool row 2", "referral-1", "wrong-service"): (1, 3.0),
        ("table urgency row 1", "referral-1", "moved to another pool"): (1, 5.0),
    }  # fmt: skip
    assert of(figures, "exceptions") == {
        ("could not be done", "triage", "out-of-scope"): (1, None), ("fallback taken", "triage", "repeated"): (1, None),
        ("overridden", "triage", "not said"): (2, None), ("quarantined", "hl7", "no patient"): (1, None),
    }  # fmt: skip
    (appointment,) = (one for one in figures if one.measure == "appointments")
    assert (appointment.n, appointment.of, appointment.median) == (1, 2, 72.0 * HOUR)


TABLES = {"case": "pathway_case", "override": "routing_override"}
"""Where a source's number stands, if not in the table of its name."""


@pytest.mark.requirement("R150")
async def test_every_number_leads_to_what_was_counted(planted: Rig) -> None:
    """One source for each of `n`, and each stands in the history; a touch names its facts."""
    figures = await counted(planted)
    assert {one.measure for one in figures} == set(MEANINGS) - {"capacity", "third_next", "typed"}
    for one in figures:
        assert len(one.sources) == one.n
        for kind, number in (pair for source in one.sources for pair in _SOURCE.findall(source)):
            table = TABLES.get(kind, kind)
            assert planted.sql(f"select count(*) from {table} where id = '{number}'") == [(1,)]  # noqa: S608  # our own
    (touches,) = (one for one in figures if one.measure == "touches")
    assert touches.total == sum(source.count("fact ") for source in touches.sources)


@pytest.mark.requirement("R39")
async def test_the_front_page_counts_as_the_measure_does(planted: Rig) -> None:
    """From request to appointment: two cases asked, one has one, three days after."""
    async with planted.runtime.worker.snapshot() as tx:
        near = await access(tx, WEEK, releases().values(), {})
    whole = await counted(planted)
    assert near == tuple(one for one in whole if one.measure == "appointments")
    assert [(one.n, one.of, one.median) for one in near] == [(1, 2, 72.0 * HOUR)]


async def test_a_misroute_is_counted_for_the_release_that_routed(rig: Rig) -> None:
    """Routed by one release, moved to the next, then given to another pool: the rule of the first one was wrong."""
    rows = Planted(rig)
    routed = [{"rule": "table pool row 2"}, {"rule": "state triage"}]
    rig.sql("begin")
    rows.case(CASE_B, "neurology", monday(8))
    triage = rows.wait(CASE_B, "triage", monday(9), monday(15))
    rows.fact(CASE_B, "referral.received", monday(8), reasons=routed, release="referral-0")
    rows.fact(
        CASE_B, "case.migrated", monday(10), reasons=[{"rule": "migrate"}], release="referral-1"
    )
    moved = [{"rule": "reassign", "answer": "pool"}]
    rows.fact(
        CASE_B,
        "task.reassigned",
        monday(11),
        "ana",
        step=triage,
        reasons=moved,
        release="referral-1",
    )
    rig.sql("commit")

    assert of(await counted(rig), "misroutes") == {
        ("table pool row 2", "referral-0", "moved to another pool"): (1, 2.0)
    }


async def test_a_reopened_case_is_closed_only_where_it_closed_last(planted: Rig) -> None:
    first_day = await counted(planted, Asked(from_at=monday(0), to_at=tuesday(11)))
    assert ("closed",) not in of(first_day, "milestones")
    assert of(first_day, "touches") == {}


async def test_periods_that_meet_count_each_arrival_and_end_once(planted: Rig) -> None:
    whole = await counted(planted)
    halves = [await counted(planted, Asked(from_at=monday(0), to_at=tuesday(0))),
              await counted(planted, Asked(from_at=tuesday(0), to_at=tuesday(24)))]  # fmt: skip
    for measure in ("touches", "milestones", "waits", "by_hand", "items", "misroutes"):
        total = sum(one.n for one in whole if one.measure == measure)
        assert total == sum(one.n for half in halves for one in half if one.measure == measure)


@pytest.mark.requirement("R156")
@pytest.mark.parametrize(
    ("asked", "touches", "by_hand"),
    [
        ({"pathway": "referral"}, 1, 3),
        ({"pathway": "other"}, 0, 0),
        ({"site": SITE}, 1, 3),
        ({"site": "elsewhere"}, 0, 0),
        ({"service_line": "cardiology"}, 1, 0),
        ({"service_line": "neurology"}, 0, 3),
    ],
)
async def test_a_question_may_be_narrowed(
    planted: Rig, asked: dict[str, str], touches: int, by_hand: int
) -> None:
    figures = await counted(planted, replace(WEEK, **asked))  # type: ignore[arg-type]  # names of text fields
    assert sum(one.n for one in figures if one.measure == "touches") == touches
    assert sum(one.n for one in figures if one.measure == "by_hand") == by_hand


@pytest.mark.requirement("R134")
async def test_figures_are_told_by_the_parts_asked_for(planted: Rig) -> None:
    parts = ("service_line", "shift", "cohort")
    figures = await counted(planted, replace(WEEK, parts=parts))
    overridden = [one for one in figures if one.what.get("what") == "routing.overridden"]
    by = {tuple(one.by.values()): one.n for one in overridden}
    assert by == {("neurology", "day", "2026-03"): 2}


async def test_figures_are_told_by_workflow_site_line_shift_and_cohort(planted: Rig) -> None:
    """No part loses a thing that is counted, whichever tells it; a workflow's pathways are told together."""
    for part in PARTS:
        figures = await counted(planted, replace(WEEK, parts=(part,)))
        assert {tuple(one.by) for one in figures} == {(part,)}
        assert sum(one.n for one in figures if one.measure == "touches") == 1  # of case A
        assert sum(one.n for one in figures if one.measure == "by_hand") == 3
    figures = await counted(planted, replace(WEEK, parts=("workflow",)))
    assert {one.by["workflow"] for one in figures} == {title(referral().name)}


def test_what_no_workflow_carries_is_told_as_other() -> None:
    assert title("refill") == "Refill"
    assert title("parked") == OTHER


async def test_a_snapshot_reads_one_instant_and_cannot_write(rig: Rig) -> None:
    async with rig.runtime.worker.snapshot() as tx:
        assert await tx.rows("measures.connections")
        rig.sql("update connection set failures = 7")
        assert {row["failures"] for row in await tx.rows("measures.connections")} == {0}
    async with rig.runtime.worker.transaction() as tx:  # the connection goes back as it was
        await (await tx.begun()).execute("update connection set failures = 8")
