"""Errors in groups, with a preview before anything is sent again; the audit of a period."""

from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID

from litestar import get, post

from carelane.access.request import Action
from carelane.casebook.search import leaves
from carelane.effects.letters import Redrive, groups, redrive
from carelane.portal.desk import Asked, desk_of, session_of
from carelane.portal.filters import after_leaf, choice_of, value_of
from carelane.portal.forms import form_of
from carelane.portal.pages.problems import problem
from carelane.portal.render import Html, page
from carelane.portal.saying import said

HOURS = (1, 8, 24, 168)
_LEAVES = 300


@get("/errors")
async def errors(request: Asked) -> Html:
    """Effects that could not be sent, grouped by cause."""
    desk, session = desk_of(request), session_of(request)
    if denied := await desk.rights.allow(session, Action.EFFECT_VIEW, desk.rights.everywhere()):
        return problem(request, said(denied, desk.runtime.now()))
    return await _groups(request)


@post("/errors/redrive", status_code=200)
async def again(request: Asked) -> Html:
    """First the preview, which changes nothing; then, said once more, the sending."""
    desk, session = desk_of(request), session_of(request)
    form = await form_of(request)
    if denied := await desk.rights.allow(session, Action.EFFECT_REDRIVE, desk.rights.everywhere()):
        return problem(request, said(denied, desk.runtime.now()))
    done = await redrive(
        desk.runtime, actor=session.person.name, cause=form.text("cause") or None,
        connection=form.text("connection") or None, preview=form.text("go") != "yes")  # fmt: skip
    return await _groups(
        request, done=done, cause=form.text("cause"), connection=form.text("connection")
    )


async def _groups(
    request: Asked, *, done: Redrive | None = None, cause: str = "", connection: str = ""
) -> Html:
    desk = desk_of(request)
    async with desk.runtime.app.transaction(sites=session_of(request).person.sites) as tx:
        found = await groups(tx)
    return page(request, "errors.html", groups=found, done=done, cause=cause, connection=connection)


@get("/audit")
async def audit(request: Asked) -> Html:
    """What was done in the last hours: who, what, about which case, for which purpose."""
    desk, session = desk_of(request), session_of(request)
    now = desk.runtime.now()
    if denied := await desk.rights.allow(session, Action.AUDIT_VIEW, desk.rights.everywhere()):
        return problem(request, said(denied, now))
    given = request.query_params
    hours = int(choice_of(given, "hours", HOURS) or HOURS[0])
    case = value_of(given, "case", lambda text: UUID(text.strip()), "the id of a case")
    actor = given.get("actor", "").strip()
    async with desk.runtime.app.transaction(sites=session.person.sites) as tx:
        found = await leaves(
            tx, from_at=now - timedelta(hours=hours), to_at=now + timedelta(seconds=1), case=case, actor=actor or None,
            after=after_leaf(given), limit=_LEAVES)  # fmt: skip
    chosen = {name: given[name] for name in ("hours", "case", "actor") if given.get(name)}
    more = len(found) == _LEAVES
    await desk.rights.read(session, "audit", [])
    return page(
        request,
        "audit.html",
        leaves=found,
        hours=hours,
        choices=HOURS,
        case=case or "",
        actor=actor,
        following=urlencode({**chosen, "after": found[-1].key}) if more else "",
    )


ROUTES = (errors, again, audit)
