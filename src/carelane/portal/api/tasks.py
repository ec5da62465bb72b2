"""Work by JSON: list, show, and every verb of `doing`."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody

from carelane.access.decide import Denied
from carelane.access.views import Screen
from carelane.portal.api.answers import acting, answered, denied
from carelane.portal.desk import Asked, desk_of, fields_for, session_of, viewer_of
from carelane.portal.doing import Doing, answer_offer, do
from carelane.portal.filters import FILTERS, after_of, filters_of, limit_of
from carelane.portal.forms import NUMBER_MAX
from carelane.portal.looking import TaskView, listed, work
from carelane.portal.pages.worklist import totals
from carelane.portal.shown import row_json
from carelane.worklist.handover import offers


class Act(msgspec.Struct, kw_only=True):
    """What an act needs: always the `version` seen; the rest by verb.

    complete: outcome, form, reason. snooze: hours. escalate: reason. reassign: to_kind, to, reason.
    override: reason, to (a pool) or state. offer: to, what, reason. draft: form.
    """

    version: Annotated[int, msgspec.Meta(ge=0, le=NUMBER_MAX)] = 0
    outcome: str = ""
    reason: str = ""
    to_kind: str = ""
    to: str = ""
    what: str = ""
    state: str = ""
    hours: int = 0
    form: dict[str, Any] = {}


@get("/api/tasks", takes=(*FILTERS, "after", "limit"))
async def index(request: Asked) -> Response[object]:
    """Open work, most urgent first.

    Filters: `view` (pools, mine, all), site, service, pathway, name, owner, urgency (0 to 3), opened_after (an instant
    with its offset); then after (of the page before; none is left where it is empty, also where a page shows
    nothing), limit (1 to 100). What means nothing is refused with 400.
    """
    desk, session, given = desk_of(request), session_of(request), request.query_params
    limit, filters = limit_of(given), filters_of(given)
    found = await listed(desk, session, filters, after=after_of(given), limit=limit)
    if isinstance(found, Denied):
        return denied(request, found)
    fields = fields_for(session, Screen.WORKLIST)
    return Response({
        "now": desk.runtime.now(),
        "tasks": [row_json(row, fields, desk.runtime.directory) for row in found.rows],
        "totals": await totals(desk, request, everyone=filters.everyone),
        "after": found.following.text if found.following else "",
    })  # fmt: skip


@get("/api/tasks/{task:uuid}")
async def show(request: Asked, task: FromPath[UUID]) -> Response[object]:
    """A task with its form, outcomes and the fields it shows."""
    found = await work(desk_of(request), session_of(request), task)
    return denied(request, found) if isinstance(found, Denied) else Response(task_json(found))


@post("/api/tasks/{task:uuid}/{verb:str}", status_code=200)
async def act(
    request: Asked, task: FromPath[UUID], verb: FromPath[str], data: JSONBody[Act]
) -> Response[object]:
    """claim, release, snooze, wake, draft, complete, undo, escalate, reassign, override, offer."""
    session = acting(request)
    return answered(
        request,
        await do(desk_of(request), session, task, verb, Doing(**msgspec.structs.asdict(data))),
    )


@get("/api/handovers")
async def handovers(request: Asked) -> Response[object]:
    """Open offers to and from this person."""
    desk = desk_of(request)
    return Response({"handovers": await offers(desk.runtime, viewer_of(session_of(request)))})


@post("/api/handovers/{offer:uuid}/{verb:str}", status_code=200)
async def offered(request: Asked, offer: FromPath[UUID], verb: FromPath[str]) -> Response[object]:
    """accept, withdraw."""
    session = acting(request)
    return answered(request, await answer_offer(desk_of(request), session, offer, verb))


def task_json(found: TaskView) -> Mapping[str, object]:
    """What may leave of a task."""
    kind, row = found.kind, dict(found.row)
    case = row.pop("case_id")
    return {
        **{name: row[name] for name in row if name not in {"organisation", "subject"}},
        "case": case,
        "outcomes": kind.outcomes if kind else (),
        "could_not": kind.could_not if kind else "",
        "reasons": kind.reasons if kind else (),
        "form": [{"name": each.name, "label": each.label, "type": each.type, "options": each.options,
                  "required_for": each.required_for, "value": found.values.get(each.name)}
                 for each in kind.form] if kind else [],
        "shows": [{"name": each.name, "label": each.label, "authority": each.authority, "value": each.value.reveal()}
                  for each in found.view.case.fields if kind and each.name in kind.shows],
        "answers": found.answers,
        "may": found.may,
    }  # fmt: skip


ROUTES = (index, show, act, handovers, offered)
