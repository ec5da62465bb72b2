"""Templates to answers: Jinja2 with escaping always on; what each page needs beside its own values."""

from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Response
from litestar.response import Redirect

from carelane.access.request import CHOSEN, Action
from carelane.accounts.sessions import IDLE, Session
from carelane.portal.desk import Asked, Desk, desk_of
from carelane.portal.plain import words
from carelane.portal.shown import URGENCIES, age, capfirst, heading, heat, pair, scope, time_left
from carelane.worklist.viewer import display

Html = Response[str]


@cache
def environment() -> Environment:
    """The templates of this room, compiled once."""
    made = Environment(
        loader=PackageLoader("carelane.portal"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(heading=heading, words=words, pair=pair, capfirst=capfirst)
    made.globals.update(scope=scope, age=age, heat=heat, time_left=time_left, URGENCIES=URGENCIES)
    return made


def page(request: Asked, template: str, *, status: int = 200, **values: object) -> Html:
    """A page or a fragment."""
    desk = desk_of(request)
    session: Session | None = request.scope.get("carelane_session")  # type: ignore[assignment]  # put there by `shield`
    now = desk.runtime.now()
    zone = zone_of(desk, session)
    content = environment().get_template(template).render(
        now=now,
        session=session,
        token=session.form_token if session else "",
        sections=sections(desk, session) if session else (),
        purposes=CHOSEN,
        idle_s=int(IDLE.total_seconds()),
        path=request.url.path,
        name_of=lambda person: display(desk.runtime.directory, person),
        local=lambda at: local(at, zone),
        **values,
    )  # fmt: skip
    return Response(content=content, media_type="text/html", status_code=status)


def local(at: datetime | None, zone: ZoneInfo) -> str:
    """An instant on the site's wall clock, for people."""
    return at.astimezone(zone).strftime("%d %b %H:%M") if at else ""


def is_fragment(request: Asked) -> bool:
    """Whether the page's script asked for a part of it."""
    return request.headers.get("hx-request") == "true"


def to(path: str) -> Redirect:
    """See there: after each act, so that reloading never repeats it."""
    return Redirect(path=path, status_code=303)


_SECTIONS = (
    ("Worklist", "/", Action.TASK_LIST),
    ("Find a patient", "/find", Action.CASE_SEARCH),
    ("Emergency access", "/break-glass", Action.TASK_LIST),
    ("Errors", "/errors", Action.EFFECT_VIEW),
    ("Pathways", "/pathways", Action.TASK_LIST),
    ("Releases", "/releases", Action.RELEASE_VIEW),
    ("Measures", "/measures", Action.MEASURES_VIEW),
    ("Audit", "/audit", Action.AUDIT_VIEW),
    ("Downtime sheet", "/downtime", Action.TASK_LIST),
)


def sections(desk: Desk, session: Session) -> tuple[tuple[str, str], ...]:
    """What this person may open."""
    record = desk.rights.everywhere(system=True)
    return tuple(
        (title, path) for title, path, action in _SECTIONS
        if desk.rights.may(session, action, record) is None
    )  # fmt: skip


def zone_of(desk: Desk, session: Session | None) -> ZoneInfo:
    """The wall clock of a person's pages: their first site's."""
    places = desk.runtime.directory.sites
    for site in session.person.sites if session else ():
        if site in places:
            return ZoneInfo(places[site].zone)
    return ZoneInfo("UTC")
