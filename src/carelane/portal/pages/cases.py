"""A case: who, what happened, why it is here, its work and effects, and the thread."""

from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from carelane.access.decide import Denied
from carelane.access.request import Action
from carelane.facts.phi import Phi
from carelane.pathways.translations import in_languages
from carelane.portal import correcting
from carelane.portal.desk import Asked, desk_of, session_of, viewer_of
from carelane.portal.forms import Form, form_of
from carelane.portal.looking import CaseView, case, linked
from carelane.portal.pages.problems import problem
from carelane.portal.render import Html, page, to
from carelane.portal.saying import Said, said
from carelane.worklist.acting import OVERRIDE_REASONS
from carelane.worklist.answers import Refused
from carelane.worklist.thread import Kind, write

_WRITTEN = {
    "filed": "Filed: those who answer for the pathway judge it, and it is counted.",
    "filed-and-moved": "Filed, and the case was sent on.",
    "note": "Noted.", "question": "Asked: it is a task with a clock now.", "answer": "Answered.",
            "correction": "Noted as wrong; someone owns it now.",
}  # fmt: skip


@get("/cases/{case_id:uuid}")
async def show(request: Asked, case_id: FromPath[UUID]) -> Html:
    """The case, its patient masked."""
    return await _shown(request, case_id)


@post("/cases/{case_id:uuid}/reveal", status_code=200)
async def reveal(request: Asked, case_id: FromPath[UUID]) -> Html:
    """The same with the whole name, this once; a leaf says who saw it and why."""
    session_of(request)
    await form_of(request)
    return await _shown(request, case_id, reveal=True)


@post("/cases/{case_id:uuid}/thread", status_code=200)
async def entry(request: Asked, case_id: FromPath[UUID]) -> Html | Redirect:
    """Write a note, ask, answer, or say that something is wrong."""
    desk, session = desk_of(request), session_of(request)
    form = await form_of(request)
    told = await written(request, case_id, form)
    if told is None:
        return to(f"/cases/{case_id}?told={form.text('kind')}")
    found = await case(desk, session, case_id)
    if isinstance(found, Denied):
        return problem(request, told)
    return _page(request, found, problem_=told, text=form.text("text"))


@post("/cases/{case_id:uuid}/correct", status_code=200)
async def correct(request: Asked, case_id: FromPath[UUID]) -> Html | Redirect:
    """Say that a rule led the case to the wrong place, and perhaps move it."""
    desk, session = desk_of(request), session_of(request)
    form = await form_of(request)
    asked = correcting.Asked(rule=form.text("rule"), reason=form.text("reason"), text=form.text("text"),
                             pool=form.text("pool"))  # fmt: skip
    told = await correcting.file(desk, session, case_id, asked)
    if told.ok and not told.remedy:
        return to(f"/cases/{case_id}?told={told.code}")
    found = await case(desk, session, case_id)
    if isinstance(found, Denied):
        return problem(request, told)
    return _page(request, found, problem_=told, wrong="" if told.ok else asked.text)


async def written(request: Asked, case_id: UUID, form: Form) -> Said | None:
    """Write into the thread; None when it stands there."""
    desk, session = desk_of(request), session_of(request)
    now = desk.runtime.now()
    if form.text("kind") not in {each.value for each in Kind}:
        return said(
            Refused(code="kind", remedy="Choose note, question, answer or correction."), now
        )
    if denied := await desk.rights.allow_on(session, Action.CASE_NOTE, "case", case_id):
        return said(denied, now)
    answer = await write(
        desk.runtime, viewer_of(session), case_id, Kind(form.text("kind")), Phi(form.text("text"), "text"),
        to=form.text("to").rpartition(":")[2], about=form.id("about"), field=form.text("field"))  # fmt: skip
    return said(answer, now) if isinstance(answer, Refused) else None


async def _shown(request: Asked, case_id: UUID, *, reveal: bool = False) -> Html:
    desk = desk_of(request)
    found = await case(desk, session_of(request), case_id, reveal=reveal)
    if isinstance(found, Denied):
        return problem(request, said(found, desk.runtime.now()))
    return _page(request, found)


def _page(
    request: Asked,
    found: CaseView,
    *,
    problem_: Said | None = None,
    text: str = "",
    wrong: str = "",
) -> Html:
    """`text` and `wrong` are what was typed into the thread, or against a rule, and is shown again."""
    directory = desk_of(request).runtime.directory
    definition = found.definition
    return page(
        request,
        "case.html",
        status=problem_.status if problem_ else 200,
        view=found,
        case=found.case,
        patient=found.patient,
        states=definition.states if definition else {},
        milestone=_milestone(found, directory.messages.language),
        title=definition.title if definition else found.case.summary["pathway"],
        labels={each.name: each.label for each in definition.fields.values()} if definition else {},
        linked=linked,
        problem=problem_,
        text=text,
        wrong=wrong,
        told=_WRITTEN.get(request.query_params.get("told", ""), ""),
        pools=[(each.name, each.title) for each in directory.pools.values()],
        own_pools=[
            (name, directory.pools[name].title if name in directory.pools else name)
            for name in (definition.pools if definition else ())
        ],
        rules=correcting.rules_of(found.case.explanation),
        reasons=OVERRIDE_REASONS,
        may_move=found.may_move,
    )


def _milestone(found: CaseView, language: str) -> dict[str, str]:
    """How far the case is, in the patient's words: by language, as messages say it."""
    words = found.case.summary["milestone"]
    others = in_languages(found.definition, words) if found.definition else {}
    return {language: words, **others} if words else {}


ROUTES = (show, reveal, entry, correct)
