"""How many requests a connection may get now: circuit breaker, quota and Retry-After as one pure judgement.

The state lives in the connection's row, so that all hosts together stay under the EHR's budget; `claim` holds
the row's lock while it asks.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from carelane.effects.destinations import Destination
from carelane.effects.settlement import Health

CLOSED, OPEN, HALF_OPEN = "closed", "open", "half-open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A connection's breaker and bucket, as stored."""

    state: str = CLOSED
    open_until: datetime | None = None
    failures: int = 0
    not_before: datetime | None = None
    tokens: float = 0.0
    tokens_at: datetime | None = None

    @property
    def calm(self) -> bool:
        """Whether one more good outcome changes nothing: then nobody need lock the row to say so."""
        return self.state == CLOSED and self.failures == 0 and self.open_until is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What may pass: at most `slots` requests in flight, at most `paid` new ones; `state` is the breaker's now."""

    slots: int
    paid: int
    state: str
    tokens: float


def opening(gate: Gate, destination: Destination, now: datetime) -> Opening:
    """Refill the bucket, then ask Retry-After and the breaker, which lets one probe through once its time is up."""
    tokens = _refilled(gate, destination, now)
    slots, state = destination.concurrency, gate.state
    if _later(gate.not_before, now) or (state == OPEN and _later(gate.open_until, now)):
        slots = 0
    elif state != CLOSED:
        slots, state = 1, HALF_OPEN
    return Opening(slots=slots, paid=min(slots, int(tokens)), state=state, tokens=tokens)


def _later(instant: datetime | None, now: datetime) -> bool:
    return instant is not None and instant > now


def _refilled(gate: Gate, destination: Destination, now: datetime) -> float:
    if gate.tokens_at is None:
        return float(destination.burst)
    elapsed = max(0.0, (now - gate.tokens_at).total_seconds())
    return min(float(destination.burst), gate.tokens + elapsed * destination.per_second)


def after(
    gate: Gate, health: Health, destination: Destination, now: datetime, *, open_for: timedelta
) -> Gate:
    """The breaker after one outcome: it opens after enough failures in a row, or at once when a probe fails."""
    if health is Health.SILENT:
        return gate
    if health is Health.WELL:
        return _with(gate, state=CLOSED, open_until=None, failures=0)
    failures = gate.failures + 1
    if gate.state != CLOSED or failures >= destination.breaker_failures:
        return _with(gate, state=OPEN, open_until=now + open_for, failures=failures)
    return _with(gate, state=CLOSED, open_until=None, failures=failures)


def _with(gate: Gate, *, state: str, open_until: datetime | None, failures: int) -> Gate:
    return Gate(
        state=state,
        open_until=open_until,
        failures=failures,
        not_before=gate.not_before,
        tokens=gate.tokens,
        tokens_at=gate.tokens_at,
    )
