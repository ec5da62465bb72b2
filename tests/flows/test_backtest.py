"""A change judged on a day at the synthetic hospital: events out of the database, a planted edit, a shadow run."""

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from carelane.compose.house import House
from carelane.compose.people import viewer_of
from carelane.facts.fact import Json
from carelane.facts.phi import Phi
from carelane.pathways.definition import Definition
from carelane.proofs.backtest import encode as encode_report
from carelane.proofs.events import Header, History, encode
from carelane.releases import reports, shadow
from carelane.releases.backtest import backtest, decided_by, definition_of, files_of, head_of
from carelane.releases.events import header, heard_by, histories
from carelane.testing import canary, messages
from carelane.testing.hospital.script import morning
from carelane.testing.messages import cancel_referral, referral
from carelane.worklist import acting
from tests.flows.conftest import Feed, Hand
from tests.flows.replayed import LONG_AGO, dated

pytestmark = pytest.mark.postgres
ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "pathways" / "referral-intake.yaml"
OLD = SHIPPED.read_text(encoding="utf-8")
SLOW = "clock: { kind: business-days, warn: 2d, due: 3d, setting: triage_within }"
FAST = "clock: { kind: business-days, warn: 1d, due: 2d }"
NEW = OLD.replace(SLOW, FAST)


async def recorded(house: House, folder: Path) -> Path:
    """The recording of all that happened, in two parts."""
    runtime = house.runtime
    async with runtime.worker.transaction() as tx:
        head: Header = dated(await header(runtime, tx, "referral-intake", None), runtime.now())
    heard = heard_by(runtime.releases.published, "referral-intake")
    found = [each async for each in histories(runtime.worker, head, heard)]
    write(folder, head, found)
    return folder


def write(folder: Path, head: Header, found: list[History]) -> None:
    """A recording as two files, by subject."""
    folder.mkdir()
    for number in range(2):
        mine = [each for each in found if each.subject.int % 2 == number]
        lines = [encode(each) + b"\n" for each in (head, *mine)]
        (folder / f"part-{number}.jsonl").write_bytes(b"".join(lines))


async def a_day(feed: Feed, house: House, hand: Hand) -> None:
    """A morning's messages as the demo sends them; staff works on what it finds in triage; a night passes."""
    await feed.send(*morning(seed=1, now=hand()).all())
    who = viewer_of(house, "edda.voss")
    tasks = feed.sql(
        "select id, version from task where name = 'triage-referral' and closed_at is null"
        " and owner_name = 'referral-triage-primary-care' order by id"
    )
    assert len(tasks) > 3
    for number, (task, version) in enumerate(tasks):
        form: Phi[Mapping[str, Json]] = Phi(
            {"question": "which side?"} if number % 2 else {}, "form"
        )
        outcome = "ask-more" if number % 2 else "accepted"
        await acting.complete(house.runtime, who, task, version=version, outcome=outcome, form=form)
        hand.forward(timedelta(seconds=20))
    hand.forward(timedelta(hours=14))
    await feed.drain()


def affected(feed: Feed, *, since: datetime = LONG_AGO) -> set[str]:
    """The cases that the edit concerns, by SQL: they were in triage, whose clock it changes."""
    rows = feed.sql(
        "select distinct s.case_id::text from step s join pathway_case c on c.id = s.case_id"
        " where s.state = 'triage' and c.opened_at >= %s"
        " and not exists (select from merge_log m where c.subject in (m.survivor, m.retired)"
        "                 and (m.kind = 'unlink' or m.reversed_by is not null))",
        since,
    )
    return {case for (case,) in rows}


def was(events: Path) -> Definition:
    """The release that decided: the shipped text, under the digest that holds its templates too."""
    return decided_by(head_of(files_of(events)), definition_of(OLD, "old").version)


def run(events: Path, *, new: str = NEW, workers: int = 1) -> tuple[bytes, list[bytes]]:
    """A back-test's report and divergences, as bytes."""
    with backtest(events, old=was(events), new_text=new, place="new", workers=workers) as found:
        return encode_report(found.report), list(found.lines())


@pytest.mark.requirement("R49")
async def test_an_edit_on_a_recorded_day_lists_exactly_the_affected_cases(
    house: House, feed: Feed, hand: Hand, tmp_path: Path
) -> None:
    """Those and no others; all safer, because the work is due earlier; the same bytes whoever counts."""
    await a_day(feed, house, hand)
    events = await recorded(house, tmp_path / "events")

    raw, lines = run(events)
    report, listed = json.loads(raw), [json.loads(each) for each in lines]

    expected = affected(feed)
    assert len(expected) > 10
    assert {each["case"] for each in listed} == expected
    assert {each["way"] for each in listed} == {"safer"}
    assert {each["partings"][0]["what"] for each in listed} == {"due time of triage-referral"}
    assert report["safer"] == len(expected)
    assert report["cases"] == report["same"] + len(expected)
    assert report["void"] == []
    assert report["blocks"] is False
    assert set(report["left_out"]) <= {"unmerged"}
    assert (raw, lines) == run(events) == run(events, workers=2)


async def merged_patients(feed: Feed, hand: Hand) -> None:
    """Three who become one, in a chain, with work before, between and after; two referrals of them are the same one."""
    twin = messages.referral(1, person=2).replace(b"REFI12000000001", b"REFI12000000091")
    await feed.send(messages.referral(1, person=1), twin, messages.referral(3, person=3))
    hand.forward(timedelta(minutes=5))
    await feed.send(messages.cancel_referral(4, of=3, person=3))
    await feed.send(messages.merge(5, survivor=1, retired=2))
    hand.forward(timedelta(minutes=5))
    await feed.send(messages.referral(6, person=2), messages.critical_result(7, person=3))
    await feed.send(messages.merge(8, survivor=3, retired=1))
    hand.forward(timedelta(hours=30))
    await feed.drain()
    await feed.send(messages.referral(9, person=1))


@pytest.mark.requirement("R49")
@pytest.mark.invariant("I18")
async def test_patients_who_became_one_are_decided_again_as_who_they_were_then(
    house: House, feed: Feed, hand: Hand, tmp_path: Path
) -> None:
    """Each decision on the subject that it was taken on, the merges in their places; nobody is left out."""
    await merged_patients(feed, hand)
    events = await recorded(house, tmp_path / "events")

    raw, lines = run(events)
    report = json.loads(raw)

    assert len(feed.sql("select from merge_log")) == 2
    assert len(feed.sql("select from pathway_case where duplicate_of is not null")) == 1
    assert (report["void"], report["left_out"]) == ([], {})
    assert {json.loads(each)["case"] for each in lines} == affected(feed)
    assert report["cases"] == 5
    assert (raw, lines) == run(events)


async def test_a_merge_that_was_taken_back_leaves_its_patients_out(
    house: House, feed: Feed, hand: Hand, tmp_path: Path
) -> None:
    """Who had what when can't be told any more: they are counted, with the reason, and nobody else is missing."""
    await feed.send(*(messages.referral(n, person=n) for n in (1, 2, 3)))
    await feed.send(messages.merge(4, survivor=1, retired=2))
    hand.forward(timedelta(minutes=5))
    await feed.send(messages.link(5, one=1, other=2, apart=True))
    report = json.loads(run(await recorded(house, tmp_path / "events"))[0])

    assert (report["void"], report["left_out"]) == ([], {"unmerged": 2})
    assert report["cases"] == 1


@pytest.mark.invariant("I13")
async def test_a_recording_holds_nothing_of_patients(
    house: House, feed: Feed, hand: Hand, tmp_path: Path
) -> None:
    """The canary patient's names, numbers, reasons and values, and what a person wrote, stay where they are sealed."""
    await feed.send(canary.referral(hand()), canary.result(hand()))
    ((task, version),) = feed.sql("select id, version from task where name = 'triage-referral'")
    form: Phi[Mapping[str, Json]] = Phi(
        {"question": canary.TOKENS["form"], "priority": "urgent"}, "form"
    )
    await acting.complete(house.runtime, viewer_of(house, "edda.voss"), task, version=version,
                          outcome="ask-more", form=form)  # fmt: skip
    hand.forward(timedelta(hours=1))
    await feed.drain()

    events = await recorded(house, tmp_path / "events")
    sinks = {part.name: part.read_bytes() for part in sorted(events.iterdir())}

    assert b'"outcome":"ask-more"' in b"".join(sinks.values())
    assert canary.leaks(sinks) == []


async def test_a_red_flag_case_routed_down_blocks(house: House, feed: Feed, tmp_path: Path) -> None:
    """An edit that reads `stat` as routine is riskier for each such case; the kept report says no."""
    await feed.send(referral(1, specialty=1, priority=2), referral(2, person=2, specialty=1))
    events = await recorded(house, tmp_path / "events")
    new = OLD.replace(
        'when: "priority = stat or reviewed_priority = stat", then: stat',
        'when: "priority = stat or reviewed_priority = stat", then: routine',
    )
    with backtest(events, old=was(events), new_text=new, place="new", workers=1) as found:
        (line,) = [json.loads(each) for each in found.lines()]
        report = found.report
    async with house.runtime.worker.transaction() as tx:
        await reports.keep(house.runtime, tx, report, by="amara.quill")
        kept = await reports.newest(tx, old=report.old.digest, new=report.new.digest)

    assert line["way"] == "riskier"
    assert line["blocks"] is True
    assert line["cause"]["old"].startswith("table urgency row 1: urgency = stat")
    assert line["cause"]["inputs"]["priority"] == "stat"
    assert report.blocks
    assert report.blocking_cases == 1
    assert kept is not None
    assert kept.blocks
    assert kept.events == report.events


@pytest.mark.invariant("I15")
async def test_mutant_a_record_that_was_changed_voids_the_report(
    house: House, feed: Feed, tmp_path: Path
) -> None:
    """One code in one vector: the replay says where it leaves the record, and nothing else."""
    await feed.send(referral(1, specialty=1), referral(2, person=2, specialty=1))
    events = await recorded(house, tmp_path / "events")
    for part in events.iterdir():
        part.write_bytes(
            part.read_bytes().replace(b'"performer":"orthopaedics"', b'"performer":"cardiology"', 1)
        )

    raw, lines = run(events)
    report = json.loads(raw)

    assert report["blocks"] is True
    assert report["safer"] == 0
    assert lines == [] or report["void_subjects"] > 0
    assert "fact" in report["void"][0]["place"]
    assert "cardiology" in report["void"][0]["replayed"]


async def caught_up(follower: shadow.Follower, feed: Feed) -> None:
    """Look until all was taken up: a look stops at any older transaction of the server, also a neighbour's."""
    left = "select exists (select from decision d, shadow s where d.xid >= s.window_xmin)"
    async with asyncio.timeout(300):
        while feed.sql(left) == [(True,)]:
            await follower.look()


async def test_a_shadow_run_says_of_new_cases_what_a_back_test_would(
    house: House, feed: Feed, hand: Hand
) -> None:
    """Without effects, from its start on, case by case; the same look again changes nothing."""
    runtime = house.runtime
    await feed.send(referral(1, specialty=1))
    hand.forward(timedelta(seconds=1))
    started = hand()
    run_id = await shadow.start(
        runtime, NEW, place="new", site="", service_line="", by="amara.quill"
    )
    follower = shadow.Follower(runtime)
    await feed.send(referral(2, person=2, specialty=1), referral(3, person=3, specialty=1))
    before = feed.sql("select count(*) from effect")
    await caught_up(follower, feed)
    await feed.send(cancel_referral(4, of=2, person=2))
    await caught_up(follower, feed)
    assert await follower.look() == 0

    report, lines = await shadow.report_of(runtime, run_id)

    assert {json.loads(each)["case"] for each in lines} == affected(feed, since=started)
    assert (report.cases, report.safer, report.same) == (2, 2, 0)
    assert report.blocks is False
    assert feed.sql("select count(*) from effect") == before
    assert await shadow.stop(runtime, run_id)
    assert not await shadow.stop(runtime, run_id)
    with pytest.raises(shadow.ShadowFault, match="in force"):
        await shadow.start(runtime, OLD, place="old", site="", service_line="", by="amara.quill")
