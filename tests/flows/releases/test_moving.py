"""Running cases move to another release: previewed, interrupted, taken up by another process, and explained."""

from datetime import timedelta

import pytest

from carelane.casebook.why import explain
from carelane.casebook.why_text import told
from carelane.compose.house import House, open_house
from carelane.engine.drain import drain
from carelane.releases.endings import Ending, Line
from carelane.releases.moving import migrate, preview
from carelane.releases.rollback import Policy, RolledBack, roll_back, settle
from carelane.store.roles import DatabaseUrls
from carelane.testing.messages import cancel_referral, referral
from tests.flows.conftest import Feed, Hand
from tests.flows.releases.changing import (
    CASES,
    LINE,
    NEW,
    OLD,
    ORTHO,
    STEPS,
    order,
    put_in_force,
    release,
)

pytestmark = pytest.mark.postgres


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
