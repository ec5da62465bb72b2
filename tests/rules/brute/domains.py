"""Which values of each field a pathway tells apart: the dimensions of all worlds."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from carelane.pathways.definition import Definition, Input, InputType, Reduce
from carelane.pathways.guard import Compare, Elapsed, Guard, Missing, Op, Same, Until, Within
from tests.rules.brute.texts import counters, fields, guards, parts
from tests.rules.worlds import Known

_COMPARE: Mapping[Op, Callable[[object, object], bool]] = {
    Op.EQ: lambda a, b: a == b,
    Op.NE: lambda a, b: a != b,
    Op.LT: lambda a, b: a < b,  # type: ignore[operator]  # two of one ordered type
    Op.LE: lambda a, b: a <= b,  # type: ignore[operator]  # two of one ordered type
    Op.GT: lambda a, b: a > b,  # type: ignore[operator]  # two of one ordered type
    Op.GE: lambda a, b: a >= b,  # type: ignore[operator]  # two of one ordered type
}
_MOMENTS = (InputType.DATE, InputType.INSTANT)
_DAY = timedelta(days=1)


class NotForMe(Exception):  # the pathway says what this judge does not read
    """More worlds than are looked at, a moment that is read in two ways, or `elapsed` beside blocks."""


def compare(one: Known, op: Op, other: Known) -> bool:
    """Whether a comparison holds; what is missing makes it false."""
    return one is not None and other is not None and _COMPARE[op](one, other)


def holds(atom: Guard, value: Known) -> bool:
    """Whether a condition on one field holds of a value; of a moment that is what is left until then."""
    match atom:
        case Missing(_):
            return value is None
        case Within(_, members):
            return value is not None and value in members
        case Compare(_, op, at):
            return compare(value, op, at)
        case Until(_, op, at) | Elapsed(op, at):
            return compare(value, op, at)
        case _:
            raise NotForMe(type(atom).__name__)


def dimensions(
    definition: Definition, narrowed: Mapping[str, Sequence[Known]]
) -> Iterator[tuple[str, Sequence[Known]]]:
    """Every field that some guard reads, with its values; every counter; how long a state is entered."""
    read = {name for guard in guards(definition) for name in fields(guard)}
    for one in (*definition.inputs.values(), *definition.variables.values()):
        if one.name in read:
            yield one.name, narrowed.get(one.name) or _domain(definition, one)
    for name, most in counters(definition).items():
        yield name, narrowed.get(name) or [None, *range(1, most + 1)]
    if "elapsed" in read:
        if any(state.block is not None for state in definition.states.values()):
            raise NotForMe("`elapsed` beside blocks")
        own = [at for at in _atoms(definition, "elapsed") if isinstance(at, Elapsed)]
        yield "elapsed", _told_apart(_moments([at.duration for at in own], least=0 * _DAY), own)


def falling(definition: Definition) -> set[str]:
    """The moments that are asked how far away they are: as time goes by, less is left."""
    every = (part for guard in guards(definition) for part in parts(guard))
    return {part.field for part in every if isinstance(part, Until)}


def _domain(definition: Definition, one: Input) -> list[Known]:
    """Missing, and one value for each way in which the conditions on it can turn out."""
    together = _compared(definition, one.name)
    if one.type is InputType.CODE:
        every: list[Known] = list(one.codes) or [f"one{n}" for n in range(max(len(together), 1))]
    elif one.type is InputType.BOOLEAN:
        every = [False, True]
    elif one.name in falling(definition):
        return [None, *_rests(definition, one, together)]
    else:
        every = _around(definition, one, together)
    if one.raise_only or one.name in definition.variables or together:
        return [None, *every]
    atoms = _atoms(definition, one.name)
    signs: dict[tuple[bool, ...], Known] = {}
    for value in every:
        sign = (*(holds(atom, value) for atom in atoms), *_options(definition, one, value))
        signs.setdefault(sign, value)
    return [None, *signs.values()]


def _atoms(definition: Definition, name: str) -> list[Guard]:
    every = dict.fromkeys(part for guard in guards(definition) for part in parts(guard))
    return [part for part in every if not isinstance(part, Same) and name in fields(part)]


def _compared(definition: Definition, name: str) -> set[str]:
    """The fields that this one is compared with, directly or not, and itself; empty where there is none."""
    pairs = [
        {part.left, part.right}
        for guard in guards(definition)
        for part in parts(guard)
        if isinstance(part, Same)
    ]
    found = {name}
    while more := [pair for pair in pairs if pair & found and not pair <= found]:
        found = found.union(*more)
    return found if any(name in pair for pair in pairs) else set()


def _options(definition: Definition, one: Input, value: Known) -> list[bool]:
    path = one.path.split(".")
    asked = [
        each
        for task in definition.tasks.values()
        for each in task.form
        if path[:2] == ["task", "form"] and each.name == path[2]
    ]
    return [value in each.options for each in asked if each.options]


def _rests(definition: Definition, one: Input, together: set[str]) -> list[Known]:
    """What can be left until a moment, falling values first, as few as tell every condition apart."""
    atoms = _atoms(definition, one.name)
    if together or any(isinstance(atom, Compare | Within) for atom in atoms):
        raise NotForMe("a moment that is read both ways")
    cuts = [atom.duration for atom in atoms if isinstance(atom, Until)]
    return _told_apart(_moments(cuts), atoms)


def _moments(cuts: Sequence[timedelta], least: timedelta | None = None) -> list[timedelta]:
    """Before, at, between and after every time asked for."""
    at = sorted(set(cuts))
    between = [low + (high - low) / 2 for low, high in pairwise(at)]
    found = sorted({at[0] - _DAY, at[0] / 2, *at, *between, at[-1] + _DAY})
    return [one for one in found if least is None or one >= least]


def _told_apart(points: Sequence[timedelta], atoms: Sequence[Guard]) -> list[Known]:
    """Neighbours that no condition tells apart become one."""
    found: list[Known] = []
    last: list[bool] = []
    for one in points:
        sign = [holds(atom, one) for atom in atoms]
        if not found or sign != last:
            found.append(one)
        last = sign
    return found


def _around(definition: Definition, one: Input, together: set[str]) -> list[Known]:
    """Every number or moment asked for and those beside it: as many as fields are compared with one another."""
    literals: list[Known] = [
        atom.literal
        for name in (together or {one.name})
        for atom in _atoms(definition, name)
        if isinstance(atom, Compare)
    ]
    if not literals and not together:
        return [_some(one)]
    literals = literals or [_some(one)]
    steps = range(-max(len(together), 1), max(len(together), 1) + 1)
    found = {_beside(at, n) for at in literals for n in steps}
    least = 0 if one.reduce is Reduce.COUNT else None
    return sorted((v for v in found if least is None or v >= least), key=_size)  # type: ignore[operator]  # numbers


def _some(one: Input) -> Known:
    moments: dict[InputType, Known] = {
        InputType.DATE: date(2026, 1, 1),
        InputType.INSTANT: datetime(2026, 1, 1, tzinfo=UTC),
    }
    return moments.get(one.type, 1)


def _beside(at: Known, number: int) -> Known:
    if isinstance(at, datetime | date):
        return at + number * _DAY
    return at + number if isinstance(at, int | float) else at


def _size(value: Known) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    return float(value.toordinal()) if isinstance(value, date) else float(str(value))
