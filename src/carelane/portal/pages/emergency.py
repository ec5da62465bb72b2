"""Break the glass: find one patient, say why, look for a while, end it. `accounts.emergency` decides."""

from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from carelane.access.decide import Denied
from carelane.access.views import Screen
from carelane.accounts.emergency import (
    MINUTES,
    REASONS,
    Emergency,
    Grant,
    acting,
    break_glass,
    close,
    grant_of,
    may_break,
)
from carelane.accounts.rights import MISSING
from carelane.accounts.sessions import Session
from carelane.casebook.page import all_cases
from carelane.casebook.search import Found, find
from carelane.facts.phi import Phi
from carelane.portal.desk import Asked, Desk, desk_of, session_of
from carelane.portal.forms import Form, form_of
from carelane.portal.pages.finding import UNREAD, terms_of, unread
from carelane.portal.pages.problems import problem
from carelane.portal.render import Html, page, to
from carelane.portal.saying import said
from carelane.store.tokens import TooFewTerms

_FAULTS = {
    "reason": "Choose what kind of emergency it is.",
    "said": "Say in at least ten characters why you must look now.",
    "minutes": "Choose for how long.",
    "terms": "Give at least two of: family name, given name, date of birth, phone, number.",
    "unread": UNREAD,
    "nobody": "Nobody fits all of these.",
    "several": "Several people fit. Give one more of them, for example the number.",
    "not-found": "There is no such record.",
    "password": "Password and code do not fit. A code is good once; after several failures wait a little.",
}


@get("/break-glass", sync_to_thread=False)
def show(request: Asked) -> Html:
    """The form; a case may be named, so that nobody need be searched."""
    session_of(request)
    return _form(request, Form({"case": request.query_params.get("case", "")}))


@post("/break-glass", status_code=200)
async def submit(request: Asked) -> Html | Redirect:
    """Open it, or say what is missing; whoever may not is told so, and that is written down."""
    desk, session = desk_of(request), session_of(request)
    form = await form_of(request)
    if denied := await may_break(desk.rights, session):
        return problem(request, said(denied, desk.runtime.now()))
    told = Emergency(
        reason=form.text("reason"),
        said=Phi(form.text("said"), "said"),
        minutes=form.number("minutes"),
        password=form.values.get("password", ""),
        code=form.text("code"),
        address=request.client.host if request.client else "unknown",
    )
    if told.fault:
        return _form(request, form, fault=told.fault)
    case = form.id("case")
    subject = None if case else await _whom(desk, form)
    if isinstance(subject, str):
        return _form(request, form, fault=subject)
    opened = await break_glass(desk.rights, session, told, subject=subject, case=case)
    if isinstance(opened, Denied):
        return _form(
            request, form, fault=opened.reason if opened.reason in _FAULTS else "not-found"
        )
    return to(f"/break-glass/{opened.id}")


@get("/break-glass/{grant:uuid}")
async def look(request: Asked, grant: FromPath[UUID]) -> Html:
    """The patient's cases, to view only, while it lasts."""
    desk, session = desk_of(request), session_of(request)
    found = await grant_of(desk.rights, session, grant)
    if found is None:
        return problem(request, said(MISSING, desk.runtime.now()))
    return await _records(request, desk, session, found)


@post("/break-glass/{grant:uuid}/end", status_code=200)
async def end(request: Asked, grant: FromPath[UUID]) -> Redirect:
    """Over: the records are closed again."""
    desk, session = desk_of(request), session_of(request)
    await form_of(request)
    await close(desk.rights, session, grant)
    return to("/")


async def _whom(desk: Desk, form: Form) -> UUID | str:
    """The one patient of the organisation that fits, or which part of the form does not do."""
    terms = terms_of(form)
    if unread(desk, form, terms):
        return "unread"
    found = await find(desk.runtime, terms, sites=tuple(desk.runtime.directory.sites))
    if isinstance(found, TooFewTerms):
        return "terms"
    return _one(found)


def _one(found: list[Found]) -> UUID | str:
    if len(found) == 1:
        return found[0].subject
    return "several" if found else "nobody"


async def _records(request: Asked, desk: Desk, session: Session, grant: Grant) -> Html:
    async with desk.runtime.worker.transaction() as tx:
        rows = await all_cases(tx, [grant.subject])
    seen = [row for row in rows if not desk.rights.is_system(row["pathway"])]
    await desk.rights.read(acting(session), Screen.SEARCH.value, [row["id"] for row in seen])
    return page(request, "emergency.html", grant=grant, rows=seen)


def _form(request: Asked, form: Form, *, fault: str = "") -> Html:
    return page(
        request,
        "break_glass.html",
        status=422 if fault else 200,
        problem=_FAULTS.get(fault, ""),
        fault=fault,
        form=form,
        case=form.id("case"),
        reasons=REASONS,
        minutes=MINUTES,
    )


ROUTES = (show, submit, look, end)
