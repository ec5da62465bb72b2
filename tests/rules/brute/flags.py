"""Red flags: remembered once seen, with the pools that own the states; none is routine, or with a pool not for it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from carelane.facts.fact import Urgency
from carelane.pathways.definition import Definition
from carelane.pathways.guard import Compare, Op, Within
from tests.rules.brute.places import Act, Place, Step
from tests.rules.brute.reading import Reading
from tests.rules.brute.tables import alone, reads
from tests.rules.brute.walking import Pathway, possible
from tests.rules.worlds import NONE, Bits, Some, union

RULE = "red-flags-to-urgent-pools"


def judged(definition: Definition, *, whole: bool = False) -> Iterator[str]:
    """Gone everywhere once more, with what the pools are for."""
    if definition.red_flags is None:
        return
    if definition.urgency and _says_routine(definition):
        yield RULE
        return
    reading = Reading(definition)
    marks = _marks(reading)
    steps = {
        place: tuple(_told(every, marks)) for place, every in possible(reading, pools=True).items()
    }
    asked = _asked(reading, marks)
    coarse = {place: _blurred(reading, every, asked) for place, every in steps.items()}
    if not whole and not _led_down(Pathway.having(reading, coarse)):
        return
    if _led_down(Pathway.having(reading, steps, whole=whole)):
        yield RULE


def _marks(reading: Reading) -> dict[int, Some]:
    """Where a red flag is there, by the urgency that it asks for; -1: where none is."""
    seen = reading.worlds.every & _seen(reading)
    by_urgency = {urgency: seen & where for urgency, where in _urgencies(reading).items()}
    return {-1: reading.opposite(seen)} | {rank: here for rank, here in by_urgency.items() if here}


def _asked(reading: Reading, marks: Mapping[int, Some]) -> frozenset[int]:
    """The dimensions that say urgency and pool."""
    asked = [*marks.values()]
    for state in reading.definition.states.values():
        if state.owner is not None and state.owner.table:
            asked.extend(reading.outputs[state.owner.table].values())
    return frozenset(axis for worlds in asked for axis in worlds.told_apart())


def _blurred(reading: Reading, steps: Sequence[Step], asked: frozenset[int]) -> tuple[Step, ...]:
    """Steps that ask only for what says urgency and pool, of all else nothing: every case goes these ways, and more.

    Where no such way is wrong none is; where one is, the worlds are looked at.
    """
    names = {name for name, axis in reading.worlds.axes.items() if axis in asked}

    def less(ops: Sequence[Act]) -> Iterator[Act]:
        for op in ops:
            if isinstance(op, Some):
                yield reading.blurred(op, asked)
            elif op[0] in names:
                yield op

    return tuple(
        dict.fromkeys(
            replace(
                each,
                ops=tuple(less(each.ops)),
                after=tuple(change for change in each.after if change[0] in names),
            )
            for each in steps
        )
    )


def _told(steps: Sequence[Step], marks: Mapping[int, Some]) -> Iterator[Step]:
    """Each step once its values are in, by the urgency that a red flag asks for there."""
    for step in steps:
        for urgency, worlds in marks.items():
            yield replace(step, ops=(*step.ops, worlds), flagged=urgency)


def _led_down(one: Pathway) -> bool:
    found: dict[tuple[Place, int], Bits] = {(Place(), -1): one.first()}
    fresh = dict(found)
    while fresh:
        place, flagged = next(iter(fresh))
        worlds = fresh.pop((place, flagged))
        for step in one.steps(place):
            there = one.running.forward(place, step, worlds)
            if there is None:
                continue
            key = (step.to, max(flagged, step.flagged))
            if _wrong(one.definition, *key):
                return True
            new = there & ~found[key] if key in found else there
            if new.any():
                found[key] = found[key] | new if key in found else new
                fresh[key] = fresh[key] | new if key in fresh else new
    return False


def _wrong(definition: Definition, place: Place, flagged: int) -> bool:
    """Whether a flagged case is routine, or some open state of it stands with a pool that is not for it."""
    for spot in place.spots if flagged >= 0 else ():
        urgency = definition.states[spot.state].urgency
        if flagged == 0 and (definition.urgency or urgency is None):
            return True
        wanted = max(Urgency(flagged), urgency or Urgency.ROUTINE)
        if spot.serves is not None and wanted not in spot.serves:
            return True
    return False


def _says_routine(definition: Definition) -> bool:
    """Whether the rules ask for nothing where a red flag is there, over the whole domains of what both read."""
    one = _flagged(definition)
    return bool(_seen(one) & _urgencies(one).get(0, NONE))


def red_flag_rows(definition: Definition) -> list[tuple[str, int]]:
    """The rows of the urgency's table that answer where a red flag is there: table and number."""
    table = definition.tables.get(definition.urgency) or next(
        (each for each in definition.tables.values() if definition.urgency in each.outputs), None
    )
    if table is None or definition.red_flags is None:
        return []
    one = _flagged(definition)
    return [
        (table.name, row.number)
        for row, hit in zip(table.rows, one.hits(table), strict=True)
        if hit & _seen(one)
    ]


def _flagged(definition: Definition) -> Reading:
    """All values of what red flags and the urgency read."""
    flags = definition.red_flags
    named = {*flags.inputs, *flags.outputs} if flags is not None else set()
    read = named & set(definition.inputs)
    for table in definition.tables.values():
        if {*table.outputs} & {*named, definition.urgency} or table.name == definition.urgency:
            read |= reads(definition, table)
    return alone(definition, read)


def _seen(reading: Reading) -> Some:
    """Where a red flag is there."""
    flags = reading.definition.red_flags
    every = (*flags.inputs.items(), *flags.outputs.items()) if flags is not None else ()
    return union(reading.guard(Within(name, frozenset(codes))) for name, codes in every)


def _urgencies(reading: Reading) -> dict[int, Some]:
    """Where the rules ask for each urgency."""
    name = reading.definition.urgency
    ranks = {each.name.lower(): int(each) for each in Urgency}
    table = reading.definition.tables.get(name)
    output = name if table is None or name in table.outputs else next(iter(table.outputs))
    if output not in reading.outputs:
        return {rank: reading.guard(Compare(name, Op.EQ, code)) for code, rank in ranks.items()}
    found: dict[int, Some] = {}
    for value, worlds in reading.outputs[output].items():
        rank = ranks.get(str(value), 0)
        found[rank] = found.get(rank, NONE) | worlds
    return found
