"""Pathways in force: the picture, and beside it always the table with live counts."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence

from litestar import get
from litestar.params import FromPath

from carelane.access.request import Action
from carelane.pathways.definition import Definition
from carelane.pathways.picture import draw
from carelane.pathways.sayings import clock_words, fallback_words, owner_words
from carelane.portal.desk import Asked, Desk, desk_of, session_of
from carelane.portal.pages.problems import problem
from carelane.portal.render import Html, page
from carelane.portal.saying import Said, said

_MISSING = Said(ok=False, status=404, code="not-found", message="No such pathway is in force.",
                remedy="Choose one from the list.")  # fmt: skip


@get("/pathways")
async def index(request: Asked) -> Html:
    """All of them."""
    desk, session = desk_of(request), session_of(request)
    if denied := await desk.rights.allow(
        session, Action.TASK_LIST, desk.rights.everywhere(system=True)
    ):
        return problem(request, said(denied, desk.runtime.now()))
    return page(request, "pathways.html", pathways=_in_force(desk))


@get("/pathways/{name:str}")
async def one(request: Asked, name: FromPath[str]) -> Html:
    """One, drawn and as a table."""
    desk, session = desk_of(request), session_of(request)
    if denied := await desk.rights.allow(
        session, Action.TASK_LIST, desk.rights.everywhere(system=True)
    ):
        return problem(request, said(denied, desk.runtime.now()))
    found = next((each for each in _in_force(desk) if each.name == name), None)
    if found is None:
        return problem(request, _MISSING)
    counts = await _counts(desk, session.person.sites, found.name)
    if found.digest not in desk.pictures:  # laid out once per release, never at each request
        desk.pictures[found.digest] = await asyncio.to_thread(draw, found)
    waiting = [each for each in found.states.values() if not each.final]
    table = [(each, owner_words(each.owner), clock_words(each.clock), fallback_words(each), counts[each.name])
             for each in waiting]  # fmt: skip
    return page(
        request, "pathway.html", pathway=found, picture=desk.pictures[found.digest], table=table
    )


def _in_force(desk: Desk) -> Sequence[Definition]:
    releases = desk.runtime.releases
    current = [each.release for each in releases.activations if each.to_at is None]
    return sorted(
        (releases.published[each] for each in dict.fromkeys(current)), key=lambda each: each.name
    )


async def _counts(desk: Desk, sites: Sequence[str], pathway: str) -> Mapping[str, int]:
    async with desk.runtime.app.transaction(sites=sites) as tx:
        rows = await tx.rows("portal.open_states", pathway=pathway)
    return Counter({row["state"]: row["open"] for row in rows})


ROUTES = (index, one)
