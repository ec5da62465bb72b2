"""Carelane's own connection: what people decide in system pathways is done through the same outbox as all else.

Replaying a message, setting a parked case free, settling an effect: each is idempotent, so its class is keyed.
The thing itself is named by the system case's key (`message`, `case`, `effect`), and who decided it by the case's last
actor: what is done stands in the audit under that person's name.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from carelane.effects import letters
from carelane.engine.redrive import redrive
from carelane.engine.runtime import Runtime
from carelane.facts.intent import EffectClass, Intent
from carelane.facts.ports import Capability, Envelope, Reader, Sent, Verdict
from carelane.intake.accepting import SAID, accept
from carelane.intake.replay import again
from carelane.store.turns import TurnBusy

NAME = "carelane"
_NOBODY = "system-pathway"  # an outcome that no person chose
_REVIEW = "identity-review"
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
Readers = Mapping[str, Reader]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What a person decided in a system case: about what, and who."""

    targets: tuple[UUID, ...]
    by: str
    accepts: bool = False  # an identity question was answered: it is the same person

    @property
    def target(self) -> UUID:
        """The first thing that the case is about: the only one, but for effects."""
        return self.targets[0]


@dataclass(frozen=True, slots=True)
class InternalSender:
    """`facts.ports.Sender` over our own services."""

    runtime: Runtime
    envelopes: Envelopes
    readers: Readers

    def capabilities(self) -> Mapping[str, Capability]:
        """What system pathways may want done."""
        return CAPABILITIES

    async def send(self, intent: Intent, *, attempt: int, now: datetime) -> Sent:
        """Do it once; a busy subject is tried again."""
        del attempt, now
        wish = await self._wish(intent)
        if wish is None:
            return Sent(verdict=Verdict.REFUSED, cause="unknown-target")
        try:
            done = await self._do(intent.capability, wish)
        except TurnBusy:
            return Sent(verdict=Verdict.RETRY, cause="turn-busy")
        if not done:
            return Sent(verdict=Verdict.REFUSED, cause="not-possible")
        return Sent(verdict=Verdict.DONE, reference=str(wish.target), format="Carelane")

    async def look_up(self, intent: Intent, *, now: datetime) -> Sent:
        """Doing it again is doing it once."""
        return await self.send(intent, attempt=0, now=now)

    async def close(self) -> None:
        """Nothing is kept open."""

    async def _wish(self, intent: Intent) -> _Wish | None:
        async with self.runtime.worker.transaction() as tx:
            row = await tx.one("house.case_key", case=intent.case, name=_KEYS[intent.capability])
        if row is None or not row["tokens"]:
            return None
        accepts = row["pathway"] == _REVIEW and row["outcome"] == SAID
        targets = tuple(UUID(each) for each in row["tokens"])
        return _Wish(targets=targets, by=row["last_actor"] or _NOBODY, accepts=accepts)

    async def _do(self, capability: str, wish: _Wish) -> bool:
        by = wish.by
        match capability:
            case "carelane.message.replay":
                return await self._replay(wish)
            case "carelane.case.redrive":
                return await redrive(self.runtime, wish.target, by=by)
            case "carelane.effect.resend":
                done = await letters.redrive(
                    self.runtime, actor=by, ids=wish.targets, preview=False
                )
                return bool(done.again)
            case "carelane.effect.done":
                return await self._each(wish, partial(letters.answer, done=True))
            case _:
                reason = letters.DISCARD_REASONS[0]
                return await self._each(wish, partial(letters.discard, reason=reason))

    async def _each(self, wish: _Wish, end: Callable[..., Awaitable[bool]]) -> bool:
        """End every effect that the case is about; one that has ended by itself needs nothing more."""
        ended = [
            await end(self.runtime, each, actor=wish.by) or await letters.over(self.runtime, each)
            for each in wish.targets
        ]
        return all(ended)

    async def _replay(self, wish: _Wish) -> bool:
        async with self.runtime.worker.transaction() as tx:
            row = await tx.one("house.message_connection", message=wish.target)
        connection = str(row["connection"]) if row else ""
        envelope, reader = self.envelopes.get(connection), self.readers.get(connection)
        if envelope is None or reader is None:
            return False
        if wish.accepts and not await accept(self.runtime, wish.target, reader, by=wish.by):
            return False
        return await again(self.runtime, wish.target, envelope) is not None
