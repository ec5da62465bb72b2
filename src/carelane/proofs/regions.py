"""Guards, tables and edges as pieces of the space of cells; each answer of a table knows for which cells it is given.

A condition on one coordinate is judged by `judge.holds` on every representative; `and`, `or` and `not` are set
operations. A table's output is a set of pieces for each value, so tables may read tables. `tables` asks the tables
themselves on a representative of every piece: what is said here of a table is what the table does.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from carelane.cases.prepared import prepare
from carelane.pathways.definition import Definition, Edge, Hit, Table
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
from carelane.pathways.judge import fields_of, holds
from carelane.proofs.boxes import Piece, bits_of, bounded, joined, meet, remove, within
from carelane.proofs.cells import ELAPSED, EPOCH, Ahead, Coordinate, Space, value_of
from carelane.proofs.cutting import space_of
from carelane.proofs.reads import Atom

Pieces = tuple[Piece, ...]
STATE = "state"  # what `where` calls the state a case stands in


@dataclass(frozen=True, slots=True, kw_only=True)
class TableCells:
    """For which cells each row answers (by number), for which none does, and for which two rows clash."""

    table: Table
    answers: Mapping[int, Pieces]
    nothing: Pieces
    clashes: Mapping[tuple[int, int], Pieces]


@dataclass(slots=True)
class Regions:
    """The pieces of a pathway's guards, edges and tables, each worked out once."""

    definition: Definition
    space: Space = field(init=False)
    tables: dict[str, TableCells] = field(default_factory=dict)
    _outputs: dict[str, dict[Value | None, Pieces]] = field(default_factory=dict)
    _guards: dict[Guard, Pieces] = field(default_factory=dict)
    _edges: dict[int, tuple[Edge, tuple[Pieces, ...]]] = field(default_factory=dict)
    _branched: dict[tuple[Guard, ...], tuple[Pieces, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.space = space_of(self.definition)
        for table in prepare(self.definition).tables:
            self.tables[table.name] = self._table(table)
            self._outputs |= self._answered(self.tables[table.name])

    @property
    def everything(self) -> Pieces:
        """No constraint at all."""
        return (Piece(self.space.full),)

    def guard(self, guard: Guard) -> Pieces:
        """Where a guard holds."""
        known = self._guards.get(guard)
        if known is None:
            known = self._guards[guard] = self._guard(guard)
        return known

    def edge(self, edge: Edge) -> tuple[Pieces, ...]:
        """Where each branch of an edge is taken: its guard holds and none above it does."""
        known = self._edges.get(id(edge))
        if known is None:
            known = self._edges[id(edge)] = (edge, self._asked(edge))
        return known[1]

    def output(self, name: str) -> Mapping[Value | None, Pieces]:
        """Where a table's output has each of its values; None where no row answers."""
        return self._outputs[name]

    def pieces(self, boxes: Iterable[int]) -> Pieces:
        """Boxes as pieces, as few as joining along coordinates gives."""
        known = list(boxes)
        masks = {mask for box in known for mask in self.space.masks(box)}
        return tuple(Piece(box, self.space.masks(box)) for box in joined(known, masks))

    def outside(self, pieces: Sequence[Piece]) -> Pieces:
        """Everything but these pieces."""
        return self.pieces(remove([self.space.full], pieces))

    def answers(self, table: str, output: str) -> Mapping[str, Pieces]:
        """For each answer that a collect table can give, where it is among those given."""
        found: dict[str, list[int]] = {}
        for row in self.definition.tables[table].rows:
            boxes = found.setdefault(str(row.then.get(output)), [])
            boxes.extend(piece.bits for piece in self.guard(row.when))
        return {answer: self.pieces(boxes) for answer, boxes in found.items()}

    def standing(self, guard: Guard, state: str) -> Pieces:
        """Where a guard holds for a case that stands in this state (`where` reads it as `state`)."""
        match guard:
            case All(parts):
                found = self.everything
                for part in parts:
                    found = self.both(found, self.standing(part, state))
                return found
            case Either(parts):
                return self.pieces(one.bits for part in parts for one in self.standing(part, state))
            case Not(part):
                return self.outside(self.standing(part, state))
            case Compare(name) | Within(name) | Missing(name) if name == STATE:
                held = holds(guard, {STATE: state.partition("/")[0]}, now=EPOCH)
                return self.everything if held else ()
            case _:
                return self.guard(guard)

    def both(self, one: Sequence[Piece], other: Sequence[Piece]) -> Pieces:
        """What two sets of pieces share."""
        met = [meet(each.bits, piece) for each in one for piece in other]
        return self.pieces(bounded([box for box in met if box]))

    def widest(self, pieces: Pieces) -> Pieces:
        """The same cells in pieces that overlap, each as wide as it can be: fewer, larger boxes follow from them."""
        wide: list[int] = []
        for piece in pieces:
            box = piece.bits
            for mask in piece.masks:
                for bit in bits_of(mask & ~box):
                    more = box & ~mask | bit
                    if not remove([more], pieces):
                        box |= bit
            if not any(within(box, other) for other in wide):
                wide.append(box)
        return tuple(Piece(box, self.space.masks(box)) for box in wide)

    def _guard(self, guard: Guard) -> Pieces:
        match guard:
            case All(parts):
                found = self.everything
                for part in parts:
                    found = self.both(found, self.guard(part))
                return found
            case Either(parts):
                return self.pieces(piece.bits for part in parts for piece in self.guard(part))
            case Not(part):
                return self.outside(self.guard(part))
            case Same(left, _, right):
                return self._same(guard, left, right)
            case _:
                return self._atom(guard)

    def _atom(self, atom: Atom) -> Pieces:
        if isinstance(atom, Elapsed):
            return self._along(self.space.coordinates[ELAPSED], atom)
        (name,) = fields_of(atom)
        if name in self._outputs:
            return self._of_output(name, atom)
        if name not in self.space.coordinates:  # never given: only `is missing` holds
            return self.everything if isinstance(atom, Missing) else ()
        return self._along(self.space.coordinates[name], atom)

    def _along(self, one: Coordinate, atom: Atom) -> Pieces:
        chosen = [number for number, cell in enumerate(one.cells) if _holds(one, cell, atom)]
        bits = self.space.full & ~one.mask | one.bits(chosen)
        return (Piece(bits, self.space.masks(bits)),) if chosen else ()

    def _of_output(self, name: str, atom: Atom) -> Pieces:
        given = [
            pieces
            for value, pieces in self._outputs[name].items()
            if holds(atom, {name: value}, now=EPOCH)
        ]
        return self.pieces(piece.bits for pieces in given for piece in pieces)

    def _same(self, guard: Same, left: str, right: str) -> Pieces:
        met: list[int] = []
        for one, these in self._values(left):
            for other, those in self._values(right):
                if holds(guard, {left: one, right: other}, now=EPOCH):
                    met.extend(piece.bits for piece in self.both(these, those))
        return self.pieces(met)

    def _values(self, name: str) -> list[tuple[Value | None, Pieces]]:
        if name in self._outputs:
            return list(self._outputs[name].items())
        if name not in self.space.coordinates:
            return [(None, self.everything)]
        one = self.space.coordinates[name]
        found: list[tuple[Value | None, Pieces]] = []
        for number, cell in enumerate(one.cells):
            bits = self.space.full & ~one.mask | one.bits([number])
            found.append((value_of(cell, one.given_by, EPOCH), (Piece(bits, (one.mask,)),)))
        return found

    def _asked(self, edge: Edge) -> tuple[Pieces, ...]:
        guards = tuple(branch.when for branch in edge.branches)
        known = self._branched.get(guards)  # many edges ask the same
        if known is None:
            known = self._branched[guards] = self._branches(guards)
        return known

    def _branches(self, guards: Sequence[Guard]) -> tuple[Pieces, ...]:
        left: Pieces = self.everything
        found = []
        for guard in guards:
            here = self.guard(guard)
            found.append(self.widest(self.both(left, here)))
            left = self.pieces(remove([piece.bits for piece in left], here))
        return tuple(found)

    def _table(self, table: Table) -> TableCells:
        holds_at = {row.number: self.guard(row.when) for row in table.rows}
        clashes: dict[tuple[int, int], Pieces] = {}
        if table.hit is Hit.UNIQUE:
            numbers = list(holds_at)
            for place, one in enumerate(numbers):
                for other in numbers[place + 1 :]:
                    if shared := self.both(holds_at[one], holds_at[other]):
                        clashes[one, other] = shared
            refused = [piece for pieces in clashes.values() for piece in pieces]
            answers = {n: self._less(pieces, refused) for n, pieces in holds_at.items()}
            every = [piece for pieces in holds_at.values() for piece in pieces]
            return TableCells(
                table=table, answers=answers, nothing=self.outside(every), clashes=clashes
            )
        left: Pieces = self.everything
        answers = {}
        for number, here in holds_at.items():
            answers[number] = self.both(left, here)
            left = self._less(left, here)
        return TableCells(table=table, answers=answers, nothing=left, clashes={})

    def _less(self, pieces: Sequence[Piece], gone: Sequence[Piece]) -> Pieces:
        return self.pieces(remove([piece.bits for piece in pieces], gone))

    def _answered(self, cells: TableCells) -> dict[str, dict[Value | None, Pieces]]:
        found: dict[str, dict[Value | None, Pieces]] = {}
        silent = [*cells.nothing, *(one for pieces in cells.clashes.values() for one in pieces)]
        for name in cells.table.outputs:
            by_value: dict[Value | None, list[int]] = {}
            for row in cells.table.rows:
                boxes = by_value.setdefault(row.then.get(name), [])
                boxes.extend(piece.bits for piece in cells.answers[row.number])
            by_value.setdefault(None, []).extend(piece.bits for piece in silent)
            found[name] = {value: self.pieces(boxes) for value, boxes in by_value.items() if boxes}
        return found


def _holds(one: Coordinate, cell: object, atom: Atom) -> bool:
    if isinstance(atom, Elapsed):
        rest = cell.rest if isinstance(cell, Ahead) else None
        return rest is not None and holds(atom, {}, now=EPOCH, entered_at=EPOCH - rest)
    number = one.cells.index(cell) if cell is not None else 0
    value = value_of(one.cells[number], one.given_by, EPOCH)
    if isinstance(atom, Until) and isinstance(cell, Ahead):
        value = (
            EPOCH + cell.rest
        )  # exact, also for a date: its hour is chosen when a run is made concrete
    return holds(atom, {one.name: value}, now=EPOCH)
