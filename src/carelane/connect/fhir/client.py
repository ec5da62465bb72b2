"""The FHIR calls we make: read, search, create, update, transaction; each one request with our token on it.

No retries but one: a 401 renews the token and asks once more, since a refused token did nothing.
After a Retry-After nothing leaves before its time. Verdicts are given in `codec`; the wire is `transport`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeAlias
from urllib.parse import urlencode

from yarl import URL

from carelane.connect.fhir.auth import TokenSource
from carelane.connect.fhir.codec import (
    Answer,
    Lost,
    Reply,
    Resource,
    decode,
    encode,
    entry_resources,
    issue_code,
    link_of,
    retry_after,
)
from carelane.connect.fhir.transport import Wire

_JSON: Final = "application/fhir+json"
_UNAUTHORISED: Final = 401
_WAIT: Final = frozenset({429, 503})
PAGES_MAX: Final = 200
LINK_REFUSED: Final = "next-link-refused"
TOO_MANY_PAGES: Final = "too-many-pages"

Parameters: TypeAlias = Mapping[str, str] | Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search gave: matches and what came with them. `cause` is empty if all of it was read."""

    matches: tuple[Resource, ...] = field(default=(), repr=False)
    included: tuple[Resource, ...] = field(default=(), repr=False)
    cause: str = ""
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Found):
    """One page of a search. `next` is None after the last; one that points elsewhere is a cause beside its matches.

    `sorted` says that the server claims to have sorted: the self link holds what it minded (FHIR R4 3.1.1.6).
    """

    next: URL | None = None
    sorted: bool = False


class FhirClient:
    """One EHR's FHIR base address. Holds no resources; `now` comes with every call."""

    def __init__(self, *, base: URL, wire: Wire, tokens: TokenSource) -> None:
        self._base = base
        self._wire = wire
        self._tokens = tokens
        self._quiet_until: datetime | None = None

    async def read(self, reference: str, *, now: datetime) -> Reply:
        """`GET Type/id`."""
        return await self._call("GET", self._base / reference, now=now)

    async def capability_statement(self, *, now: datetime) -> Reply:
        """`GET metadata`."""
        return await self._call("GET", self._base / "metadata", now=now)

    async def create(self, resource: Resource, *, unless: str = "", now: datetime) -> Reply:
        """`POST Type`, with `If-None-Exist: unless` where given (FHIR R4 3.1.0.8.1)."""
        headers = {"If-None-Exist": unless} if unless else {}
        url = self._base / str(resource["resourceType"])
        return await self._call("POST", url, now=now, headers=headers, body=encode(resource))

    async def update(self, resource: Resource, *, match: str = "", now: datetime) -> Reply:
        """`PUT Type/id`, with `If-Match: match` where given (FHIR R4 3.1.0.5)."""
        headers = {"If-Match": match} if match else {}
        url = self._base / str(resource["resourceType"]) / str(resource["id"])
        return await self._call("PUT", url, now=now, headers=headers, body=encode(resource))

    async def transaction(self, entries: Sequence[Resource], *, now: datetime) -> Reply:
        """`POST /` of a transaction bundle; judge it by every entry of the answer."""
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}
        return await self._call("POST", self._base, now=now, body=encode(bundle))

    async def operate(self, operation: str, resource: Resource, *, now: datetime) -> Reply:
        """`POST Type/$operation` of one resource (FHIR R4 3.2.0)."""
        return await self._call("POST", self._base / operation, now=now, body=encode(resource))

    async def search(
        self, kind: str, parameters: Parameters, *, now: datetime, private: bool = False
    ) -> Found:
        """All pages of a search. `private` sends the parameters in the body: never patient data in an address."""
        url = self._base / kind
        pairs = list(parameters.items()) if isinstance(parameters, Mapping) else list(parameters)
        if private:
            form = urlencode(pairs).encode()
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            first = await self._call("POST", url / "_search", now=now, headers=headers, body=form)
        else:
            first = await self._call("GET", url.with_query(pairs), now=now)
        return await self._pages(first, now)

    async def page(self, kind: str, parameters: Parameters, *, now: datetime) -> Page:
        """The first page of a search, and where the next one is."""
        pairs = list(parameters.items()) if isinstance(parameters, Mapping) else list(parameters)
        return await self.follow((self._base / kind).with_query(pairs), now=now)

    async def follow(self, address: URL, *, now: datetime) -> Page:
        """One page more, by the `next` of the one before."""
        return self._page(await self._call("GET", address, now=now))

    async def first(self, kind: str, parameters: Mapping[str, str], *, now: datetime) -> Found:
        """The first page of a search about a patient; the parameters go in the body."""
        form = urlencode(list(parameters.items())).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        url = self._base / kind / "_search"
        reply = await self._call("POST", url, now=now, headers=headers, body=form)
        bundle, cause = _bundle_in(reply)
        if bundle is None:
            return Found(cause=cause)
        return Found(matches=tuple(one for _, one in entry_resources(bundle)))

    @property
    def bytes_max(self) -> int:
        """The largest answer that is read, by the connection's `response_bytes_max`."""
        return self._wire.bytes_max

    async def close(self) -> None:
        """Let go of sockets."""
        await self._wire.close()

    async def _pages(self, reply: Reply, now: datetime) -> Found:
        matches: list[Resource] = []
        included: list[Resource] = []
        seen: set[URL] = set()
        for _ in range(PAGES_MAX):
            page = self._page(reply)
            if page.cause:
                return Found(cause=page.cause, retry_at=page.retry_at)
            matches += page.matches
            included += page.included
            if page.next is None:
                return Found(matches=tuple(matches), included=tuple(included))
            if page.next in seen:
                return Found(cause=LINK_REFUSED)
            seen.add(page.next)
            reply = await self._call("GET", page.next, now=now)
        return Found(cause=TOO_MANY_PAGES)

    def _page(self, reply: Reply) -> Page:
        bundle, cause = _bundle_in(reply)
        if bundle is None:
            wait = reply.retry_at if isinstance(reply, Lost) else None
            return Page(cause=cause, retry_at=wait or self._quiet_until)
        matches: list[Resource] = []
        included: list[Resource] = []
        for mode, resource in entry_resources(bundle):
            (included if mode == "include" else matches).append(resource)
        link = link_of(bundle)
        following = self._pinned(link) if link else None
        return Page(
            matches=tuple(matches),
            included=tuple(included),
            cause=LINK_REFUSED if link and following is None else "",
            next=following,
            sorted="_sort=" in link_of(bundle, "self"),
        )

    def _pinned(self, link: str) -> URL | None:
        """A next link as an address under our base, or None: a page from elsewhere would get our token."""
        try:
            url = (self._base / "").join(URL(link))
        except ValueError:
            return None
        same = self._wire.allows(url) and url.origin() == self._base.origin()
        inside = url.path == self._base.path or url.path.startswith(
            self._base.path.rstrip("/") + "/"
        )
        return url if same and inside else None

    async def _call(
        self,
        method: str,
        url: URL,
        *,
        now: datetime,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Reply:
        if self._quiet_until is not None and now < self._quiet_until:
            return Lost(cause="retry-after", sent=False, retry_at=self._quiet_until)
        reply = await self._signed(method, url, now=now, headers=headers or {}, body=body)
        if isinstance(reply, Answer) and reply.status == _UNAUTHORISED:
            reply = await self._signed(method, url, now=now, headers=headers or {}, body=body)
        self._listen_to(reply, now)
        return reply

    async def _signed(
        self,
        method: str,
        url: URL,
        *,
        now: datetime,
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> Reply:
        permission = await self._tokens.header(now=now)
        if isinstance(permission, Lost):
            return permission
        sent = {"Accept": _JSON, "Prefer": "return=representation", **permission}
        if body is not None:
            sent["Content-Type"] = _JSON
        reply = await self._wire.exchange(method, url, headers={**sent, **headers}, body=body)
        if isinstance(reply, Answer) and reply.status == _UNAUTHORISED:
            self._tokens.forget(permission)
        return reply

    def _listen_to(self, reply: Reply, now: datetime) -> None:
        """Keep the latest time to come back; an answer to an earlier request doesn't lift it."""
        until = reply.retry_at if isinstance(reply, Lost) else None
        if isinstance(reply, Answer) and reply.status in _WAIT:
            until = retry_after(reply.headers.get("retry-after"), now=now)
        if until is not None:
            self._quiet_until = max(until, self._quiet_until or until)


def _bundle_in(reply: Reply) -> tuple[Resource | None, str]:
    if isinstance(reply, Lost):
        return None, reply.cause
    if not reply.ok:
        return None, f"http-{reply.status}"
    resource = decode(reply.body) if reply.whole else None
    if resource is None:
        return None, reply.cut or "half-body"
    if code := issue_code(resource):
        return None, f"outcome-{code}"
    return (resource, "") if resource["resourceType"] == "Bundle" else (None, "not-a-bundle")
