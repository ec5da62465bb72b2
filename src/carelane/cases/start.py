"""A new case, and a closed one that comes back (SEMANTICS 2). A new case looks at held facts first."""

from uuid import UUID

from carelane.cases.attempt import Tried, attempt, failure
from carelane.cases.correlate import joined, matches, noted, tokens_of
from carelane.cases.event import hear
from carelane.cases.go import Why, choose, enter, reopened
from carelane.cases.model import Case, Emission
from carelane.cases.moment import DefinitionBroken, Moment
from carelane.cases.prepared import Prepared
from carelane.cases.reading import Reading, absorb, accept, read
from carelane.cases.run import Run
from carelane.cases.sending import take
from carelane.cases.words import AGAIN, FACT_UNMATCHED, FAILED, SELF, SENT, STAY
from carelane.facts.ids import derive
from carelane.facts.phi import Phi
from carelane.facts.replacing import replace
from carelane.pathways.definition import Event
from carelane.pathways.judge import holds


def starts(moment: Moment, prepared: Prepared, event: Event) -> Reading | None:
    """What the fact says, if it opens a case."""
    if event.start is None:
        return None
    found = read(
        prepared,
        moment.fact.payload.reveal(),
        before={},
        counters=moment.view.counters,
        now=moment.now,
        entered_at=moment.now,
    )
    values = {**found.values, **moment.view.counters} if moment.view.counters else found.values
    if not holds(event.start.when, values, now=moment.now, entered_at=moment.now):
        return None
    return found


def open_case(moment: Moment, prepared: Prepared, event: Event, found: Reading) -> Tried:
    """Open a case and let it take the held facts that are about it, in order."""
    try:
        run = Run(moment, prepared, _blank(moment, prepared, event), new=True)
        _begin(run, event, found)
    except Exception as error:  # noqa: BLE001  # a start that fails goes to a person; other pathways go on
        return _failed(moment, prepared, failure(error))
    tried = Tried(changes=(run.finish(),), emissions=tuple(run.emissions))
    return _release_held(moment, prepared, tried) if moment.view.held else tried


def reopen(moment: Moment, case: Case, event: Event) -> Tried:
    """Bring a closed case back for a fact within the window: a new interval, nothing overwritten."""
    spec = event.reopens
    if spec is None:
        return Tried()

    def work(run: Run) -> str:
        run.keys = joined(run.keys, run.fact, run.prepared.key_names)
        run.stale = noted(event, run.fact, run.stale)
        absorb(run, entered_at=run.now)
        run.raise_urgency(run.fact.urgency)
        reopened(run, spec.at)
        run.because(f"event {run.fact.type}", f"reopened at {spec.at}")
        return ""

    return attempt(moment, case, work)


def _blank(moment: Moment, prepared: Prepared, event: Event) -> Case:
    fact, definition = moment.fact, prepared.definition
    name = event.start.unique if event.start else ""
    token = fact.keys.get(name)
    return Case(
        id=derive(fact.recorded_at, "case", definition.name, fact.id, fact.subject),
        organisation=fact.organisation,
        subject=moment.view.subject,
        pathway=definition.name,
        version=definition.version,
        release=definition.digest,
        opened_at=moment.now,
        correlation=fact.correlation or fact.id,
        site=fact.site or "",
        service_line=fact.service_line or "",
        urgency=fact.urgency,
        unique=(name, token) if token is not None else None,
        keys=tokens_of(fact, prepared.key_names),
        stale=noted(event, fact, {}),
        identity=fact.identity,
    )


def _begin(run: Run, event: Event, found: Reading) -> None:
    accept(run, found)
    branch = choose(run, run.definition.start, entered_at=run.now)
    if branch is None or branch.then in {STAY, AGAIN}:
        raise DefinitionBroken("the start has no branch that holds: load the pathway again")
    take(run, branch)
    run.because(f"event {event.name}", branch.then)
    enter(run, branch.then, Why(how=event.name))


def _release_held(moment: Moment, prepared: Prepared, tried: Tried) -> Tried:
    """Apply the held facts that are about the new case, in the order in which they came."""
    changes, emissions = list(tried.changes), list(tried.emissions)
    case = tried.changes[0].after
    taken: list[UUID] = []
    for held in moment.view.held:
        event = prepared.definition.events.get(held.fact.type)
        if event is None or not event.keys or not matches(event, held.fact, case.keys):
            continue
        taken.append(held.fact.id)
        if not case.steps:
            continue
        one = attempt(replace(moment, fact=held.fact), case, hear)
        changes.extend(one.changes)
        emissions.extend(replace(each, ordinal=len(emissions)) for each in one.emissions)
        case = one.changes[-1].after if one.changes else case
    return Tried(changes=tuple(changes), emissions=tuple(emissions), released=tuple(taken))


def _failed(moment: Moment, prepared: Prepared, code: str) -> Tried:
    fact = moment.fact
    if fact.type in SENT:  # work about work that fails must not make more work
        return Tried(parked=FAILED)
    emission = Emission(
        fact=FACT_UNMATCHED,
        to=SELF,
        by="",
        payload=Phi({"code": code, "pathway": prepared.definition.name}, FACT_UNMATCHED),
        case=fact.id,
        ordinal=0,
        refers={"fact": fact.id},
        urgency=fact.urgency,
    )
    return Tried(emissions=(emission,), parked=FAILED)
