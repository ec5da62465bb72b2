"""The worklist: tabs, filters in the address, 100 rows a page, and Claim next."""

from collections.abc import Mapping
from urllib.parse import urlencode

from litestar import get, post
from litestar.response import Redirect

from carelane.access.decide import Denied
from carelane.access.views import Screen
from carelane.portal.desk import Asked, Desk, desk_of, fields_for, session_of, viewer_of
from carelane.portal.doing import Doing, do
from carelane.portal.filters import VIEWS, after_of, filters_of
from carelane.portal.forms import form_of
from carelane.portal.looking import PAGE, listed
from carelane.portal.nearness import nearness
from carelane.portal.pages.problems import problem
from carelane.portal.render import Html, page, to
from carelane.portal.saying import said
from carelane.portal.shown import patient
from carelane.worklist.answers import Held
from carelane.worklist.handover import offers
from carelane.worklist.listing import Filters, PageKey, counts

TABS = tuple(zip(VIEWS, ("Our pools", "Mine", "All"), strict=True))
_DONE = {
    "completed": "Done.", "noted": "Noted. It stays to be done.", "released": "Put back for others.",
    "snoozed": "Out of sight until then.",
    "escalated": "The next level was called.", "reassigned": "Given to others.", "offered": "Offered.",
    "drafted": "Draft saved.", "overridden": "Sent elsewhere, and counted.", "none": "Nothing here to claim now.",
    "undone": "Taken back: the task is open again.", "accepted": "It is yours now.", "withdrawn": "Taken back.",
    "woken": "Back in sight.", "claimed": "It is yours.",
}  # fmt: skip


@get("/")
async def show(request: Asked) -> Html:
    """A page of work, most urgent first."""
    desk, session = desk_of(request), session_of(request)
    given = request.query_params
    filters = filters_of(given)
    found = await listed(desk, session, filters, after=after_of(given), limit=PAGE)
    if isinstance(found, Denied):
        return problem(request, said(found, desk.runtime.now()))
    fields = fields_for(session, Screen.WORKLIST)
    chosen = {
        name: given[name]
        for name in ("view", "site", "service", "pathway", "name", "owner", "urgency")
        if given.get(name)
    }
    after = found.following
    following = urlencode({**chosen, "after": after.text}) if after else ""
    template = "_more.html" if "rows" in given else "worklist.html"
    return page(
        request,
        template,
        rows=[(row, patient(row.patient, fields)) for row in found.rows],
        following=following,
        chosen=chosen,
        view=given.get("view") or VIEWS[0],
        views=TABS,
        totals=await totals(desk, request, everyone=filters.everyone),
        near=() if "rows" in given else await nearness(desk, session),
        choices=_options(desk),
        offers=await offers(desk.runtime, viewer_of(session)),
        told=_DONE.get(given.get("told", ""), ""),
        undo=given.get("task", "") if given.get("told") == "completed" else "",
    )


@post("/claim-next", status_code=200)
async def claim_next(request: Asked) -> Redirect:
    """Take the most urgent task that is allowed: no cherry-picking."""
    desk, session = desk_of(request), session_of(request)
    await form_of(request)
    after: PageKey | None = None
    while not isinstance(
        found := await listed(desk, session, Filters(unclaimed=True), after=after, limit=20), Denied
    ):
        for row in found.rows:
            told = await do(desk, session, row.id, "claim", Doing(version=row.version))
            if isinstance(told, Held):
                return to(f"/tasks/{row.id}")
        if (after := found.following) is None:
            break
    return to("/?told=none")


async def totals(desk: Desk, request: Asked, *, everyone: bool) -> Mapping[str, int]:
    """Open, past due and unclaimed work in view."""
    rows = await counts(desk.runtime, viewer_of(session_of(request)), everyone=everyone)
    return {name: sum(row[name] for row in rows) for name in ("open", "overdue", "unclaimed")}


def _options(desk: Desk) -> Mapping[str, list[tuple[str, str]]]:
    directory, published = desk.runtime.directory, desk.runtime.releases.published.values()
    kinds = {kind.name: kind.title for each in published for kind in each.tasks.values()}
    return {
        "site": [(each.name, each.title) for each in directory.sites.values()],
        "service": [(each.name, each.title) for each in directory.service_lines.values()],
        "pathway": sorted({each.name: each.title for each in published}.items()),
        "name": sorted(kinds.items(), key=lambda pair: pair[1]),
        "owner": [
            ("unclaimed", "Unclaimed"),
            *((each.name, each.title) for each in directory.pools.values()),
        ],
    }


ROUTES = (show, claim_next)
