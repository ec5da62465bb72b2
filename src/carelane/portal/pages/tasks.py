"""A task: its form, missing fields first, and what can be done with it; a drawer beside the list, or a page."""

from collections.abc import Mapping
from urllib.parse import urlencode
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from carelane.access.decide import Denied
from carelane.access.request import Action
from carelane.access.views import Screen
from carelane.facts.fact import Json
from carelane.pathways.definition import FormField
from carelane.pathways.notes import NoteTemplate, beside
from carelane.portal.desk import Asked, Desk, desk_of, fields_for, session_of
from carelane.portal.doing import SNOOZE_HOURS, VERBS, Doing, answer_offer, do
from carelane.portal.filters import list_behind
from carelane.portal.forms import Form, clock_of, form_of
from carelane.portal.looking import TaskView, linked, listed, work
from carelane.portal.opening import (
    OpeningsView,
    button,
    list_beside,
    picked,
    read_openings,
    zone_at,
)
from carelane.portal.pages.problems import problem
from carelane.portal.render import Html, is_fragment, page, to
from carelane.portal.saying import Said, said
from carelane.portal.shown import patient
from carelane.worklist.acting import OVERRIDE_REASONS
from carelane.worklist.handover import REASONS, WHAT
from carelane.worklist.listing import Filters

_TOLD = {
    "complete": "completed", "release": "released", "snooze": "snoozed", "wake": "woken", "escalate": "escalated",
    "reassign": "reassigned", "override": "overridden", "offer": "offered", "undo": "undone", "claim": "claimed",
    "draft": "drafted",
}  # fmt: skip
_STAYS = frozenset({"claim", "draft"})


@get("/tasks/{task:uuid}")
async def show(request: Asked, task: FromPath[UUID]) -> Html:
    """The task's form and story."""
    desk, session = desk_of(request), session_of(request)
    found = await work(desk, session, task)
    if isinstance(found, Denied):
        return problem(request, said(found, desk.runtime.now()))
    told = {"claimed": "It is yours.", "drafted": "Draft saved."}.get(
        request.query_params.get("told", ""), ""
    )
    return shown(request, found, told=told)


@get("/tasks/{task:uuid}/row")
async def row(request: Asked, task: FromPath[UUID]) -> Html:
    """The task's row in the list: what the live list asks for when something changed."""
    desk, session = desk_of(request), session_of(request)
    found = await work(desk, session, task)
    if isinstance(found, Denied):
        return problem(request, said(found, desk.runtime.now()))
    subject = found.row["subject"]
    seen = await listed(desk, session, Filters(everyone=True, snoozed=True, subject=subject))
    fields = fields_for(session, Screen.WORKLIST)
    here = [] if isinstance(seen, Denied) else [each for each in seen.rows if each.id == task]
    return page(
        request, "_rows.html", rows=[(each, patient(each.patient, fields)) for each in here]
    )


@post("/tasks/{task:uuid}/{verb:str}", status_code=200)
async def act(request: Asked, task: FromPath[UUID], verb: FromPath[str]) -> Html | Redirect:
    """Do something with it; the page after says what, or what is missing."""
    desk, session = desk_of(request), session_of(request)
    form = await form_of(request)
    if verb == "reveal":
        found = await work(desk, session, task, reveal=True)
        return (
            problem(request, said(found, desk.runtime.now()))
            if isinstance(found, Denied)
            else shown(request, found)
        )
    before = await work(desk, session, task) if verb in {"complete", "draft"} else None
    values = _filled(desk, before, form) if isinstance(before, TaskView) else None
    told = said(await do(desk, session, task, verb, _doing(form, values or {})), desk.runtime.now())
    if told.open:
        return _to_list(request, told="noted")
    if told.ok:
        return await _done(request, desk, task, verb)
    found = await work(desk, session, task)
    if isinstance(found, Denied) or verb not in VERBS:
        return problem(request, told)
    tried = _doing(form, {})
    return shown(request, found, problem_=told, values=values, tried=tried, status=told.status)


@post(["/tasks/{task:uuid}/openings", "/tasks/{task:uuid}/fill"], status_code=200)
async def times(request: Asked, task: FromPath[UUID]) -> Html:
    """The task with the record's open times, or with the chosen one filled in; what was typed stays."""
    desk, session = desk_of(request), session_of(request)
    form = await form_of(request)
    found = await work(desk, session, task)
    if isinstance(found, Denied):
        return problem(request, said(found, desk.runtime.now()))
    values, wanted = _filled(desk, found, form), list_beside(desk, session, found.row)
    if wanted is not None and (chosen := form.text("opening")):
        filled: dict[str, Json] = {**values, **picked(wanted, chosen)}
        return shown(request, found, told="The time is filled in below.", values=filled)
    seen = await read_openings(desk, session, task)
    if isinstance(seen, Denied):
        return problem(request, said(seen, desk.runtime.now()))
    return shown(request, found, values=values, openings=seen)


def _filled(desk: Desk, found: TaskView, form: Form) -> dict[str, Json]:
    return form.of_task(found.kind, zone_at(desk, found.row["site"])) if found.kind else {}


@post("/handovers/{offer:uuid}/{verb:str}", status_code=200)
async def offered(request: Asked, offer: FromPath[UUID], verb: FromPath[str]) -> Html | Redirect:
    """Accept work that was offered, or take one's own offer back."""
    desk, session = desk_of(request), session_of(request)
    await form_of(request)
    told = said(await answer_offer(desk, session, offer, verb), desk.runtime.now())
    return (
        _to_list(request, told="accepted" if verb == "accept" else "withdrawn")
        if told.ok
        else problem(request, told)
    )


async def _done(request: Asked, desk: Desk, task: UUID, verb: str) -> Html | Redirect:
    if verb in _STAYS and is_fragment(request):
        found = await work(desk, session_of(request), task)
        if not isinstance(found, Denied):
            return shown(request, found, told="It is yours." if verb == "claim" else "Draft saved.")
    if verb in _STAYS:
        return to(f"/tasks/{task}?told={_TOLD[verb]}")
    return _to_list(request, told=_TOLD[verb], task=str(task))


def _to_list(request: Asked, **told: str) -> Redirect:
    """Back to the list as it was: who works through one tab or one pathway stays there."""
    return to(f"/?{urlencode({**list_behind(request.headers.get('referer', '')), **told})}")


def shown(  # noqa: PLR0913  # what a form shows again after it was refused, by name
    request: Asked,
    found: TaskView,
    *,
    told: str = "",
    problem_: Said | None = None,
    values: dict[str, Json] | None = None,
    tried: Doing | None = None,
    status: int = 200,
    openings: OpeningsView | None = None,
) -> Html:
    """The task as a drawer for the page's script, or as a page.

    `values` is the form as it was sent, whole: what was emptied there stays empty, and no box of the draft comes back.
    """
    desk = desk_of(request)
    kind = found.kind
    given = found.values if values is None else values
    fields = (
        sorted(kind.form, key=lambda each: (not each.required_for, bool(given.get(each.name))))
        if kind
        else ()
    )
    directory = desk.runtime.directory
    zone = zone_at(desk, found.row["site"])
    return page(
        request,
        "_task.html" if is_fragment(request) else "task.html",
        status=status,
        task=found.row,
        kind=kind,
        state=found.state,
        view=found.view,
        shows=[each for each in found.view.case.fields if kind and each.name in kind.shows],
        hidden=[name for name in found.view.case.masked if kind and name in kind.shows],
        answers=found.answers,
        fields=fields,
        values=given,
        tried=tried or Doing(),
        unkept=_unkept(found, values) if problem_ else [],
        mine=found.mine,
        may=found.may,
        problem=problem_,
        told=told,
        linked=linked,
        labels={each.name: each.label for each in fields},
        hours=SNOOZE_HOURS,
        override_reasons=OVERRIDE_REASONS,
        handover_reasons=REASONS,
        handover_what=WHAT,
        pools=[(each.name, each.title) for each in directory.pools.values()],
        people=[(each.name, each.display) for each in directory.people.values() if each.active],
        patient=found.view.patient,
        note=_note(desk, request, found),
        opening_list=list_beside(desk, session_of(request), found.row),
        openings=openings,
        button=button,
        clock_of=lambda value: clock_of(value, zone),
        zone=zone.key,
        at_site=lambda at: at.astimezone(zone).strftime("%a %d %b %H:%M"),
    )


def _unkept(found: TaskView, values: Mapping[str, Json] | None) -> list[tuple[FormField, Json]]:
    """What was sent with a form that can't be shown again, since the work is over or another's: to be copied."""
    row = found.row
    fits = found.may["complete"] and (found.mine or not row["assignee"])
    if found.kind is None or not values or (fits and row["closed_at"] is None):
        return []
    return [(each, values[each.name]) for each in found.kind.form if values.get(each.name)]


def _note(desk: Desk, request: Asked, found: TaskView) -> NoteTemplate | None:
    """The note that stands beside the task, if this person may read the chart for it."""
    record = desk.rights.record(found.row)
    if desk.rights.may(session_of(request), Action.CHART_READ, record) is not None:
        return None
    return beside(desk.notes, found.row["pathway"], found.row["name"])


def _doing(form: Form, values: dict[str, Json]) -> Doing:
    to_kind, _, to_name = form.text("to").rpartition(":")
    return Doing(
        version=form.number("version"), outcome=form.text("outcome"), reason=form.text("reason"), to_kind=to_kind,
        to=to_name, what=form.text("what"), state=form.text("state"), hours=form.number("hours"), form=values,
    )  # fmt: skip


ROUTES = (show, row, act, times, offered)
