"""Whom a pathway's waits count on: owner, levels, and who is called until somebody answers. Pure.

The names that `coverage` looks behind, and the rows of the matrix: who does a step, answers for it, advises, is told.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from carelane.facts.fact import Urgency
from carelane.pathways.definition import Definition, Level, OwnerKind, State

_ACTOR = ("last_actor", "last-actor", "")
_URGENT = {each.name.lower() for each in Urgency if each > Urgency.ROUTINE}


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Post:
    """One name that a wait counts on, and as what: `owner`, `level 2` or `repeat`. `chosen`: a table may name it."""

    state: str
    part: str
    kind: OwnerKind
    name: str
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A row of the matrix: one wait, by names of pools, roles and states."""

    pathway: str
    state: str
    urgent: bool
    does: tuple[str, ...]
    answers: tuple[str, ...]
    advises: tuple[str, ...]
    told: tuple[str, ...]


def urgent_states(definition: Definition) -> tuple[str, ...]:
    """The waits in which work may be urgent. What raises a case raises whatever it waits for later."""
    waits = [each for each in definition.states.values() if not each.final]
    if any(_raises(each) for each in waits) or _says_urgent(definition):
        return tuple(each.name for each in waits)
    return tuple(each.name for each in waits if each.clock is not None and each.clock.safety)


def _raises(state: State) -> bool:
    return state.urgency is not None and state.urgency > Urgency.ROUTINE


def _says_urgent(definition: Definition) -> bool:
    """Whether the table or input that gives the urgency may give more than routine; open inputs may."""
    name = definition.urgency
    if not name:
        return False
    given = definition.inputs.get(name) or definition.variables.get(name)
    if given is not None:
        return not given.codes or bool(_URGENT & set(given.codes))
    tables = [each for each in definition.tables.values() if name in each.outputs]
    return any(str(row.then.get(name)) in _URGENT for each in tables for row in each.rows)


def posts(definition: Definition, state: State) -> tuple[Post, ...]:
    """Everyone a wait counts on, but the person who acted last: nobody knows ahead who that is."""
    return tuple(dict.fromkeys((*_owners(definition, state), *_levels(definition, state))))


def _owners(definition: Definition, state: State) -> Iterator[Post]:
    owner = state.owner
    if owner is None:
        return
    person = owner.kind is OwnerKind.PERSON
    name = owner.otherwise if person else owner.name
    if name not in _ACTOR:
        kind = _kind(definition, name) if person else owner.kind
        yield Post(state=state.name, part="owner", kind=kind, name=name)
    for name in _answers(definition, owner.table):
        yield Post(
            state=state.name, part="owner", kind=_kind(definition, name), name=name, chosen=True
        )


def _levels(definition: Definition, state: State) -> Iterator[Post]:
    for level in state.escalate:
        if level.to not in _ACTOR:
            part = f"level {level.level}"
            yield Post(state=state.name, part=part, kind=_kind(definition, level.to), name=level.to)
    again = state.fallback.to if state.fallback is not None and state.fallback.repeat else ""
    if again not in _ACTOR:
        yield Post(state=state.name, part="repeat", kind=_kind(definition, again), name=again)


def _answers(definition: Definition, output: str) -> list[str]:
    """The names that a table output can give."""
    tables = [each for each in definition.tables.values() if output and output in each.outputs]
    said = {str(row.then[output]) for each in tables for row in each.rows if row.then.get(output)}
    return sorted(said)


def _kind(definition: Definition, name: str) -> OwnerKind:
    return OwnerKind.POOL if name in definition.pools else OwnerKind.ROLE


def charges(definition: Definition) -> tuple[Charge, ...]:
    """The matrix of a pathway: every wait, in its order in the file."""
    urgent = urgent_states(definition)
    waits = [each for each in definition.states.values() if not each.final]
    return tuple(_charge(definition, each, each.name in urgent) for each in waits)


def _charge(definition: Definition, state: State, urgent: bool) -> Charge:  # noqa: FBT001  # named by its place
    owner, fallback = state.owner, state.fallback
    actor = ("last actor",) if owner is not None and owner.kind is OwnerKind.PERSON else ()
    told = (fallback.tell,) if fallback is not None and fallback.tell else ()
    return Charge(
        pathway=definition.name,
        state=state.name,
        urgent=urgent,
        does=(*actor, *(each.name for each in _owners(definition, state))),
        answers=tuple(_behind(definition, state)),
        advises=tuple(_words(each) for each in state.escalate),
        told=told,
    )


def _behind(definition: Definition, state: State) -> Iterator[str]:
    """Who has it once its time is over: whom it is repeated to, or the owner of the state it goes to."""
    fallback = state.fallback
    if fallback is None:
        return
    if fallback.repeat:
        yield f"{fallback.to or 'owner'}, until acknowledged"
    for branch in fallback.edge.branches if fallback.edge is not None else ():
        after = definition.states.get(branch.then)
        names = [each.name for each in _owners(definition, after)] if after is not None else []
        yield f"{' or '.join(names)} ({branch.then})" if names else branch.then


def _words(level: Level) -> str:
    minutes = int(level.after.total_seconds() // 60)
    return f"{level.to} by {level.by} after {minutes} min"
