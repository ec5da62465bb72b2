"""Rest-hook notifications: the EHR tells subscribers of each change (FHIR R4, Subscription)."""

import asyncio
from typing import Any

import aiohttp
import msgspec

from carelane.testing.ehr.records import Records, Resource

_ATTEMPTS = 3
_TIMEOUT_S = 5


class Notifier:
    """Sends each change to the active Subscriptions whose criteria name its type."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._pending: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None
        self.log: list[dict[str, Any]] = []

    def tell(self, resource: Resource) -> None:
        """Queue notifications of one change; they leave at once, each on its own."""
        for version in self._records.of_kind("Subscription"):
            wish = version.resource
            if _wants(wish, resource):
                task = asyncio.get_running_loop().create_task(self._send(wish["channel"], resource))
                self._pending.add(task)
                task.add_done_callback(self._pending.discard)

    async def settle(self) -> None:
        """Wait until all that was queued has been sent or given up."""
        while self._pending:
            await asyncio.gather(*self._pending)

    async def close(self) -> None:
        """Give up what is pending and let go of sockets."""
        for task in self._pending:
            task.cancel()
        await asyncio.gather(*self._pending, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def _send(self, channel: Resource, resource: Resource) -> None:
        headers = dict(line.split(": ", 1) for line in channel.get("header", []))
        body = b""
        if channel.get("payload"):
            body = msgspec.json.encode(resource)
            headers["Content-Type"] = str(channel["payload"])
        status = 0
        for _ in range(_ATTEMPTS):
            status = await self._post(str(channel["endpoint"]), headers, body)
            if 0 < status < 500:  # noqa: PLR2004  # a server error is worth another try
                break
        self.log.append({"type": resource["resourceType"], "id": resource["id"], "status": status})

    async def _post(self, endpoint: str, headers: dict[str, str], body: bytes) -> int:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S))
        try:
            async with self._session.post(endpoint, headers=headers, data=body) as response:
                return response.status
        except (aiohttp.ClientError, TimeoutError):
            return 0


def _wants(subscription: Resource, resource: Resource) -> bool:
    active = subscription.get("status") in {"active", "requested"}
    kind = str(subscription.get("criteria", "")).partition("?")[0]
    return active and kind == resource["resourceType"]
