"""The open times beside a task by JSON."""

from collections.abc import Mapping
from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath

from carelane.access.decide import Denied
from carelane.facts.openings import Opening
from carelane.portal.api.answers import denied
from carelane.portal.desk import Asked, desk_of, session_of
from carelane.portal.opening import OpeningsView, read_openings


@get("/api/tasks/{task:uuid}/openings")
async def show(request: Asked, task: FromPath[UUID]) -> Response[object]:
    """The record's open times that fit, today's first; 503 where the record does not answer."""
    found = await read_openings(desk_of(request), session_of(request), task)
    if isinstance(found, Denied):
        return denied(request, found)
    if found.cause:
        told = {
            "code": f"openings-{found.cause}",
            "message": found.told,
            "remedy": "Write the time in by hand.",
            "place": "",
        }
        return Response(told, status_code=503)
    return Response(
        {
            "title": found.list.title,
            "connection": found.connection,
            "read_at": found.read_at,
            "earliest": found.earliest,
            "because": found.because if found.earliest else "",
            "today": [_time(found, one) for one in found.times.today],
            "later": [_time(found, one) for one in found.times.later],
            "left_out": found.times.left_out,
            "beyond": found.times.beyond,
            "more": found.more,
        }
    )


def _time(view: OpeningsView, one: Opening) -> Mapping[str, object]:
    return {
        "slot": one.reference, "start": one.start, "minutes": one.minutes, "kind": one.kind,
        "provider": one.provider, "place": one.place, "form": view.form(one),
    }  # fmt: skip


ROUTES = (show,)
