"""Open a field's record in the system it came from: asked for, allowed, recorded, then the browser is sent on."""

from uuid import UUID

from litestar import get
from litestar.params import FromPath
from litestar.response import Redirect

from carelane.access.decide import Denied
from carelane.portal.desk import Asked, desk_of, session_of
from carelane.portal.looking import record_address
from carelane.portal.pages.problems import problem
from carelane.portal.render import Html, to
from carelane.portal.saying import said


@get("/cases/{case_id:uuid}/records/{role:str}")
async def show(request: Asked, case_id: FromPath[UUID], role: FromPath[str]) -> Html | Redirect:
    """To the record itself; the access tree says who opened which kind of record."""
    desk, session = desk_of(request), session_of(request)
    found = await record_address(desk, session, case_id, role)
    if isinstance(found, Denied):
        return problem(request, said(found, desk.runtime.now()))
    return to(found)


ROUTES = (show,)
