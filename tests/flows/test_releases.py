"""Releases by scope on real PostgreSQL: a service line changes its pathway while cases of both run, and goes back."""

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from psycopg.errors import CheckViolation

from carelane.casebook.why import explain
from carelane.casebook.why_text import told
from carelane.compose.house import House, open_house
from carelane.compose.site import SiteFault
from carelane.engine.drain import drain
from carelane.engine.in_force import in_force
from carelane.engine.scope import EVERYWHERE, Scope
from carelane.pathways.definition import Definition
from carelane.pathways.loading import load
from carelane.proofs.mapping import draft, read_mapping
from carelane.releases import activate as activating
from carelane.releases import refusals
from carelane.releases.activate import Approved, InForce, activate
from carelane.releases.endings import Ending, Line
from carelane.releases.evidence import Judged, Proven, Refused
from carelane.releases.force import end
from carelane.releases.moving import Order, migrate, preview
from carelane.releases.publish import named, publish
from carelane.releases.recall import Recalled, recall
from carelane.releases.refusals import Wish
from carelane.releases.rollback import Policy, RolledBack, roll_back, settle
from carelane.releases.standing import overview, split
from carelane.store.roles import DatabaseUrls
from carelane.testing.messages import cancel_referral, referral
from tests.flows.conftest import ROOT, Feed, Hand

pytestmark = pytest.mark.postgres

REFERRAL = (ROOT / "pathways" / "referral-intake.yaml").read_text("utf-8")
CARDIO, ORTHO = 0, 1
LINE = Scope(service_line="orthopaedics")
NEW = "referral-intake@1.1.0+orthopaedics.1"
OLD = "referral-intake@1.1.0"
CASES = "select release, service_line, id from pathway_case where pathway = 'referral-intake' order by opened_at, id"
STEPS = ("select c.id, s.id, s.state, s.due_at, s.next_at, s.owner_name, s.task, s.detail::text from step s"
         " join pathway_case c on c.id = s.case_id where s.closed_at is null and c.pathway = 'referral-intake'"
         " order by c.opened_at, c.id")  # fmt: skip


def proved(release: Definition, before: Definition | None) -> Proven:
    """A prover that finds nothing wrong; the real one has tests of its own."""
    del before
    return Proven(release=release.digest, holds=True, verdict="proved", digest="a" * 64)


def refuted(release: Definition, before: Definition | None) -> Proven:
    """A prover with a counter-example."""
    del before
    return Proven(
        release=release.digest,
        holds=False,
        verdict="refuted",
        digest="b" * 64,
        says="A state has no way out.",
    )


async def release(house: House, name: str) -> Definition:
    """A published release."""
    async with house.runtime.worker.transaction() as tx:
        return await named(tx, name)


async def wish(house: House, name: str, person: str, *, scope: Scope = LINE, **more: Any) -> Wish:
    """What a person wants in force."""
    found = await release(house, name)
    return Wish(release=found, scope=scope, person=person, reason="Fractures can't wait", **more)


async def put_in_force(house: House, name: str, *, scope: Scope = LINE) -> InForce:
    """Two people put a release in force, a second after whatever was decided last."""
    assert isinstance(house.runtime.now, Hand)
    house.runtime.now.forward(timedelta(seconds=1))
    first = await activate(
        house.runtime, await wish(house, name, "kira.sandoval", scope=scope), proved
    )
    assert isinstance(first, Approved), first
    second = await activate(
        house.runtime, await wish(house, name, "luca.fenwick", scope=scope), proved
    )
    assert isinstance(second, InForce), second
    return second


async def order(house: House, *, scope: Scope = EVERYWHERE, rule: str = "convert") -> Order:
    """Cases of the shared pathway go to the overlay: alike states keep their clocks, the others as `rule` says."""
    old, new = await release(house, OLD), await release(house, NEW)
    text = (
        draft(old, new, {})
        .replace("clock: convert", f"clock: {rule}")
        .replace("WHY", "it is faster now")
    )
    mapping, problems = read_mapping(text, old, new, place="mapping.yaml")
    assert mapping is not None, [each.line() for each in problems]
    return Order(old=old, mapping=mapping, by="kira.sandoval", scope=scope)


@pytest.mark.requirement("R29", "R183")
@pytest.mark.requirement("R5")
async def test_a_service_line_gets_its_release_and_all_else_stays(house: House, feed: Feed) -> None:
    """New referrals of the line start on it; running cases keep theirs; other lines are not in scope."""
    await feed.send(referral(1, specialty=ORTHO))
    await feed.send(referral(2, specialty=CARDIO))
    done = await put_in_force(house, NEW)
    await feed.send(referral(3, specialty=ORTHO))
    await feed.send(referral(4, specialty=CARDIO))
    old, new = await release(house, OLD), await release(house, NEW)
    rows = [(digest, line) for digest, line, _ in feed.sql(CASES)]
    assert rows == [
        (old.digest, "orthopaedics"),
        (old.digest, "cardiology"),
        (new.digest, "orthopaedics"),
        (old.digest, "cardiology"),
    ]
    assert done.approvers == ("kira.sandoval", "luca.fenwick")
    assert await split(house.runtime, "referral-intake", LINE) == (2, 2)
    found = await overview(house.runtime, ["referral-intake"])
    assert {(each.scope.words(), each.cases) for each in found.in_force} == {
        ("everywhere", 3),
        ("service line orthopaedics", 1),
    }
    # facts of the running case reach it although another release is in force for its line now
    await feed.send(cancel_referral(5, of=1))
    assert feed.sql("select outcome from pathway_case where id = %s", feed.sql(CASES)[0][2]) == [
        ("cancelled",)
    ]


@pytest.mark.requirement("R15", "R175")
async def test_one_person_alone_puts_nothing_in_force(house: House, feed: Feed) -> None:
    """The same person twice is one person; the leaf names both who stand behind an activation."""
    for _ in range(2):
        done = await activate(house.runtime, await wish(house, NEW, "kira.sandoval"), proved)
        assert isinstance(done, Approved)
    assert feed.sql("select count(*) from activation where service_line <> ''") == [(0,)]
    await put_in_force(house, NEW)
    actions = [row[0] for row in feed.sql(
        "select convert_from(body, 'UTF8')::jsonb ->> 'action' from audit_leaf order by seq")]  # fmt: skip
    assert actions.count("release.approved") == 3
    assert actions.count("release.activated") >= 1
    assert feed.sql(
        "select approver_one, approver_two, proof from activation where service_line <> ''"
    ) == [("kira.sandoval", "luca.fenwick", "a" * 64)]


async def test_mutant_one_person_is_caught(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the second approval not asked to be another's, the database would still refuse one person twice."""
    monkeypatch.setattr(activating, "others", lambda rows, *_: rows)
    await activate(house.runtime, await wish(house, NEW, "kira.sandoval"), proved)
    with pytest.raises(CheckViolation):
        await activate(house.runtime, await wish(house, NEW, "kira.sandoval"), proved)


async def test_an_approval_on_another_proof_or_too_old_does_not_count(
    house: House, hand: Hand
) -> None:
    """The second person must stand behind the very proof that the first one saw, within a fortnight."""
    await activate(house.runtime, await wish(house, NEW, "kira.sandoval"), proved)

    def sharper(release: Definition, before: Definition | None) -> Proven:
        found = proved(release, before)
        return Proven(release=found.release, holds=True, verdict="proved", digest="c" * 64)

    assert isinstance(
        await activate(house.runtime, await wish(house, NEW, "luca.fenwick"), sharper), Approved
    )
    hand.forward(timedelta(days=15))
    assert isinstance(
        await activate(house.runtime, await wish(house, NEW, "luca.fenwick"), proved), Approved
    )


async def test_mutant_a_release_without_a_proof_is_caught(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were the proof not asked for, a refuted release would go into force: the table below refuses it."""
    monkeypatch.setattr(refusals, "_unproved", lambda *_: None)
    people = ("kira.sandoval", "luca.fenwick")
    done = [await activate(house.runtime, await wish(house, NEW, one), refuted) for one in people]
    assert isinstance(done[-1], InForce)


@pytest.mark.requirement("R183")
@pytest.mark.requirement("R99")
async def test_what_may_not_be_in_force(house: House) -> None:
    """Unproved, outside its place, blocked by its back-test, tied, unknown, or there already: each says what to do."""
    runtime = house.runtime
    old, new = await release(house, OLD), await release(house, NEW)
    blocking = Judged(
        release=new.digest,
        against=old.digest,
        digest="d" * 64,
        blocks=("2 red-flag cases would have been routed down",),
    )
    other = Judged(release=old.digest, against=new.digest, digest="d" * 64)
    wishes = {
        "not-proved": (await wish(house, NEW, "kira.sandoval"), refuted),
        "outside-its-place": (
            await wish(house, NEW, "kira.sandoval", scope=Scope(site="north")),
            proved,
        ),
        "back-test-blocks": (await wish(house, NEW, "kira.sandoval", report=blocking), proved),
        "other-report": (await wish(house, NEW, "kira.sandoval", report=other), proved),
        "unknown-place": (
            await wish(house, OLD, "kira.sandoval", scope=Scope(site="south")),
            proved,
        ),
        "unknown-lane": (
            await wish(house, OLD, "kira.sandoval", scope=Scope(referral_type="podiatry")),
            proved,
        ),
        "in-force": (await wish(house, OLD, "kira.sandoval", scope=EVERYWHERE), proved),
    }
    for code, (wanted, prove) in wishes.items():
        done = await activate(runtime, wanted, prove)
        assert isinstance(done, Refused), code
        assert done.code == code
        assert done.remedy
    await put_in_force(house, NEW)
    tied = await activate(
        runtime, await wish(house, OLD, "kira.sandoval", scope=Scope(site="north")), proved
    )
    assert isinstance(tied, Refused)
    assert tied.code == "tie"


@pytest.mark.requirement("R66")
async def test_a_referral_type_is_a_scope(house: House, feed: Feed) -> None:
    """What the release itself reads of a referral decides: one type goes to the other release, the rest stays."""
    text = REFERRAL.replace('version: "1.1.0"', 'version: "1.2.0"')
    found, _ = load(text)
    assert found is not None
    async with house.runtime.worker.transaction() as tx:
        await publish(
            tx, house.runtime.organisation, found, text, now=house.runtime.now(), by="kira.sandoval"
        )
    await put_in_force(house, "referral-intake@1.2.0", scope=Scope(referral_type="cardiology"))
    await feed.send(referral(1, specialty=ORTHO))
    await feed.send(referral(2, specialty=CARDIO))
    versions = feed.sql(
        "select version, service_line from pathway_case where pathway = 'referral-intake' order by opened_at"
    )
    assert versions == [("1.1.0", "orthopaedics"), ("1.2.0", "cardiology")]


@pytest.mark.requirement("R23")
async def test_traffic_outside_every_scope_is_counted(house: House, feed: Feed) -> None:
    """Nothing is in force there: the fact ends ignored, with a reason that says so, and is counted."""
    runtime = house.runtime
    await put_in_force(house, OLD, scope=Scope(service_line="cardiology"))
    async with runtime.worker.transaction() as tx:
        await end(tx, runtime.organisation, pathway="referral-intake", scope=EVERYWHERE, by="kira.sandoval",
                  cause="rolled-back", reason="r", now=runtime.now())  # fmt: skip
        runtime.releases = await in_force(tx)
    await feed.send(referral(1, specialty=ORTHO))
    assert feed.sql("select reason from decision where disposition = 'ignored'") == [
        ("not-in-scope",)
    ]
    found = await overview(house.runtime, ["referral-intake"])
    assert [count for _, _, count in found.not_in_scope] == [1]


@pytest.mark.requirement("R5")
async def test_running_cases_move_and_a_rollback_gives_back_state_and_deadline(
    house: House, feed: Feed, hand: Hand
) -> None:
    """A migrated case nobody acted on has its old state and deadlines again; one that was acted on finishes."""
    runtime = house.runtime
    for n in (1, 2, 3):
        await feed.send(referral(n, specialty=ORTHO))
    before = feed.sql(STEPS)
    await put_in_force(house, NEW)
    hand.forward(timedelta(hours=4))
    wanted = await order(house, scope=LINE)
    listed = [each async for each in preview(runtime, wanted)]
    assert {(each.state, each.to_state, each.clock) for each in listed} == {
        ("triage", "triage", "convert")
    }
    assert all(each.to_due is not None and each.to_due < each.due for each in listed)
    assert feed.sql(STEPS) == before

    counts = await migrate(runtime, wanted, reason="The line works by its own release")
    assert counts[Ending.MOVED] == 3
    moved = feed.sql(STEPS)
    assert [row[3] for row in moved] == [each.to_due for each in listed]
    assert [row[1] for row in moved] == [row[1] for row in before]
    assert {row[0] for row in feed.sql(CASES)} == {wanted.mapping.new}
    assert (await migrate(runtime, wanted, reason="again"))[Ending.MOVED] == 0

    await feed.send(cancel_referral(9, of=3))
    done = await roll_back(runtime, "referral-intake", LINE, by="luca.fenwick", reason="Too fast")
    assert isinstance(done, RolledBack)
    assert done.now == wanted.old.digest
    new = await release(house, NEW)
    lines: list[Line] = []
    settled = await settle(
        runtime, new, LINE, policy=Policy.FINISH, by="luca.fenwick", told=lines.append
    )
    assert settled[Ending.RESTORED] == 2
    assert feed.sql(STEPS) == [row for row in before if row[0] in {line.case for line in lines}]
    await feed.send(referral(4, specialty=ORTHO))
    assert feed.sql(CASES)[-1][0] == wanted.old.digest


@pytest.mark.requirement("R131")
async def test_a_moved_case_explains_each_decision_by_the_release_that_took_it(
    house: House, feed: Feed
) -> None:
    """What the old release decided stays said in its words, with who answered for it; the move is the new one's."""
    await feed.send(referral(1, specialty=ORTHO))
    await put_in_force(house, NEW)
    moved = await migrate(house.runtime, await order(house), reason="It is faster now")
    await feed.send(cancel_referral(2, of=1))
    old, new = await release(house, OLD), await release(house, NEW)
    case = feed.sql(CASES)[0][2]
    async with house.runtime.worker.transaction() as tx:
        found = await explain(tx, house.runtime.releases.published, case)

    assert moved[Ending.MOVED] == 1
    assert found is not None
    assert found.release == new.digest
    assert [(each.type, each.release, each.version) for each in found.decisions] == [
        ("referral.cancelled", new.digest, new.version),
        ("case.migrated", new.digest, new.version),
        ("referral.received", old.digest, old.version),
    ]
    rows = [rule for rule in found.decisions[-1].rules if rule.says]
    assert rows, "rows of tables, in the words of the release that asked them"
    assert [(each.release, each.version) for each in found.earlier] == [(old.digest, old.version)]
    text = told(found)
    assert f"under referral-intake {old.version} ({old.digest[:12]})" in text
    assert f"before: referral-intake {old.version}" in text


async def test_a_case_that_was_acted_on_finishes_or_goes_to_a_person(
    house: House, feed: Feed, hand: Hand
) -> None:
    """Its clock warned on the new release: there is no way back, so the policy decides."""
    runtime = house.runtime
    await feed.send(referral(1, specialty=ORTHO), referral(2, specialty=ORTHO))
    await put_in_force(house, NEW)
    await migrate(runtime, await order(house), reason="r")
    hand.forward(timedelta(days=2))
    await feed.drain()
    new = await release(house, NEW)
    assert isinstance(
        await roll_back(runtime, "referral-intake", LINE, by="luca.fenwick", reason="r"), RolledBack
    )
    finished = await settle(runtime, new, LINE, policy=Policy.FINISH, by="luca.fenwick")
    assert finished[Ending.FINISHES] == 2
    handed = await settle(runtime, new, LINE, policy=Policy.PERSON, by="luca.fenwick")
    assert handed[Ending.PERSON] == 2
    await settle(runtime, new, LINE, policy=Policy.PERSON, by="luca.fenwick")
    await feed.drain()
    rows = feed.sql("select s.owner_name, s.due_at is not null from pathway_case c join step s on s.case_id = c.id"
                    " where c.pathway = 'recalled-case' and s.closed_at is null")  # fmt: skip
    assert rows == [("ines.barreto", True)] * 2


async def test_a_migration_that_is_interrupted_goes_on(house: House, feed: Feed) -> None:
    """Each case is a transaction of its own: those that moved have moved, a second run takes up the rest."""

    class Stopped(Exception):  # somebody pulled the plug
        pass

    def stop(line: Line) -> None:
        raise Stopped(line.case)

    await feed.send(*(referral(n, specialty=ORTHO) for n in (1, 2, 3)))
    await put_in_force(house, NEW)
    wanted = await order(house)
    with pytest.raises(Stopped):
        await migrate(house.runtime, wanted, reason="r", told=stop)
    assert [row[0] for row in feed.sql(CASES)].count(wanted.mapping.new) == 1
    counts = await migrate(house.runtime, wanted, reason="r")
    assert counts[Ending.MOVED] == 2
    bare = feed.sql("select count(*) from pathway_case c where c.closed_at is null and not exists"
                    " (select from step s where s.case_id = c.id and s.closed_at is null)")  # fmt: skip
    assert bare == [(0,)]


async def test_another_process_takes_over_a_case_on_a_release_it_has_not_seen(
    house: House, feed: Feed, database: DatabaseUrls, hand: Hand
) -> None:
    """A drainer that looked before the release was published reads it when a case names it; nothing is parked."""
    async with open_house(house.settings, database, process="other") as other:
        other.runtime.now = hand
        known = dict(other.runtime.releases.published)
        new = await release(house, NEW)
        known.pop(new.digest)
        other.runtime.releases = type(other.runtime.releases)(
            known, other.runtime.releases.activations
        )
        await feed.send(referral(1, specialty=ORTHO))
        await put_in_force(house, NEW)
        await migrate(house.runtime, await order(house), reason="r")
        await feed.store(cancel_referral(2, of=1))
        await feed.interpret()
        await drain(other.runtime)
    assert feed.sql(
        "select outcome, parked_by from pathway_case where pathway = 'referral-intake'"
    ) == [("cancelled", None)]


@pytest.mark.requirement("R5")
async def test_a_recalled_release_gives_each_case_to_a_person(house: House, feed: Feed) -> None:
    """It starts nothing any more, what held before holds again, and every case has a person with a clock."""
    runtime = house.runtime
    await put_in_force(house, NEW)
    await feed.send(referral(1, specialty=ORTHO), referral(2, specialty=CARDIO))
    new = await release(house, NEW)
    done = await recall(runtime, new, by="kira.sandoval", reason="A row is wrong")
    assert isinstance(done, Recalled)
    old = await release(house, OLD)
    assert done.fallen_back == ((LINE, old.digest),)
    counts = await settle(runtime, new, EVERYWHERE, policy=Policy.PERSON, by="kira.sandoval")
    assert counts[Ending.PERSON] == 1
    await feed.drain()
    assert feed.open_cases(1) == {"referral-intake": 1, "recalled-case": 1}
    await feed.send(referral(3, specialty=ORTHO))
    assert feed.sql(CASES)[-1][0] == old.digest
    back = await activate(runtime, await wish(house, NEW, "kira.sandoval"), proved)
    assert isinstance(back, Refused)
    assert back.code == "recalled"


async def test_nobody_is_left_without_a_pathway(house: House) -> None:
    """The only release there is can't be recalled or taken back: its referrals would be nobody's."""
    old = await release(house, OLD)
    bare = await recall(house.runtime, old, by="kira.sandoval", reason="r")
    assert isinstance(bare, Refused)
    assert bare.code == "nothing-instead"
    none = await roll_back(
        house.runtime, "referral-intake", EVERYWHERE, by="kira.sandoval", reason="r"
    )
    assert isinstance(none, Refused)
    assert none.code == "nothing-before"


async def test_taking_back_twice_never_puts_the_bad_one_in_force_again(house: House) -> None:
    """An impatient second rollback finds nothing more to go back to; the release taken back stays out of force."""
    await put_in_force(house, OLD, scope=LINE)
    await put_in_force(house, NEW)
    runtime, old = house.runtime, await release(house, OLD)
    first = await roll_back(runtime, "referral-intake", LINE, by="ines.barreto", reason="r")
    assert isinstance(first, RolledBack)
    assert first.now == old.digest
    second = await roll_back(runtime, "referral-intake", LINE, by="ines.barreto", reason="r")
    assert isinstance(second, Refused)
    assert second.code == "nothing-before"


async def test_a_restart_does_not_undo_a_rollback(
    house: House, feed: Feed, database: DatabaseUrls
) -> None:
    """The site's files put a shipped release in force once; loaded again they leave what people decided since."""
    await put_in_force(house, OLD, scope=Scope(site="north"))
    await roll_back(
        house.runtime, "referral-intake", Scope(site="north"), by="kira.sandoval", reason="r"
    )
    before = feed.sql("select id from activation where to_at is null order by id")
    async with open_house(house.settings, database, process="again", load=True):
        pass
    assert feed.sql("select id from activation where to_at is null order by id") == before


async def test_a_sites_files_are_held_to_the_same_rules(
    house: House, database: DatabaseUrls, tmp_path: Path
) -> None:
    """Scopes that cross are refused at loading, an overlay is in force only in its place; nothing was changed."""
    site = tmp_path / "site"
    shutil.copytree(house.settings.site, site)
    file = site / "pathways.yaml"
    row = "  - pathway: referral-intake\n    approvers: [kira.sandoval, luca.fenwick]\n    reason: r\n"
    wrong = {
        "tie": f"{row}    site: north\n{row}    service_line: cardiology\n",
        "outside-its-place": f"{row}    overlay: cardiology\n    service_line: orthopaedics\n",
    }
    text = file.read_text("utf-8")
    for code, more in wrong.items():
        file.write_text(text + more, encoding="utf-8")
        with pytest.raises(SiteFault, match=code):
            async with open_house(
                replace(house.settings, site=site), database, process="again", load=True
            ):
                pass
    file.write_text(
        f"{text}{row}    overlay: cardiology\n    service_line: cardiology\n", encoding="utf-8"
    )
    async with open_house(
        replace(house.settings, site=site), database, process="again", load=True
    ) as again:
        found = await overview(again.runtime, ["referral-intake"])
    assert [each.version for each in found.in_force] == ["1.1.0", "1.1.0+cardiology.1"]
