"""Folding decisions into views, so that facts of one subject can be chained in memory before one commit."""

from carelane.cases.model import Case, Step, View
from carelane.facts.fact import Fact
from carelane.facts.replacing import replace


def advance(view: View, step: Step) -> View:
    """The view after a decision: cases replaced, opened, closed; held facts added or released; time moved on."""
    open_cases = {case.id: case for case in view.cases}
    closed = {case.id: case for case in view.closed}
    for change in step.changes:
        after = change.after
        here, gone = (open_cases, closed) if after.steps else (closed, open_cases)
        gone.pop(after.id, None)
        here[after.id] = after
    done = {fact.id for fact in step.released} | {step.fact.id}
    held = tuple(each for each in view.held if each.fact.id not in done)
    return replace(
        view,
        cases=tuple(open_cases.values()),
        closed=tuple(closed.values()),
        held=(*held, step.held) if step.held is not None else held,
        last_now=step.now if view.last_now is None else max(step.now, view.last_now),
    )


def redrive(view: View, fact: Fact) -> View:
    """The view with the case that `fact` parked set free: its parked facts can be applied again, in order."""
    return replace(view, cases=tuple(_freed(case, fact) for case in view.cases))


def _freed(case: Case, fact: Fact) -> Case:
    return replace(case, parked_by=None) if case.parked_by == fact.id else case
