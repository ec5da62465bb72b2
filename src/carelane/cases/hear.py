"""Who takes up an event: each pathway that hears it, by itself; then several, none, start or reopen (SEMANTICS 2)."""

from collections.abc import Iterator

from carelane.cases.attempt import Tried, attempt
from carelane.cases.correlate import is_known, is_stale, matches
from carelane.cases.event import hear
from carelane.cases.hold import unclear, unmatched
from carelane.cases.model import Case
from carelane.cases.moment import Moment
from carelane.cases.prepared import Prepared, prepare
from carelane.cases.ranking import chosen
from carelane.cases.start import open_case, reopen, starts
from carelane.cases.words import OTHERS, STALE
from carelane.pathways.definition import Definition, Event


def take_up(moment: Moment) -> Iterator[Tried]:
    """What became of the fact at each pathway that hears it."""
    fact, view = moment.fact, moment.view
    seen: set[str] = set()
    running = {case.pathway for case in view.cases}
    for definition in moment.definitions.active:
        name, own = definition.name, definition.events.get(fact.type)
        seen.add(name)
        if own is None and name not in running:
            continue  # the usual answer of most pathways
        mine = [case for case in view.cases if case.pathway == name]
        event = own if own is not None else _heard(moment, mine)
        # A system pathway owns what went wrong, whatever it went wrong on: a dead effect of a connection's case too.
        if event is not None and (definition.system or definition.subject == view.kind):
            # What only the release of a running case hears opens no case of the one in force.
            active = prepare(definition) if own is not None else None
            yield from _pathway(moment, active, event, mine)
    for name in {case.pathway: None for case in view.cases if case.pathway not in seen}:
        mine = [case for case in view.cases if case.pathway == name]
        event = _heard(moment, mine)
        if event is not None:
            yield from _pathway(moment, None, event, mine)


def _heard(moment: Moment, cases: list[Case]) -> Event | None:
    """The event as the newest release that open cases are pinned to knows it, where the one in force doesn't."""
    for case in reversed(cases):
        definition = moment.definitions.pinned.get(case.release)
        if definition is not None and moment.fact.type in definition.events:
            return definition.events[moment.fact.type]
    return None


def _event_of(moment: Moment, case: Case, event: Event) -> Event | None:
    """The event as the case's own release knows it; an unknown release is left to `attempt` to park."""
    definition: Definition | None = moment.definitions.pinned.get(case.release)
    return event if definition is None else definition.events.get(moment.fact.type)


def _pathway(
    moment: Moment, active: Prepared | None, event: Event, cases: list[Case]
) -> Iterator[Tried]:
    matched = _matched(moment, event, cases)
    if event.start is not None and cases:
        matched = _by_unique(moment, active, event, cases, matched)
    if not matched:
        yield _unmatched(moment, active, event)
        return
    fresh = [case for case in matched if not is_stale(event, moment.fact, case.stale)]
    if not fresh:
        yield Tried(ignored=STALE)
        return
    applied = chosen(moment, event, fresh)
    if applied is None:
        name = fresh[0].pathway
        yield unclear(moment, name, tuple(case.id for case in fresh))
        return
    if not applied:
        yield unmatched(moment, event, fresh[0].pathway)
    for case in applied:
        yield attempt(moment, case, hear)


def _matched(moment: Moment, event: Event, cases: list[Case]) -> list[Case]:
    """Open cases the event is about; one that a person named, where a person was asked."""
    named = moment.fact.refers.get("case")
    if named is not None:
        answer = [case for case in cases if case.id == named]
        if answer:
            return answer
    found: list[Case] = []
    for case in cases:
        own = _event_of(moment, case, event)
        if own is not None and matches(own, moment.fact, case.keys):
            found.append(case)
    return found


def _by_unique(
    moment: Moment,
    active: Prepared | None,
    event: Event,
    cases: list[Case],
    matched: list[Case],
) -> list[Case]:
    """A start for an open unique key goes to that case; an event without keys may still open another one."""
    name = event.start.unique if event.start else ""
    token = moment.fact.keys.get(name)
    if token is None:
        return matched
    same = [case for case in cases if case.unique == (name, token) and case.duplicate_of is None]
    if same:
        return same
    opens = not event.keys and active is not None and starts(moment, active, event) is not None
    return [] if opens else matched


def _unmatched(moment: Moment, active: Prepared | None, event: Event) -> Tried:
    pathway = active.definition.name if active is not None else ""
    before = _closed(moment, event, pathway)
    if any(is_stale(event, moment.fact, case.stale) for case in before):
        return Tried(ignored=STALE)
    back = [case for case in before if _comes_back(moment, case, event)]
    if back:
        newest = max(back, key=lambda case: (case.opened_at, case.id))
        return reopen(moment, newest, _event_of(moment, newest, event) or event)
    if event.start is not None and any(is_known(event, moment.fact, each.stale) for each in before):
        return Tried(ignored=STALE)  # a repeat of what a closed case has applied opens nothing
    if active is not None:
        found = starts(moment, active, event)
        if found is not None:
            return open_case(moment, active, event, found)
    return Tried(ignored=OTHERS) if _is_others(moment) else unmatched(moment, event, pathway)


def _is_others(moment: Moment) -> bool:
    """Whether the fact names an open case of another pathway that hears it: then it is nobody else's (a reply)."""
    named, kind = moment.fact.refers.get("case"), moment.fact.type
    for case in moment.view.cases:
        definition = moment.definitions.pinned.get(case.release)
        if case.id == named and definition is not None and kind in definition.events:
            return True
    return False


def _comes_back(moment: Moment, case: Case, event: Event) -> bool:
    """Whether the release that a closed case is pinned to lets the event bring it back."""
    own = _event_of(moment, case, event)
    if own is None or own.reopens is None or case.closed_at is None:
        return False
    return moment.now - case.closed_at <= own.reopens.within


def _closed(moment: Moment, event: Event, pathway: str) -> list[Case]:
    """Closed cases of the pathway that the event's keys are about."""
    return [
        case
        for case in moment.view.closed
        if case.pathway == pathway and event.keys and matches(event, moment.fact, case.keys)
    ]
