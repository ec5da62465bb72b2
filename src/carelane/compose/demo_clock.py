"""The door of a demo's clock: `POST /demo/clock {"until": instant}`; there is none without the setting `demo_clock`.

`within_s` allows clocks (never safety clocks) to fire that late, together; `wait_s` waits that long for quiet. A
database that is away is asked again for a while: under a demo it is started again.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import msgspec

from carelane.compose.house import House
from carelane.compose.incoming import App, Scope
from carelane.engine.demo_clock import Moved, move
from carelane.store.database import PASSING

BODY_BYTES_MAX = 1_000
TRIES: Final = 20
AGAIN_S: Final = 1.0
AWAY: Final = f"the database was away each of {TRIES} times; see that it runs, then ask again"


class Until(msgspec.Struct, forbid_unknown_fields=True):
    """What is asked: go on, but not past this instant."""

    until: datetime
    within_s: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 0.0
    wait_s: Annotated[float, msgspec.Meta(ge=0, le=60)] = 0.0


def clock_door(house: House) -> App:
    """The ASGI handler: 200 with the new time, 409 while something is on its way, 422 for another body.

    503 where the database stays away.
    """

    async def app(scope: Scope, receive: Any, send: Any) -> None:
        if scope["method"] != "POST":
            await _answer(
                send, 405, {"error": 'POST an instant: {"until": "2026-03-02T14:00:00Z"}'}
            )
            return
        try:
            asked = msgspec.json.decode(await _body(receive), type=Until)
            until = asked.until.astimezone(UTC)
        except (msgspec.MsgspecError, ValueError):
            await _answer(send, 422, {"error": 'write {"until": "2026-03-02T14:00:00Z"}'})
            return
        moved = await _moved(house, asked, until)
        if moved is None:
            await _answer(send, 503, {"error": AWAY})
            return
        await _answer(
            send,
            200 if moved.quiet else 409,
            {
                "now": moved.now,
                "busy": moved.busy,
                "late_s": moved.late_s,
                "next_at": moved.next_at,
            },
        )

    return app


async def _moved(house: House, asked: Until, until: datetime) -> Moved | None:
    """What asking the clock came to; None where the database was away each time."""
    within = timedelta(seconds=asked.within_s)
    for _ in range(TRIES):
        try:
            return await move(
                house.runtime, house.clock, until=until, within=within, wait_s=asked.wait_s
            )
        except PASSING:  # each connection of the pool may have to find out
            await asyncio.sleep(AGAIN_S)
    return None


async def _body(receive: Any) -> bytes:
    body: bytes = b""
    while len(body) <= BODY_BYTES_MAX:
        event = await receive()
        body += event.get("body", b"")
        if not event.get("more_body"):
            return body
    raise ValueError("too large")


async def _answer(send: Any, status: int, what: Mapping[str, object]) -> None:
    head = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": msgspec.json.encode(what)})
