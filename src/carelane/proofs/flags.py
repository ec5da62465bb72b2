"""Red flags as pieces: where one is seen, how urgent the rules then make the case, and which pool takes it.

A flag once seen stays seen: what a case was flagged for does not go away because a later fact says less.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_

from carelane.cases.prepared import prepare, rank
from carelane.facts.fact import Urgency
from carelane.pathways.definition import Definition, State
from carelane.pathways.guard import Either, Within
from carelane.proofs.boxes import Piece, meet, remove
from carelane.proofs.regions import Pieces, Regions


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """`seen` is where each urgency (0 to 3) is asked for while a red flag is there; empty without red flags."""

    everything: Pieces
    seen: Mapping[int, Pieces] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, Pieces]] = field(default_factory=dict)  # by state

    @classmethod
    def none(cls, regions: Regions) -> "Flags":
        """Flags are not watched."""
        return cls(everything=regions.everything)

    @classmethod
    def of(cls, definition: Definition, regions: Regions) -> "Flags":
        """The flags that a pathway declares."""
        if definition.red_flags is None:
            return cls.none(regions)
        named = {**definition.red_flags.inputs, **definition.red_flags.outputs}
        parts = tuple(Within(name, frozenset(codes)) for name, codes in named.items())
        flagged = regions.guard(Either(parts))
        seen = {
            urgency: regions.both(flagged, pieces)
            for urgency, pieces in _urgencies(definition, regions).items()
        }
        seen = {urgency: pieces for urgency, pieces in seen.items() if pieces}
        wanted = frozenset(map(Urgency, seen))
        return cls(
            everything=regions.everything, seen=seen, tables=_pools(definition, regions, wanted)
        )

    def may_fail(self, definition: Definition) -> bool:
        """Whether some state could stand with a pool that is not for a flag, values apart."""
        wanted = frozenset(map(Urgency, self.seen))
        return Urgency.ROUTINE in wanted or any(
            not wanted <= set(definition.pools.get(pool, ()))
            for state in definition.states.values()
            for pool in _possible(definition, state)
        )

    def split(self, box: int, before: int) -> Iterator[tuple[int, int]]:
        """A box in parts: flagged before or now (0: never; 1 and more: at an urgency one lower), with its cells."""
        left = [box]
        for urgency, pieces in sorted(self.seen.items(), reverse=True):
            for part in left:
                for piece in pieces:
                    if here := meet(part, piece):
                        yield max(before, urgency + 1), here
            left = remove(left, pieces)
        for part in left:
            yield before, part

    @property
    def read(self) -> int:
        """The bits of all coordinates that say where a flag is, how urgent it is, and which pool takes it."""
        places = (
            *self.seen.values(),
            *(each for one in self.tables.values() for each in one.values()),
        )
        return reduce(or_, (mask for each in places for piece in each for mask in piece.masks), 0)

    def owners(self, state: str) -> Sequence[tuple[str, Pieces]]:
        """Who owns the state, by cells: pools that a table names; one entry where it does not matter."""
        by_pool = self.tables.get(state)
        return tuple(by_pool.items()) if by_pool else (("", self.everything),)


def _urgencies(definition: Definition, regions: Regions) -> dict[int, Pieces]:
    """Where the rules ask for each urgency; all of it is routine where the pathway names none."""
    name = prepare(definition).urgency
    if name in regions.space.coordinates:
        one = regions.space.coordinates[name]
        found: dict[int, list[Piece]] = {}
        for number, cell in enumerate(one.cells):
            bits = regions.space.full & ~one.mask | one.bits([number])
            found.setdefault(int(rank(cell)), []).append(Piece(bits, (one.mask,)))
        return {urgency: tuple(pieces) for urgency, pieces in found.items()}
    if not name:
        return {0: regions.everything}
    by_urgency: dict[int, list[int]] = {}
    for value, pieces in regions.output(name).items():
        by_urgency.setdefault(int(rank(value)), []).extend(piece.bits for piece in pieces)
    return {urgency: regions.pieces(boxes) for urgency, boxes in by_urgency.items()}


def _pools(
    definition: Definition, regions: Regions, wanted: frozenset[Urgency]
) -> dict[str, dict[str, Pieces]]:
    """Which pool a state's table names, by cells: of pools for the same flags the first, empty for every flag."""
    found: dict[str, dict[str, Pieces]] = {}
    alike: dict[frozenset[Urgency], str] = {wanted: ""}
    for state in definition.states.values():
        if state.owner is None or not state.owner.table:
            continue
        boxes: dict[str, list[int]] = {}
        for pool, pieces in regions.output(state.owner.table).items():
            name = str(pool) if pool is not None else state.owner.name
            serves = frozenset(definition.pools.get(name, ()))
            same = alike.setdefault(wanted & serves if wanted <= serves else serves, name)
            boxes.setdefault(same, []).extend(piece.bits for piece in pieces)
        found[state.name] = {
            name: regions.widest(regions.pieces(each)) for name, each in boxes.items()
        }
    return found


def _possible(definition: Definition, state: State) -> set[str]:
    """The pools that may own a state."""
    owner = state.owner
    if owner is None:
        return set()
    named = {owner.name, owner.otherwise}
    for table in definition.tables.values():
        if owner.table in table.outputs:
            named |= {str(row.then.get(owner.table)) for row in table.rows}
    return named & set(definition.pools)
