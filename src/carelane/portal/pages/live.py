"""Live by server-sent events: how many tasks are new, which rows changed, and the server's clock; ids and counts only.

A stream begins after `Last-Event-ID` (an instant), so a tab that slept misses nothing.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import msgspec
from litestar import get
from litestar.response import ServerSentEvent, ServerSentEventMessage

from carelane.accounts.sessions import Session, current
from carelane.portal.desk import Asked, Desk, desk_of, session_of, viewer_of
from carelane.worklist.viewer import display

LOOK_S = 3.0
STREAM_LOOKS = 200  # a stream ends by itself; the browser opens the next with Last-Event-ID


@get("/events", sync_to_thread=False)
def events(request: Asked) -> ServerSentEvent:
    """The stream of a signed-in person; it ends with the session."""
    desk, session = desk_of(request), session_of(request)
    since = _instant(request.headers.get("last-event-id", "")) or desk.runtime.now()
    return ServerSentEvent(_told(desk, session, since))


async def _told(
    desk: Desk, session: Session, since: datetime
) -> AsyncIterator[ServerSentEventMessage]:
    directory = desk.runtime.directory
    for _ in range(STREAM_LOOKS):
        if await current(desk.runtime, session.secret, touch=False) is None:
            yield ServerSentEventMessage(event="over", data="{}")
            return
        now = desk.runtime.now()
        rows = await _changed(desk, session, since)
        body: dict[str, Any] = {
            "now": now.timestamp(),
            "fresh": [str(row["id"]) for row in rows if row["opened_at"] > since],
            "changed": [
                {"id": str(row["id"]), "version": row["version"], "who": display(directory, row["assignee"])}
                for row in rows if row["opened_at"] <= since
            ],
        }  # fmt: skip
        yield ServerSentEventMessage(
            event="work", id=now.isoformat(), data=msgspec.json.encode(body).decode()
        )
        since = now
        await desk.runtime.bell.wait("portal", seconds=LOOK_S)


async def _changed(desk: Desk, session: Session, since: datetime) -> list[dict[str, Any]]:
    viewer = viewer_of(session)
    async with desk.runtime.app.transaction(sites=viewer.sites) as tx:
        return await tx.rows(
            "portal.changed_since", since=since, person=viewer.person, pools=list(viewer.pools),
            roles=list(viewer.roles))  # fmt: skip


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


ROUTES = (events,)
