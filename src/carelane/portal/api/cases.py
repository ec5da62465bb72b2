"""Cases by JSON: list, show, the trace of hops, why it is where it is, and the thread."""

from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody

from carelane.access.decide import Denied
from carelane.access.request import Action
from carelane.access.views import Screen
from carelane.accounts.rights import MISSING
from carelane.casebook.page import cases
from carelane.casebook.trace import trace
from carelane.casebook.why import explain
from carelane.portal import correcting
from carelane.portal.api.answers import acting, denied, problem
from carelane.portal.desk import Asked, desk_of, session_of
from carelane.portal.filters import after_case, open_of
from carelane.portal.forms import Form
from carelane.portal.looking import case
from carelane.portal.pages.cases import written


class Written(msgspec.Struct, kw_only=True):
    """An entry: `kind` note, question (with `to`), answer (with `about`) or correction (with `field`)."""

    kind: str
    text: str
    to: str = ""
    about: str = ""
    field: str = ""


class Corrected(msgspec.Struct, kw_only=True):
    """What is wrong: `rule` (empty: the one that routed last), `reason` of the list, `text`, perhaps a `pool`."""

    reason: str
    text: str
    rule: str = ""
    pool: str = ""


@get("/api/cases", takes=("open", "pathway", "after"))
async def index(request: Asked) -> Response[object]:
    """Cases, newest first: open (true, false), pathway, after (of the page before). What means nothing is refused."""
    desk, session, given = desk_of(request), session_of(request), request.query_params
    if no := await desk.rights.allow(
        session, Action.CASE_VIEW, desk.rights.everywhere(system=True)
    ):
        return denied(request, no)
    async with desk.runtime.app.transaction(sites=session.person.sites) as tx:
        rows = await cases(
            tx,
            open_only=open_of(given),
            pathway=given.get("pathway") or None,
            after=after_case(given),
            limit=100,
        )
    seen = [
        row
        for row in rows
        if desk.rights.may(
            session, Action.CASE_VIEW, desk.rights.record({**row, "owner_name": "", "assignee": ""})
        )
        is None
    ]
    await desk.rights.read(session, Screen.CASE.value, [row["id"] for row in seen])
    after = f"{rows[-1]['opened_at'].isoformat()}~{rows[-1]['id']}" if len(rows) == 100 else ""  # noqa: PLR2004  # the limit
    return Response(
        {
            "cases": [{key: row[key] for key in row if key != "subject"} for row in seen],
            "after": after,
        }
    )


@get("/api/cases/{case_id:uuid}")
async def show(request: Asked, case_id: FromPath[UUID]) -> Response[object]:
    """One case, its patient masked."""
    found = await case(desk_of(request), session_of(request), case_id)
    if isinstance(found, Denied):
        return denied(request, found)
    page = found.case
    return Response({
        "case": {name: value for name, value in page.summary.items() if name not in {"subject", "organisation"}},
        "patient": found.patient,
        "fields": [{"name": each.name, "label": each.label, "authority": each.authority, "value": each.value.reveal(),
                    "record": f"/cases/{case_id}/records/{each.role}" if each.name in found.opens else ""}
                   for each in page.fields],
        "masked": page.masked, "steps": page.steps, "tasks": page.tasks, "effects": page.effects,
        "notices": page.notices, "timeline": page.timeline, "why": page.explanation,
        "thread": [{"id": each.id, "author": each.author, "at": each.at, "kind": each.kind, **each.content.reveal()}
                   for each in page.thread],
    })  # fmt: skip


@get("/api/cases/{case_id:uuid}/trace")
async def hops(request: Asked, case_id: FromPath[UUID]) -> Response[object]:
    """From first byte to last effect, with times."""
    desk, session = desk_of(request), session_of(request)
    if no := await desk.rights.allow_on(session, Action.CASE_VIEW, "case", case_id):
        return denied(request, no)
    async with desk.runtime.app.transaction(sites=session.person.sites) as tx:
        found = await trace(tx, case_id)
    return denied(request, MISSING) if found is None else Response(found)


@get("/api/cases/{case_id:uuid}/why")
async def why(request: Asked, case_id: FromPath[UUID]) -> Response[object]:
    """Why the case is where it is: rules, inputs, rows that missed, release, approvers, late-bound versions."""
    desk, session = desk_of(request), session_of(request)
    if no := await desk.rights.allow_on(session, Action.CASE_VIEW, "case", case_id):
        return denied(request, no)
    async with desk.runtime.app.transaction(sites=session.person.sites) as tx:
        found = await explain(tx, desk.runtime.releases.published, case_id)
    if found is None:
        return denied(request, MISSING)
    await desk.rights.read(session, Screen.CASE.value, [case_id])
    return Response(found)


@post("/api/cases/{case_id:uuid}/thread", status_code=200)
async def entry(
    request: Asked, case_id: FromPath[UUID], data: JSONBody[Written]
) -> Response[object]:
    """Write into the thread."""
    acting(request)
    told = await written(request, case_id, Form(msgspec.structs.asdict(data)))
    return Response({"done": True}) if told is None else problem(told)


@post("/api/cases/{case_id:uuid}/correct", status_code=200)
async def correct(
    request: Asked, case_id: FromPath[UUID], data: JSONBody[Corrected]
) -> Response[object]:
    """Say that a rule led the case to the wrong place; with `pool` the case goes there now."""
    session = acting(request)
    asked = correcting.Asked(**msgspec.structs.asdict(data))
    told = await correcting.file(desk_of(request), session, case_id, asked)
    if not told.ok:
        return problem(told)
    return Response({"done": True, "standing": told.code, "message": told.message})


ROUTES = (index, show, hops, why, entry, correct)
