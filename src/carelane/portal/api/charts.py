"""The chart beside a task by JSON."""

from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath

from carelane.access.decide import Denied
from carelane.portal.api.answers import denied
from carelane.portal.charting import read_chart
from carelane.portal.desk import Asked, desk_of, session_of


@get("/api/tasks/{task:uuid}/chart")
async def show(request: Asked, task: FromPath[UUID]) -> Response[object]:
    """The note's sections as the record has them now, and what is missing; 503 where the record does not answer."""
    found = await read_chart(desk_of(request), session_of(request), task)
    if isinstance(found, Denied):
        return denied(request, found)
    if found.cause:
        told = {
            "code": f"chart-{found.cause}",
            "message": found.told,
            "remedy": "Try again, or open the record itself.",
            "place": "",
        }
        return Response(told, status_code=503)
    return Response(
        {
            "note": found.note.name,
            "title": found.note.title,
            "connection": found.connection,
            "read_at": found.read_at,
            "missing": found.missing,
            "sections": [
                {
                    "name": part.section.name,
                    "title": part.section.title,
                    "must": part.section.must,
                    "missing": part.missing,
                    "cause": part.cause,
                    "entries": [
                        {"at": one.at, "text": one.text, "status": one.status}
                        for one in part.entries
                    ],
                }
                for part in found.parts
            ],
            "text": found.text(),
        }
    )


ROUTES = (show,)
