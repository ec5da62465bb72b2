"""A pathway's counts, live by server-sent events: states, numbers and the server's clock only."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
from litestar import get
from litestar.params import FromPath
from litestar.response import ServerSentEvent, ServerSentEventMessage

from carelane.accounts.sessions import current
from carelane.portal.desk import Asked, desk_of, session_of
from carelane.portal.pages.live import LOOK_S, STREAM_LOOKS
from carelane.portal.pages.pathways import chosen, counts, denial, in_force
from carelane.store.database import Row


@get("/pathways/{name:str}/events")
async def events(request: Asked, name: FromPath[str]) -> ServerSentEvent:
    """How many cases wait in each state of a release; sent when something changed, and it ends with the session."""
    if await denial(request):
        return ServerSentEvent(_over())
    rows = [row for row in await in_force(request) if row["pathway"] == name]
    release = chosen(desk_of(request), rows, request.query_params.get("release", ""))
    return ServerSentEvent(_told(request, name, release.digest) if release else _over())


async def _told(request: Asked, name: str, release: str) -> AsyncIterator[ServerSentEventMessage]:
    desk, session = desk_of(request), session_of(request)
    before: dict[str, Any] | None = None
    for _ in range(STREAM_LOOKS):
        if await current(desk.runtime, session.secret, touch=False) is None:
            yield ServerSentEventMessage(event="over", data="{}")
            return
        states = {
            row["state"]: _count(row)
            for row in await counts(request, name)
            if row["release"] == release
        }
        if states != before:
            body = {"now": desk.runtime.now().timestamp(), "states": states}
            yield ServerSentEventMessage(event="counts", data=msgspec.json.encode(body).decode())
        before = states
        await desk.runtime.bell.wait("portal", seconds=LOOK_S)


async def _over() -> AsyncIterator[ServerSentEventMessage]:
    yield ServerSentEventMessage(event="over", data="{}")


def _count(row: Row) -> dict[str, float]:
    return {"open": row["open"], "late": row["late"], "oldest": row["oldest_at"].timestamp()}


ROUTES = (events,)
