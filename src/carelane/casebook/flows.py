"""Who owns each flow of data, and what happens when it fails or must be taken back, from the definitions. Pure.

Where data goes stands in `data_flow`; what comes in and can't be used, and what leaves and can't be settled, are cases
of system pathways, so their owners and clocks are read there.
"""

from collections.abc import Iterable, Iterator

from carelane.facts.intent import IfUnknown
from carelane.pathways.declared import EffectKind
from carelane.pathways.definition import Definition, State
from carelane.pathways.sayings import clock_words, edge_words, fallback_words, owner_words

FALLS_TO = {
    "in: it can't be read": "quarantine",
    "in: nobody knows whose it is": "identity-review",
    "in: no case waits for it": "unmatched-fact",
    "out: it failed, or nobody knows": "effect-attention",
    "both: a rule broke on it": "parked",
}
"""Which system pathway has what could not go on, by what happened."""
_UNKNOWN = {
    IfUnknown.RESEND: "sent again",
    IfUnknown.ASK: "a person is asked",
    IfUnknown.DROP: "left as it is",
}
_NO_WORK = "no work waits for it: effect-attention, if it fails"


def failures(known: Iterable[Definition]) -> Iterator[str]:
    """Who has what could not go on, by when, and who has it then."""
    named = {each.name: each for each in known}
    yield from ("| what happened | pathway | owner | clock | then |", "|---|---|---|---|---|")
    for happened, name in FALLS_TO.items():
        if name in named:
            for state in _first(named[name]):
                yield (
                    f"| {happened} | {name} | {owner_words(state.owner)} | {clock_words(state.clock)} "
                    f"| {fallback_words(state)} |"
                )


def leaving(definition: Definition) -> Iterator[str]:
    """What a pathway sends: owner while it is on its way, and what follows where it fails or is undone."""
    if not definition.effects:
        return
    yield "| sends | owner | end not known | failed for good | taken back by |"
    yield "|---|---|---|---|---|"
    for effect in definition.effects.values():
        yield (
            f"| `{effect.name}` ({effect.capability}) | {_owner(definition, effect)} | {_UNKNOWN[effect.if_unknown]} "
            f"| {_failed(definition, effect)} | {_undone(definition, effect)} |"
        )


def _first(definition: Definition) -> list[State]:
    """The states in which a case may begin."""
    names = dict.fromkeys(branch.then for branch in definition.start.branches)
    return [state for name in names if not (state := definition.states[name]).final]


def _holding(definition: Definition, effect: EffectKind) -> list[State]:
    """The states that want it, or that want what it takes back."""
    undoes = {each.name for each in definition.effects.values() if each.undo == effect.name}
    wanted = undoes | {effect.name}
    return [state for state in definition.states.values() if wanted & set(state.effects)]


def _owner(definition: Definition, effect: EffectKind) -> str:
    found = dict.fromkeys(owner_words(state.owner) for state in _holding(definition, effect))
    return "; ".join(found) or _NO_WORK


def _failed(definition: Definition, effect: EffectKind) -> str:
    edges = (state.effect_outcomes.get("needs-person") for state in _holding(definition, effect))
    found = dict.fromkeys(edge_words(edge) for edge in edges if edge is not None)
    if not found and effect.on_failure not in ("person", "level_up"):
        return effect.on_failure
    last = "the next level is called" if effect.on_failure == "level_up" else "effect-attention"
    return "; ".join(found) or last


def _undone(definition: Definition, effect: EffectKind) -> str:
    undoes = [each.name for each in definition.effects.values() if each.undo == effect.name]
    if undoes:
        return f"it takes back `{'`, `'.join(undoes)}`"
    return f"`{effect.undo}`" if effect.undo else "nothing: it stands until a person corrects it"
