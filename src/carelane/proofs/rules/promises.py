"""What a pathway requires of itself is kept by its states; every escalation is required. Deleting either shows."""

from collections.abc import Iterator
from itertools import pairwise

from carelane.pathways.definition import Definition, State
from carelane.proofs.nodes import Explored
from carelane.proofs.promises import RULE, Before, Chain, Promises
from carelane.proofs.turns import Breach, Control, Turn


def of_text(definition: Definition, promises: Promises) -> Iterator[Breach]:
    """Requirements that can't be read, chains that are too short, and escalations that nothing requires."""
    yield from promises.unread
    for chain in promises.chains:
        about = [
            state for state in definition.states.values() if not state.final and chain.about(state)
        ]
        if not about:
            yield _breach(
                1,
                f"No state calls anybody about task `{chain.task}`.",
                "Add the state, or correct `chain`.",
            )
        for state in about:
            yield from _chain(definition, chain, state)
    for state in definition.states.values():
        if (
            state.escalate
            and not _watched(state)
            and not any(chain.about(state) for chain in promises.chains)
        ):
            yield _breach(
                state.line, f"Nothing under `requires` asks for the levels of `{state.name}`.",
                "Add a `chain`, so that it shows when a level goes.",
            )  # fmt: skip


def _watched(state: State) -> bool:
    """Whether it already shows when a level goes: a safety clock must call at least one before it is due."""
    return state.clock is not None and state.clock.safety and len(state.escalate) == 1


def _chain(definition: Definition, chain: Chain, state: State) -> Iterator[Breach]:
    levels = state.escalate
    if len(levels) < chain.levels:
        yield _breach(
            state.line, f"`{state.name}` calls {len(levels)} levels; {chain.levels} are required.",
            "Add the missing level to `escalate`.",
        )  # fmt: skip
        return
    last = levels[-1]
    if chain.last_by is not None and last.after > chain.last_by:
        yield _breach(
            state.line, f"The last level of `{state.name}` comes too late.", "Shorten its `after`."
        )
    if chain.last_channel and last.by != chain.last_channel:
        yield _breach(
            state.line, f"The last level of `{state.name}` is reached by {last.by}, not {chain.last_channel}.",
            "Correct its `by`.",
        )  # fmt: skip
    if chain.last_channel and last.to in definition.pools:
        yield _breach(
            state.line, f"The last level of `{state.name}` is no person on call.", "Name a role."
        )
    if chain.last_channel and any(one.by == last.by for one, _ in pairwise(levels)):
        yield _breach(
            state.line,
            f"Every level of `{state.name}` is reached the same way.",
            "Change the last `by`.",
        )
    if not _repeats(definition, state, frozenset()):
        yield _breach(
            state.line, f"Nobody is called again and again when `{state.name}` runs out.",
            "Let its fallbacks end in a state that repeats until acknowledged.",
        )  # fmt: skip


def _repeats(definition: Definition, state: State, above: frozenset[str]) -> bool:
    """Whether every way of fallbacks ends in a state that repeats."""
    fallback = state.fallback
    if fallback is None or state.final or state.name in above:
        return False
    if fallback.repeat:
        return True
    branches = fallback.edge.branches if fallback.edge is not None else ()
    nexts = [definition.states.get(branch.then) for branch in branches]
    return bool(nexts) and all(
        each is not None and _repeats(definition, each, above | {state.name}) for each in nexts
    )


def may_be_passed(found: Explored, one: Before) -> bool:
    """Whether the state can be reached by moves that do not keep the requirement, values apart."""
    keeping = Promises.of(found.definition).only(one.number)
    seen, waiting = {Control()}, [Control()]
    while waiting:
        for way in found.ways.get(waiting.pop(), ()):
            if not keeping.kept_by(way.move) and way.target not in seen:
                seen.add(way.target)
                waiting.append(way.target)
    return any(control.state == one.state for control in seen)


def of_turn(turn: Turn, promises: Promises) -> Iterator[Breach]:
    """A state entered before what it requires has come."""
    after, before = turn.after, turn.before
    if turn.was.state == turn.now.state or after is None or after is before:
        return
    for one in promises.before:
        if one.state == turn.now.state and one.number not in turn.now.kept:
            state = turn.definition.states[one.state]
            yield _breach(
                state.line, f"Requirement {one.number} is not kept: {one.words}.",
                "Lead that way elsewhere, or change the requirement with its approvers.",
            )  # fmt: skip


def _breach(line: int, message: str, remedy: str) -> Breach:
    return Breach(rule=RULE, line=line, message=message, remedy=remedy)
