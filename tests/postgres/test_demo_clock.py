"""A demo's clock: it moves only when nothing is on its way, never past the next clock, and never in a hospital."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from carelane.accounts import sessions
from carelane.compose.connections import envelopes, readers
from carelane.compose.demo_clock import clock_door
from carelane.compose.house import House, open_house
from carelane.engine.demo_clock import (
    AFTER_DUE,
    DOOR,
    NotADemo,
    follow,
    join,
    move,
    target_of,
)
from carelane.engine.drain import drain
from carelane.intake.interpret import interpret
from carelane.intake.receive import arrived_of
from carelane.settings import Settings
from carelane.store.messages import store_arrived
from carelane.store.roles import DatabaseUrls
from carelane.testing import messages as make

ROOT = Path(__file__).parents[2]
DAY = timedelta(days=1)


def settings(home: Path, *, demo: bool) -> Settings:
    return Settings(home=home, site=ROOT / "site", pathways=ROOT / "pathways", demo_clock=demo)


async def arrive(house: House, raw: bytes) -> None:
    """Store one message as the listener would, at the demo's time."""
    runtime = house.runtime
    arrived = arrived_of(
        runtime, "mllp", raw, envelopes(runtime.directory)["mllp"](raw), site="north"
    )
    async with runtime.worker.transaction() as tx:
        await store_arrived(tx, runtime.vault, runtime.organisation, [arrived])


async def work(house: House) -> None:
    """Everything that is on its way; nobody sends here, so a patient's message is taken to have left."""
    while await interpret(house.runtime, readers(house.runtime.directory), "mllp"):
        pass
    while (await drain(house.runtime)).facts:
        pass
    async with house.runtime.worker.transaction() as tx:
        await (await tx.begun()).execute(
            "update effect set state = 'withdrawn' where audience = 'patient'"
        )


@pytest.mark.requirement("R131")
async def test_the_clock_stops_at_each_clock_and_moves_only_when_quiet(
    database: DatabaseUrls, tmp_path: Path
) -> None:
    """A message on its way holds it; then it stops at the referral's warning, not past it; each fires at its time."""
    async with open_house(
        settings(tmp_path, demo=True), database, process="up", load=True
    ) as house:
        begun = house.clock()
        quiet = await move(house.runtime, house.clock, until=begun + DAY)
        assert quiet.quiet
        assert house.clock() - begun >= DAY

        origin = make.Origin(start=house.clock())
        await arrive(house, make.referral(1, person=1, specialty=0, priority=1, origin=origin))
        busy = await move(house.runtime, house.clock, until=house.clock() + DAY)
        assert not busy.quiet
        assert busy.busy["messages"] == 1

        await work(house)
        before = house.clock()
        for _ in range(3):
            moved = await move(house.runtime, house.clock, until=before + 30 * DAY)
            assert moved.quiet
            assert moved.next_at is not None
            assert house.clock() - moved.next_at < timedelta(seconds=5)
            await work(house)
            assert (await move(house.runtime, house.clock, until=house.clock())).late_s < 5


async def test_a_move_rings_at_other_processes_and_standing_still_does_not(
    database: DatabaseUrls, tmp_path: Path
) -> None:
    async with (
        open_house(settings(tmp_path, demo=True), database, process="up", load=True) as house,
        await psycopg.AsyncConnection.connect(database.worker, autocommit=True) as hearing,
    ):
        await hearing.execute("listen carelane")
        await move(house.runtime, house.clock, until=house.clock() - DAY)
        await move(house.runtime, house.clock, until=house.clock() + DAY)
        await hearing.execute("notify carelane, 'the end'")
        heard = [each.payload async for each in hearing.notifies(timeout=20, stop_after=2)]
        assert heard == [DOOR, "the end"]


async def test_a_process_that_starts_while_the_clock_moves_begins_with_its_time_and_is_waited_for(
    database: DatabaseUrls, tmp_path: Path
) -> None:
    """It once read messages by the time before, and what they asked for was decided minutes late."""
    of_demo = settings(tmp_path, demo=True)
    async with (
        open_house(of_demo, database, process="up", load=True) as mover,
        open_house(of_demo, database, process="work-0@late") as late,
    ):
        for _ in range(2):
            await move(mover.runtime, mover.clock, until=mover.clock() + DAY)
        await join(late.runtime, late.clock, "work")
        assert late.clock.ahead == mover.clock.ahead

        before = mover.clock.ahead
        moving = asyncio.create_task(move(mover.runtime, mover.clock, until=mover.clock() + DAY))
        while mover.clock.ahead == before:  # noqa: ASYNC110  # the clock tells nobody
            await asyncio.sleep(0)
        for _ in range(20):
            await late.runtime.worker.one("clock.ahead")
        assert not moving.done()
        stop = asyncio.Event()
        following = asyncio.create_task(follow(late.runtime, late.clock, stop))
        await moving
        assert late.clock.ahead == mover.clock.ahead
        stop.set()
        late.runtime.bell.ring_here(DOOR)
        await following


async def asked(house: House, until: datetime) -> tuple[int, dict[str, Any]]:
    """Status and answer of the clock's door."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": msgspec.json.encode({"until": until})}

    async def send(event: Any) -> None:
        sent.append(event)

    await clock_door(house)({"type": "http", "method": "POST"}, receive, send)
    return sent[0]["status"], msgspec.json.decode(sent[1]["body"])


async def test_the_door_asks_again_where_the_database_was_away_and_not_for_ever(
    database: DatabaseUrls,
    superuser: "psycopg.Connection[Any]",
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As after a restart: every connection is gone, and the first to use one finds out. It once was a 500."""
    monkeypatch.setattr("carelane.compose.demo_clock.AGAIN_S", 0.0)
    async with open_house(
        settings(tmp_path, demo=True), database, process="up", load=True
    ) as house:
        until = house.clock() + DAY
        superuser.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and usename <> current_user"
        )
        status, said = await asked(house, until)
        assert (status, house.clock() >= until) == (200, True)
        assert datetime.fromisoformat(said["now"]) >= until

        await house.runtime.worker.pool.close()  # it stays away
        status, said = await asked(house, until + DAY)
        assert status == 503
        assert "see that it runs" in said["error"]
        assert house.clock() < until + DAY


@pytest.mark.requirement("R184")
async def test_a_database_in_use_never_becomes_a_demo(
    database: DatabaseUrls, tmp_path: Path
) -> None:
    """Once messages were received, the setting is refused; and a demo's database does not serve without it."""
    async with open_house(
        settings(tmp_path, demo=False), database, process="up", load=True
    ) as house:
        await arrive(
            house,
            make.referral(
                1, person=1, origin=make.Origin(start=datetime(2026, 3, 2, 14, tzinfo=UTC))
            ),
        )
    with pytest.raises(NotADemo, match="not a demo's"):
        async with open_house(settings(tmp_path, demo=True), database, process="up", load=True):
            pass


async def test_a_demo_s_database_does_not_serve_without_the_setting(
    database: DatabaseUrls, tmp_path: Path
) -> None:
    """Processes that work refuse it; a command that only looks takes its clock."""
    async with open_house(
        settings(tmp_path, demo=True), database, process="up", load=True
    ) as house:
        await move(house.runtime, house.clock, until=house.clock() + DAY)
    with pytest.raises(NotADemo, match="clock of its own"):
        async with open_house(settings(tmp_path, demo=False), database, process="work-0@here"):
            pass
    async with open_house(settings(tmp_path, demo=False), database, process="judge") as house:
        assert house.clock.ahead > DAY - timedelta(seconds=1)


@pytest.mark.requirement("R131")
async def test_what_is_routine_may_be_late_together(database: DatabaseUrls, tmp_path: Path) -> None:
    """With `within` the clock passes a referral's warning by that much, and says so."""
    async with open_house(
        settings(tmp_path, demo=True), database, process="up", load=True
    ) as house:
        origin = make.Origin(start=house.clock())
        await arrive(house, make.referral(1, person=1, specialty=0, priority=0, origin=origin))
        await work(house)
        before, within = house.clock(), timedelta(minutes=12)
        moved = await move(house.runtime, house.clock, until=before + 30 * DAY, within=within)
        assert moved.next_at is not None
        late = house.clock() - moved.next_at
        assert timedelta(minutes=11) < late <= within + timedelta(seconds=5)
        assert 11 * 60 < moved.late_s <= 12 * 60


async def test_who_is_called_is_called_on_time(database: DatabaseUrls, tmp_path: Path) -> None:
    """An urgent referral waits on wall time and calls people, without a safety clock: `within` never passes it."""
    async with open_house(
        settings(tmp_path, demo=True), database, process="up", load=True
    ) as house:
        origin = make.Origin(start=house.clock())
        await arrive(house, make.referral(1, person=1, specialty=0, priority=1, origin=origin))
        await work(house)
        async with house.runtime.worker.transaction() as tx:
            found = await (await tx.begun()).execute(
                "select state, safety from step where closed_at is null and owner_name = 'urgent-triage'"
            )
            assert await found.fetchall() == [("urgent-triage", False)]
        before = house.clock()
        for _ in range(3):
            moved = await move(
                house.runtime, house.clock, until=before + DAY, within=timedelta(minutes=12)
            )
            assert moved.next_at is not None
            assert house.clock() - moved.next_at < timedelta(seconds=5)
            await work(house)


NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("next_min", "safety_min", "within_min", "stops_min"),
    [
        (None, None, 12, 60),
        (90, None, 12, 60),
        (10, None, 0, 10),
        (10, None, 12, 22),
        (10, 10, 12, 10),
        (10, 15, 12, 15),
        (10, 40, 12, 22),
        (55, 59, 12, 59),
    ],
)
def test_a_safety_clock_is_never_made_late(
    next_min: int | None, safety_min: int | None, within_min: int, stops_min: int
) -> None:
    """An hour is asked for; it stops at what is due next plus the lateness allowed, and at each safety clock."""

    def at(minutes: int | None) -> datetime | None:
        return None if minutes is None else NOON + timedelta(minutes=minutes)

    until = NOON + timedelta(hours=1)
    stop = target_of(until, at(next_min), at(safety_min), timedelta(minutes=within_min))
    assert timedelta(0) <= stop - NOON - timedelta(minutes=stops_min) <= AFTER_DUE


async def test_it_is_asked_again_while_something_is_on_its_way(
    database: DatabaseUrls, tmp_path: Path
) -> None:
    """`wait_s` is a patience, not a promise: what stays pending holds the clock, and the answer says what."""
    async with open_house(
        settings(tmp_path, demo=True), database, process="up", load=True
    ) as house:
        await arrive(house, make.referral(1, person=1, origin=make.Origin(start=house.clock())))
        busy = await move(house.runtime, house.clock, until=house.clock() + DAY, wait_s=0.1)
        assert busy.busy["messages"] == 1
        assert house.clock() < busy.now + timedelta(hours=1)


@pytest.mark.requirement("R184")
async def test_people_at_the_screen_of_a_demo_stay_signed_in(
    database: DatabaseUrls, tmp_path: Path
) -> None:
    """Sessions go by the machine's time: a demo's day that passes in a minute signs nobody out."""
    async with open_house(
        settings(tmp_path, demo=True), database, process="up", load=True
    ) as house:
        person = house.runtime.directory.people["hugo.lindqvist"]
        session = await sessions.begin(house.runtime, person)
        await move(house.runtime, house.clock, until=house.clock() + DAY)
        assert await sessions.current(house.runtime, session.secret) is not None
