"""Doors of a gateway for whoever runs the drill: faults, what went out, receipts and replies.

`GET /admin/texts` tells what went out and how much of it twice; `POST /admin/faults` (`{"faults": [...]}`),
`POST /admin/reply` (`{"from", "text", "url"}`), `POST /admin/receipts` (`{"status", "why"}`: for all since the last),
`POST /admin/numbers` (`{"bad": [...], "opted_out": [...]}`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from carelane.testing.gateways.server import GatewayServer


@dataclass(kw_only=True)
class Admin:
    """The admin doors of one gateway."""

    gateway: GatewayServer
    told: int = 0  # texts that a receipt was sent for

    def routes(self) -> list[web.RouteDef]:
        """What to mount."""
        return [
            web.get("/admin/texts", self._texts),
            web.post("/admin/faults", self._faults),
            web.post("/admin/numbers", self._numbers),
            web.post("/admin/receipts", self._receipts),
            web.post("/admin/reply", self._reply),
        ]

    async def _texts(self, _request: web.Request) -> web.Response:
        texts = [
            {
                "number": one.number,
                "to": one.asked.to,
                "text": one.asked.text,
                "reference": one.asked.reference,
            }
            for one in self.gateway.taken
        ]
        return _json(
            {"texts": texts, "doubles": self.gateway.doubles, "requests": self.gateway.requests}
        )

    async def _faults(self, request: web.Request) -> web.Response:
        said = await _said(request)
        self.gateway.faults.extend(str(one) for one in said.get("faults", ()))
        return _json({"faults": self.gateway.faults})

    async def _numbers(self, request: web.Request) -> web.Response:
        said = await _said(request)
        self.gateway.bad |= set(said.get("bad", ()))
        self.gateway.opted_out |= set(said.get("opted_out", ()))
        return _json({"bad": len(self.gateway.bad), "opted_out": len(self.gateway.opted_out)})

    async def _receipts(self, request: web.Request) -> web.Response:
        said = await _said(request)
        new, self.told = self.gateway.accepted[self.told :], len(self.gateway.accepted)
        answers = [
            await self.gateway.receipt(one, said.get("status", "delivered"), said.get("why", ""))
            for one in new
            if one.asked.callback
        ]
        return _json({"answers": answers})

    async def _reply(self, request: web.Request) -> web.Response:
        said = await _said(request)
        return _json({"answer": await self.gateway.reply(said["from"], said["text"], said["url"])})


async def _said(request: web.Request) -> Mapping[str, Any]:
    said = json.loads(await request.read() or b"{}")
    return said if isinstance(said, dict) else {}


def _json(said: Mapping[str, Any]) -> web.Response:
    return web.Response(text=json.dumps(said), content_type="application/json")
