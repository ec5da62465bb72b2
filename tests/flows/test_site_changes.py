"""A new calendar reaches running clocks, and every process takes over a new directory by itself."""

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from carelane.compose.connections import envelopes, readers
from carelane.compose.house import House, open_house
from carelane.compose.refresh import keep_current
from carelane.compose.site import SiteFault
from carelane.engine.drain import drain
from carelane.intake.interpret import interpret
from carelane.intake.receive import Receiver
from carelane.store.roles import DatabaseUrls
from carelane.testing.messages import referral


async def _open_case(house: House) -> None:
    """One referral on a business clock."""
    runtime, stop = house.runtime, asyncio.Event()
    receiver = Receiver(runtime, envelopes(runtime.directory), {"mllp": "north"})
    writing = asyncio.create_task(receiver.write(stop))
    await receiver.receive("mllp", referral(1))
    stop.set()
    await writing
    await interpret(runtime, readers(runtime.directory), "mllp")
    await drain(runtime)


async def _due(house: House) -> object:
    async with house.runtime.worker.transaction() as tx:
        cursor = await (await tx.begun()).execute(
            "select due_at from step where closed_at is null and clock_kind <> 'wall'"
        )
        return await cursor.fetchall()


@pytest.mark.invariant("I16")
async def test_a_new_calendar_moves_the_clocks_that_run_on_it(
    house: House, database: DatabaseUrls, tmp_path: Path
) -> None:
    """A closed week moves the due time; the cases are told by a fact each."""
    await _open_case(house)
    before = await _due(house)
    site = tmp_path / "site"
    shutil.copytree(house.settings.site, site)
    calendars = site / "calendars.yaml"
    closed = ", ".join(f'"2026-03-{day:02}"' for day in range(2, 13))
    text = calendars.read_text().replace(
        "north-office:\n    version: 1", "north-office:\n    version: 2", 1
    )
    calendars.write_text(
        text.replace('holidays: ["2026-11-26"', f'holidays: [{closed}, "2026-11-26"', 1)
    )

    async with open_house(
        replace(house.settings, site=site), database, process="again", load=True
    ) as again:
        again.runtime.now = house.runtime.now
        await drain(again.runtime)
        after = await _due(again)

    assert before != after


async def test_a_running_process_takes_over_a_new_directory(
    house: House, database: DatabaseUrls, tmp_path: Path
) -> None:
    """Late-bound: no restart."""
    stop = asyncio.Event()
    watching = asyncio.create_task(keep_current(house, stop))
    await asyncio.sleep(0.1)
    site = tmp_path / "site"
    shutil.copytree(house.settings.site, site)
    people = site / "people.yaml"
    people.write_text(people.read_text().replace("Amara Quill", "Amara Quill-Reed"))
    async with open_house(replace(house.settings, site=site), database, process="again", load=True):
        pass
    for _ in range(100):
        house.runtime.bell.ring_here("stop")
        await asyncio.sleep(0.05)
        if house.runtime.directory.version == 2:
            break
    stop.set()
    house.runtime.bell.ring_here("stop")
    await watching

    assert house.runtime.directory.people["amara.quill"].display == "Amara Quill-Reed"


async def test_a_broken_site_changes_nothing(
    house: House, database: DatabaseUrls, tmp_path: Path
) -> None:
    """File, line and remedy are named; the directory in force stays."""
    site = tmp_path / "site"
    shutil.copytree(house.settings.site, site)
    (site / "people.yaml").write_text("people:\n  amara.quill: nonsense\n")

    with pytest.raises(SiteFault, match=r"people\.yaml, line 2"):
        async with open_house(
            replace(house.settings, site=site), database, process="again", load=True
        ):
            pass

    assert house.runtime.directory.version == 1
