"""What a worker sends through: one dispatcher and one reconciler per destination, begun anew when connections change.

A site that adds or changes an outgoing connection needs no restart. One that can't be opened changes nothing: sending
goes on as before, and the log says which kind of fault it was.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from carelane.compose.connections import counters
from carelane.compose.house import House
from carelane.compose.people import outbox_of
from carelane.compose.turnover import Work, until_other
from carelane.effects.claim import know
from carelane.effects.dispatch import dispatch, scout
from carelane.effects.outbox import Outbox
from carelane.effects.reconcile import reconcile, watch
from carelane.effects.sweep import nightly
from carelane.facts.errors import CarelaneError


@dataclass(slots=True)
class Sending:
    """The outbox that is in use now."""

    house: House
    outbox: Outbox

    async def keep(self, stop: asyncio.Event) -> None:
        """Send until told to stop; take over other connections as the directory gets them."""
        runtime = self.house.runtime
        while not stop.is_set():
            rows = runtime.directory.connections
            await know(self.outbox)  # without its row a destination has neither breaker nor quota
            await until_other(runtime, stop, rows, self._loops, doors=("effects", "reconcile/"))
            if not stop.is_set():
                await self._take_over()

    async def doubles(self) -> int:
        """The nightly look for what the other side holds twice, with the connections of now."""
        return await nightly(self.outbox, counters(self.outbox))

    async def close(self) -> None:
        """Let go of the senders' sockets."""
        for sender in self.outbox.senders.values():
            await sender.close()

    def _loops(self, over: asyncio.Event) -> Mapping[str, Work]:
        """Every destination's loops, and those that look for all of them what is new and what is unsettled."""
        loops: dict[str, Work] = {
            "scout-effects": partial(scout, self.outbox, over),
            "watch-effects": partial(watch, self.outbox, over),
        }
        for name in self.outbox.destinations:
            loops[f"dispatch-{name}"] = partial(dispatch, self.outbox, name, over)
            loops[f"reconcile-{name}"] = partial(reconcile, self.outbox, name, over)
        return loops

    async def _take_over(self) -> None:
        try:
            newer = outbox_of(self.house)
        except CarelaneError as fault:
            self.house.runtime.log.failed("failed", fault, part="connections", number=1)
            return
        await self.close()
        self.outbox = newer


def begin(house: House) -> Sending:
    """Open the senders of the directory in force."""
    return Sending(house, outbox_of(house))
