"""What is shown or sent is declared, and nothing is written whose authority lies elsewhere."""

from collections.abc import Iterator

from carelane.facts.intent import Audience
from carelane.pathways.definition import Definition, EffectKind, Emit
from carelane.proofs.turns import Breach, said

DECLARED = "fields-declared"
AUTHORITY = "authority-of-what-is-written"
FAILURE = "failures-reach-somebody"
_OURS = ("carelane", "patient")
_NUMBERS = frozenset({"identifier", "masterIdentifier", "number", "reference"})
_ROLES = {"referral": "request", "order": "request", "medication": "medication_request"}


def of_text(definition: Definition) -> Iterator[Breach]:
    """Names that no field declares, and fields that an effect would overwrite at their master."""
    for what, names in _named(definition):
        if missing := [name for name in names if name not in definition.fields]:
            yield Breach(
                rule=DECLARED, message=f"{what} names {said(missing)}, which no field declares.",
                remedy="Declare it under `fields`, with authority and time to live.",
            )  # fmt: skip
    for effect in definition.effects.values():
        if effect.audience is Audience.RECORD:
            yield from _written(definition, effect)


def _named(definition: Definition) -> Iterator[tuple[str, tuple[str, ...]]]:
    known = {
        *definition.inputs,
        *definition.variables,
        *(o for t in definition.tables.values() for o in t.outputs),
    }
    for task in definition.tasks.values():
        yield f"Task `{task.name}`", tuple(name for name in task.shows if name not in known)
    for effect in definition.effects.values():
        yield f"Effect `{effect.name}`", effect.sends
    for state in definition.states.values():
        yield f"The handover of `{state.name}`", state.wait_form
        for emit in (*state.enter, *state.leave):
            yield f"A fact sent by `{state.name}`", _carried(emit, known)


def _carried(emit: Emit, known: set[str]) -> tuple[str, ...]:
    return tuple(name for name in emit.carrying if name not in known)


def _written(definition: Definition, effect: EffectKind) -> Iterator[Breach]:
    """What an effect changes may be named by its numbers; no other field of it may come from a copy."""
    thing = effect.capability.split(".")[1:2]
    for name in effect.sends:
        field = definition.fields.get(name)
        if field is None or field.authority in _OURS:
            continue
        role, *path = field.path.split(".")
        numbered = not _NUMBERS.isdisjoint(path)
        if [role] == [_ROLES.get(each, each) for each in thing] and not numbered:
            yield Breach(
                rule=AUTHORITY,
                message=f"Effect `{effect.name}` writes `{name}`, over which {field.authority} has authority.",
                remedy="Send its number instead, or a field that Carelane has authority over.",
            )
