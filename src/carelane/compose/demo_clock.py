"""The door of a demo's clock: `POST /demo/clock {"until": instant}`; there is none without the setting `demo_clock`.

`within_s` allows clocks (never safety clocks) to fire that late, together; `wait_s` waits that long for quiet.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec

from carelane.compose.house import House
from carelane.compose.incoming import App, Scope
from carelane.engine.demo_clock import move

BODY_BYTES_MAX = 1_000


class Until(msgspec.Struct, forbid_unknown_fields=True):
    """What is asked: go on, but not past this instant."""

    until: datetime
    within_s: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 0.0
    wait_s: Annotated[float, msgspec.Meta(ge=0, le=60)] = 0.0


def clock_door(house: House) -> App:
    """The ASGI handler: 200 with the new time, 409 while something is on its way, 422 for another body."""

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
        within = timedelta(seconds=asked.within_s)
        moved = await move(
            house.runtime, house.clock, until=until, within=within, wait_s=asked.wait_s
        )
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
