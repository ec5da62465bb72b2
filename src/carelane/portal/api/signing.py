"""A bearer token for programs and the command line: a session like any other, ended the same way."""

from datetime import datetime

import msgspec
from litestar import Response, delete, post
from litestar.params import JSONBody

from carelane.access.request import Purpose
from carelane.accounts.sessions import end
from carelane.accounts.signing_in import NotIn, sign_in
from carelane.portal.desk import Asked, desk_of, session_of


class Credentials(msgspec.Struct, kw_only=True):
    """Who, and why from now on (HL7 v3 PurposeOfUse; the usual one of the person's role if absent)."""

    person: str
    password: str
    code: str = ""
    purpose: Purpose | None = None


class Opened(msgspec.Struct, kw_only=True):
    """The token goes into `Authorization: Bearer`."""

    token: str
    person: str
    purpose: str
    ends_at: datetime


class Problem(msgspec.Struct, kw_only=True):
    """What went wrong: a stable code, a sentence, what to do, and the field."""

    code: str
    message: str
    remedy: str
    place: str = ""


@post("/api/session", status_code=201)
async def opened(request: Asked, data: JSONBody[Credentials]) -> Response[Opened | Problem]:
    """Sign in."""
    address = request.client.host if request.client else "unknown"
    found = await sign_in(
        desk_of(request).runtime, data.person, data.password, address=address, code=data.code, purpose=data.purpose,
        remote=bool(request.scope.get("carelane_remote")))  # fmt: skip
    if isinstance(found, NotIn):
        refused = Problem(code=found.code, message="Not signed in.", remedy=found.remedy)
        return Response(refused, status_code=429 if found.code == "locked" else 401)
    body = Opened(
        token=found.secret,
        person=found.person.name,
        purpose=found.purpose.value,
        ends_at=found.ends_at,
    )
    return Response(body, status_code=201)


@delete("/api/session", status_code=204)
async def ended(request: Asked) -> None:
    """Sign out: the token opens nothing any more."""
    await end(desk_of(request).runtime, session_of(request))


ROUTES = (opened, ended)
