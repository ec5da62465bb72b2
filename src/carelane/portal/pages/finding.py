"""Find a patient by at least two kinds of term. A POST, so that nothing of a patient stands in an address."""

from datetime import date

from litestar import get, post

from carelane.access.request import Action
from carelane.access.views import Screen
from carelane.casebook.page import all_cases
from carelane.casebook.search import FOUND_MAX, find
from carelane.portal.desk import Asked, Desk, desk_of, fields_for, session_of
from carelane.portal.forms import Form, form_of
from carelane.portal.pages.problems import problem
from carelane.portal.render import Html, page
from carelane.portal.saying import said
from carelane.portal.shown import patient
from carelane.store.tokens import SEARCHED, SearchTerms, TooFewTerms

_FEW = "Give at least two of: family name, given name, date of birth, phone, number."
UNREAD = (
    "One of these can't be read: a name has letters, a date is like 1961-04-09, a phone has digits."
)


@get("/find", sync_to_thread=False)
def show(request: Asked) -> Html:
    """The empty form."""
    session_of(request)
    return _form(request, Form({}))


@post("/find", status_code=200)
async def search(request: Asked) -> Html:
    """Patients that carry every term, with their cases; masked."""
    desk, session = desk_of(request), session_of(request)
    form = await form_of(request)
    resource = desk.rights.everywhere(system=True)
    if denied := await desk.rights.allow(session, Action.CASE_SEARCH, resource):
        return problem(request, said(denied, desk.runtime.now()))
    terms = terms_of(form)
    if unread(desk, form, terms):
        return _form(request, form, problem_=UNREAD)
    hits = await find(desk.runtime, terms, sites=session.person.sites)
    if isinstance(hits, TooFewTerms):
        return _form(request, form, problem_=_FEW)
    more, hits = len(hits) > FOUND_MAX, hits[:FOUND_MAX]
    async with desk.runtime.app.transaction(sites=session.person.sites) as tx:
        rows = await all_cases(tx, [hit.subject for hit in hits])
    seen = [row for row in rows if not desk.rights.is_system(row["pathway"])]
    await desk.rights.read(session, Screen.SEARCH.value, [row["id"] for row in seen])
    fields = fields_for(session, Screen.SEARCH)
    found = [
        (patient(hit.patient, fields), [row for row in seen if row["subject"] == hit.subject])
        for hit in hits
    ]
    return page(request, "find.html", found=found, more=more, form=form, problem="")


def _form(request: Asked, form: Form, *, problem_: str = "") -> Html:
    """The form as it was filled in."""
    status = 422 if problem_ else 200
    return page(
        request, "find.html", status=status, found=None, more=False, form=form, problem=problem_
    )


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


def unread(desk: Desk, form: Form, terms: SearchTerms) -> bool:
    """Whether something was filled in that nobody can be looked for by: passed over, too many would fit."""
    read = desk.runtime.vault.tokens.stored(terms)
    return any(form.text(kind) and kind not in read for kind in SEARCHED)


ROUTES = (show, search)
