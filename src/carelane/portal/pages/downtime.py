"""The worklist on paper, for when nothing answers: all that is open, a time stamp, and lines to write on.

A sheet holds at most `SHEET` tasks, so that one print has a bound in memory; it says whether others follow, and where.
What sleeps in the worklist is on it: during a downtime nothing wakes it.
"""

from dataclasses import replace
from urllib.parse import urlencode

from litestar import get

from carelane.access.decide import Denied
from carelane.access.views import Screen
from carelane.accounts.sessions import Session
from carelane.portal.desk import Asked, Desk, desk_of, fields_for, session_of
from carelane.portal.filters import FILTERS, VIEWS, after_of, filters_of
from carelane.portal.looking import Listed, listed
from carelane.portal.pages.problems import problem
from carelane.portal.pages.worklist import TABS
from carelane.portal.render import Html, page, zone_of
from carelane.portal.saying import said
from carelane.portal.shown import patient
from carelane.worklist.listing import LIMIT_MAX, Filters, PageKey, TaskRow

SHEET = 1000  # tasks, which are some forty sides of paper


@get("/downtime")
async def show(request: Asked) -> Html:
    """A self-contained sheet; the same filters as the worklist. `after` begins the next sheet."""
    desk, session, given = desk_of(request), session_of(request), request.query_params
    begun = after_of(given)
    found = await _sheet(desk, session, replace(filters_of(given), snoozed=True), begun)
    if isinstance(found, Denied):
        return problem(request, said(found, desk.runtime.now()))
    fields, zone = fields_for(session, Screen.WORKLIST), zone_of(desk, session)
    chosen = {name: given[name] for name in FILTERS if given.get(name)}
    return page(
        request,
        "downtime.html",
        rows=[(row, patient(row.patient, fields)) for row in found.rows],
        printed=desk.runtime.now().astimezone(zone).strftime("%Y-%m-%d %H:%M"),
        zone=zone.key,
        begun=begun is not None,
        label=dict(TABS)[chosen.get("view", VIEWS[0])],
        narrowed=bool(chosen.keys() - {"view"}),
        views=TABS,
        following=urlencode({**chosen, "after": found.following.text}) if found.following else "",
    )


async def _sheet(
    desk: Desk, session: Session, filters: Filters, after: PageKey | None
) -> Listed | Denied:
    """The pages of the worklist that fit on one sheet."""
    rows: list[TaskRow] = []
    while True:
        found = await listed(desk, session, filters, after=after)
        if isinstance(found, Denied):
            return found
        rows += found.rows
        after = found.following
        if after is None or len(rows) > SHEET - LIMIT_MAX:
            return Listed(rows=rows, following=after)


ROUTES = (show,)
