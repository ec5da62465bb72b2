"""Releases: what waits for a second person, what is new, what is in force; approved and taken back with a reason.

The rules are those of `releases`, as on the command line: two different people, a current proof, a scope.
"""

import asyncio
from dataclasses import dataclass

from litestar import get, post
from litestar.params import FromPath

from carelane.access.request import Action
from carelane.engine.scope import Scope
from carelane.pathways.definition import Definition
from carelane.pathways.difference import diff, lines
from carelane.portal.desk import Asked, Desk, desk_of, session_of
from carelane.portal.forms import Form, form_of
from carelane.portal.pages.pathways import in_force
from carelane.portal.pages.problems import problem
from carelane.portal.render import Html, page
from carelane.portal.saying import Said, said
from carelane.releases.activate import APPROVAL_LASTS, Approved, InForce, activate
from carelane.releases.evidence import Proven, Refused
from carelane.releases.refusals import Wish, holding
from carelane.releases.rollback import Policy, roll_back, settle
from carelane.releases.standing import split
from carelane.store.database import Row

MISSING = Said(ok=False, status=404, code="not-found", message="No such release is published.",
               remedy="Choose one from the list.")  # fmt: skip
NO_REASON = Refused(code="no-reason", sentence="No reason was given.", remedy="Say why; it is recorded.")  # fmt: skip
_SCOPE = ("site", "service_line", "referral_type", "scheduling_lane")
_SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of an act, in a sentence; `ok` or why not."""

    ok: bool
    sentence: str


@get("/releases")
async def index(request: Asked) -> Html:
    """What waits, what is new, and what can be taken back."""
    if denied := await _denied(request, Action.RELEASE_VIEW):
        return problem(request, denied)
    desk = desk_of(request)
    published, rows = desk.runtime.releases.published, await in_force(request)
    held = {row["release"] for row in rows} | set(desk.runtime.releases.recalled)
    asked = [row for row in await _waiting(desk) if row["release"] in published]
    waiting = [(published[row["release"]], row) for row in asked]
    new = sorted((each for digest, each in published.items() if digest not in held), key=_named)
    current = [(published[row["release"]], row) for row in rows if row["release"] in published]
    return page(request, "releases.html", waiting=waiting, new=new[:_SHOWN], current=current,
                lasts=APPROVAL_LASTS)  # fmt: skip


@get("/releases/{digest:str}")
async def one(request: Asked, digest: FromPath[str]) -> Html:
    """One release before its approval: what it changes where it would hold, its proof, who approved already."""
    if denied := await _denied(request, Action.RELEASE_VIEW):
        return problem(request, denied)
    release = _chosen(desk_of(request), digest)
    if release is None:
        return problem(request, MISSING)
    return await _shown(request, release, _scope(Form(dict(request.query_params))))


@post("/releases/{digest:str}/approve", status_code=200)
async def approve(request: Asked, digest: FromPath[str]) -> Html:
    """The first person approves; another one, saying the same, puts it in force."""
    form, desk = await form_of(request), desk_of(request)
    reason = form.text("reason")
    if denied := await _denied(request, Action.RELEASE_ACTIVATE, reason=bool(reason)):
        return problem(request, denied)
    release, scope = _chosen(desk, digest), _scope(form)
    if release is None:
        return problem(request, MISSING)
    await _proven(desk, release, scope)
    wish = Wish(release=release, scope=scope, person=session_of(request).person.name, reason=reason)
    ended = await activate(desk.runtime, wish, desk.prove) if reason else NO_REASON
    return await _shown(request, release, scope, done=await _told(desk, ended))


@post("/releases/{digest:str}/rollback", status_code=200)
async def take_back(request: Asked, digest: FromPath[str]) -> Html:
    """What held before holds again; running cases finish, or each goes to a person."""
    form, desk = await form_of(request), desk_of(request)
    reason, by = form.text("reason"), session_of(request).person.name
    if denied := await _denied(request, Action.RELEASE_ROLLBACK, reason=bool(reason)):
        return problem(request, denied)
    release, scope = _chosen(desk, digest), _scope(form)
    if release is None:
        return problem(request, MISSING)
    ended = await roll_back(desk.runtime, release.name, scope, by=by, reason=reason)
    if isinstance(ended, Refused):
        return await _shown(request, release, scope, done=_refused(ended))
    policy = Policy.PERSON if form.text("cases") == Policy.PERSON else Policy.FINISH
    old, now = (desk.runtime.releases.published[each] for each in (ended.taken_back, ended.now))
    counts = await settle(desk.runtime, old, scope, policy=policy, by=by)
    cases = ", ".join(f"{count} {ending.value}" for ending, count in counts.items() if count)
    sentence = f"Version {now.version} is in force {_where(scope)} again. Running cases: {cases or 'none'}."
    return await _shown(request, old, scope, done=Done(ok=True, sentence=sentence))


async def _denied(request: Asked, action: Action, *, reason: bool = False) -> Said | None:
    desk, session = desk_of(request), session_of(request)
    denied = await desk.rights.allow(session, action, desk.rights.everywhere(), reason=reason)
    return said(denied, desk.runtime.now()) if denied else None


async def _shown(
    request: Asked, release: Definition, scope: Scope, *, done: Done | None = None
) -> Html:
    desk = desk_of(request)
    holds = desk.runtime.releases.published.get(holding(release.name, scope, desk.runtime.releases))
    changes = diff(holds, release) if holds is not None and holds.digest != release.digest else ()
    rows = [row for row in await in_force(request) if row["release"] == release.digest]
    return page(
        request,
        "release.html",
        status=200 if done is None or done.ok else 422,
        release=release,
        scope_asked=scope,
        holds=holds,
        changes=lines(changes),
        proven=await _proven(desk, release, scope),
        approvals=[row for row in await _waiting(desk) if row["release"] == release.digest],
        current=rows,
        sites=sorted(desk.runtime.directory.sites),
        service_lines=sorted(desk.runtime.directory.service_lines),
        done=done,
    )


async def _proven(desk: Desk, release: Definition, scope: Scope) -> Proven:
    """Worked out beside the loop that serves; the prover keeps what it found."""
    known = desk.runtime.releases.published
    before = known.get(holding(release.name, scope, desk.runtime.releases))
    return await asyncio.to_thread(desk.prove, release, before)


async def _waiting(desk: Desk) -> list[Row]:
    async with desk.runtime.app.transaction() as tx:
        return await tx.rows("portal.open_approvals", since=desk.runtime.now() - APPROVAL_LASTS)


async def _told(desk: Desk, ended: Approved | InForce | Refused) -> Done:
    if isinstance(ended, Refused):
        return _refused(ended)
    release = desk.runtime.releases.published[ended.release]
    inside, outside = await split(desk.runtime, release.name, ended.scope)
    cases = f"{inside} open cases there keep their release; {outside} are not in scope."
    if isinstance(ended, Approved):
        who = ended.waits_for()
        until = f"{who[0].upper()}{who[1:]} puts it in force until {ended.until:%d %b %Y}."
        return Done(ok=True, sentence=f"Approved {_where(ended.scope)}. {until}")
    return Done(ok=True, sentence=f"In force {_where(ended.scope)}. {cases}")


def _where(scope: Scope) -> str:
    return f"for {scope.words()}" if scope.parts() else "everywhere"


def _refused(why: Refused) -> Done:
    return Done(ok=False, sentence=f"{why.sentence} {why.remedy}")


def _scope(form: Form) -> Scope:
    return Scope(**{name: form.text(name) for name in _SCOPE})


def _chosen(desk: Desk, digest: str) -> Definition | None:
    return desk.runtime.releases.published.get(digest)


def _named(release: Definition) -> tuple[bool, str, str]:
    return release.system, release.name, release.version


ROUTES = (index, one, approve, take_back)
