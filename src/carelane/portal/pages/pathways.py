"""Pathways in force by scope; one of them with its picture, and beside it always the table with live counts."""

import asyncio
from collections.abc import Mapping, Sequence

from litestar import get
from litestar.params import FromPath

from carelane.access.request import Action
from carelane.measures.read import standing
from carelane.pathways.definition import Definition
from carelane.portal.desk import Asked, Desk, desk_of, session_of
from carelane.portal.pages.problems import problem
from carelane.portal.render import Html, page
from carelane.portal.saying import Said, said
from carelane.portal.states import StateView, tables_of, view_of
from carelane.portal.trials import Tried, tried
from carelane.store.database import Row

MISSING = Said(ok=False, status=404, code="not-found", message="No such pathway is in force.",
               remedy="Choose one from the list.")  # fmt: skip


@get("/pathways")
async def index(request: Asked) -> Html:
    """All of them, a line for each scope."""
    if denied := await denial(request):
        return problem(request, denied)
    desk = desk_of(request)
    published = desk.runtime.releases.published
    rows = [row for row in await in_force(request) if row["release"] in published]
    listed = [(published[row["release"]], row) for row in rows]
    return page(
        request,
        "pathways.html",
        clinical=[each for each in listed if not each[0].system],
        system=[each for each in listed if each[0].system],
    )


@get("/pathways/{name:str}")
async def one(request: Asked, name: FromPath[str]) -> Html:
    """One release, drawn and in words: states with live counts, tables, and its tests."""
    if denied := await denial(request):
        return problem(request, denied)
    desk = desk_of(request)
    rows = [row for row in await in_force(request) if row["pathway"] == name]
    release = chosen(desk, rows, request.query_params.get("release", ""))
    if release is None:
        return problem(request, MISSING)
    counted = await counts(request, name)
    return page(
        request,
        "pathway.html",
        pathway=release,
        scopes=[row for row in rows if row["release"] == release.digest],
        others=[row for row in rows if row["release"] != release.digest],
        picture=await desk.drawings.of(release),
        states=_views(release, counted),
        elsewhere=sum(row["open"] for row in counted if row["release"] != release.digest),
        tables=tables_of(release),
        tests=await _tests(desk, release),
    )


async def denial(request: Asked) -> Said | None:
    """Why this person may not see pathways; None if they may."""
    desk = desk_of(request)
    everywhere = desk.rights.everywhere(system=True)
    denied = await desk.rights.allow(session_of(request), Action.TASK_LIST, everywhere)
    return said(denied, desk.runtime.now()) if denied else None


async def counts(request: Asked, pathway: str) -> list[Row]:
    """Open waits by release and state, in the person's sites."""
    runtime = desk_of(request).runtime
    async with runtime.app.transaction(sites=session_of(request).person.sites) as tx:
        return await standing(tx, pathway, runtime.now())


def chosen(desk: Desk, rows: Sequence[Row], digest: str) -> Definition | None:
    """The release asked for by the beginning of its digest, else the one with the widest scope."""
    published = desk.runtime.releases.published
    named = [row["release"] for row in rows if row["release"].startswith(digest)]
    return published.get(named[0]) if named else None


def _views(release: Definition, counted: Sequence[Row]) -> list[StateView]:
    here: Mapping[str, Row] = {
        row["state"]: row for row in counted if row["release"] == release.digest
    }
    return [view_of(release, state, here.get(state.name)) for state in release.states.values()]


async def in_force(request: Asked) -> list[Row]:
    """Every activation in force, by pathway, the widest scope first."""
    runtime = desk_of(request).runtime
    async with runtime.app.transaction(sites=session_of(request).person.sites) as tx:
        return await tx.rows("portal.in_force", now=runtime.now())


async def _tests(desk: Desk, release: Definition) -> tuple[Tried, ...]:
    if release.digest not in desk.tried:
        overlay = release.version.partition("+")[2].partition(".")[0]  # `1.0.0+cardiology.1`
        text = desk.trials.get(overlay or release.name, "")
        desk.tried[release.digest] = await asyncio.to_thread(tried, release, text)
    return desk.tried[release.digest]


ROUTES = (index, one)
