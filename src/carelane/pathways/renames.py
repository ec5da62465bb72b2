"""Which states of one release are those of another under a new name. Pure; `difference` and mappings ask."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import cast

from carelane.pathways.definition import Branch, Definition, EffectKind, Reopen, State
from carelane.pathways.digest import plain

_ALIKE_MIN = 0.7  # of the parts that a state has
_LEFT_OUT = frozenset({"name", "line"})


def renames(old: Definition, new: Definition) -> dict[str, str]:
    """Old name to new name, for states that went and came as the same thing; the most alike first."""
    gone = [state for name, state in old.states.items() if name not in new.states]
    come = [state for name, state in new.states.items() if name not in old.states]
    pairs = sorted(
        ((_alike(one, two), one.name, two.name) for one in gone for two in come), reverse=True
    )
    found: dict[str, str] = {}
    for alike, here, there in pairs:
        if alike >= _ALIKE_MIN and here not in found and there not in found.values():
            found[here] = there
    return found


def _alike(one: State, two: State) -> float:
    if one.final != two.final:
        return 0.0
    names = [each.name for each in fields(State) if each.name not in _LEFT_OUT]
    said = [name for name in names if getattr(one, name) or getattr(two, name)]
    same = sum(plain(getattr(one, name)) == plain(getattr(two, name)) for name in said)
    return same / len(said) if said else 0.0


def renamed(definition: Definition, names: Mapping[str, str]) -> Definition:
    """The definition with its states called otherwise, wherever it says them."""
    if not names:
        return definition
    moved = cast("Definition", _renamed(definition, names))
    states = {names.get(name, name): state for name, state in moved.states.items()}
    return replace(
        moved, states={name: replace(state, name=name) for name, state in states.items()}
    )


def _renamed(value: object, names: Mapping[str, str]) -> object:
    if isinstance(value, Mapping):
        return {key: _renamed(one, names) for key, one in value.items()}
    if isinstance(value, tuple):
        return tuple(_renamed(one, names) for one in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    parts: dict[str, object] = {
        each.name: _renamed(getattr(value, each.name), names) for each in fields(value)
    }
    for kind, key in ((Branch, "then"), (EffectKind, "on_failure"), (Reopen, "at")):
        if isinstance(value, kind):
            parts[key] = names.get(str(parts[key]), parts[key])
    return replace(value, **parts)
