"""For those who run it, by JSON: the four laws, dead effects, the audit of a period, health."""

from datetime import timedelta

import msgspec
from litestar import Response, get, post
from litestar.params import JSONBody

from carelane.access.request import Action
from carelane.casebook.ledger import laws, standing
from carelane.casebook.search import leaves
from carelane.effects.letters import groups, redrive
from carelane.portal.api.answers import acting, denied
from carelane.portal.desk import Asked, desk_of, session_of
from carelane.portal.filters import after_leaf, instant_of
from carelane.portal.legible import Illegible

_LEAVES = 1000


class Again(msgspec.Struct, kw_only=True):
    """Which dead effects; `go` false is the preview and changes nothing."""

    cause: str = ""
    connection: str = ""
    go: bool = False


@get("/api/ledger")
async def ledger(request: Asked) -> Response[object]:
    """The four laws of conservation, and what waits since when."""
    desk, session = desk_of(request), session_of(request)
    if no := await desk.rights.allow(session, Action.LEDGER_VIEW, desk.rights.everywhere()):
        return denied(request, no)
    async with desk.runtime.worker.transaction() as tx:
        found, waiting = await laws(tx), await standing(tx, desk.runtime.now())
    told = [{"name": each.name, "total": each.total, "parts": dict(each.parts), "balanced": each.balanced,
             "offenders": each.offenders} for each in found]  # fmt: skip
    return Response(
        {"balanced": all(each.balanced for each in found), "laws": told, "standing": waiting}
    )


@get("/api/effects/groups")
async def dead(request: Asked) -> Response[object]:
    """Dead effects by connection, capability and cause."""
    desk, session = desk_of(request), session_of(request)
    if no := await desk.rights.allow(session, Action.EFFECT_VIEW, desk.rights.everywhere()):
        return denied(request, no)
    async with desk.runtime.app.transaction(sites=session.person.sites) as tx:
        return Response({"groups": await groups(tx)})


@post("/api/effects/redrive", status_code=200)
async def again(request: Asked, data: JSONBody[Again]) -> Response[object]:
    """Give dead effects a new budget; a preview unless `go`."""
    desk, session = desk_of(request), acting(request)
    if no := await desk.rights.allow(session, Action.EFFECT_REDRIVE, desk.rights.everywhere()):
        return denied(request, no)
    done = await redrive(desk.runtime, actor=session.person.name, cause=data.cause or None,
                         connection=data.connection or None, preview=not data.go)  # fmt: skip
    return Response({"again": done.again, "refused": done.refused, "preview": done.preview})


@get("/api/audit", takes=("from", "to", "actor", "after"))
async def audit(request: Asked) -> Response[object]:
    """Leaves of a period, oldest first: `from` (an hour before `to` if absent), `to` (now), `actor`.

    Both are ISO 8601 with an offset.
    At most 1,000 at once; `after` of the page before goes on behind it, and is empty where none is left.
    """
    desk, session, given = desk_of(request), session_of(request), request.query_params
    if no := await desk.rights.allow(session, Action.AUDIT_VIEW, desk.rights.everywhere()):
        return denied(request, no)
    to_at = instant_of(given, "to") or desk.runtime.now() + timedelta(seconds=1)
    from_at = instant_of(given, "from") or to_at - timedelta(hours=1)
    if from_at >= to_at:
        raise Illegible(code="parameter", message="The period ends before it begins.", path=("from",),
                        remedy="It takes an instant before `to`, which is now where it is left out.")  # fmt: skip
    async with desk.runtime.app.transaction(sites=session.person.sites) as tx:
        found = await leaves(tx, from_at=from_at, to_at=to_at, actor=given.get("actor") or None,
                             after=after_leaf(given), limit=_LEAVES)  # fmt: skip
    await desk.rights.read(session, "audit", [])
    after = found[-1].key if len(found) == _LEAVES else ""
    told = [{"index": each.index, **each.body} for each in found]
    return Response({"leaves": told, "after": after})


@get("/api/health")
async def health(request: Asked) -> Response[object]:
    """That this process and its database answer; nothing about patients, for anybody."""
    return Response(await desk_of(request).health())


ROUTES = (ledger, dead, again, audit, health)
