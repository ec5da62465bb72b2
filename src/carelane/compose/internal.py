"""Carelane's own connection: what people decide in system pathways is done through the same outbox as all else.

Replaying a message, setting a parked case free, settling an effect: each is idempotent, so its class is keyed.
The thing itself is named by the system case's key (`message`, `case`, `effect`).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from carelane.effects import letters
from carelane.engine.redrive import redrive
from carelane.engine.runtime import Runtime
from carelane.facts.intent import EffectClass, Intent
from carelane.facts.ports import Capability, Envelope, Sent, Verdict
from carelane.intake.replay import again
from carelane.store.turns import TurnBusy

NAME = "carelane"
_BY = "system-pathway"
_KEYS = {
    "carelane.message.replay": "message",
    "carelane.case.redrive": "case",
    "carelane.effect.resend": "effect",
    "carelane.effect.done": "effect",
    "carelane.effect.drop": "effect",
}
CAPABILITIES: Mapping[str, Capability] = {
    name: Capability(name=name, effect_class=EffectClass.KEYED, resource="carelane")
    for name in _KEYS
}
Envelopes = Mapping[str, Callable[[bytes], Envelope]]


@dataclass(frozen=True, slots=True)
class InternalSender:
    """`facts.ports.Sender` over our own services."""

    runtime: Runtime
    envelopes: Envelopes

    def capabilities(self) -> Mapping[str, Capability]:
        """What system pathways may want done."""
        return CAPABILITIES

    async def send(self, intent: Intent, *, attempt: int, now: datetime) -> Sent:
        """Do it once; a busy subject is tried again."""
        del attempt, now
        target = await self._target(intent)
        if target is None:
            return Sent(verdict=Verdict.REFUSED, cause="unknown-target")
        try:
            done = await self._do(intent.capability, target)
        except TurnBusy:
            return Sent(verdict=Verdict.RETRY, cause="turn-busy")
        if not done:
            return Sent(verdict=Verdict.REFUSED, cause="not-possible")
        return Sent(verdict=Verdict.DONE, reference=str(target), format="Carelane")

    async def look_up(self, intent: Intent, *, now: datetime) -> Sent:
        """Doing it again is doing it once."""
        return await self.send(intent, attempt=0, now=now)

    async def close(self) -> None:
        """Nothing is kept open."""

    async def _target(self, intent: Intent) -> UUID | None:
        async with self.runtime.worker.transaction() as tx:
            row = await tx.one("house.case_key", case=intent.case, name=_KEYS[intent.capability])
        return UUID(row["token"]) if row and row["token"] else None

    async def _do(self, capability: str, target: UUID) -> bool:
        doing: Mapping[str, Callable[[UUID], Awaitable[bool]]] = {
            "carelane.message.replay": self._replay,
            "carelane.case.redrive": lambda case: redrive(self.runtime, case, by=_BY),
            "carelane.effect.resend": self._resend,
            "carelane.effect.done": lambda effect: letters.answer(
                self.runtime, effect, actor=_BY, done=True
            ),
            "carelane.effect.drop": lambda effect: letters.discard(
                self.runtime, effect, actor=_BY, reason=letters.DISCARD_REASONS[0]
            ),
        }
        return await doing[capability](target)

    async def _replay(self, message: UUID) -> bool:
        async with self.runtime.worker.transaction() as tx:
            row = await tx.one("house.message_connection", message=message)
        envelope = self.envelopes.get(row["connection"]) if row else None
        return envelope is not None and await again(self.runtime, message, envelope) is not None

    async def _resend(self, effect: UUID) -> bool:
        done = await letters.redrive(self.runtime, actor=_BY, ids=[effect], preview=False)
        return bool(done.again)
