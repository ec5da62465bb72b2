"""Releases by scope on real PostgreSQL: a service line has its own release while cases of both run, the rest stays."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from carelane.compose.house import House, open_house
from carelane.compose.site import SiteFault
from carelane.engine.in_force import in_force
from carelane.engine.scope import EVERYWHERE, Scope
from carelane.pathways.loading import load
from carelane.releases.force import end
from carelane.releases.publish import publish
from carelane.releases.standing import overview, split
from carelane.store.roles import DatabaseUrls
from carelane.testing.messages import cancel_referral, referral
from tests.flows.conftest import ROOT, Feed
from tests.flows.releases.changing import (
    CARDIO,
    CASES,
    LINE,
    NEW,
    OLD,
    ORTHO,
    put_in_force,
    release,
)

pytestmark = pytest.mark.postgres
REFERRAL = (ROOT / "pathways" / "referral-intake.yaml").read_text("utf-8")


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
