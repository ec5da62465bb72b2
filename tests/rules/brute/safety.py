"""Safety clocks call help before they are due; required chains are long and quick enough."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from carelane.pathways.definition import Definition, State
from carelane.pathways.durations import duration


def judged(definition: Definition) -> Iterator[str]:
    """Each state with a safety clock, and each that a required chain is about."""
    for state in definition.states.values():
        clock = state.clock
        if (
            clock is not None
            and clock.safety
            and not any(level.after < (clock.due or timedelta(0)) for level in state.escalate)
        ):
            yield "safety-clocks"
    for given in definition.requires:
        if "chain" in given:
            about = (each for each in definition.states.values() if _about(given, each))
            if any(_short(given, state) for state in about):
                yield "requires"


def _about(given: Mapping[str, str], state: State) -> bool:
    repeats = state.fallback is not None and state.fallback.repeat
    if "at" in given:
        return state.name == given["at"]
    return state.task == given["chain"] and not repeats


def _short(given: Mapping[str, str], state: State) -> bool:
    last = duration(given["last_by"]) if "last_by" in given else None
    channel = given.get("last_channel")
    levels = state.escalate
    if len(levels) < int(given["levels"]):
        return True
    if last is not None and levels[-1].after > last:
        return True
    others = [one.by for one in levels[:-1]]
    return bool(channel) and (levels[-1].by != channel or channel in others)
