"""Inbound HTTP of the listener, and pollers; all end in the receiver.

FHIR notifications come to `/fhir/NAME`, a payer's to `/payer/NAME`, an SMS gateway's receipts and replies to
`/sms/NAME`, forms, chats, call notes, portal messages and readings to `/intake/NAME`. Patients answer a message at
`/answers/NAME`, and see how far a case is at `/status/NAME`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from functools import partial
from typing import Any
from uuid import UUID

from carelane.compose.connections import settings_of
from carelane.compose.durability import Guard
from carelane.compose.house import House
from carelane.compose.instructions import instructing
from carelane.compose.status import looking
from carelane.compose.turnover import Work
from carelane.connect.channel.adapter import open_door as open_channel_door
from carelane.connect.fhir.adapter import open_door as open_fhir_door
from carelane.connect.fhir.adapter import open_poller
from carelane.connect.fhir.payer_adapter import open_door as open_payer_door
from carelane.connect.link.adapter import open_door as open_link_door
from carelane.connect.link.adapter import open_status_door
from carelane.connect.link.codec import control_of
from carelane.connect.sms.adapter import open_door as open_sms_door
from carelane.directory.snapshot import ConnectionRow
from carelane.effects.following import hurry
from carelane.engine.runtime import Runtime
from carelane.facts.errors import SetupFault

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Any, Any], Awaitable[None]]
POLL_S = 10.0


class CursorOfOtherCluster(SetupFault):
    """A polling position was saved on another database cluster: poll from the start by clearing it, see docs/howto."""

    code = "cursor-of-other-cluster"


class Cursors:
    """Polling positions in the store, each with the cluster it was saved on (SEMANTICS 11)."""

    def __init__(self, runtime: Runtime, connection: str) -> None:
        self._runtime = runtime
        self._connection = connection

    async def load(self, name: str) -> str | None:
        """The position saved last, or None."""
        async with self._runtime.worker.transaction() as tx:
            row = await tx.one("house.cursor", connection=self._connection, name=name)
            cluster = await tx.one("house.system_identifier")
        if row is None or row["cursor"] is None or cluster is None:
            return None
        if row["cursor"]["cluster"] != cluster["system_identifier"]:
            raise CursorOfOtherCluster(
                f"connection {self._connection}: the cursor {name} belongs to another cluster"
            )
        return str(row["cursor"]["at"])

    async def save(self, name: str, value: str) -> None:
        """Keep it."""
        async with self._runtime.worker.transaction() as tx:
            await tx.run("house.save_cursor", connection=self._connection, name=name, at=value)


def rows_of(house: House, kind: str) -> dict[str, ConnectionRow]:
    """The site's connections of a kind."""
    return {
        name: row for name, row in house.runtime.directory.connections.items() if row.kind == kind
    }


def doors(house: House, guard: Guard) -> dict[str, App]:
    """Every door of the site, by its exact path."""
    return {
        **fhir_doors(house, guard),
        **payer_doors(house, guard),
        **sms_doors(house, guard),
        **channel_doors(house, guard),
        **link_doors(house, guard),
        **status_doors(house),
    }


def payer_doors(house: House, guard: Guard) -> dict[str, App]:
    """A notification door for each payer that names a `notify_secret_file`; one without a body: ask soon."""
    return {
        f"/payer/{name}": open_payer_door(
            settings_of(row, house.settings.home),
            connection=name,
            receive=guard.receive,
            wake=partial(hurry, house.runtime, name),
        )
        for name, row in rows_of(house, "payer").items()
        if row.settings.get("notify_secret_file")
    }


def channel_doors(house: House, guard: Guard) -> dict[str, App]:
    """A door for each channel that patients and staff come by."""
    return {
        f"/intake/{name}": open_channel_door(
            settings_of(row, house.settings.home),
            connection=name,
            receive=guard.receive,
            now=house.runtime.now,
            instruct=instructing(house, row),
        )
        for name, row in rows_of(house, "channel").items()
    }


def link_doors(house: House, guard: Guard) -> dict[str, App]:
    """A door for patients who answer by the link in a message."""
    runtime, found = house.runtime, dict[str, App]()
    for name in rows_of(house, "link"):

        async def used(effect: UUID, name: str = name) -> bool:
            token = runtime.vault.tokens.control(name, control_of(effect))
            async with runtime.worker.transaction() as tx:
                return bool(await tx.rows("intake.known", token=token))

        rules = runtime.directory.messages
        found[f"/answers/{name}"] = open_link_door(
            connection=name,
            seal=runtime.vault.tokens.of,
            receive=guard.receive,
            used=used,
            now=house.runtime.now,
            site={"clinic": runtime.directory.title, "phone": rules.phone},
            language=rules.language,
        )
    return found


def status_doors(house: House) -> dict[str, App]:
    """A door for patients who look how far a case is, by the link of a milestone."""
    names = rows_of(house, "link")
    if not names:
        return {}
    runtime, look = house.runtime, looking(house)
    rules = runtime.directory.messages
    door = open_status_door(
        seal=runtime.vault.tokens.of,
        look=look,
        now=runtime.now,
        site={"clinic": runtime.directory.title, "phone": rules.phone},
        language=rules.language,
    )
    return {f"/status/{name}": door for name in names}


def sms_doors(house: House, guard: Guard) -> dict[str, App]:
    """A door for each SMS gateway that knows where to call back."""
    return {
        f"/sms/{name}": open_sms_door(
            settings_of(row, house.settings.home),
            connection=name,
            receive=guard.receive,
            now=house.runtime.now,
        )
        for name, row in rows_of(house, "sms").items()
        if row.settings.get("callback_url")
    }


def fhir_doors(house: House, guard: Guard) -> dict[str, App]:
    """A notification door for each FHIR connection that names a `notify_secret_file`."""
    found: dict[str, App] = {}
    for name, row in rows_of(house, "fhir").items():
        if row.settings.get("notify_secret_file"):

            async def wake(name: str = name) -> None:
                house.runtime.bell.ring_here(f"poll-{name}")

            given = settings_of(row, house.settings.home)
            found[f"/fhir/{name}"] = open_fhir_door(
                given, connection=name, receive=guard.receive, wake=wake
            )
    return found


def pollers(house: House, guard: Guard, stop: asyncio.Event) -> dict[str, Work]:
    """A polling loop for each FHIR connection that names what to `poll`."""
    loops: dict[str, Work] = {}
    for name, row in rows_of(house, "fhir").items():
        if row.settings.get("poll"):
            loops[f"poll-{name}"] = partial(_keep_polling, house, guard, row, stop)
    return loops


async def _keep_polling(
    house: House, guard: Guard, row: ConnectionRow, stop: asyncio.Event
) -> None:
    runtime = house.runtime
    given = settings_of(row, house.settings.home)
    poller = open_poller(
        given, connection=row.name, receive=guard.receive, cursors=Cursors(runtime, row.name)
    )
    try:
        while not stop.is_set():
            rounds = await poller.poll(now=runtime.now())
            for polled in rounds:
                outcome = polled.cause or "read"
                runtime.observer.count(
                    "polled", {"connection": row.name, "kind": polled.kind, "outcome": outcome}
                )
            if not any(polled.more for polled in rounds):
                await runtime.bell.wait(f"poll-{row.name}", seconds=POLL_S)
    finally:
        await poller.client.close()


def mounted(inner: App, mounts: Mapping[str, App]) -> App:
    """`mounts` by exact path, everything else to `inner`."""

    async def app(scope: Scope, receive: Any, send: Any) -> None:
        found = mounts.get(str(scope.get("path", ""))) if scope["type"] == "http" else None
        await (found or inner)(scope, receive, send)

    return app
