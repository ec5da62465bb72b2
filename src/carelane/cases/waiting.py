"""Waiting for another pathway's case by its declared outcomes: `case.closed` is heard, or was heard before.

Nobody reads another case's state: the other pathway announces its end as a fact (SEMANTICS 2).
"""

from collections.abc import Mapping
from datetime import datetime

from carelane.cases.model import OpenStep
from carelane.cases.run import Run
from carelane.facts.fact import Json
from carelane.pathways.definition import Edge, Waits

_EMPTY: Mapping[str, Json] = {}


def answers(run: Run) -> list[tuple[OpenStep, Edge]]:
    """The open steps that wait for the case that this fact says is closed, each with its edge."""
    pathway, outcome = _told(run)
    return [
        (step, waits.outcomes.get(outcome, waits.otherwise))
        for step in run.steps
        if (waits := run.state(step.state).waits) is not None
        and waits.pathway == pathway
        and run.fact.keys.get(waits.by, "") in run.keys.get(waits.by, ())
    ]


def remember(run: Run) -> None:
    """Nothing waits for it yet: keep how the other case ended, and when."""
    pathway, outcome = _told(run)
    run.values[f"closed.{pathway}"] = outcome
    run.values[f"closed.{pathway}.at"] = run.now
    run.because(f"closed {pathway}", outcome)


def answered(run: Run, waits: Waits) -> Edge | None:
    """The edge for an end that was heard of recently enough; it is taken once."""
    outcome = run.values.pop(f"closed.{waits.pathway}", None)
    at = run.values.pop(f"closed.{waits.pathway}.at", None)
    if not isinstance(outcome, str) or not isinstance(at, datetime) or run.now - at > waits.within:
        return None
    return waits.outcomes.get(outcome, waits.otherwise)


def _told(run: Run) -> tuple[str, str]:
    closed = run.fact.payload.reveal().get("closed")
    told = closed if isinstance(closed, Mapping) else _EMPTY
    return str(told.get("pathway") or ""), str(told.get("outcome") or "")
