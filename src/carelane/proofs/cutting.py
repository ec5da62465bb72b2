"""Which cells there are: every field is cut by every literal that it meets anywhere in the pathway (SEMANTICS 9).

Values that no guard, table, form or order tells apart share a cell and one representative (`points` proposes them).
Fields that are compared with each other keep points for each of their orders.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from carelane.pathways.definition import Definition, Input, InputType
from carelane.pathways.guard import (
    All,
    Compare,
    Either,
    Elapsed,
    Guard,
    Missing,
    Not,
    Same,
    Until,
    Value,
    Within,
)
from carelane.pathways.judge import holds
from carelane.proofs.cells import (
    ELAPSED,
    EPOCH,
    Ahead,
    Cell,
    Coordinate,
    Space,
    closed_name,
    value_of,
)
from carelane.proofs.points import MOMENTS, candidates, elapsed
from carelane.proofs.reads import Atom, atoms_of, code_of, form_field, guards_of, options_for

OTHER = "something-else"  # an outcome that nobody listed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cut:
    """What cuts a pathway's fields: its conditions, and the largest parts of its guards that read one field."""

    definition: Definition
    atoms: tuple[Atom, ...]
    parts: tuple[Guard, ...]
    clocks: frozenset[str]


def space_of(definition: Definition) -> Space:
    """The coordinates of a pathway, cut."""
    guards = tuple(guards_of(definition))
    cut = _Cut(
        definition=definition,
        atoms=tuple(dict.fromkeys(atom for one in guards for atom in atoms_of(one))),
        parts=tuple(dict.fromkeys(part for one in guards for part in _of_one_field(one))),
        clocks=frozenset(_clock_fields(definition)),
    )
    made: dict[str, Coordinate] = {}
    offset = (
        1  # the lowest bit is always set, so that no box is 0 and a pathway may read nothing at all
    )
    for name, cells, given in _columns(cut):
        alike = _like_missing(cut, given, cells) if given is not None else None
        own = tuple(one for one in cells if alike is None or one != alike)
        made[name] = _coordinate(name, own, offset, given, alike)
        offset += len(own)
    return Space(
        coordinates=made,
        full=(1 << offset) - 1,
        nothing=1 + sum(one.missing or one.mask for one in made.values()),
        falling=tuple(one for one in made.values() if one.falls),
    )


def _coordinate(
    name: str, cells: tuple[Cell, ...], offset: int, given: Input | None, alike: Value | None
) -> Coordinate:
    mask = ((1 << len(cells)) - 1) << offset
    missing = 1 << offset if cells[0] is None else 0
    return Coordinate(
        name=name,
        cells=cells,
        offset=offset,
        mask=mask,
        missing=missing,
        given=mask if alike is not None else mask & ~missing,
        given_by=given,
        like_missing=alike,
        rises=given is not None and given.raise_only,
        falls=any(isinstance(cell, Ahead) for cell in cells),
    )


def _of_one_field(guard: Guard) -> Iterator[Guard]:
    """The largest parts of a guard that read one field and no time of their own."""
    names = reads(guard)
    if len(names) == 1 and ELAPSED not in names and not isinstance(guard, Same):
        yield guard
    elif isinstance(guard, All | Either):
        for part in guard.parts:
            yield from _of_one_field(part)
    elif isinstance(guard, Not):
        yield from _of_one_field(guard.part)


def _like_missing(cut: _Cut, given: Input, cells: tuple[Cell, ...]) -> Value | None:
    """The lowest value that no part of a guard tells from a missing one; none where a clock or a comparison does."""
    compared = any(isinstance(atom, Same) and given.name in _names(atom) for atom in cut.atoms)
    if compared or given.name in cut.clocks or given.type in MOMENTS:
        return None
    own = [part for part in cut.parts if reads(part) == {given.name}]
    missing = [_true(part, given, None) for part in own]
    for one in cells[1:]:
        if one is not None and not isinstance(one, Ahead):
            if [_true(part, given, one) for part in own] == missing:
                return one
            if given.raise_only:
                return None  # only the lowest may join: what is above can't be taken back
    return None


def _columns(cut: _Cut) -> Iterator[tuple[str, tuple[Cell, ...], Input | None]]:
    definition = cut.definition
    together = _compared(cut.atoms)
    needed = {name for atom in cut.atoms for name in _names(atom)} | cut.clocks
    for name, given in {**definition.inputs, **definition.variables}.items():
        if name in needed:
            yield name, (None, *_cells(cut, given, together.get(name, ()))), given
    yield from _ends(definition)
    counters = [one for state in definition.states.values() for one in state.counters]
    for name, most in {one.name: one.max for one in counters}.items():
        yield name, (None, *range(1, most + 1)), None
    if any(isinstance(atom, Elapsed) for atom in cut.atoms):
        yield ELAPSED, tuple(elapsed(cut.atoms)), None


def _ends(definition: Definition) -> Iterator[tuple[str, tuple[Cell, ...], Input | None]]:
    """How regions ended (`block.region`; of a `for each`, how many so), and other cases that were waited for."""
    for state in definition.states.values():
        if state.block is not None and state.block.table:
            regions = state.block.regions.values()
            for outcome in dict.fromkeys(one for each in regions for one in each.outcomes):
                name = f"{state.name}.{outcome}"
                many = Input(name=name, path="", type=InputType.INTEGER)
                yield name, (None, *range(len(regions) + 1)), many
        elif state.block is not None:
            for region in state.block.regions.values():
                name = f"{state.name}.{region.name}"
                yield (
                    name,
                    (None, *region.outcomes),
                    Input(name=name, path="", codes=region.outcomes),
                )
    for pathway in dict.fromkeys(
        one.waits.pathway for one in definition.states.values() if one.waits
    ):
        name = closed_name(pathway)
        outcomes = dict.fromkeys(
            outcome
            for state in definition.states.values()
            if state.waits is not None and state.waits.pathway == pathway
            for outcome in (*state.waits.outcomes, OTHER)
        )
        yield name, (None, *outcomes), Input(name=name, path="", codes=tuple(outcomes))


def _names(atom: Atom) -> tuple[str, ...]:
    match atom:
        case Same(left, _, right):
            return (left, right)
        case Elapsed():
            return ()
        case Compare(name) | Within(name) | Missing(name) | Until(name):
            return (name,)


def _clock_fields(definition: Definition) -> Iterator[str]:
    for state in definition.states.values():
        if state.clock is not None:
            yield state.clock.start
            yield state.clock.back.before if state.clock.back is not None else ""


def _compared(atoms: Sequence[Atom]) -> dict[str, tuple[str, ...]]:
    """Fields that are compared with fields, each with everything it is compared with, directly or not."""
    groups: list[set[str]] = []
    for atom in atoms:
        if isinstance(atom, Same):
            touched = [group for group in groups if atom.left in group or atom.right in group]
            groups = [group for group in groups if group not in touched]
            groups.append({atom.left, atom.right}.union(*touched))
    return {name: tuple(sorted(group)) for group in groups for name in group}


def _cells(cut: _Cut, given: Input, group: tuple[str, ...]) -> list[Cell]:
    """One representative for each set of values that nothing tells apart."""
    names = {given.name, *group}
    mine = [atom for atom in cut.atoms if not isinstance(atom, Same) and names & set(_names(atom))]
    tried = candidates(given, mine, len(group))
    if group or given.raise_only:
        return tried
    own = [part for part in cut.parts if reads(part) == {given.name}]
    signs: dict[object, Cell] = {}
    for one in tried:
        sign = tuple(_true(part, given, one) for part in own)
        signs.setdefault((sign, _filled(cut.definition, given, one)), one)
    return list(signs.values())


def _true(guard: Guard, given: Input, cell: Cell) -> bool:
    return holds(guard, {given.name: value_of(cell, given, EPOCH)}, now=EPOCH)


def _filled(definition: Definition, given: Input, cell: Cell) -> tuple[bool, ...]:
    """By which tasks' forms a person could say this; codes only."""
    if not form_field(given) or not isinstance(cell, str):
        return ()
    return tuple(
        any(code_of(given, option) == cell for option in options_for(task, given) or (cell,))
        for task in definition.tasks.values()
    )


def reads(guard: Guard) -> frozenset[str]:
    """The names in a guard, `elapsed` among them."""
    names = {name for atom in atoms_of(guard) for name in _names(atom)}
    if any(isinstance(atom, Elapsed) for atom in atoms_of(guard)):
        names.add(ELAPSED)
    return frozenset(names)
