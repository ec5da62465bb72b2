"""A request that failed: what its sender is told, and the log line by which whoever runs Carelane finds why.

One place for all routes. The text of an exception may hold anything and goes nowhere: the log has its types, its frames
and the route's template, and a number that the sender is shown too.
"""

from datetime import datetime

from carelane.portal.desk import Asked, Desk, desk_of
from carelane.portal.saying import Said
from carelane.portal.shield import BROKEN, SAFE
from carelane.store.database import away, passing

RETRY_S = 5


async def raise_broken(request: Asked) -> None:
    """Before each route: raise what hindered the shield from finding out who asks, so that `failed` answers it."""
    broken: Exception | None = request.scope.get(BROKEN)  # type: ignore[assignment]  # put there by `shield`
    if broken is not None and not request.url.path.startswith("/static/"):
        raise broken


def failed(request: Asked, error: Exception) -> Said:
    """Count it, log it, and say what the sender can do: 503 where the database is away or busy, else 500."""
    desk = desk_of(request)
    now = (desk.runtime.attended or desk.runtime.now)()
    desk.runtime.observer.count("portal_failed", {"kind": type(error).__name__})
    number = desk.failures.next()
    if not away(error) or desk.failures.heard(now):
        _log(desk, request, error, number)
    return _without_database(request) if passing(error) else _defect(number, now)


def _log(desk: Desk, request: Asked, error: Exception, number: int) -> None:
    desk.runtime.log.failed("failed", error, part="portal", place=_place(request), number=number)


def _place(request: Asked) -> str:
    """Method and route, never the values in its path: `GET/api/cases/<case>`."""
    template = str(request.scope.get("path_template", ""))
    return f"{request.method}{template.replace('{', '<').replace('}', '>')}"


def _defect(number: int, now: datetime) -> Said:
    return Said(ok=False, status=500, code="local-fault", message="Something went wrong on our side.",
                remedy=f"Try again; if it stays, tell whoever runs Carelane: failure {number},"
                       f" {now:%Y-%m-%d %H:%M:%S} UTC.")  # fmt: skip


def _without_database(request: Asked) -> Said:
    """Nothing was stored where nothing could be: by a question, or by somebody whom we could not look up."""
    if request.method in SAFE or request.scope.get("carelane_session") is None:
        return Said(ok=False, status=503, code="database-away", retry_s=RETRY_S,
                    message="The database does not answer; nothing was stored.",
                    remedy="Try again in a few seconds.")  # fmt: skip
    return Said(ok=False, status=503, code="database-lost-meanwhile", retry_s=RETRY_S,
                message="The database stopped answering meanwhile: whether this was stored is not known.",
                remedy="Open it again in a few seconds and look, before you repeat it.")  # fmt: skip
