"""Whether what was sent is text that can be kept, before any route reads it: no NUL, no broken JSON, nothing too long.

One check for every page and every action. What was sent is never said again; a place is named by our own words only.
"""

from collections.abc import Iterator

import msgspec

from carelane.portal.desk import Asked
from carelane.portal.forms import FIELD
from carelane.portal.shield import SAFE, is_api
from carelane.worklist.fitting import TEXT_MAX

_SHOWN_AGAIN = frozenset(
    {"text", "said"}
)  # and those: their page refuses what is too long, and shows it again
DEPTH_MAX = 32  # objects and lists in one another
_NUL, _REPLACED = "\0", "\ufffd"
Part = tuple[tuple[str, ...], str]
"""A text and the names that lead to it; a name is a text too, and leads to itself."""


class Illegible(Exception):
    """What was sent can't be read. `status` is HTTP's; `path` is names as they were sent: for `places.placed` only."""

    def __init__(
        self, *, code: str, message: str, remedy: str, path: tuple[str, ...] = (), status: int = 400
    ) -> None:
        super().__init__(code)
        self.code, self.message, self.remedy, self.path = code, message, remedy, path
        self.status = status


async def legible(request: Asked) -> None:
    """Look at address, query and body.

    Raises:
        Illegible: one of them can't be kept as text, or is no JSON where JSON is asked for.
    """
    for path, text in _address(request):
        _readable(path, text, _NUL + _REPLACED)
    if request.method in SAFE:
        return
    if not is_api(request.url.path):
        for name, value in await _form(request):
            _readable((name,), name + value, _NUL)
            if not name.startswith(FIELD) and name not in _SHOWN_AGAIN:
                _short((name,), value)
    elif raw := await request.body():
        for path, text in _texts(_decoded(raw)):
            _readable(path, text, _NUL)
            _short(path, text)


def _address(request: Asked) -> Iterator[Part]:
    yield (), request.url.path
    yield (), str(request.scope["path"])
    for name, value in request.query_params.multi_items():
        yield (name,), name + value


def _readable(path: tuple[str, ...], text: str, unwanted: str) -> None:
    if any(each in text for each in unwanted):
        raise Illegible(code="unreadable-text", message="There is a character in it that no text has.",
                        remedy="Leave NUL out, and write the rest in UTF-8.", path=path)  # fmt: skip


def _short(path: tuple[str, ...], text: str) -> None:
    if len(text) > TEXT_MAX:
        raise Illegible(code="text-length", message="A text is too long.", status=422, path=path,
                        remedy=f"Write at most {TEXT_MAX} characters; these are {len(text)}.")  # fmt: skip


async def _form(request: Asked) -> list[tuple[str, str]]:
    try:
        return [(name, str(value)) for name, value in (await request.form()).multi_items()]
    except ValueError:  # parts that are no UTF-8
        raise Illegible(code="unreadable-form", message="The form can't be read.",
                        remedy="Send it in UTF-8, as a browser does.") from None  # fmt: skip


def _decoded(raw: bytes) -> object:
    try:
        return msgspec.json.decode(raw)
    except RecursionError:
        raise _too_deep(()) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Illegible(code="not-json", message="The body is no JSON document.",
                        remedy="Send a JSON object in UTF-8; a surrogate stands only in a pair.") from None  # fmt: skip


def _too_deep(path: tuple[str, ...]) -> Illegible:
    return Illegible(code="too-deep", message="The JSON is nested too deeply.",
                     remedy=f"Put at most {DEPTH_MAX} objects and lists in one another.", path=path)  # fmt: skip


def _texts(document: object) -> Iterator[Part]:
    """Every text of a document, names too; without recursion, since depth is what is looked for."""
    waiting: list[tuple[tuple[str, ...], int, object]] = [((), 0, document)]
    while waiting:
        path, depth, value = waiting.pop()
        if depth > DEPTH_MAX:
            raise _too_deep(path)
        if isinstance(value, str):
            yield path, value
        elif isinstance(value, list):
            waiting += ((path, depth + 1, each) for each in value)
        elif isinstance(value, dict):
            for name, each in value.items():
                yield path, name
                waiting.append(((*path, name), depth + 1, each))
