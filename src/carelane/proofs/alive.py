"""Which coordinates still matter in a state: those that something reads on some way onward. The others are dropped."""

from collections.abc import Iterable, Iterator

from carelane.pathways.definition import Definition, Edge, State
from carelane.pathways.names import STAYS
from carelane.proofs.flags import Flags
from carelane.proofs.reads import edges_from
from carelane.proofs.regions import Pieces, Regions


def alive(definition: Definition, regions: Regions, flags: Flags) -> dict[str, int]:
    """The bits of the coordinates that matter, by state."""
    onward = {name: set(_onward(definition, state)) for name, state in definition.states.items()}
    read = {
        name: _read(definition, regions, flags, state) for name, state in definition.states.items()
    }
    before = dict[str, int]()
    while read != before:
        before = dict(read)
        for name, nexts in onward.items():
            for each in nexts:
                read[name] |= before[each]
    return read


def _read(definition: Definition, regions: Regions, flags: Flags, state: State) -> int:
    if state.final:
        return 0
    watched = _bits(piece for pieces in flags.seen.values() for piece in (pieces,))
    owners = _bits(pieces for _, pieces in flags.owners(state.name))
    edges = [*_edges(definition, state)]
    wheres = _bits(
        regions.standing(event.where, state.name) for event in definition.events.values()
    )
    read = watched | owners | wheres
    read |= _bits(pieces for edge in edges for pieces in regions.edge(edge))
    if (
        state.block is not None
    ):  # how its regions end is forgotten when it begins, and written before it is read
        read &= ~_own_ends(regions, state)
    return read


def _own_ends(regions: Regions, state: State) -> int:
    own = (
        one for one in regions.space.coordinates.values() if one.name.startswith(f"{state.name}.")
    )
    return sum(one.mask for one in own)


def _bits(many: Iterable[Pieces]) -> int:
    found = 0
    for pieces in many:
        for piece in pieces:
            for mask in piece.masks:
                found |= mask
    return found


def _edges(definition: Definition, state: State) -> Iterator[Edge]:
    yield from edges_from(state)
    yield from (edge for event, edge in definition.everywhere.items() if event not in state.on)


def _onward(definition: Definition, state: State) -> Iterator[str]:
    if state.final:
        yield from (event.reopens.at for event in definition.events.values() if event.reopens)
        return
    for edge in _edges(definition, state):
        yield from (branch.then for branch in edge.branches if branch.then not in STAYS)
    failures = (definition.effects[name].on_failure for name in state.effects)
    yield from (name for name in failures if name in definition.states)
