"""An event reaches an open case: read it, then go along the state's edge (SEMANTICS 2)."""

from carelane.cases import effects, pausing, waiting
from carelane.cases.correlate import is_stale, joined, noted
from carelane.cases.go import Why, follow
from carelane.cases.model import OpenStep
from carelane.cases.reading import absorb
from carelane.cases.regions import outermost_first
from carelane.cases.run import Run
from carelane.cases.words import CASE_CLOSED, NO_EDGE, STALE
from carelane.pathways.definition import Edge


def edge_for(run: Run, step: OpenStep) -> Edge | None:
    """The state's own edge for this fact, or the one that holds everywhere; in a block, the block answers the rest."""
    kind, state = run.fact.type, run.state(step.state)
    own = state.on.get(kind)
    return own if own is not None or state.region else run.definition.everywhere.get(kind)


def hear(run: Run) -> str:
    """Apply the run's fact as an event; answers why it is ignored, or nothing.

    Outermost first: where a block leads away, what is inside it is not asked any more.
    """
    event = run.definition.events[run.fact.type]
    if is_stale(event, run.fact, run.stale):
        return STALE
    if event.name == CASE_CLOSED:
        return _closed(run)
    edges = [(step, edge_for(run, step)) for step in outermost_first(run)]
    heard = [(step, edge) for step, edge in edges if edge is not None and not edge.ignore]
    if event.cancels and not any(edge is not None for _, edge in edges):
        effects.cancel(run)  # a state that forgot to say: cancel wins all the same (I6)
        return ""
    if not heard:
        return next((edge.ignore for _, edge in edges if edge is not None), NO_EDGE)
    run.keys = joined(run.keys, run.fact, run.prepared.key_names)
    run.stale = noted(event, run.fact, run.stale)
    absorb(run, entered_at=heard[0][0].opened_at)
    run.raise_urgency(run.fact.urgency)
    if event.cancels:
        effects.cancel(run)
    for step, edge in heard:
        if run.step(step.id) is not None:
            follow(run, step, edge, Why(how=run.fact.type))
    pausing.heard(run)
    return ""


def _closed(run: Run) -> str:
    """Another case is closed: who waits for it goes on, else it is remembered."""
    answers = waiting.answers(run)
    for step, edge in answers:
        if run.step(step.id) is not None:
            follow(run, step, edge, Why(how=run.fact.type))
    if not answers:
        waiting.remember(run)
    return ""
