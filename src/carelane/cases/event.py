"""An event reaches an open case: read it, then go along the state's edge (SEMANTICS 2)."""

from carelane.cases import effects
from carelane.cases.correlate import is_stale, joined, noted
from carelane.cases.go import Why, follow
from carelane.cases.model import OpenStep
from carelane.cases.reading import absorb
from carelane.cases.run import Run
from carelane.cases.words import NO_EDGE, STALE
from carelane.pathways.definition import Edge


def edge_for(run: Run, step: OpenStep) -> Edge | None:
    """The state's own edge for this fact, or the one that holds everywhere."""
    kind = run.fact.type
    return run.state(step.state).on.get(kind) or run.definition.everywhere.get(kind)


def hear(run: Run) -> str:
    """Apply the run's fact as an event; answers why it is ignored, or nothing."""
    event = run.definition.events[run.fact.type]
    if is_stale(event, run.fact, run.stale):
        return STALE
    edges = [(step, edge_for(run, step)) for step in run.steps]
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
    return ""
