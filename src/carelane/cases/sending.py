"""What an edge or a state says to others and sets for itself: facts to send, variables, new keys."""

from collections.abc import Mapping

from carelane.cases.correlate import Tokens, tokens_named
from carelane.cases.run import Run
from carelane.cases.words import CASE_CLOSED, SENDER
from carelane.facts.fact import Json
from carelane.pathways.definition import Branch, Emit, Input, InputType, State
from carelane.pathways.fields import nested, places
from carelane.pathways.guard import Value
from carelane.pathways.inputs import carry
from carelane.pathways.literals import literal


def take(run: Run, branch: Branch) -> None:
    """What a branch says and sets, wherever it leads."""
    for name, given in branch.sets.items():
        variable = run.definition.variables.get(name)
        value = _meant(run, given, variable)
        run.values = carry(run.definition.variables, run.values, {name: value})
    for emit in branch.emits:
        send(run, emit)


def _meant(run: Run, given: str, variable: Input | None) -> Value | None:
    """The value an edge sets, in the variable's own type."""
    if given == SENDER:
        return sender(run)
    if given == "actor":
        return run.fact.actor_name
    if variable is None or variable.type is InputType.CODE:
        return given
    return run.now if given == "now" else literal(given, variable)


def sender(run: Run) -> str:
    """Who sent the fact: the case or message it came from, as text."""
    origin = run.fact.refers.get("sender") or run.fact.origin
    return str(origin) if origin is not None else (run.fact.connection or "")


def send(run: Run, emit: Emit) -> None:
    """Emit a declared fact, carrying declared fields, variables and keys; a field by its name, and where it stood."""
    known = run.fields.reveal()
    by = sender(run) if emit.to == SENDER else _named(run, emit.by, known)
    if emit.by and not by:
        if (
            emit.by not in run.definition.fields
        ):  # what is copied is sealed: no rule that a replay repeats
            run.because(f"emit {emit.fact}", "nobody to tell")
        return
    copied = [name for name in emit.carrying if name in run.definition.fields]
    carried: dict[str, Json] = dict(nested(places(run.definition.fields, copied), known))
    for name in emit.carrying:
        carried[name] = known[name] if name in known else _plain(run.values.get(name))
    run.emit(
        emit.fact,
        to=str(emit.to),
        by=by,
        payload=carried,
        refers={"sender": run.case.subject, "from_case": run.case.id},
        keys=tokens_named(_known_to(run, emit), emit.keys),
    )


def _known_to(run: Run, emit: Emit) -> Tokens:
    """The keys by which the other side knows what it hears: whoever asked, by what the asking named."""
    if emit.to != SENDER:
        return run.keys
    asked = {name: frozenset((token,)) for name, token in run.fact.keys.items()}
    return {**run.keys, **asked}


def renew(run: Run, state: State) -> None:
    """Make the keys that a state makes anew: from case, fact and ordinal, so that history repeats them."""
    for name in state.new:
        run.keys = {**run.keys, name: frozenset((str(run.next_id("key")),))}


def announce(run: Run) -> None:
    """Tell those whom the pathway declares how its case ended."""
    closed: Mapping[str, Json] = {"pathway": run.definition.name, "outcome": run.outcome}
    known = run.fields.reveal()
    for emit in run.definition.announces:
        run.emit(
            CASE_CLOSED,
            to=str(emit.to),
            by=sender(run) if emit.to == SENDER else _named(run, emit.by, known),
            payload={"closed": closed},
            keys=tokens_named(run.keys, emit.keys or tuple(run.keys)),
        )


def _named(run: Run, name: str, known: Mapping[str, Json]) -> str:
    if not name:
        return ""
    given = run.values.get(name)
    return str(given if given is not None else known.get(name) or "")


def _plain(value: object) -> Json:
    if isinstance(value, bool | int | float | str) or value is None:
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
