"""The worklist on paper, for when nothing answers: time stamp, lines to write on; and what is live while it does."""

from litestar import get

from carelane.access.decide import Denied
from carelane.access.views import Screen
from carelane.accounts.sessions import Session
from carelane.portal.desk import Asked, Desk, desk_of, fields_for, session_of
from carelane.portal.filters import filters_of
from carelane.portal.looking import PAGE, Listed, listed
from carelane.portal.pages.problems import problem
from carelane.portal.render import Html, page, zone_of
from carelane.portal.saying import said
from carelane.portal.shown import patient
from carelane.worklist.listing import Filters, PageKey, TaskRow

ROWS_MAX = 2_000  # of one sheet: sixty pages of paper


@get("/downtime")
async def show(request: Asked) -> Html:
    """A self-contained sheet; the same filters as the worklist."""
    desk, session = desk_of(request), session_of(request)
    found = await _whole(desk, session, filters_of(request.query_params))
    if isinstance(found, Denied):
        return problem(request, said(found, desk.runtime.now()))
    fields, zone = fields_for(session, Screen.WORKLIST), zone_of(desk, session)
    return page(
        request,
        "downtime.html",
        rows=[(row, patient(row.patient, fields)) for row in found.rows],
        more=found.following is not None,
        printed=desk.runtime.now().astimezone(zone).strftime("%Y-%m-%d %H:%M"),
        zone=zone.key,
    )


async def _whole(desk: Desk, session: Session, filters: Filters) -> Listed | Denied:
    """All of it, page by page: who is not on the paper is forgotten. `following` is set where the paper ends before."""
    rows: list[TaskRow] = []
    after: PageKey | None = None
    while True:
        found = await listed(desk, session, filters, after=after, limit=PAGE)
        if isinstance(found, Denied):
            return found
        rows += found.rows
        after = found.following
        if after is None or len(rows) >= ROWS_MAX:
            return Listed(rows=rows, following=after)


ROUTES = (show,)
