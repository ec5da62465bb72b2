"""Find a patient by at least two kinds of term. A POST, so that nothing of a patient stands in an address."""

from datetime import date

from litestar import get, post

from carelane.access.request import Action
from carelane.access.views import Screen
from carelane.casebook.page import cases
from carelane.casebook.search import find
from carelane.portal.desk import Asked, desk_of, fields_for, session_of
from carelane.portal.forms import Form, form_of
from carelane.portal.pages.problems import problem
from carelane.portal.render import Html, page
from carelane.portal.saying import said
from carelane.portal.shown import patient
from carelane.store.tokens import SearchTerms, TooFewTerms

_FEW = "Give at least two of: family name, given name, date of birth, phone, number."


@get("/find", sync_to_thread=False)
def show(request: Asked) -> Html:
    """The empty form."""
    session_of(request)
    return page(request, "find.html", found=None, problem="")


@post("/find", status_code=200)
async def search(request: Asked) -> Html:
    """Patients that carry every term, with their cases; masked."""
    desk, session = desk_of(request), session_of(request)
    form = await form_of(request)
    resource = desk.rights.everywhere(system=True)
    if denied := await desk.rights.allow(session, Action.CASE_SEARCH, resource):
        return problem(request, said(denied, desk.runtime.now()))
    hits = await find(desk.runtime, terms_of(form), sites=session.person.sites)
    if isinstance(hits, TooFewTerms):
        return page(request, "find.html", status=422, found=None, problem=_FEW)
    async with desk.runtime.app.transaction(sites=session.person.sites) as tx:
        rows = await cases(tx, subjects=[hit.subject for hit in hits], limit=100)
    seen = [row for row in rows if not desk.rights.is_system(row["pathway"])]
    await desk.rights.read(session, Screen.SEARCH.value, [row["id"] for row in seen])
    fields = fields_for(session, Screen.SEARCH)
    found = [
        (patient(hit.patient, fields), [row for row in seen if row["subject"] == hit.subject])
        for hit in hits
    ]
    return page(request, "find.html", found=found, problem="")


def terms_of(form: Form) -> SearchTerms:
    """What was filled in to find a patient by."""

    def one(name: str) -> tuple[str, ...]:
        return (form.text(name),) if form.text(name) else ()

    try:
        birth = date.fromisoformat(form.text("birth_date"))
    except ValueError:
        birth = None
    return SearchTerms(family=one("family"), given=one("given"), birth_date=birth, phones=one("phone"),
                       identifiers=one("identifier"))  # fmt: skip


ROUTES = (show, search)
