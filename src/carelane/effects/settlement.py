"""What becomes of an effect after a sending or a look-up: one pure table (SEMANTICS 7, TRUST I3, I6, I10).

`sent` judges a sending, `lost` a sender that died, `looked` a look-up. Each ends in done, withdrawn, another
try within the budget, or a named person. `settle.py` writes the answer down.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from carelane.cases.model import EffectState
from carelane.effects.destinations import Destination
from carelane.effects.flight import Flight
from carelane.facts.intent import EffectClass, IfUnknown
from carelane.facts.ports import Capability, Sent, Verdict

Jitter = Callable[[int], timedelta]
"""A random wait for the n-th repetition (full jitter), within the destination's limits."""


class Outcome(StrEnum):
    """How the core hears of it, in the fact `effect.settled`."""

    DONE = "done"
    REFUSED = "refused"
    NEEDS_PERSON = "needs-person"
    WITHDRAWN = "withdrawn"


class Health(StrEnum):
    """What it says of the connection, for its circuit breaker."""

    WELL = "well"
    ILL = "ill"
    SILENT = "silent"  # nothing was learnt


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The effect's new state and who hears of it. `outcome` is None while nothing is settled yet."""

    state: EffectState
    cause: str = ""
    reference: str = ""
    format: str = ""
    next_at: datetime | None = None
    absent_at: datetime | None = None
    looks: int = 0
    asked: bool = False
    maybe: bool = False  # to be sent again, although an earlier attempt may have been done
    outcome: Outcome | None = None
    health: Health = Health.SILENT
    hold_until: datetime | None = None  # the other side's Retry-After: for the whole connection

    @classmethod
    def again(cls, cause: str, at: datetime, *, maybe: bool = False) -> "Settlement":
        """Not sent, and not yet: ready again from an instant on, with nothing learnt of the connection."""
        return cls(state=EffectState.READY, cause=cause, next_at=at, maybe=maybe)

    @property
    def attention(self) -> bool:
        """Whether a person must own it: dead, or unknown."""
        return self.state in (EffectState.DEAD, EffectState.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a judgement needs besides the outcome: limits, class of the capability, the instant and the dice."""

    destination: Destination
    capability: Capability | None
    now: datetime
    jitter: Jitter

    @property
    def effect_class(self) -> EffectClass:
        """Blind when nobody says otherwise: the most careful."""
        return self.capability.effect_class if self.capability else EffectClass.BLIND

    @property
    def horizon(self) -> timedelta:
        """After which a write must be visible."""
        return timedelta(seconds=self.capability.horizon_s if self.capability else 0)


def sent(flight: Flight, outcome: Sent, terms: Terms) -> Settlement:
    """Judge the outcome of one sending."""
    match outcome.verdict:
        case Verdict.DONE:
            return _done(outcome)
        case Verdict.RETRY:
            return _again(flight, outcome, terms, health=_illness(outcome))
        case Verdict.UNKNOWN:
            return _unknown(flight, outcome, terms, health=Health.ILL)
        case Verdict.REFUSED | Verdict.CONFLICT if flight.maybe:
            # Perhaps because an earlier attempt was done: find that out before saying it failed.
            return find_out(flight, outcome, terms, health=Health.WELL)
        case Verdict.REFUSED:
            return dead(outcome.cause or "refused", Outcome.REFUSED, health=Health.WELL)
        case Verdict.CONFLICT:
            return dead(outcome.cause or "conflict", Outcome.NEEDS_PERSON, health=Health.WELL)


def lost(flight: Flight, terms: Terms) -> Settlement:
    """Judge an effect whose sender died with it: nobody knows whether it left."""
    return _unknown(
        flight, Sent(verdict=Verdict.UNKNOWN, cause="lease-lost"), terms, health=Health.SILENT
    )


def looked(flight: Flight, outcome: Sent, terms: Terms) -> Settlement:
    """Judge a look-up of an unknown effect."""
    match outcome.verdict:
        case Verdict.DONE:
            return _done(outcome)
        case Verdict.REFUSED:
            return _absent(flight, outcome, terms)
        case Verdict.RETRY | Verdict.UNKNOWN | Verdict.CONFLICT:
            return _unseen(flight, outcome, terms)


def dead(cause: str, outcome: Outcome, *, health: Health = Health.SILENT) -> Settlement:
    """Certainly not done, and not tried again by itself: a person owns it."""
    return Settlement(state=EffectState.DEAD, cause=cause, outcome=outcome, health=health)


def withdrawn(cause: str, outcome: Outcome = Outcome.WITHDRAWN) -> Settlement:
    """It will not be sent."""
    return Settlement(state=EffectState.WITHDRAWN, cause=cause, outcome=outcome)


def ended(flight: Flight, why: str) -> Settlement:
    """How an effect ends that will not be claimed again."""
    if why in ("cancelled", "nothing-to-undo"):
        return withdrawn(why)
    if why == "too-late" and flight.if_unknown is IfUnknown.DROP:
        return withdrawn(why, Outcome.NEEDS_PERSON)
    return dead(why, Outcome.NEEDS_PERSON)


def _done(outcome: Sent) -> Settlement:
    return Settlement(
        state=EffectState.DONE,
        cause=outcome.cause,
        reference=outcome.reference,
        format=outcome.format,
        outcome=Outcome.DONE,
        health=Health.WELL,
    )


def _illness(outcome: Sent) -> Health:
    # Who says when to come back is busy, not broken: the hold is enough.
    return Health.SILENT if outcome.retry_at is not None else Health.ILL


def _again(flight: Flight, outcome: Sent, terms: Terms, *, health: Health) -> Settlement:
    """Another try, if it may still start and the budget allows. `flight.maybe` says whether it may be done already."""
    spent = flight.tries >= terms.destination.attempts_max
    if flight.maybe and (spent or not flight.may_start):
        return find_out(flight, outcome, terms, health=health)
    if not flight.may_start:
        return withdrawn("cancelled")
    if spent:
        return dead(outcome.cause or "attempts", Outcome.NEEDS_PERSON, health=health)
    return Settlement(
        state=EffectState.READY,
        cause=outcome.cause,
        next_at=_not_before(terms, flight.tries, outcome.retry_at),
        maybe=flight.maybe,
        health=health,
        hold_until=outcome.retry_at,
    )


def _unknown(flight: Flight, outcome: Sent, terms: Terms, *, health: Health) -> Settlement:
    match terms.effect_class:
        case EffectClass.KEYED:
            # Safe to repeat; under a cancelled case it would be a new start, so `_again` looks instead.
            return _again(replace(flight, maybe=True), outcome, terms, health=health)
        case EffectClass.SEARCHABLE:
            return find_out(flight, outcome, terms, health=health)
        case EffectClass.BLIND:
            return _as_declared(flight, outcome, terms, health=health)


def find_out(flight: Flight, outcome: Sent, terms: Terms, *, health: Health) -> Settlement:
    """Perhaps done: look it up where that is possible, else ask a person."""
    if terms.effect_class is EffectClass.BLIND:
        return _ask(flight, outcome, health=health)
    return Settlement(
        state=EffectState.UNKNOWN,
        cause=outcome.cause,
        next_at=_not_before(terms, 0, outcome.retry_at),
        health=health,
        hold_until=outcome.retry_at,
    )


def _as_declared(flight: Flight, outcome: Sent, terms: Terms, *, health: Health) -> Settlement:
    """Nobody can know: resend, ask or drop, as the effect says."""
    spent = flight.tries >= terms.destination.attempts_max
    match flight.if_unknown:
        case IfUnknown.RESEND if flight.may_start and not spent:
            return _again(replace(flight, maybe=True), outcome, terms, health=health)
        case IfUnknown.DROP:
            return withdrawn("unknown-dropped")
        case IfUnknown.RESEND | IfUnknown.ASK:
            return _ask(flight, outcome, health=health)


def _ask(flight: Flight, outcome: Sent, *, health: Health) -> Settlement:
    return Settlement(
        state=EffectState.UNKNOWN,
        cause=outcome.cause,
        absent_at=flight.absent_at,
        looks=flight.looks,
        asked=True,
        outcome=Outcome.NEEDS_PERSON,
        health=health,
    )


def _absent(flight: Flight, outcome: Sent, terms: Terms) -> Settlement:
    """Not found. It counts only when not found twice, the second time after the consistency horizon."""
    if flight.absent_at is not None and terms.now >= flight.absent_at + terms.horizon:
        absent = Sent(verdict=Verdict.RETRY, cause="absent-twice")
        return _again(replace(flight, maybe=False), absent, terms, health=Health.WELL)
    first = flight.absent_at or terms.now
    return Settlement(
        state=EffectState.UNKNOWN,
        cause=outcome.cause or "absent",
        next_at=first + terms.horizon,
        absent_at=first,
        looks=flight.looks + 1,
        health=Health.WELL,
    )


def _unseen(flight: Flight, outcome: Sent, terms: Terms) -> Settlement:
    """The look-up itself gave no answer: again, within the budget; then as the effect declares."""
    if flight.looks + 1 >= terms.destination.attempts_max:
        return _as_declared(flight, outcome, terms, health=_illness(outcome))
    return Settlement(
        state=EffectState.UNKNOWN,
        cause=outcome.cause,
        next_at=_not_before(terms, flight.looks + 1, outcome.retry_at),
        absent_at=flight.absent_at,
        looks=flight.looks + 1,
        health=_illness(outcome),
        hold_until=outcome.retry_at,
    )


def _not_before(terms: Terms, repetition: int, retry_at: datetime | None) -> datetime:
    """Full jitter, and never before the other side's Retry-After."""
    wanted = terms.now + terms.jitter(repetition)
    return max(wanted, retry_at) if retry_at is not None else wanted
