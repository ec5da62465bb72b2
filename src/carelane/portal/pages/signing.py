"""Sign in, sign out, and the purpose of use."""

from litestar import get, post
from litestar.datastructures import Cookie
from litestar.response import Redirect

from carelane.access.request import CHOSEN, Purpose
from carelane.accounts.sessions import Session, act_for, end
from carelane.accounts.signing_in import NotIn, sign_in
from carelane.portal.desk import Asked, Desk, desk_of, session_of
from carelane.portal.forms import form_of, open_form
from carelane.portal.render import Html, page, to

_WHY = {
    "out": "You are signed out. Nothing of a patient is kept on this machine.",
    "idle": "You were signed out after 15 minutes without a sign of you. Drafts are kept on the server.",
}


@get("/sign-in", sync_to_thread=False)
def show(request: Asked) -> Html | Redirect:
    """The form."""
    if request.scope.get("carelane_session") is not None:
        return to("/")
    return page(
        request,
        "sign_in.html",
        problem=None,
        why=_WHY.get(request.query_params.get("why", ""), ""),
        person="",
    )


@post("/sign-in", status_code=200)
async def submit(request: Asked) -> Html | Redirect:
    """Check name, password and code; what was wrong is not said."""
    desk, form = desk_of(request), await open_form(request)
    address = request.client.host if request.client else "unknown"
    remote = bool(request.scope.get("carelane_remote"))
    found = await sign_in(
        desk.runtime, form.text("person"), form.values.get("password", ""), address=address, code=form.text("code"),
        remote=remote)  # fmt: skip
    if isinstance(found, NotIn):
        status = 429 if found.code == "locked" else 401
        return page(
            request,
            "sign_in.html",
            status=status,
            problem=found,
            why="",
            person=form.text("person"),
        )
    answer = to("/")
    answer.set_cookie(_cookie(desk, found.secret))
    return answer


@post("/sign-out", status_code=200)
async def leave(request: Asked) -> Redirect:
    """End the session; the browser forgets what it stored."""
    desk = desk_of(request)
    session: Session = session_of(request)
    form = await form_of(request)
    await end(desk.runtime, session)
    answer = to(f"/sign-in?why={'idle' if form.text('why') == 'idle' else 'out'}")
    answer.set_cookie(_cookie(desk, "", age=0))
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


@get("/here", status_code=204, sync_to_thread=False)
def here(request: Asked) -> None:
    """Somebody who types or reads, and asks for nothing else, is there all the same: the session goes on (`shield`)."""
    session_of(request)


@post("/purpose", status_code=200)
async def choose(request: Asked) -> Redirect:
    """Why records are looked at from now on; each leaf of the audit says it. For an emergency, see `emergency`."""
    session, form = session_of(request), await form_of(request)
    if form.text("purpose") in {each.value for each in CHOSEN}:
        await act_for(desk_of(request).runtime, session, Purpose(form.text("purpose")))
    return to("/")


def _cookie(desk: Desk, secret: str, *, age: int | None = None) -> Cookie:
    return Cookie(key=desk.cookie, value=secret, path="/", httponly=True, samesite="lax", secure=desk.secure,
                  max_age=age)  # fmt: skip


ROUTES = (show, submit, leave, here, choose)
