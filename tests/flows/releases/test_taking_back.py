"""Rollback and recall: what held before holds again, nobody is left without a pathway, a restart undoes nothing."""

import pytest

from carelane.compose.house import House, open_house
from carelane.engine.scope import EVERYWHERE, Scope
from carelane.releases.activate import activate
from carelane.releases.endings import Ending
from carelane.releases.evidence import Refused
from carelane.releases.recall import Recalled, recall
from carelane.releases.rollback import Policy, RolledBack, roll_back, settle
from carelane.store.roles import DatabaseUrls
from carelane.testing.messages import referral
from tests.flows.conftest import Feed
from tests.flows.releases.changing import (
    CARDIO,
    CASES,
    LINE,
    NEW,
    OLD,
    ORTHO,
    proved,
    put_in_force,
    release,
    wish,
)

pytestmark = pytest.mark.postgres


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
