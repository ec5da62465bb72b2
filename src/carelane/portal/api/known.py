"""Whether all that a program names is a name of its call, before any call below `/api` runs.

A route says its parameters in `takes`; its body is the structure of its `data`. A misspelled name is refused with the
known ones: passed over, it would filter nothing or leave a default standing. What was sent is never said again; `place`
is the known name that comes next to it, where one does.
"""

from collections.abc import Collection
from difflib import get_close_matches
from typing import Final

import msgspec

from carelane.portal.desk import Asked
from carelane.portal.legible import Illegible
from carelane.portal.shield import SAFE, is_api

TAKES: Final = "takes"
Route = object
"""A route's handler: `opt` holds its parameters, `parsed_data_field` its body."""


def parameters_of(route: Route) -> tuple[str, ...]:
    """The names of a route's parameters in the address, in the order of its declaration."""
    found: tuple[str, ...] = getattr(route, "opt", {}).get(TAKES, ())
    return found


def members_of(route: Route) -> tuple[str, ...]:
    """The names of a route's JSON body; none where it asks for no body."""
    data = getattr(route, "parsed_data_field", None)
    return tuple(each.name for each in msgspec.structs.fields(data.annotation)) if data else ()


async def known(request: Asked) -> None:
    """Look at the names in query and body of a call of the API.

    Raises:
        Illegible: one of them is no name of this call (400).
    """
    if not is_api(request.url.path):
        return
    route = request.route_handler
    _among(request.query_params, parameters_of(route), "parameter")
    if request.method in SAFE or not (raw := await request.body()):
        return
    body = msgspec.json.decode(raw)
    if isinstance(body, dict):
        _among(body, members_of(route), "member")


def _among(given: Collection[str], names: tuple[str, ...], what: str) -> None:
    strange = [name for name in given if name not in names]
    if not strange:
        return
    near = get_close_matches(strange[0], names, n=1)
    listed = ", ".join(f"`{name}`" for name in names)
    remedy = f"This call knows {listed}." if names else "Leave it out."
    meant = f" `{near[0]}` is the nearest." if near else ""
    raise Illegible(code=f"unknown-{what}", message=f"A {what} of this call has a name that it doesn't know.",
                    remedy=f"{remedy}{meant}", path=tuple(near))  # fmt: skip
