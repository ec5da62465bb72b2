"""The worklist on paper, for when nothing answers: time stamp, lines to write on; and what is live while it does."""

from litestar import get

from carelane.access.decide import Denied
from carelane.access.views import Screen
from carelane.portal.desk import Asked, desk_of, fields_for, session_of
from carelane.portal.filters import filters_of
from carelane.portal.looking import listed
from carelane.portal.pages.problems import problem
from carelane.portal.render import Html, page
from carelane.portal.saying import said
from carelane.portal.shown import patient


@get("/downtime")
async def show(request: Asked) -> Html:
    """A self-contained sheet; the same filters as the worklist."""
    desk, session = desk_of(request), session_of(request)
    found = await listed(desk, session, filters_of(request.query_params))
    if isinstance(found, Denied):
        return problem(request, said(found, desk.runtime.now()))
    fields = fields_for(session, Screen.WORKLIST)
    return page(
        request, "downtime.html", rows=[(row, patient(row.patient, fields)) for row in found.rows]
    )


ROUTES = (show,)
