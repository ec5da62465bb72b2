"""Which cases an event is about: keys, staleness, and what to do when several match (SEMANTICS 2). Pure leaves."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from carelane.cases.model import Case
from carelane.facts.fact import Fact
from carelane.pathways.definition import Event, Several

Tokens = Mapping[str, frozenset[str]]
_NONE: frozenset[str] = frozenset()


def tokens_of(fact: Fact, names: frozenset[str]) -> Tokens:
    """The fact's keys that this pathway correlates by."""
    return {name: frozenset((token,)) for name, token in fact.keys.items() if name in names}


def joined(known: Tokens, fact: Fact, names: frozenset[str]) -> Tokens:
    """A case's keys with those of a fact applied to it: a filler number may come later."""
    new = {
        name: known.get(name, _NONE) | {token}
        for name, token in fact.keys.items()
        if name in names and token not in known.get(name, _NONE)
    }
    return {**known, **new} if new else known


def tokens_named(known: Tokens, names: Sequence[str]) -> dict[str, str]:
    """One token for each of these keys that the case has: the least, so that history repeats it."""
    return {name: min(known[name]) for name in names if known.get(name)}


def matches(event: Event, fact: Fact, keys: Tokens) -> int:
    """How many of the event's keys the case shares with the fact; an event without keys matches once."""
    if not event.keys:
        return 1
    shared = 0
    for name in event.keys:
        token = fact.keys.get(name)
        if token is not None and token in keys.get(name, ()):
            shared += 1
    return shared


def entity(event: Event, fact: Fact) -> str:
    """The token whose source time must not go back, or empty."""
    if not event.stale_by:
        return ""
    token = fact.keys.get(event.stale_by) or fact.entity
    return f"{event.stale_by}:{token}" if token else ""


def is_stale(event: Event, fact: Fact, stale: Mapping[str, datetime]) -> bool:
    """Whether the case has already applied something newer about the same entity."""
    if not event.stale_by or not stale:
        return False
    newest = stale.get(entity(event, fact))
    return newest is not None and fact.occurred_at < newest


def is_known(event: Event, fact: Fact, stale: Mapping[str, datetime]) -> bool:
    """Whether the case has applied this about the same entity, or something newer."""
    newest = stale.get(entity(event, fact)) if stale and event.stale_by else None
    return newest is not None and fact.occurred_at <= newest


def noted(event: Event, fact: Fact, stale: Mapping[str, datetime]) -> Mapping[str, datetime]:
    """The newest source times after this fact."""
    token = entity(event, fact)
    if not token or stale.get(token, fact.occurred_at) > fact.occurred_at:
        return stale
    return {**stale, token: fact.occurred_at}


def choose(event: Event, fact: Fact, cases: Sequence[Case]) -> tuple[Case, ...] | None:
    """The cases an event is applied to; None when a person must say which."""
    if len(cases) <= 1 or event.several is Several.ALL:
        return tuple(cases)
    kept = [case for case in cases if case.duplicate_of is None]
    if (
        kept and len(kept) < len(cases) and not event.cancels
    ):  # a merge left both open: the older one goes on
        return choose(event, fact, kept)
    if event.several is Several.ASK:
        return None
    if event.several is Several.RECENT:
        return (max(cases, key=lambda case: (case.opened_at, case.id)),)
    if event.several is Several.FIRST:
        ranked = sorted(cases, key=lambda case: (-case.urgency, case.opened_at, case.id))
        return tuple(ranked[: max(event.first, 1)])
    best = sorted(
        cases, key=lambda case: (-matches(event, fact, case.keys), case.opened_at, case.id)
    )
    return tuple(best[:1])
