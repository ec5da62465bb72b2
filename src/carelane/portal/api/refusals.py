"""What the framework refuses below `/api`, in words for a program: which field, and what to send instead.

The framework's own words may hold what was sent, so only the names of our fields and types are taken from them.
"""

import re
from http import HTTPStatus
from typing import Any, Final

from litestar.exceptions import HTTPException, NotFoundException

from carelane.portal.api.places import placed
from carelane.portal.desk import Asked, Desk
from carelane.portal.saying import Said

_DOCUMENT: Final = "/api/openapi.json"
_KNOWN: Final = {
    HTTPStatus.NOT_FOUND: ("not-found", "There is nothing here.", f"{_DOCUMENT} lists every address."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method", "That is not done this way.", f"See the methods in {_DOCUMENT}."),
    HTTPStatus.FORBIDDEN: ("forged", "A cookie alone does not act here.",
                           "Send `Authorization: Bearer` with a token of `POST /api/session`."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("too-large", "That is too large.", "Send at most 1,000,000 bytes."),
}  # fmt: skip
SIGNED_OUT: Final = "Get a token by `POST /api/session`, and send it as `Authorization: Bearer`."
_MISSING: Final = re.compile(r"missing required field `(\w+)`")
_TYPES: Final = re.compile(r"Expected `[^`]+`(?: [<>]=? -?\d+)?(?:, got `\w+`)?")


def unknown_below(request: Asked) -> None:
    """In front of the document's own routes: what else is asked for there is answered as everywhere.

    Raises:
        NotFoundException: it is not the document.
    """
    if request.path_params:
        raise NotFoundException


def refused(desk: Desk, error: HTTPException) -> Said:
    """The problem for an error of the framework."""
    status = error.status_code
    if status in _KNOWN:
        code, message, remedy = _KNOWN[HTTPStatus(status)]
        return Said(ok=False, status=status, code=code, message=message, remedy=remedy)
    found: Any = error.extra[0] if isinstance(error.extra, list) and error.extra else {}
    return _unfit(desk, status, str(found.get("key", "")), str(found.get("message", "")))


def _unfit(desk: Desk, status: int, key: str, words: str) -> Said:
    path = tuple(re.split(r"[.\[]", key.removeprefix("data").removeprefix(".")))
    if missing := _MISSING.search(words):
        place = placed(desk, (missing[1],))
        return Said(ok=False, status=status, code="field-missing", message="A field that must be there is missing.",
                    remedy=f"Send `{place}`; {_DOCUMENT} says what the body holds.", place=place)  # fmt: skip
    types = _TYPES.match(words)
    return Said(ok=False, status=status, code="field-unfit", place=placed(desk, path),
                message=f"{types[0]}." if types else "The body or a field of it is not what is asked for.",
                remedy=f"Send what {_DOCUMENT} says of this call.")  # fmt: skip
