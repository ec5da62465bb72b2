"""A database that ended is started again under the supervisor: at once, then ever more slowly, then no more."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import repeat

import pytest

from carelane.compose.reviving import DatabaseLost, Pace, keep_server
from carelane.compose.supervise import supervise
from carelane.facts.errors import SetupFault
from carelane.settings import Settings

PACE = Pace(look_s=0.001, wait_s=0.001, tries=3)


@dataclass
class Fallible:
    """A server whose starts go as `starts` says: each `fails` or `starts`."""

    starts: Iterator[str]
    lives: bool = False
    tried: int = 0
    after: Callable[["Fallible"], None] = field(default=lambda _: None)

    def running(self) -> bool:
        """As the last start left it."""
        return self.lives

    def revive(self, progress: Callable[[str], None]) -> bool:
        """One start."""
        self.tried += 1
        self.after(self)
        progress("PostgreSQL has ended unasked; starting it again")
        if next(self.starts) == "fails":
            raise SetupFault("no room")
        self.lives = True
        return True


async def test_a_server_that_ended_is_started_again_after_some_tries() -> None:
    stop, said = asyncio.Event(), list[str]()
    server = Fallible(iter(["fails", "starts"]))
    keeping = asyncio.create_task(keep_server(server, stop, said.append, pace=PACE))
    async with asyncio.timeout(10):
        while not server.lives:  # noqa: ASYNC110  # another thread starts it
            await asyncio.sleep(0.001)
    stop.set()

    assert await keeping is None
    assert server.tried == 2
    assert said[1] == "PostgreSQL could not be started again: no room"


async def test_after_some_tries_everything_is_told_to_stop_with_a_remedy() -> None:
    stop, said = asyncio.Event(), list[str]()
    server = Fallible(repeat("fails"))

    lost = await keep_server(server, stop, said.append, pace=PACE)

    assert stop.is_set()
    assert server.tried == PACE.tries
    assert "Remedy" in str(lost)


async def test_one_that_starts_and_ends_again_and_again_is_given_up_too() -> None:
    server = Fallible(repeat("starts"))
    server.running = lambda: False  # type: ignore[method-assign]  # it ends as soon as nobody looks

    assert await keep_server(server, asyncio.Event(), lambda _: None, pace=PACE) is not None
    assert server.tried == PACE.tries


async def test_one_that_lived_for_a_while_is_tried_anew() -> None:
    """Two ends a day are no reason to stop for ever."""
    stop = asyncio.Event()

    def enough(server: Fallible) -> None:
        if server.tried > 3 * PACE.tries:
            stop.set()

    server = Fallible(repeat("fails"), after=enough)
    calm = Pace(look_s=0.001, wait_s=0.001, calm_s=0.0, tries=3)

    assert await keep_server(server, stop, lambda _: None, pace=calm) is None


async def test_a_start_that_takes_long_ends_when_we_are_told_to_stop() -> None:
    stop, said = asyncio.Event(), list[str]()
    server = Fallible(repeat("starts"), after=lambda _: stop.set())

    assert await keep_server(server, stop, said.append, pace=PACE) is None
    assert not server.lives
    assert said == []


async def test_the_supervisor_ends_with_the_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that `up` ends with status 2, and the init system can act."""
    monkeypatch.setattr("carelane.compose.reviving.Pace", lambda: PACE)

    with pytest.raises(DatabaseLost, match="Remedy"):
        await supervise(Settings(), [], lambda _: None, server=Fallible(repeat("fails")))
