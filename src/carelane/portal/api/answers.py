"""How the API answers an act, and which sign of trust it wants: a bearer token, or the form token in a header."""

import hmac
from datetime import datetime

from litestar import Response
from litestar.exceptions import PermissionDeniedException

from carelane.access.decide import Denied
from carelane.accounts.sessions import Session
from carelane.portal.desk import Asked, desk_of, session_of
from carelane.portal.doing import Told
from carelane.portal.saying import said

TOKEN_HEADER = "x-carelane-token"  # noqa: S105  # a header's name


def acting(request: Asked) -> Session:
    """Who acts; a cookie alone is not enough.

    Raises:
        PermissionDeniedException: a cookie without the form token.
    """
    session = session_of(request)
    if request.headers.get("authorization", "").lower().startswith("bearer "):
        return session
    if not hmac.compare_digest(
        request.headers.get(TOKEN_HEADER, "").encode(), session.form_token.encode()
    ):
        raise PermissionDeniedException
    return session


def answered(request: Asked, told: Told) -> Response[object]:
    """The ending as JSON: `{done, standing, version, open, undo_until}`, or the problem."""
    end = said(told, desk_of(request).runtime.now())
    if not end.ok:
        return Response({**end.problem(), "version": end.version}, status_code=end.status)
    until: datetime | None = end.undo_until
    return Response(
        {
            "done": True,
            "standing": end.code,
            "version": end.version,
            "open": end.open,
            "undo_until": until,
        },
        status_code=200,
    )


def denied(request: Asked, why: Denied) -> Response[object]:
    """A denial as JSON."""
    return answered(request, why)
