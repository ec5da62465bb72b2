"""Levels of escalation that were called late, or not at all, while somebody still waited. Pure.

A level is due so long after the clock's start, but never before the wait stood: what came long after its source's time
calls its highest level at once.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from carelane.measures.figures import Row, percentile
from carelane.pathways.definition import ClockKind, Definition, State

SLACK = timedelta(seconds=10)
"""What a decision may take on a busy machine; later than that is late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """How many levels were due, how many of them were called late or never, and how late the latest was."""

    due: int
    late: int
    latest_s: float
    steps: tuple[str, ...] = ()  # the waits of those that were late


def escalating(definitions: Iterable[Definition]) -> tuple[tuple[str, str], ...]:
    """Pathway and state of every wait on wall time that escalates."""
    found = {(each.name, state.name) for each in definitions for state in each.states.values()
             if state.escalate and state.clock is not None and state.clock.kind is ClockKind.WALL}  # fmt: skip
    return tuple(sorted(found))


def called(waits: Iterable[Row], definitions: Mapping[str, Definition]) -> Called:
    """Judge the levels of each wait by what its own release says."""
    delays: list[float] = []
    late: dict[str, None] = {}
    never = 0
    for row in waits:
        release = definitions.get(row["release"])
        state = release.states.get(row["state"]) if release is not None else None
        for delay in _delays(row, state) if state is not None else ():
            if delay is None:
                never += 1
            else:
                delays.append(delay)
            if delay is None or delay > SLACK.total_seconds():
                late[str(row["step"])] = None
    past = sum(delay > SLACK.total_seconds() for delay in delays)
    latest = percentile(delays, 1.0) or 0.0
    return Called(due=len(delays) + never, late=past + never, latest_s=latest, steps=tuple(late))


def _delays(row: Row, state: State) -> Iterator[float | None]:
    """Of each level that came due while the wait stood: seconds until somebody was told; None: nobody was."""
    told = [(int(level), datetime.fromisoformat(at)) for level, at in row["told"]]
    for level in state.escalate:
        due = max(row["opened_at"], row["started_at"] + level.after)
        if due + SLACK >= row["until"]:
            continue
        heard = [at for number, at in told if number >= level.level]
        yield max(0.0, (min(heard) - due).total_seconds()) if heard else None
