"""The regions of an open block: which begin, how they ended, whether they are joined, and what is undone when cut off.

`go` opens and closes their steps. A region is named `block/region`; names of states, and so of blocks, are unique.
"""

from collections.abc import Sequence
from uuid import UUID

from carelane.cases import effects
from carelane.cases.model import OpenStep, RegionView
from carelane.cases.run import Run
from carelane.facts.replacing import replace
from carelane.pathways import tables
from carelane.pathways.definition import Block, Definition, Join, JoinKind, Region, State


def block_of(region: str) -> str:
    """The block that a region belongs to; empty outside blocks."""
    return region.rpartition("/")[0]


def depth(definition: Definition, state: str) -> int:
    """How many blocks stand around a state."""
    deep = 0
    while region := definition.states[state].region:
        state, deep = block_of(region), deep + 1
    return deep


def outermost(definition: Definition, steps: Sequence[OpenStep]) -> OpenStep | None:
    """The open step that stands in no block."""
    return next((each for each in steps if not definition.states[each.state].region), None)


def outermost_first(run: Run) -> list[OpenStep]:
    """The open steps, a block's before those inside it."""
    if len(run.steps) == 1:
        return list(run.steps)
    return sorted(run.steps, key=lambda step: depth(run.definition, step.state))


def inside(run: Run, state: State) -> tuple[OpenStep, ...]:
    """The open steps that stand directly in a block's regions."""
    return tuple(each for each in run.steps if block_of(run.state(each.state).region) == state.name)


def wanted(run: Run, block: Block) -> tuple[Region, ...]:
    """The regions to begin: all, or in a `for each` those of the table's answers now."""
    if not block.table:
        return tuple(block.regions.values())
    table = run.definition.tables[block.table]
    found = tables.answer(table, run.readable(), now=run.now, entered_at=run.now)
    given = {str(row.get(block.output)) for row in found.every}
    return tuple(region for region in block.regions.values() if region.answer in given)


def least(join: Join) -> int:
    """How many regions a join needs at the least."""
    return join.least if join.kind is JoinKind.AT_LEAST else 1


def forget(run: Run, state: State, block: Block) -> None:
    """A block that begins knows of no ends: outcomes are missing, counts are none."""
    for region in block.regions.values():
        run.values.pop(f"{state.name}.{region.name}", None)
        for outcome in region.outcomes if block.table else ():
            run.values[f"{state.name}.{outcome}"] = 0


def note(run: Run, region: str, effect: UUID) -> None:
    """Remember an effect as wanted by a region, in case it is cut off."""
    if region in run.regions:
        view = run.regions[region]
        run.regions[region] = replace(view, effects=(*view.effects, effect))


def ended(run: Run, around: State, final: State) -> None:
    """Write down how a region ended, for the join and for guards after it."""
    view = run.regions.get(final.region, RegionView())
    run.regions[final.region] = replace(view, outcome=final.outcome)
    if around.block is not None and around.block.table:
        name = f"{around.name}.{final.outcome}"
        run.values[name] = len([each for each in _outcomes(run, around) if each == final.outcome])
    else:
        run.values[f"{around.name}.{final.region.rpartition('/')[2]}"] = final.outcome


def begun_again(run: Run, state: State) -> None:
    """A person took back what had ended a region."""
    view = run.regions.get(state.region)
    if view is None or not view.outcome:
        return
    run.regions[state.region] = replace(view, outcome="")
    around = run.state(block_of(state.region))
    if around.block is not None and around.block.table:
        left = [each for each in _outcomes(run, around) if each == view.outcome]
        run.values[f"{around.name}.{view.outcome}"] = len(left)
    else:
        run.values.pop(f"{around.name}.{state.region.rpartition('/')[2]}", None)


def recounted(run: Run, state: State) -> None:
    """A block that is open again says what its regions, as they are known now, have ended with."""
    block = state.block
    for region in block.regions.values() if block is not None else ():
        view = run.regions.get(f"{state.name}/{region.name}", RegionView())
        if block is not None and block.table:
            for outcome in region.outcomes:
                ends = [each for each in _outcomes(run, state) if each == outcome]
                run.values[f"{state.name}.{outcome}"] = len(ends)
        elif view.outcome:
            run.values[f"{state.name}.{region.name}"] = view.outcome
        else:
            run.values.pop(f"{state.name}.{region.name}", None)


def _outcomes(run: Run, around: State) -> list[str]:
    return [view.outcome for path, view in run.regions.items() if block_of(path) == around.name]


def joined(run: Run, around: State, join: Join) -> bool:
    """Whether the block is over: as many ended as it needs, or all of them."""
    return over(join, _outcomes(run, around))


def over(join: Join, outcomes: Sequence[str]) -> bool:
    """The same of the outcomes alone: one for each region, empty while it goes on."""
    ended = [each for each in outcomes if each]
    if len(ended) == len(outcomes):
        return True
    match join.kind:
        case JoinKind.ALL:
            return False
        case JoinKind.ANY:
            return bool(ended)
        case JoinKind.AT_LEAST:
            return len([each for each in ended if join.of in ("", each)]) >= join.least


def drop(run: Run, around: State) -> None:
    """A block is left: what unfinished regions wanted is undone; what ended ones did belongs to what is around."""
    for path in [each for each in run.regions if block_of(each) == around.name]:
        view = run.regions.pop(path)
        if not view.outcome:
            effects.cut(run, view.effects)
        for effect in view.effects if view.outcome else ():
            note(run, around.region, effect)
