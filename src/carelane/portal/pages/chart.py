"""The chart beside a task, read when somebody asks for it: a part of the task's page, or a page."""

from uuid import UUID

from litestar import get
from litestar.params import FromPath

from carelane.access.decide import Denied
from carelane.portal.charting import read_chart
from carelane.portal.desk import Asked, desk_of, session_of
from carelane.portal.pages.problems import problem
from carelane.portal.render import Html, is_fragment, page
from carelane.portal.saying import said


@get("/tasks/{task:uuid}/chart")
async def show(request: Asked, task: FromPath[UUID]) -> Html:
    """The note, pre-filled; where the record does not answer, a sentence that says so."""
    desk, session = desk_of(request), session_of(request)
    found = await read_chart(desk, session, task)
    if isinstance(found, Denied):
        return problem(request, said(found, desk.runtime.now()))
    return page(request, "_chart.html" if is_fragment(request) else "chart.html", chart=found)


ROUTES = (show,)
