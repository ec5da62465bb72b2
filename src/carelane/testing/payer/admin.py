"""Doors of a payer for whoever runs the drill.

`GET /admin/claims` tells what was submitted, what came of it and how much came twice. `POST /admin/faults` (a fault of
the synthetic EHR, or `{"clear": true}`), `/admin/answers` (`{"answers": [...]}`: for the next claims, before the seeded
ones), `/admin/decide` (`{"claim": NUMBER, "answer": ...}`; without a number every pended one), `/admin/clock`
(`{"advance_s": n}`: what is due is decided and told), `/admin/clients` (`{"client_id", "jwks"}`), `/admin/strangers`
(`{"members": [...]}`), `/admin/subscriptions` (a Subscription).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from aiohttp import web

from carelane.testing.ehr.clock import HostClock
from carelane.testing.ehr.faults import Faults
from carelane.testing.ehr.tokens import Tokens
from carelane.testing.payer.claims import Held
from carelane.testing.payer.desk import Desk
from carelane.testing.payer.telling import Notifier


class Payer(Protocol):
    """What the doors are of."""

    clock: HostClock
    desk: Desk
    faults: Faults
    notifier: Notifier
    requests: list[dict[str, Any]]
    tokens: Tokens

    def tell(self, decided: list[Held]) -> None:
        """Notify subscribers."""


@dataclass(kw_only=True)
class Admin:
    """The admin doors of one payer."""

    payer: Payer

    def routes(self) -> list[web.RouteDef]:
        """What to mount."""
        return [
            web.get("/admin/claims", self._claims),
            web.post("/admin/{what}", self._told),
        ]

    async def _claims(self, _request: web.Request) -> web.Response:
        await self.payer.notifier.settle()
        claims = [
            {
                "number": one.number,
                "payer_number": one.payer_number,
                "service": one.service,
                "answer": one.answer,
                "certification": one.certification,
                "expedited": one.expedited,
                "inquiries": one.inquiries,
                "settles_at": one.settles_at.isoformat() if one.settles_at else None,
            }
            for one in self.payer.desk.book.held
        ]
        told = {
            "claims": claims,
            "doubles": self.payer.desk.book.doubles,
            "requests": len(self.payer.requests),
            "notified": self.payer.notifier.log,
        }
        return _json(200, told)

    async def _told(self, request: web.Request) -> web.Response:
        doors: Mapping[str, Callable[[dict[str, Any]], object]] = {
            "answers": self._answers,
            "clients": self._client,
            "clock": self._clock,
            "decide": self._decide,
            "faults": self._fault,
            "strangers": self._strangers,
            "subscriptions": self._subscription,
        }
        door = doors.get(request.match_info["what"])
        if door is None:
            return _json(404, {})
        try:
            return _json(200, door(json.loads(await request.read() or b"{}")))
        except (KeyError, TypeError, ValueError) as error:
            return _json(400, {"error": str(error)})

    def _answers(self, said: dict[str, Any]) -> object:
        self.payer.desk.said.extend(str(one) for one in said["answers"])
        return {"answers": list(self.payer.desk.said)}

    def _client(self, said: dict[str, Any]) -> object:
        self.payer.tokens.register(said["client_id"], said["jwks"])
        return {"client_id": said["client_id"]}

    def _clock(self, said: dict[str, Any]) -> object:
        self.payer.clock.advance(timedelta(seconds=said["advance_s"]))
        decided = self.payer.desk.settle_due()
        self.payer.tell(decided)
        return {"now": self.payer.clock.now().isoformat(), "decided": len(decided)}

    def _decide(self, said: dict[str, Any]) -> object:
        decided = self.payer.desk.decide(str(said.get("claim", "")), said["answer"])
        self.payer.tell(decided)
        return {"decided": [one.number for one in decided]}

    def _fault(self, said: dict[str, Any]) -> object:
        if said.get("clear"):
            self.payer.faults.clear()
        else:
            self.payer.faults.add(said)
        return said

    def _strangers(self, said: dict[str, Any]) -> object:
        self.payer.desk.strangers.update(str(one) for one in said["members"])
        return {"members": sorted(self.payer.desk.strangers)}

    def _subscription(self, said: dict[str, Any]) -> object:
        if not said["channel"]["endpoint"]:
            raise ValueError("a subscription needs channel.endpoint")
        self.payer.notifier.subscriptions.append(said)
        return {"subscriptions": len(self.payer.notifier.subscriptions)}


def _json(status: int, said: object) -> web.Response:
    return web.Response(status=status, text=json.dumps(said), content_type="application/json")
