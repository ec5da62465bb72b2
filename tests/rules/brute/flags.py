"""Red flags: remembered once seen, with the pools that own the states; none is routine, or with a pool not for it."""

from collections.abc import Iterator, Mapping, Sequence

from carelane.facts.fact import Urgency
from carelane.pathways.definition import Definition
from carelane.pathways.guard import Compare, Op, Within
from tests.rules.brute.places import Place, Step
from tests.rules.brute.reading import Reading, union
from tests.rules.brute.tables import alone, reads
from tests.rules.brute.texts import counters, edges, fields
from tests.rules.brute.walking import Pathway
from tests.rules.worlds import Known

RULE = "red-flags-to-urgent-pools"


def judged(definition: Definition, narrowed: Mapping[str, Sequence[Known]]) -> Iterator[str]:
    """Gone everywhere once more; counters are counted only where somebody reads them."""
    flags = definition.red_flags
    if flags is None:
        return
    if definition.urgency and _says_routine(definition):
        yield RULE
        return
    uncounted: dict[str, Sequence[Known]] = {name: [None] for name in counters(definition)}
    read = {name for e in edges(definition) for b in e.branches for name in fields(b.when)}
    if read & set(uncounted):
        uncounted = {}
    one = Pathway.of(Reading(definition, {**narrowed, **uncounted}), pools=True)
    if _led_down(one):
        yield RULE


def _led_down(one: Pathway) -> bool:
    reading = one.reading
    seen, urgencies = _seen(reading), _urgencies(reading)
    start = reading.worlds.one(one.first())
    found: dict[tuple[Place, int], int] = {(Place(), -1): start}
    fresh = dict(found)
    while fresh:
        place, flagged = next(iter(fresh))
        worlds = fresh.pop((place, flagged))
        for step in one.steps(place):
            for urgency, here in _told(reading, step, worlds, seen, urgencies):
                mark = max(flagged, urgency)
                if _wrong(one.definition, step.to, mark):
                    return True
                key = (step.to, mark)
                new = step.led(reading, here) & ~found.get(key, 0)
                if new:
                    found[key] = found.get(key, 0) | new
                    fresh[key] = fresh.get(key, 0) | new
    return False


def _told(
    reading: Reading, step: Step, worlds: int, seen: int, urgencies: Mapping[int, int]
) -> Iterator[tuple[int, int]]:
    """The worlds once a step's values are in, by the urgency that a red flag asks for there (-1: none)."""
    worlds = step.heard(reading, worlds)
    if worlds & ~seen:
        yield -1, worlds & ~seen
    for urgency, where in urgencies.items():
        if worlds & seen & where:
            yield urgency, worlds & seen & where


def _wrong(definition: Definition, place: Place, flagged: int) -> bool:
    """Whether a flagged case is routine, or some open state of it stands with a pool that is not for it."""
    for spot in place.spots if flagged >= 0 else ():
        urgency = definition.states[spot.state].urgency
        if flagged == 0 and (definition.urgency or urgency is None):
            return True
        wanted = max(Urgency(flagged), urgency or Urgency.ROUTINE)
        if spot.pool and wanted not in definition.pools.get(spot.pool, ()):
            return True
    return False


def _says_routine(definition: Definition) -> bool:
    """Whether the rules ask for nothing where a red flag is there, over the whole domains of what both read."""
    one = _flagged(definition)
    return bool(_seen(one) & _urgencies(one).get(0, 0))


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


def _seen(reading: Reading) -> int:
    """Where a red flag is there."""
    flags = reading.definition.red_flags
    every = (*flags.inputs.items(), *flags.outputs.items()) if flags is not None else ()
    return union(reading.guard(Within(name, frozenset(codes))) for name, codes in every)


def _urgencies(reading: Reading) -> dict[int, int]:
    """Where the rules ask for each urgency."""
    name = reading.definition.urgency
    ranks = {each.name.lower(): int(each) for each in Urgency}
    table = reading.definition.tables.get(name)
    output = name if table is None or name in table.outputs else next(iter(table.outputs))
    if output not in reading.outputs:
        return {rank: reading.guard(Compare(name, Op.EQ, code)) for code, rank in ranks.items()}
    found: dict[int, int] = {}
    for value, worlds in reading.outputs[output].items():
        rank = ranks.get(str(value), 0)
        found[rank] = found.get(rank, 0) | worlds
    return found
