"""The synthetic EHR on a socket: FHIR base `/fhir`, tokens `/token`, and `/admin` for whoever runs the drill.

Doors in order: faults that strike before, the SMART token, the FHIR desk, faults that strike after.
"""

import asyncio
from datetime import timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web
from yarl import URL

from carelane.testing.ehr.clock import HostClock
from carelane.testing.ehr.desk import Asked, Desk, Told, outcome
from carelane.testing.ehr.faults import AFTER, BEFORE, TOKEN, Fault, Faults
from carelane.testing.ehr.notify import Notifier
from carelane.testing.ehr.profiles import EhrProfile
from carelane.testing.ehr.tokens import ALGORITHMS, Tokens
from carelane.testing.replies import json_answer, reset

_JSON: Final = "application/fhir+json"
_LOG_MAX: Final = 20_000
_OPEN: Final = frozenset({"metadata"})
_OK: Final = 200
_ENTRIES: Final = frozenset({"entry-fails"})
_BODY_BYTES_MAX: Final = 32 * 1024 * 1024
_REFUSALS: Final = {401: "login", 403: "forbidden"}
_LYING: Final = Told(status=200, resource=outcome(200, "processing").resource)
_STRUCK: Final = {
    "422": outcome(422, "business-rule"),
    "429": outcome(429, "throttled"),
    "500": outcome(500, "exception"),
    "503": outcome(503, "transient"),
    "outcome-error": _LYING,
    "redirect": Told(status=307),
}
_SPOILT: Final = {
    "500-after-commit": outcome(500, "exception"),
    "outcome-error-after-commit": _LYING,
}
_ELSEWHERE: Final = {"redirect": {"Location": "http://127.0.0.1:1/fhir"}}


class EhrServer:
    """One EHR. `start` gives its address; all it knows ends with the process."""

    def __init__(
        self,
        *,
        profile: EhrProfile,
        clock: HostClock | None = None,
        token_life: timedelta = timedelta(minutes=5),
    ) -> None:
        self.clock = clock or HostClock()
        self.desk = Desk(profile=profile, clock=self.clock)
        self.tokens = Tokens(life=token_life)
        self.faults = Faults()
        self.notifier = Notifier(self.desk.records)
        self.requests: list[dict[str, Any]] = []
        self.root = URL()
        self._runner: web.AppRunner | None = None
        self._stopping = asyncio.Event()

    @property
    def base(self) -> URL:
        """The FHIR base address."""
        return self.root / "fhir"

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> URL:
        """Listen; returns the FHIR base address."""
        app = web.Application(client_max_size=_BODY_BYTES_MAX)
        app.router.add_post("/token", self._token)
        app.router.add_get("/fhir/.well-known/smart-configuration", self._configuration)
        app.router.add_route("*", "/fhir", self._fhir)
        app.router.add_route("*", "/fhir/{rest:.*}", self._fhir)
        app.router.add_route("*", "/admin/{what}", self._admin)
        app.router.add_get("/app/{kind}/{key}", self._page)
        app.router.add_get("/app/{kind}", self._found)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        address = self._runner.addresses[0]
        self.root = URL.build(scheme="http", host=str(address[0]), port=int(address[1]))
        return self.base

    async def stop(self) -> None:
        """Stop listening and drop what hangs."""
        self._stopping.set()
        await self.notifier.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _configuration(self, _request: web.Request) -> web.Response:
        described = {
            "token_endpoint": str(self.root / "token"),
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
            "capabilities": ["client-confidential-asymmetric", "permission-v1"],
        }
        return json_answer(200, described)

    async def _token(self, request: web.Request) -> web.Response:
        fault = self.faults.take("POST", "", among=TOKEN)
        self._note(request.method, "token", fault)
        if fault is not None:
            status = 503 if fault.mode == "token-503" else 400
            headers = self._wait_header(fault)
            return json_answer(status, {"error": "temporarily_unavailable"}, headers=headers)
        form = {name: str(value) for name, value in (await request.post()).items()}
        issued = self.tokens.issue(form, audience=str(self.root / "token"), now=self.clock.now())
        if isinstance(issued, str):
            return json_answer(401 if issued == "invalid_client" else 400, {"error": issued})
        return json_answer(200, issued, headers={"Cache-Control": "no-store"})

    async def _fhir(self, request: web.Request) -> web.StreamResponse:
        asked = await self._asked(request)
        before = self.faults.take(asked.method, asked.kind, among=BEFORE)
        after = None if before else self.faults.take(asked.method, asked.kind, among=AFTER)
        asks = asked.method == "GET" or asked.parts[1:] == ("_search",)
        self._note("GET" if asks else asked.method, asked.kind, before or after)
        if before is not None:
            struck = self._strike(request, asked, before)
            if struck is not None:
                return struck
        refused = self._door(request, asked)
        if refused is not None:
            return _answer(refused)
        told = self.desk.answer(asked)
        for version in told.changed:
            self.notifier.tell(version.resource)
        self._audit(asked, told)
        return await self._spoil(request, told, after) if after else _answer(told)

    async def _asked(self, request: web.Request) -> Asked:
        body = await request.read()
        parts = tuple(part for part in request.match_info.get("rest", "").split("/") if part)
        query = [(name, value) for name, value in request.query.items()]
        if parts[1:] == ("_search",):
            query += parse_qsl(body.decode())
        kind = parts[0] if parts else "Bundle"
        racy = self.faults.take(request.method, kind, among=frozenset({"racy-if-none-exist"}))
        bundle = request.method == "POST" and not parts
        stale = request.method == "GET" and self.faults.take(
            "GET", kind, among=frozenset({"stale-read"})
        )
        return Asked(
            method=request.method,
            parts=parts,
            query=query,
            headers=request.headers,
            body=body,
            base=str(self.base),
            racy=racy is not None,
            stale=bool(stale),
            failing=bundle and self.faults.take("POST", kind, among=_ENTRIES) is not None,
        )

    def _door(self, request: web.Request, asked: Asked) -> Told | None:
        if asked.parts and asked.parts[0] in _OPEN:
            return None
        writing = asked.method != "GET" and asked.parts[1:] != ("_search",)
        authorization = request.headers.get("Authorization", "")
        status = self.tokens.allowed(authorization, writing=writing, now=self.clock.now())
        return None if status == _OK else outcome(status, _REFUSALS[status])

    def _strike(self, request: web.Request, asked: Asked, fault: Fault) -> web.Response | None:
        mode = fault.mode
        if mode in _STRUCK:
            wait = self._wait_header(fault)
            return _answer(_STRUCK[mode], headers=wait | _ELSEWHERE.get(mode, {}))
        if mode == "etag-mismatch":
            return _answer(outcome(412, "conflict")) if "If-Match" in asked.headers else None
        if mode == "token-expired":
            self.tokens.expire_all()
            return None
        reset(request)
        return web.Response(status=500)

    async def _spoil(self, request: web.Request, told: Told, fault: Fault) -> web.StreamResponse:
        body = msgspec.json.encode(told.resource)
        mode = fault.mode
        if mode in _SPOILT:
            return _answer(_SPOILT[mode])
        if mode in {"half-json", "slow-loris"}:
            return await self._half(request, told, body, hang=mode == "slow-loris")
        if mode == "half-json-clean":
            return web.Response(status=told.status, body=body[: len(body) // 2], content_type=_JSON)
        if mode == "duplicated-location":
            response = web.Response(status=told.status)
            response.headers.add("Location", told.headers.get("Location", ""))
            response.headers.add("Location", str(self.base / "Task" / "another"))
            return response
        reset(request)
        return web.Response(status=500)

    async def _half(
        self, request: web.Request, told: Told, body: bytes, *, hang: bool
    ) -> web.StreamResponse:
        response = web.StreamResponse(status=told.status, headers=dict(told.headers))
        response.content_type = _JSON
        response.content_length = len(body)
        await response.prepare(request)
        await response.write(body[: len(body) // 2])
        if hang:
            await self._stopping.wait()
        reset(request)
        return response

    def _wait_header(self, fault: Fault) -> dict[str, str]:
        text = fault.retry_after
        if text.startswith("date:"):
            at = self.clock.now() + timedelta(seconds=int(text.removeprefix("date:")))
            text = at.strftime("%a, %d %b %Y %H:%M:%S GMT")
        return {"Retry-After": text} if text else {}

    def _note(self, method: str, kind: str, fault: Fault | None) -> None:
        at = self.clock.now().isoformat()
        mode = fault.mode if fault else ""
        self.requests.append({"method": method, "kind": kind, "at": at, "fault": mode})
        del self.requests[:-_LOG_MAX]

    def _audit(self, asked: Asked, told: Told) -> None:
        action = {"GET": "R", "POST": "C", "PUT": "U"}.get(asked.method, "E")
        ending = "0" if told.status < 400 else "4"  # noqa: PLR2004  # client errors start here
        what = [
            {"what": {"reference": f"{one.resource['resourceType']}/{one.resource['id']}"}}
            for one in told.changed
        ]
        event = {"resourceType": "AuditEvent", "action": action, "outcome": ending, "entity": what}
        self.desk.records.create(event | {"recorded": self.clock.now().isoformat()})

    async def _admin(self, request: web.Request) -> web.Response:
        what = request.match_info["what"]
        if request.method == "POST":
            return self._told(what, msgspec.json.decode(await request.read() or b"{}"))
        if what == "requests":
            return json_answer(200, self._counted())
        if what == "resources":
            return json_answer(200, self._truth(request.query.get("identifier", "")))
        if what == "notifications":
            await self.notifier.settle()
            return json_answer(200, self.notifier.log)
        return json_answer(404, {})

    async def _page(self, request: web.Request) -> web.Response:
        """The EHR's own screen of a record, where a link from a case ends."""
        version = self.desk.records.current(request.match_info["kind"], request.match_info["key"])
        if version is None:
            return web.Response(status=404, text="no such record")
        return web.Response(
            text=msgspec.json.format(msgspec.json.encode(version.resource)).decode()
        )

    async def _found(self, request: web.Request) -> web.Response:
        """The same by a number: to the record that has it."""
        kind, wanted = request.match_info["kind"], request.query.get("identifier", "")
        seen = self.desk.records.visible(kind, value=wanted) if wanted else ()
        for version in seen:
            raise web.HTTPSeeOther(f"/app/{kind}/{version.resource['id']}")
        return web.Response(status=404, text="no such record")

    def _told(self, what: str, said: dict[str, Any]) -> web.Response:
        doors = {
            "faults": self._set_fault,
            "clock": self._move_clock,
            "clients": self._register,
            "resources": self.put,
        }
        if what not in doors:
            return json_answer(404, {})
        try:
            return json_answer(200, doors[what](said))
        except (KeyError, TypeError, ValueError) as error:
            return json_answer(400, {"error": str(error)})

    def _set_fault(self, said: dict[str, Any]) -> dict[str, Any]:
        if said.get("clear"):
            self.faults.clear()
        else:
            self.faults.add(said)
        return said

    def _move_clock(self, said: dict[str, Any]) -> dict[str, Any]:
        self.clock.advance(timedelta(seconds=said["advance_s"]))
        return {"now": self.clock.now().isoformat()}

    def _register(self, said: dict[str, Any]) -> dict[str, Any]:
        self.tokens.register(said["client_id"], said["jwks"])
        return {"client_id": said["client_id"]}

    def put(self, resource: dict[str, Any]) -> dict[str, Any]:
        """Store a resource as the EHR's own staff would, and notify subscribers."""
        records = self.desk.records
        kind, key = str(resource["resourceType"]), str(resource.get("id", ""))
        version = records.put(kind, key, resource) if key else records.create(resource)
        self.notifier.tell(version.resource)
        return version.resource

    def _counted(self) -> dict[str, Any]:
        by: dict[str, int] = {}
        for one in self.requests:
            name = f"{one['method']} {one['kind']}"
            by[name] = by.get(name, 0) + 1
        return {"total": len(self.requests), "by": by, "log": self.requests}

    def _truth(self, value: str) -> list[dict[str, Any]]:
        """Every resource that carries an identifier value (any, if empty), whether search sees it yet or not."""
        everything = [version.resource for version in self.desk.records.everything()]
        return [
            one
            for one in everything
            if any(value in {"", entry.get("value")} for entry in one.get("identifier", []))
        ]


def _answer(told: Told, *, headers: dict[str, str] | None = None) -> web.Response:
    body = msgspec.json.encode(told.resource) if told.resource is not None else b""
    sent = {**told.headers, **(headers or {})}
    return web.Response(status=told.status, body=body, headers=sent, content_type=_JSON)
