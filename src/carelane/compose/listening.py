"""What a listener receives by: MLLP ports, HTTP doors and pollers, taken over anew when the site's connections change.

At the start a port that can't be had ends the process. Later it changes nothing for the others: the log says so, and
it is tried again.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from carelane.compose.connections import envelopes, inbound
from carelane.compose.durability import Guard
from carelane.compose.house import House
from carelane.compose.incoming import App, doors, pollers
from carelane.compose.listeners import given_to, listened, port_given, wanted_by
from carelane.compose.ports import taken
from carelane.compose.turnover import Rows, Work, until_other
from carelane.connect.hl7v2.adapter import open_listener
from carelane.connect.hl7v2.listener import Listener
from carelane.directory.snapshot import ConnectionRow
from carelane.facts.errors import CarelaneError
from carelane.intake.receive import Receiver

AGAIN_S = 5.0


@dataclass(slots=True)
class Listening:
    """The ports and doors in use now. `mounts` changes in place: who serves them need not know."""

    house: House
    guard: Guard
    receiver: Receiver
    mounts: dict[str, App] = field(default_factory=dict)
    _rows: Rows = field(default_factory=dict)
    _open: dict[str, tuple[ConnectionRow, Listener]] = field(default_factory=dict)

    async def begin(self) -> dict[str, int]:
        """Open everything; the ports by connection.

        Raises:
            PortTaken: another program has a port; the message names it and what names another one.
        """
        self._know()
        for row in self._wanted().values():
            await self._listen(row)
        return {name: listener.port for name, (_, listener) in self._open.items()}

    async def keep(self, stop: asyncio.Event) -> None:
        """Receive until told to stop, by the connections of now."""
        runtime = self.house.runtime
        while not stop.is_set():
            await until_other(runtime, stop, self._rows, self._loops, doors=("poll-", "ports"))
            if not stop.is_set():
                self._know()
                await self._end_others()

    async def close(self) -> None:
        """Let go of the ports."""
        for name in tuple(self._open):
            await self._end(name)

    def _loops(self, over: asyncio.Event) -> Mapping[str, Work]:
        return {
            **pollers(self.house, self.guard, over),
            "ports": partial(self._open_missing, over),
        }

    async def _open_missing(self, over: asyncio.Event) -> None:
        """Open what is wanted and not there. A port that can't be had is told when the others are open."""
        while not over.is_set():
            faults: list[CarelaneError] = []
            for row in [each for name, each in self._wanted().items() if name not in self._open]:
                try:
                    await self._listen(row)
                except CarelaneError as fault:
                    faults.append(fault)
            if faults:
                raise faults[0]  # counted, logged, begun anew after a while (`supervised`)
            await self.house.runtime.bell.wait("ports", seconds=AGAIN_S)

    def _know(self) -> None:
        """What the receiver reads by and the doors that are there, by the connections of now."""
        directory = self.house.runtime.directory
        self._rows = directory.connections
        self.receiver.envelopes = envelopes(directory)
        self.receiver.sites = {name: row.site for name, row in inbound(directory).items()}
        found = doors(self.house, self.guard)
        self.mounts.clear()
        self.mounts.update(found)

    def _wanted(self) -> dict[str, ConnectionRow]:
        return listened(self.house.runtime.directory)

    async def _end_others(self) -> None:
        """Ports of connections that are gone or changed are closed; those of the others never notice."""
        wanted = self._wanted()
        for name, (row, _) in tuple(self._open.items()):
            if wanted.get(name) != row:
                await self._end(name)

    async def _listen(self, row: ConnectionRow) -> None:
        """Listen for one connection; the setting `mllp_port` is for the first, the others then take free ports."""
        settings, runtime = self.house.settings, self.house.runtime
        given = given_to(settings, row)
        port = port_given(settings, runtime.directory, row)
        if port is not None:
            given["listen_port"] = port
        try:
            listener = await open_listener(given, connection=row.name, receive=self.guard.receive, now=runtime.now,
                                           observer=runtime.observer)  # fmt: skip
        except OSError as cause:
            wanted = wanted_by(settings, runtime.directory, row)
            raise taken(wanted.host, wanted.port, cause, setting=wanted.setting) from cause
        self._open[row.name] = (row, listener)

    async def _end(self, name: str) -> None:
        _, listener = self._open.pop(name)
        await listener.close()
