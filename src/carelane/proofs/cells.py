"""Which cells there are: every field is cut by every literal that it meets anywhere in the pathway (SEMANTICS 9).

Values that no guard, table, form or order tells apart share a cell and one representative. `missing` is the first
cell of every coordinate but `elapsed`. Fields that are compared with each other keep points for each of their orders.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TypeAlias

from carelane.pathways.definition import Definition, Input, InputType, Reduce
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
)  # fmt: skip
from carelane.pathways.judge import holds
from carelane.proofs.reads import Atom, atoms_of, code_of, form_field, guards_of, options_for

EPOCH = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
ELAPSED = "elapsed"
OTHER = "something-else"  # an outcome that nobody listed
_TINY = timedelta(minutes=1)
_DAY = timedelta(days=1)
_MOMENTS = (InputType.DATE, InputType.INSTANT)


@dataclass(frozen=True, slots=True)
class Ahead:
    """A moment so long after now (before, if negative): such fields are cut by what is left until then."""

    rest: timedelta


Cell: TypeAlias = Value | Ahead | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coordinate:
    """One thing that can differ: its cells by representative, and where its bits are.

    `mask` is all its bits, `missing` that of the cell `missing` (0 if it can't be), `given` those of every cell that
    a value has. `like_missing` is a value that nothing tells from `missing`: they share the first cell.
    """

    name: str
    cells: tuple[Cell, ...]
    offset: int
    mask: int
    missing: int
    given: int
    given_by: Input | None = None  # none: a counter, or `elapsed`
    like_missing: Value | None = None
    rises: bool = False  # raise-only: never lower than before
    falls: bool = False  # what is left until a moment: it falls as time goes by

    def bits(self, chosen: Iterable[int]) -> int:
        """The bits of these cells by number."""
        return sum(1 << (self.offset + number) for number in chosen)

    def holding(self, value: Value | None) -> int:
        """The bit of the cell that a value is in; every cell that a value has, where it can't be told."""
        if value is None or (self.like_missing is not None and value == self.like_missing):
            return self.missing
        return self.bits([self.cells.index(value)]) if value in self.cells else self.given

    def number(self, bits: int) -> int:
        """The number of the lowest of its cells in a box."""
        own = (bits & self.mask) >> self.offset
        return (own & -own).bit_length() - 1

    def cell(self, bits: int) -> Cell:
        """The representative of the lowest of its cells in a box."""
        return self.cells[self.number(bits)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """All coordinates of a pathway. `full` is every cell of all of them, `nothing` the box before any fact."""

    coordinates: Mapping[str, Coordinate]
    full: int
    nothing: int
    falling: tuple[Coordinate, ...] = field(default=())

    def masks(self, bits: int) -> tuple[int, ...]:
        """The masks of the coordinates that a box constrains."""
        outside = self.full & ~bits
        return tuple(one.mask for one in self.coordinates.values() if outside & one.mask)


def value_of(cell: Cell, given: Input | None, now: datetime) -> Value | None:
    """A representative as the value it is at this time."""
    if not isinstance(cell, Ahead):
        return cell
    at = now + cell.rest
    if given is not None and given.type is InputType.DATE:
        return (at + timedelta(hours=12)).date()
    return at


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
    if compared or given.name in cut.clocks or given.type in _MOMENTS:
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
        yield ELAPSED, tuple(_elapsed(cut.atoms)), None


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


def closed_name(pathway: str) -> str:
    """The value that says how another pathway's case ended, while nobody waits for it yet."""
    return f"closed.{pathway}"


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
    candidates = _candidates(given, mine, len(group))
    if group or given.raise_only:
        return candidates
    own = [part for part in cut.parts if reads(part) == {given.name}]
    signs: dict[object, Cell] = {}
    for one in candidates:
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


def _candidates(given: Input, atoms: Sequence[Atom], compared: int) -> list[Cell]:
    if given.type is InputType.BOOLEAN:
        return [False, True]
    if given.type is InputType.CODE:
        said = set(given.phrases.values())
        codes = [code for code in given.codes if not said or code in said]
        return list(codes) or [f"one{n}" for n in range(compared or 1)]
    if given.type in _MOMENTS and not compared and not _absolute(atoms):
        cuts = {atom.duration for atom in atoms if isinstance(atom, Until)}
        return list(_rests(sorted(cuts), exact=given.type is InputType.INSTANT))
    literals = sorted({one for atom in atoms for one in _literals(atom)}, key=_rank)
    points = _points(given, literals, max(compared, 1))
    if given.reduce is Reduce.COUNT:
        points = [one for one in points if isinstance(one, int) and one >= 0]
    return list(dict.fromkeys(points))


def _rank(value: Value) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    return float(value.toordinal()) if isinstance(value, date) else float(value)


def _absolute(atoms: Sequence[Atom]) -> bool:
    return any(isinstance(atom, Compare | Within) for atom in atoms)


def _literals(atom: Atom) -> tuple[Value, ...]:
    if isinstance(atom, Compare):
        return (atom.literal,)
    return tuple(atom.members) if isinstance(atom, Within) else ()


def _rests(cuts: Sequence[timedelta], *, exact: bool) -> Iterator[Ahead]:
    """What can be left: beyond, between and before every duration asked for, and at it (`exact`; a date rarely is)."""
    if not cuts:
        yield Ahead(_DAY)
        return
    yield Ahead(cuts[0] - _DAY)
    for low, high in zip(cuts, [*cuts[1:], cuts[-1] + 4 * _DAY], strict=True):
        yield from (Ahead(low),) if exact else ()
        yield Ahead(low + (high - low) / 2)


def _elapsed(atoms: Sequence[Atom]) -> Iterator[Ahead]:
    cuts = sorted({atom.duration for atom in atoms if isinstance(atom, Elapsed)})
    signs: dict[tuple[bool, ...], Ahead] = {}
    own = [atom for atom in atoms if isinstance(atom, Elapsed)]
    for one in [_TINY, *(each + step for each in cuts for step in (-_TINY, 0 * _TINY, _TINY))]:
        if one >= timedelta(0):
            sign = tuple(holds(a, {}, now=EPOCH, entered_at=EPOCH - one) for a in own)
            signs.setdefault(sign, Ahead(one))
    yield from signs.values()


def _points(given: Input, literals: Sequence[Value], each: int) -> list[Cell]:
    """Every literal, and `each` points below, between and above them (fewer where no more fit)."""
    if not literals:
        return [_step(_origin(given), n) for n in range(each)]
    points: list[Cell] = [_step(literals[0], -n) for n in range(each, 0, -1)]
    for low, high in pairwise(literals):
        points.append(low)
        points.extend(_between(low, high, each))
    points.append(literals[-1])
    points.extend(_step(literals[-1], n) for n in range(1, each + 1))
    return points


def _origin(given: Input) -> Value:
    if given.type is InputType.DATE:
        return EPOCH.date()
    return EPOCH if given.type is InputType.INSTANT else 1


def _step(value: Value, n: int) -> Value:
    if isinstance(value, datetime | date):
        return value + n * _DAY
    return value + n if isinstance(value, int | float) else value


def _between(low: Value, high: Value, each: int) -> Iterator[Value]:
    if isinstance(low, datetime) and isinstance(high, datetime):
        yield from (low + (high - low) * n / (each + 1) for n in range(1, each + 1))
    elif isinstance(low, date) and isinstance(high, date):
        yield from (low + n * _DAY for n in range(1, min(each, (high - low).days - 1) + 1))
    elif isinstance(low, float) or isinstance(high, float):
        yield from (
            _rank(low) + (_rank(high) - _rank(low)) * n / (each + 1) for n in range(1, each + 1)
        )
    elif isinstance(low, int) and isinstance(high, int):
        yield from range(low + 1, min(low + each, high - 1) + 1)


def reads(guard: Guard) -> frozenset[str]:
    """The names in a guard, `elapsed` among them."""
    names = {name for atom in atoms_of(guard) for name in _names(atom)}
    if any(isinstance(atom, Elapsed) for atom in atoms_of(guard)):
        names.add(ELAPSED)
    return frozenset(names)
