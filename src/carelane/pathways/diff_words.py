"""Any part of a definition in a clinical owner's words. Pure; `difference` compares."""

import json
from collections.abc import Mapping
from datetime import timedelta
from functools import singledispatch

from carelane.facts.fact import Urgency
from carelane.pathways.definition import (
    ClockSpec,
    Edge,
    Emit,
    Fallback,
    Level,
    Owner,
    Pause,
    State,
    Table,
)
from carelane.pathways.digest import plain
from carelane.pathways.durations import duration_text
from carelane.pathways.sayings import clock_words, edge_words, owner_words

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


@singledispatch
def said(value: object) -> str:
    """A part in words; what has no words of its own as it is written."""
    return "none" if value is None else json.dumps(plain(value), sort_keys=True, ensure_ascii=False)


@said.register
def _(value: bool) -> str:  # noqa: FBT001  # dispatched by type
    return "yes" if value else "no"


@said.register
def _(value: int) -> str:
    return str(value)


@said.register
def _(value: str) -> str:
    return value or "none"


@said.register
def _(value: Urgency) -> str:
    return value.name.lower()


@said.register
def span_words(value: timedelta) -> str:
    """`2 days`, `1 hour 30 minutes`."""
    left, words = int(value.total_seconds()), []
    for name, seconds in _UNITS:
        count, left = divmod(left, seconds)
        if count:
            words.append(f"{count} {name}{'' if count == 1 else 's'}")
    return " ".join(words) or duration_text(value)


@said.register
def _(value: Owner) -> str:
    return owner_words(value)


@said.register
def _(value: ClockSpec) -> str:
    return clock_words(value)


@said.register
def _(value: Edge) -> str:
    return edge_words(value)


@said.register
def _(value: Fallback) -> str:
    told = f", tells {value.tell}" if value.tell else ""
    if value.repeat:
        return f"repeats to {value.to} until acknowledged{told}"
    return f"goes to {edge_words(value.edge)}{told}" if value.edge else "none"


@said.register
def _(value: Level) -> str:
    return f"level {value.level} after {span_words(value.after)}: {value.to} by {value.by}"


@said.register
def _(value: Pause) -> str:
    return f"paused ({value.reason}) for at most {span_words(value.resume_by)}"


@said.register
def _(value: Emit) -> str:
    return f"sends {value.fact} to {value.to}"


@said.register
def _(value: State) -> str:
    if value.final:
        return f"ends: {value.outcome}"
    return f"{owner_words(value.owner)}; {clock_words(value.clock)}; then {said(value.fallback)}"


@said.register
def _(value: Table) -> str:
    return f"{len(value.rows)} rows, hit {value.hit}"


@said.register(tuple)
def _(value: tuple[object, ...]) -> str:
    return "; ".join(said(each) for each in value) or "none"


@said.register(Mapping)
def _(value: Mapping[str, object]) -> str:
    return "; ".join(f"{key}: {said(each)}" for key, each in value.items()) or "none"
