"""Around the whole portal: who asks, requests forged elsewhere, and the headers of each answer (LOOK, TRUST 2b).

Cookies open nothing on an unsafe request that another site sent: SameSite=Lax, the origin must be ours, and each
form carries a token (`forms.form_of`). A bearer token needs neither, since no browser sends it by itself.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from carelane.accounts.sessions import current
from carelane.portal.desk import Desk

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Any, Any], Awaitable[None]]
API = "/api"
BROKEN = "carelane_broken"
"""In a request's scope: what hindered us from finding out who asks. `failing` answers it, inside, where pages are."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    b"content-security-policy": POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",  # with `no-referrer` a browser hides its own origin from us
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    b"x-frame-options": b"DENY",
}
_TRANSPORT = (b"strict-transport-security", b"max-age=31536000")
_FORGED = (
    b"The request came from another site and was refused. Open the page again and repeat it there."
)
_FORGED_CALL = (
    b'{"code":"forged","message":"The request came from another site and was refused.",'
    b'"remedy":"Send `Authorization: Bearer` with a token of `POST /api/session`.","place":""}'
)


def shielded(inner: App, desk: Desk) -> App:
    """The application behind its shield."""

    async def app(scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await inner(scope, receive, send)
            return
        given = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        answer = _with_headers(send, scope["path"], secure=desk.secure)
        bearer, cookie = _secrets(given, desk.cookie)
        if scope["method"] not in SAFE and not bearer and _foreign(given):
            await _refuse(answer, scope["path"])
            return
        address = (scope.get("client") or ("127.0.0.1", 0))[0]
        scope["carelane_remote"] = remote = is_remote(address)
        scope["carelane_session"] = None
        if bearer or cookie:
            try:
                scope["carelane_session"] = await current(
                    desk.runtime, bearer or cookie, remote=remote, touch=not _by_itself(scope["path"]))  # fmt: skip
            except Exception as cause:  # noqa: BLE001  # raised again before the route, counted and told there
                scope[BROKEN] = cause
        await inner(scope, receive, answer)

    return app


def is_api(path: str) -> bool:
    """Whether a program asks: the answer is JSON."""
    return path == API or path.startswith(f"{API}/")


def _by_itself(path: str) -> bool:
    """Whether a page asks of its own accord: nobody need sit before it."""
    return path == "/events" or path.startswith("/events/")


def is_remote(address: str) -> bool:
    """Whether it is neither this machine nor a private network."""
    try:
        found = ip_address(address)
    except ValueError:
        return True
    return not (found.is_loopback or found.is_private)


def _secrets(given: dict[str, str], cookie: str) -> tuple[str, str]:
    scheme, _, token = given.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip(), ""
    try:
        found = SimpleCookie(given.get("cookie", "")).get(cookie)
    except CookieError:
        found = None
    return "", found.value if found else ""


def _foreign(given: dict[str, str]) -> bool:
    """Whether a browser says that another site sent it; programs say nothing, and have no cookie to abuse."""
    fetched = given.get("sec-fetch-site")
    if fetched not in (None, "same-origin", "none"):
        return True
    origin = given.get("origin")
    return origin is not None and urlsplit(origin).netloc != given.get("host")


def _with_headers(send: Any, path: str, *, secure: bool) -> Any:
    async def sending(message: Scope) -> None:
        if message["type"] == "http.response.start":
            own = {name.lower() for name, _ in message["headers"]}
            added = [(name, value) for name, value in HEADERS.items() if name not in own]
            if not path.startswith("/static/"):
                added.append((b"cache-control", b"no-store"))
            if secure:
                added.append(_TRANSPORT)
            message = {**message, "headers": [*message["headers"], *added]}
        await send(message)

    return sending


async def _refuse(send: Any, path: str) -> None:
    kind, body = (
        (b"application/json", _FORGED_CALL)
        if is_api(path)
        else (b"text/plain; charset=utf-8", _FORGED)
    )
    headers = [(b"content-type", kind)]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
