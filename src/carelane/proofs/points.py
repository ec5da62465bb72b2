"""Values worth trying: below, at, between and above everything that a field is compared with. Pure.

What no guard tells apart among them is put together by `cutting`.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise

from carelane.pathways.definition import Input, InputType, Reduce
from carelane.pathways.guard import Compare, Elapsed, Until, Value, Within
from carelane.pathways.judge import holds
from carelane.proofs.cells import EPOCH, Ahead, Cell
from carelane.proofs.reads import Atom

MOMENTS = (InputType.DATE, InputType.INSTANT)
_TINY = timedelta(minutes=1)
_DAY = timedelta(days=1)


def candidates(given: Input, atoms: Sequence[Atom], compared: int) -> list[Cell]:
    """Values of a field on either side of everything that it is asked about; `compared` fields have one order each."""
    if given.type is InputType.BOOLEAN:
        return [False, True]
    if given.type is InputType.CODE:
        said = set(given.phrases.values())
        codes = [code for code in given.codes if not said or code in said]
        return list(codes) or [f"one{n}" for n in range(compared or 1)]
    if given.type in MOMENTS and not compared and not _absolute(atoms):
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


def elapsed(atoms: Sequence[Atom]) -> Iterator[Ahead]:
    """How long a wait can have lasted, as far as any guard tells."""
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
