"""How the API answers an act, and which sign of trust it wants: a bearer token, or the form token in a header."""

import hmac
from datetime import datetime
from typing import Final

from litestar import Response
from litestar.exceptions import PermissionDeniedException

from carelane.access.decide import Denied
from carelane.accounts.sessions import Session
from carelane.portal.desk import Asked, desk_of, session_of
from carelane.portal.doing import Told
from carelane.portal.saying import Said, said
from carelane.worklist.answers import Lost

NOT_THERE: Final = 404
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


_PLACES: Final = {
    "outdated": "version", "outcome-unknown": "outcome", "reason-missing": "reason", "reason-unknown": "reason",
    "receiver-unknown": "to", "hours": "hours", "past-due": "hours", "kind": "kind", "text-length": "text",
    "question-missing": "about", "rule-unknown": "rule", "nothing-to-move": "pool",
}  # fmt: skip


def problem(end: Said, told: Told | None = None) -> Response[object]:
    """A problem for a program: the field that is meant, and what to send instead; `told` is how the act ended."""
    place = end.place or _PLACES.get(end.code, "")
    body = {**end.problem(), "place": place, "version": end.version}
    if isinstance(told, Lost) and end.code == "outdated":
        body["message"] = "`version` is missing, or it is not the task's any more."
        body["remedy"] = "Read the task again, and send the `version` that it shows."
    elif isinstance(told, Lost):
        body["remedy"] = "Read the list again: this one is another person's, or done."
    elif isinstance(told, Denied) and end.status == NOT_THERE:
        body["remedy"] = "Look whether the id is right, and of a site that this person works for."
    return Response(body, status_code=end.status)


def answered(request: Asked, told: Told) -> Response[object]:
    """The ending as JSON: `{done, standing, version, open, undo_until}`, or the problem."""
    end = said(told, desk_of(request).runtime.now())
    if not end.ok:
        return problem(end, told)
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
