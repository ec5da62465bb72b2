"""The worklist: tabs, filters in the address, 100 rows a page, and Claim next."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from litestar import get, post
from litestar.response import Redirect

from carelane.access.decide import Denied
from carelane.access.views import Screen
from carelane.portal.desk import Asked, Desk, desk_of, fields_for, session_of, viewer_of
from carelane.portal.doing import Doing, do
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

VIEWS = (("pools", "Our pools"), ("mine", "Mine"), ("all", "All"))
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
    rows = await listed(desk, session, filters, after=after_of(given.get("after", "")), limit=PAGE)
    if isinstance(rows, Denied):
        return problem(request, said(rows, desk.runtime.now()))
    fields = fields_for(session, Screen.WORKLIST)
    chosen = {
        name: given[name]
        for name in ("view", "site", "service", "pathway", "name", "owner", "urgency")
        if given.get(name)
    }
    following = urlencode({**chosen, "after": _key(rows[-1].key)}) if len(rows) == PAGE else ""
    template = "_more.html" if "rows" in given else "worklist.html"
    return page(
        request,
        template,
        rows=[(row, patient(row.patient, fields)) for row in rows],
        following=following,
        chosen=chosen,
        view=given.get("view", "pools"),
        views=VIEWS,
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
    found = await listed(desk, session, Filters(unclaimed=True), limit=20)
    for row in () if isinstance(found, Denied) else found:
        told = await do(desk, session, row.id, "claim", Doing(version=row.version))
        if isinstance(told, Held):
            return to(f"/tasks/{row.id}")
    return to("/?told=none")


async def totals(desk: Desk, request: Asked, *, everyone: bool) -> Mapping[str, int]:
    """Open, past due and unclaimed work in view."""
    rows = await counts(desk.runtime, viewer_of(session_of(request)), everyone=everyone)
    return {name: sum(row[name] for row in rows) for name in ("open", "overdue", "unclaimed")}


def filters_of(given: Mapping[str, str]) -> Filters:
    """Filters from an address's query: codes only, so that a shared link holds nothing of a patient."""
    view = given.get("view", "pools")
    urgency = given.get("urgency", "")
    return Filters(
        everyone=view == "all",
        mine=view == "mine",
        snoozed=view == "mine",
        unclaimed=given.get("owner") == "unclaimed",
        owner=given.get("owner") if given.get("owner") not in (None, "", "unclaimed") else None,
        pathway=given.get("pathway") or None,
        site=given.get("site") or None,
        service_line=given.get("service") or None,
        name=given.get("name") or None,
        opened_after=_instant(given.get("opened_after", "")),
        urgency=int(urgency) if urgency in {"0", "1", "2", "3"} else None,
    )


def _instant(text: str) -> datetime | None:
    """An instant with its offset; None if it is none."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else None


def after_of(text: str) -> PageKey | None:
    """A page's beginning from its text; None if there is none or it is not one."""
    parts = text.split("~")
    try:
        return PageKey(
            urgency=int(parts[0]), due_at=datetime.fromisoformat(parts[1]), id=UUID(parts[2])
        )
    except (ValueError, IndexError):
        return None


def _key(key: PageKey) -> str:
    return f"{key.urgency}~{key.due_at.isoformat()}~{key.id}"


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
