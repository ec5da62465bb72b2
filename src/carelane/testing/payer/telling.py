"""Rest-hook notifications of the payer's decisions to whoever subscribed (FHIR R4, Subscription)."""

import asyncio
from dataclasses import dataclass, field

import aiohttp
import msgspec

from carelane.testing.payer.claims import Resource

_ATTEMPTS = 3
_TIMEOUT_S = 5
_SERVER_ERROR = 500


@dataclass(slots=True)
class Notifier:
    """Sends each decision to every subscription; `log` has the statuses of the answers."""

    subscriptions: list[Resource] = field(default_factory=list)
    log: list[int] = field(default_factory=list)
    _pending: set[asyncio.Task[None]] = field(default_factory=set)

    def tell(self, bundle: Resource) -> None:
        """Queue a notification; it leaves at once."""
        for wish in self.subscriptions:
            task = asyncio.get_running_loop().create_task(self._send(wish["channel"], bundle))
            self._pending.add(task)
            task.add_done_callback(self._pending.discard)

    async def settle(self) -> None:
        """Wait until all that was queued has been sent or given up."""
        while self._pending:
            await asyncio.gather(*self._pending)

    async def close(self) -> None:
        """Give up what is pending."""
        for task in self._pending:
            task.cancel()
        await asyncio.gather(*self._pending, return_exceptions=True)

    async def _send(self, channel: Resource, bundle: Resource) -> None:
        headers = dict(line.split(": ", 1) for line in channel.get("header", []))
        body = b""
        if channel.get("payload"):
            body = msgspec.json.encode(bundle)
            headers["Content-Type"] = str(channel["payload"])
        status = 0
        for _ in range(_ATTEMPTS):
            status = await self._post(str(channel["endpoint"]), headers, body)
            if 0 < status < _SERVER_ERROR:
                break
        self.log.append(status)

    async def _post(self, endpoint: str, headers: dict[str, str], body: bytes) -> int:
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S)) as session,
                session.post(endpoint, headers=headers, data=body) as response,
            ):
                return response.status
        except (aiohttp.ClientError, TimeoutError):
            return 0
