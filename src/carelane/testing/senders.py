"""A scripted outside system behind the `Sender` port: an EHR in memory that lies, dies and dawdles on cue.

Held to the same conformance suite as the adapters (`testing.conformance`). It keeps what it holds under each
intent's id, so that a test can ask the truth: how many things resulted, how many requests came, and when.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from carelane.facts.intent import EffectClass, Intent
from carelane.facts.ports import Capability, Sent, Verdict


class Mood(StrEnum):
    """How the next request goes."""

    WELL = "well"
    DOWN = "down"  # certainly not done
    BUSY = "busy"  # certainly not done, with a time to come back
    CUT_AFTER = "cut-after"  # done, then the connection is reset
    CUT_BEFORE = "cut-before"  # not done, and nobody can tell
    REFUSES = "refuses"
    CONFLICT = "conflict"
    HANGS = "hangs"  # never answers; released by `release`


@dataclass(slots=True, kw_only=True)
class ScriptedSystem:
    """`moods` are used up one per request; after them it is `mood`. Things show in look-ups `lag` after they were made.

    A keyed system makes at most one thing per id; others make one per request that gets through.
    """

    now: Callable[[], datetime]
    effect_class: EffectClass = EffectClass.KEYED
    capability: str = "ehr.referral.update"
    resource: str = "Task"
    horizon_s: int = 0
    mood: Mood = Mood.WELL
    moods: deque[Mood] = field(default_factory=deque)
    lag: timedelta = timedelta(0)
    back_in: timedelta = timedelta(seconds=60)
    requests: list[tuple[UUID, datetime]] = field(default_factory=list)
    looks: list[tuple[UUID, datetime]] = field(default_factory=list)
    made: dict[UUID, list[datetime]] = field(default_factory=dict)
    in_flight: int = 0
    in_flight_max: int = 0
    blind_looks: bool = False
    _freed: asyncio.Event = field(default_factory=asyncio.Event)

    def held(self, effect: UUID) -> int:
        """How many things exist under this id."""
        return len(self.made.get(effect, ()))

    def sent(self) -> Counter[UUID]:
        """Requests per id."""
        return Counter(effect for effect, _ in self.requests)

    def release(self) -> None:
        """Let hanging requests answer."""
        self._freed.set()

    def capabilities(self) -> Mapping[str, Capability]:
        """The one it has."""
        return {
            self.capability: Capability(
                name=self.capability,
                effect_class=self.effect_class,
                resource=self.resource,
                fields=frozenset({"status"}),
                horizon_s=self.horizon_s,
            )
        }

    async def send(self, intent: Intent, *, attempt: int, now: datetime) -> Sent:
        """Meet the next mood."""
        del attempt
        self.requests.append((intent.id, now))
        self.in_flight += 1
        self.in_flight_max = max(self.in_flight_max, self.in_flight)
        try:
            return await self._meet(intent, self.moods.popleft() if self.moods else self.mood, now)
        finally:
            self.in_flight -= 1

    async def _meet(  # noqa: PLR0911  # one answer per mood
        self, intent: Intent, mood: Mood, now: datetime
    ) -> Sent:
        await asyncio.sleep(0)
        match mood:
            case Mood.WELL:
                return self._done(intent)
            case Mood.HANGS:
                await self._freed.wait()
                return self._done(intent)
            case Mood.DOWN:
                return Sent(verdict=Verdict.RETRY, cause="http-503")
            case Mood.BUSY:
                return Sent(verdict=Verdict.RETRY, cause="http-429", retry_at=now + self.back_in)
            case Mood.CUT_AFTER:
                self._done(intent)
                return Sent(verdict=Verdict.UNKNOWN, cause="reset")
            case Mood.CUT_BEFORE:
                return Sent(verdict=Verdict.UNKNOWN, cause="reset")
            case Mood.REFUSES:
                return Sent(verdict=Verdict.REFUSED, cause="http-422")
            case Mood.CONFLICT:
                return Sent(verdict=Verdict.CONFLICT, cause="if-match")

    def _done(self, intent: Intent) -> Sent:
        made = self.made.setdefault(intent.id, [])
        if not made or self.effect_class is not EffectClass.KEYED:
            made.append(self.now())
        return Sent(
            verdict=Verdict.DONE, reference=f"{self.resource}/{len(self.made)}", format="scripted"
        )

    async def look_up(self, intent: Intent, *, now: datetime) -> Sent:
        """Find it by its id, once it has become visible."""
        self.looks.append((intent.id, now))
        if self.blind_looks:
            return Sent(verdict=Verdict.UNKNOWN, cause="timeout")
        if any(made + self.lag <= now for made in self.made.get(intent.id, ())):
            return Sent(verdict=Verdict.DONE, reference=f"{self.resource}/found", format="scripted")
        return Sent(verdict=Verdict.REFUSED, cause="absent")

    async def close(self) -> None:
        """Nothing to let go of."""
