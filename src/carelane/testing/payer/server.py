"""The synthetic payer on a socket: FHIR base `/fhir`, tokens `/token`, and `/admin` for whoever runs the drill.

Doors in order: faults that strike before, the SMART token, the desk, faults that strike after. The faults are those of
the synthetic EHR; narrow them with `method` and `kind` (`Claim/$submit`, `Claim/$inquire`).
"""

import asyncio
from datetime import timedelta
from typing import Any, Final

import msgspec
from aiohttp import web
from yarl import URL

from carelane.testing.ehr.clock import HostClock
from carelane.testing.ehr.faults import AFTER, BEFORE, TOKEN, Fault, Faults
from carelane.testing.ehr.tokens import ALGORITHMS, Tokens
from carelane.testing.payer.admin import Admin
from carelane.testing.payer.claims import Held, Resource
from carelane.testing.payer.desk import Desk, Told
from carelane.testing.payer.responses import bundle_of, notification, outcome
from carelane.testing.payer.telling import Notifier
from carelane.testing.replies import json_answer, reset

SUBMIT: Final = "Claim/$submit"
INQUIRE: Final = "Claim/$inquire"
_JSON: Final = "application/fhir+json"
_BODY_BYTES_MAX: Final = 32 * 1024 * 1024
_STATUS: Final = {
    "422": (422, "business-rule"),
    "429": (429, "throttled"),
    "500": (500, "exception"),
    "503": (503, "transient"),
    "outcome-error": (200, "processing"),
    "500-after-commit": (500, "exception"),
    "outcome-error-after-commit": (200, "processing"),
}
_OK: Final = 200


class PayerServer:
    """One payer. `start` gives its address; all it knows ends with the process."""

    def __init__(self, *, seed: int = 1, clock: HostClock | None = None) -> None:
        self.clock = clock or HostClock()
        self.desk = Desk(now=self.clock.now, seed=seed)
        self.tokens = Tokens()
        self.faults = Faults()
        self.notifier = Notifier()
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
        app.router.add_post("/fhir/Claim/$submit", self._submit)
        app.router.add_post("/fhir/Claim/$inquire", self._inquire)
        app.router.add_post("/fhir/Subscription", self._subscribe)
        app.router.add_routes(Admin(payer=self).routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        address = self._runner.addresses[0]
        self.root = URL.build(scheme="http", host=str(address[0]), port=int(address[1]))
        self.desk.base = str(self.base)
        return self.base

    async def stop(self) -> None:
        """Stop listening and drop what hangs."""
        self._stopping.set()
        await self.notifier.close()
        if self._runner is not None:
            await self._runner.cleanup()

    def tell(self, decided: list[Held]) -> None:
        """Notify subscribers of decisions, each on its own."""
        now = self.clock.now()
        for one in decided:
            self.notifier.tell(notification(bundle_of([one], str(self.base), now), now))

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
        if fault is not None:
            status = 503 if fault.mode == "token-503" else 400
            return json_answer(
                status, {"error": "temporarily_unavailable"}, headers=self._wait(fault)
            )
        form = {name: str(value) for name, value in (await request.post()).items()}
        issued = self.tokens.issue(form, audience=str(self.root / "token"), now=self.clock.now())
        if isinstance(issued, str):
            return json_answer(401 if issued == "invalid_client" else 400, {"error": issued})
        return json_answer(200, issued, headers={"Cache-Control": "no-store"})

    async def _submit(self, request: web.Request) -> web.StreamResponse:
        return await self._operation(request, SUBMIT)

    async def _inquire(self, request: web.Request) -> web.StreamResponse:
        return await self._operation(request, INQUIRE)

    async def _operation(self, request: web.Request, kind: str) -> web.StreamResponse:
        before = self.faults.take("POST", kind, among=BEFORE)
        after = None if before else self.faults.take("POST", kind, among=AFTER)
        self._note(kind, before or after)
        body = await request.read()
        struck = self._strike(request, before) if before else None
        if struck is not None:
            return struck
        if not self._allowed(request):
            return _answer(Told(status=401, resource=outcome("login")))
        desk = self.desk.submit if kind == SUBMIT else self.desk.inquire
        told = desk(_decoded(body))
        return await self._spoil(request, told, after) if after else _answer(told)

    async def _subscribe(self, request: web.Request) -> web.StreamResponse:
        wish = _decoded(await request.read())
        if not self._allowed(request):
            return _answer(Told(status=401, resource=outcome("login")))
        if wish is None or not wish.get("channel", {}).get("endpoint"):
            return _answer(Told(status=400, resource=outcome("required")))
        kept = {**wish, "id": f"s{len(self.notifier.subscriptions) + 1}", "status": "active"}
        self.notifier.subscriptions.append(kept)
        return _answer(Told(status=201, resource=kept))

    def _allowed(self, request: web.Request) -> bool:
        given = request.headers.get("Authorization", "")
        return self.tokens.allowed(given, writing=True, now=self.clock.now()) == _OK

    def _strike(self, request: web.Request, fault: Fault) -> web.Response | None:
        if fault.mode == "token-expired":
            self.tokens.expire_all()
            return None
        if fault.mode == "etag-mismatch":
            return None
        if fault.mode in _STATUS:
            status, code = _STATUS[fault.mode]
            told = Told(status=status, resource=outcome(code))
            return _answer(told, headers=self._wait(fault))
        reset(request)
        return web.Response(status=500)

    async def _spoil(self, request: web.Request, told: Told, fault: Fault) -> web.StreamResponse:
        if fault.mode in _STATUS:
            status, code = _STATUS[fault.mode]
            return _answer(Told(status=status, resource=outcome(code)))
        body = msgspec.json.encode(told.resource)
        if fault.mode == "half-json-clean":
            return web.Response(status=told.status, body=body[: len(body) // 2], content_type=_JSON)
        if fault.mode in {"half-json", "slow-loris"}:
            response = web.StreamResponse(status=told.status)
            response.content_type = _JSON
            response.content_length = len(body)
            await response.prepare(request)
            await response.write(body[: len(body) // 2])
            if fault.mode == "slow-loris":
                await self._stopping.wait()
            reset(request)
            return response
        reset(request)
        return web.Response(status=500)

    def _wait(self, fault: Fault) -> dict[str, str]:
        text = fault.retry_after
        if text.startswith("date:"):
            at = self.clock.now() + timedelta(seconds=int(text.removeprefix("date:")))
            text = at.strftime("%a, %d %b %Y %H:%M:%S GMT")
        return {"Retry-After": text} if text else {}

    def _note(self, kind: str, fault: Fault | None) -> None:
        self.requests.append({"kind": kind, "fault": fault.mode if fault else ""})
        del self.requests[:-20_000]


def _decoded(body: bytes) -> Resource | None:
    try:
        value = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None
    return value if isinstance(value, dict) else None


def _answer(told: Told, *, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        status=told.status,
        body=msgspec.json.encode(told.resource),
        headers=headers or {},
        content_type=_JSON,
    )
