"""What a fact tells a case: inputs, table answers, urgency, copied fields; each answer with its reason.

The last known value of an input stays until another comes; raise-only ones never go down (I17).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from carelane.cases.model import Reason
from carelane.cases.prepared import Prepared, rank
from carelane.cases.run import Run
from carelane.facts.fact import Json, Payload, Urgency
from carelane.facts.phi import Phi
from carelane.pathways import fields, inputs, tables
from carelane.pathways.definition import Input
from carelane.pathways.guard import Value

_ROUTINE = Urgency.ROUTINE
_ANSWERS: dict[int, tuple[tables.Answer, str, str]] = {}
_ANSWERS_MAX = 4096


class Reading(NamedTuple):
    """What is known now. `risen` is the urgency that the rules newly ask for, if it rose."""

    values: dict[str, Value | None]
    reasons: tuple[Reason, ...]
    risen: Urgency
    fresh: Mapping[str, Value | None]  # what this payload alone gave


def read(  # noqa: PLR0913  # a leaf: everything it may look at, by name
    prepared: Prepared,
    payload: Payload,
    *,
    before: Mapping[str, Value | None],
    counters: Mapping[str, int],
    now: datetime,
    entered_at: datetime,
    state: str = "",
) -> Reading:
    """The values after this payload, the reasons of tables that answer anew, and a risen urgency.

    `state` is where a person acted: forms inside a called sub-pathway fill that call's own inputs only.
    """
    declared = prepared.definition.inputs if not prepared.scoped else _open_to(prepared, state)
    fresh, values = inputs.read_over(declared, payload, before)
    reasons: list[Reason] = []
    for table in prepared.tables:
        seen = {**values, **counters} if counters else values
        outputs = tables.look_up(table, seen, now=now, entered_at=entered_at).outputs
        if _news(before, outputs):
            why = tables.answer(table, seen, now=now, entered_at=entered_at)
            reasons.append(_reason(table.inputs, why, seen))
        values.update(outputs)
    asked, was = rank(values.get(prepared.urgency)), rank(before.get(prepared.urgency))
    risen = asked if asked > was else _ROUTINE
    return Reading(values=values, reasons=tuple(reasons), risen=risen, fresh=fresh)


def _news(before: Mapping[str, Value | None], outputs: Mapping[str, Value | None]) -> bool:
    """Whether a table says what it did not say before; a loop, because it is asked of every table for every fact."""
    for name, value in outputs.items():  # noqa: SIM110  # a generator costs more than the question
        if before.get(name) != value:
            return True
    return False


def _open_to(prepared: Prepared, state: str) -> Mapping[str, Input]:
    declared = prepared.definition.inputs
    return {name: one for name, one in declared.items() if state.startswith(one.within)}


def absorb(run: Run, *, entered_at: datetime, state: str = "") -> None:
    """Read the run's fact into the run: values, urgency, copied fields."""
    found = read(
        run.prepared,
        run.fact.payload.reveal(),
        before=run.values,
        counters=run.counted(),
        now=run.now,
        entered_at=entered_at,
        state=state,
    )
    accept(run, found)


def accept(run: Run, found: Reading) -> None:
    """Keep what was read."""
    run.values = found.values
    run.read = found.fresh
    run.reasons.extend(found.reasons)
    run.raise_urgency(found.risen)
    copied = fields.read(run.prepared.copied, run.fact.payload.reveal())
    if copied:
        merged: Mapping[str, Json] = {**run.fields.reveal(), **copied}
        run.fields = Phi(merged, "case fields")


def _reason(
    names: tuple[str, ...], found: tables.Answer, seen: Mapping[str, Value | None]
) -> Reason:
    answer = _ANSWERS.get(id(found))
    if answer is None or answer[0] is not found:
        if len(_ANSWERS) >= _ANSWERS_MAX:
            _ANSWERS.clear()
        # `tables` keeps its answers: the same one is said in the same words
        answer = _ANSWERS[id(found)] = (found, found.rule, _words(found))
    return Reason(
        rule=answer[1],
        inputs={name: seen.get(name) for name in names},
        answer=answer[2],
        missed=found.missed,
    )


def _words(found: tables.Answer) -> str:
    return ", ".join(f"{name} = {_said(value)}" for name, value in found.outputs.items())


def _said(value: Value | None) -> str:
    if value is None:
        return "missing"
    return str(value).lower() if isinstance(value, bool) else str(value)
