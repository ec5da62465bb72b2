"""A rig for the suites of SMS gateways: our sender and door in one dialect, and the gateway of that dialect."""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

from carelane.connect.sms.adapter import open_door, open_sender, reader_for
from carelane.connect.sms.codec import Dialect
from carelane.connect.sms.door import GatewayDoor
from carelane.facts.fact import Draft
from carelane.facts.ids import name_id
from carelane.facts.intent import PATIENT_MESSAGE, Audience, IfUnknown, Intent
from carelane.facts.phi import Phi
from carelane.facts.ports import Receipt, Sender
from carelane.testing.conformance import sender as suite
from carelane.testing.doorstep import standing
from carelane.testing.gateways.flavours import ACCOUNT, SECRET, SENDER
from carelane.testing.gateways.server import GatewayServer, open_gateway

STARTS_AT: Final = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
BAD_NUMBER: Final = "+15550009999"
_FAULTS: Final = {
    suite.BUSY: "busy",
    suite.BUSY_UNTIL: "busy-date",
    suite.CUT_AFTER: "reset-after",
    suite.ERROR_AFTER: "error-after",
    suite.HALF_ANSWER: "half-after",
    suite.LYING: "lying",
}


@dataclass(kw_only=True)
class SmsRig:
    """A gateway, and both halves of our adapter. `kept` is what the door stored; `impatient` waits 0.2 s only."""

    gateway: GatewayServer
    settings: dict[str, Any]
    sender: Sender
    impatient: Sender
    door: GatewayDoor
    kept: list[bytes] = field(default_factory=list)
    at: datetime = STARTS_AT
    numbers: Any = field(default_factory=lambda: count(1))
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def callback(self) -> str:
        """The door's address."""
        return str(self.settings["callback_url"])

    def intent(self, name: str, *, to: str = "") -> Intent:
        """A text to a number of its own."""
        number = next(self.numbers)
        content = {"message": {"to": to or f"+1555000{number:04d}", "text": "You have a message."}}
        return Intent(
            id=name_id("sms rig", name, number),
            case=name_id("sms rig", "case"),
            step=None,
            name=name,
            capability=PATIENT_MESSAGE,
            audience=Audience.PATIENT,
            if_unknown=IfUnknown.DROP,
            content=Phi(content, "content"),
        )

    def refused_intent(self, name: str) -> Intent:
        """To a number that is none."""
        self.gateway.bad.add(BAD_NUMBER)
        return self.intent(name, to=BAD_NUMBER)

    async def stage(self, trouble: str) -> bool:
        """Switch the fault on for the next request."""
        fault = _FAULTS.get(trouble)
        if fault:
            self.gateway.faults.append(fault)
        return fault is not None

    async def requests(self) -> int:
        """How many requests have reached the gateway."""
        return self.gateway.requests

    async def held(self, intent: Intent) -> int:
        """How often a text of this intent went out."""
        return self.gateway.held(str(intent.id))

    def now(self) -> datetime:
        """The time of the test."""
        return self.at

    async def wait(self, by: timedelta) -> None:
        """Let time pass on both sides."""
        self.at += by

    async def receive(self, connection: str, raw: bytes) -> Receipt:
        """What a receiver does, in memory: keep the bytes, the same ones once."""
        del connection
        known = raw in self.kept
        if not known:
            self.kept.append(raw)
        return Receipt(outcome="duplicate" if known else "accepted", message=None)

    def heard(self) -> Sequence[Draft]:
        """The drafts of all that was kept, in order."""
        reader = reader_for(self.settings)
        readings = [reader(raw, received_at=self.at)[0] for raw in self.kept]
        return [draft for reading in readings for draft in reading.drafts]

    async def close(self) -> None:
        """Close both ends."""
        await self.sender.close()
        await self.impatient.close()
        await self.stack.aclose()


async def open_rig(
    name: str, folder: Path, *, make: Callable[[dict[str, Any]], Sender] = open_sender,
    dialect: Dialect | None = None,
) -> SmsRig:  # fmt: skip
    """A rig for one gateway. `make` and `dialect` put something broken in our half's place."""
    key = folder / f"{name}.key"
    key.write_text(SECRET, encoding="utf-8")
    gateway = await open_gateway(name, now=lambda: STARTS_AT)
    settings: dict[str, Any] = {
        "dialect": name, "base_url": str(gateway.root), "account": ACCOUNT, "sender": SENDER,
        "secret_file": str(key), "callback_url": "http://door.invalid/", "total_s": 5,
    }  # fmt: skip
    door = open_door(settings, connection="texts", receive=_nobody, now=lambda: STARTS_AT)
    impatient = open_sender({**settings, "total_s": 0.2})
    rig = SmsRig(
        gateway=gateway, settings=settings, sender=make(settings), door=door, impatient=impatient
    )
    gateway.now = rig.now
    rig.stack.push_async_callback(gateway.stop)

    async def at_the_door(scope: Any, source: Any, sink: Any) -> None:
        await rig.door(scope, source, sink)

    base = await rig.stack.enter_async_context(standing(at_the_door))
    settings["callback_url"] = f"{base}/sms/texts"
    rig.sender = make(settings)
    made = open_door(settings, connection="texts", receive=rig.receive, now=rig.now)
    rig.door = made if dialect is None else GatewayDoor(
        connection="texts", dialect=dialect, address=made.address, secret=made.secret,
        receive=rig.receive, now=rig.now)  # fmt: skip
    return rig


async def _nobody(connection: str, raw: bytes) -> Receipt:
    del connection, raw
    return Receipt(outcome="rejected", message=None)
