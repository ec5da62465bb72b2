"""Live by server-sent events: which tasks are new, changed or over, and the server's clock; ids and counts only.

A stream begins after `Last-Event-ID` (an instant), so a tab that slept misses nothing. Each look reaches back a little,
because what was decided at one instant is stored a moment later; a row that is told twice has not changed.
"""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.params import FromPath
from litestar.response import ServerSentEvent, ServerSentEventMessage

from carelane.access.request import Action
from carelane.accounts.sessions import Session, current
from carelane.portal.desk import Asked, Desk, desk_of, session_of, viewer_of
from carelane.portal.saying import said
from carelane.worklist.viewer import display

LOOK_S = 3.0
OVERLAP = timedelta(seconds=5)
STREAM_LOOKS = 200  # a stream ends by itself; the browser opens the next with Last-Event-ID


@get("/events", sync_to_thread=False)
def events(request: Asked) -> ServerSentEvent:
    """The stream of a signed-in person; it ends with the session."""
    desk, session = desk_of(request), session_of(request)
    since = _instant(request.headers.get("last-event-id", "")) or desk.runtime.now()
    return ServerSentEvent(_told(desk, session, since))


@get("/events/{task:uuid}")
async def still(request: Asked, task: FromPath[UUID]) -> Response[object]:
    """The version of a task that somebody has open, and whether it is over; a page asks by itself, every while."""
    desk, session = desk_of(request), session_of(request)
    if denied := await desk.rights.allow_on(session, Action.TASK_VIEW, "task", task):
        return Response(
            {"version": 0, "over": True}, status_code=said(denied, desk.runtime.now()).status
        )
    row = await desk.runtime.app.one("portal.version_of", sites=viewer_of(session).sites, id=task)
    return Response(row or {"version": 0, "over": True})


async def _told(
    desk: Desk, session: Session, since: datetime
) -> AsyncIterator[ServerSentEventMessage]:
    directory, began = desk.runtime.directory, since
    for _ in range(STREAM_LOOKS):
        if await current(desk.runtime, session.secret, touch=False) is None:
            yield ServerSentEventMessage(event="over", data="{}")
            return
        now = desk.runtime.now()
        rows = await _changed(desk, session, since)
        body: dict[str, Any] = {
            "now": now.timestamp(),
            "fresh": [str(row["id"]) for row in rows if row["opened_at"] > since and not row["over"]],
            "changed": [
                {"id": str(row["id"]), "version": row["version"], "who": display(directory, row["assignee"])}
                for row in rows if row["opened_at"] <= since or row["over"]
            ],
        }  # fmt: skip
        yield ServerSentEventMessage(
            event="work", id=now.isoformat(), data=msgspec.json.encode(body).decode()
        )
        since = max(began, now - OVERLAP)
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


ROUTES = (events, still)
