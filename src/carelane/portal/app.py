"""The portal as one ASGI application: pages, API, static files and problems, behind the shield."""

from pathlib import Path
from typing import Any

from litestar import Litestar, Response, Router
from litestar.config.compression import CompressionConfig
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.response import Redirect
from litestar.static_files import create_static_files_router

from carelane.portal.api import cases as api_cases
from carelane.portal.api import charts as api_charts
from carelane.portal.api import openings as api_openings
from carelane.portal.api import operating as api_operating
from carelane.portal.api import signing as api_signing
from carelane.portal.api import tasks as api_tasks
from carelane.portal.api.known import known
from carelane.portal.api.places import placed
from carelane.portal.api.refusals import SIGNED_OUT, refused, unknown_below
from carelane.portal.desk import Asked, Desk, NotSignedIn
from carelane.portal.failing import failed, raise_broken
from carelane.portal.legible import Illegible, legible
from carelane.portal.pages import (
    cases,
    chart,
    downtime,
    emergency,
    finding,
    live,
    measures,
    operating,
    pathway_live,
    pathways,
    records,
    releases,
    signing,
    tasks,
    worklist,
)
from carelane.portal.pages.problems import problem
from carelane.portal.render import is_fragment, to
from carelane.portal.saying import Said
from carelane.portal.shield import App, is_api, shielded

STATIC = Path(__file__).parent / "static"
PAGES = (
    signing,
    worklist,
    tasks,
    chart,
    cases,
    records,
    finding,
    emergency,
    operating,
    pathways,
    pathway_live,
    measures,
    releases,
    downtime,
    live,
)
API = (api_signing, api_tasks, api_charts, api_openings, api_cases, api_operating)
BODY_MAX = 1_000_000  # bytes of a request


def build(desk: Desk) -> App:
    """The application. `/health` and `/metrics` are the process's own, in front of it."""
    pages = Router(
        "/",
        route_handlers=[route for each in PAGES for route in each.ROUTES],
        include_in_schema=False,
    )
    api = [route for each in API for route in each.ROUTES]
    document = OpenAPIConfig(
        title="Carelane",
        version="1",
        openapi_router=Router(
            "/api", route_handlers=[], include_in_schema=False, before_request=unknown_below
        ),
        render_plugins=[JsonRenderPlugin(path="/openapi.json")],
    )
    inner = Litestar(
        route_handlers=[
            pages,
            *api,
            create_static_files_router(path="/static", directories=[STATIC]),
        ],
        state=State({"desk": desk}),
        openapi_config=document,
        compression_config=CompressionConfig(backend="gzip", exclude="/events$"),
        exception_handlers={
            NotSignedIn: _not_signed_in,
            Illegible: _illegible,
            HTTPException: _refused,
            Exception: _failed,
        },
        before_request=_first,
        request_max_body_size=BODY_MAX,
        logging_config=None,
        debug=False,
    )
    return shielded(inner, desk)  # type: ignore[arg-type]  # its own typing of ASGI is narrower


async def _first(request: Asked) -> None:
    """Before each route: whether it could be found out who asks; whether what is asked can be read, and is known."""
    await raise_broken(request)
    await legible(request)
    await known(request)


def _not_signed_in(request: Asked, _: Exception) -> Response[object]:
    if is_api(request.url.path):
        return _said(request, Said(ok=False, status=401, code="sign-in", remedy=SIGNED_OUT,
                                   message="Nobody is signed in, or the session is over."))  # fmt: skip
    if is_fragment(request):
        return Response(None, status_code=401, headers={"HX-Redirect": "/sign-in?why=idle"})
    answer: Redirect = to("/sign-in")
    return answer


def _illegible(request: Asked, why: Illegible) -> Response[object]:
    place = placed(request.app.state.desk, why.path)
    return _said(request, Said(ok=False, status=why.status, code=why.code, message=why.message, remedy=why.remedy,
                               place=place))  # fmt: skip


def _refused(request: Asked, error: HTTPException) -> Response[object]:
    if is_api(request.url.path):
        return _said(request, refused(request.app.state.desk, error))
    messages = {404: ("not-found", "There is nothing here."), 405: ("method", "That is not done this way."),
                403: ("forged", "The form is out of date or came from elsewhere."),
                413: ("too-large", "That is too large.")}  # fmt: skip
    code, message = messages.get(
        error.status_code, ("request", "The request could not be understood.")
    )
    return _said(request, Said(ok=False, status=error.status_code, code=code, message=message,
                               remedy="Go back, open the page again and repeat it there."))  # fmt: skip


def _failed(request: Asked, error: Exception) -> Response[object]:
    return _said(request, failed(request, error))


def _said(request: Asked, told: Said) -> Response[object]:
    api = is_api(request.url.path)
    shown: Response[Any] = (
        Response(told.problem(), status_code=told.status) if api else problem(request, told)
    )
    if told.retry_s:
        shown.set_header("retry-after", str(told.retry_s))
    return shown
