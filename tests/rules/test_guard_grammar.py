"""The guard grammar: what it reads, how it writes it back, what it means, and what it refuses."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carelane.pathways.definition import Input, InputType
from carelane.pathways.durations import duration, duration_text
from carelane.pathways.grammar import parse
from carelane.pathways.guard import (
    ALWAYS,
    All,
    Compare,
    Either,
    Elapsed,
    Guard,
    Missing,
    Not,
    Op,
    Same,
    Until,
    Value,
    Within,
)
from carelane.pathways.judge import explain, fields_of, holds, reads_time
from carelane.pathways.wording import wording

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
NAMES = {
    one.name: one
    for one in (
        Input(name="flag", path="", codes=("N", "H", "HH"), ordered=True),
        Input(name="kind", path="", codes=("red", "blue")),
        Input(name="offer", path="", codes=()),
        Input(name="winner", path="", codes=()),
        Input(name="count", path="", type=InputType.INTEGER),
        Input(name="limit", path="", type=InputType.INTEGER),
        Input(name="dose", path="", type=InputType.DECIMAL),
        Input(name="urgent", path="", type=InputType.BOOLEAN),
        Input(name="born", path="", type=InputType.DATE),
        Input(name="slot.start", path="", type=InputType.INSTANT),
    )
}
KNOWN: dict[str, Value | None] = {
    "flag": "H",
    "kind": "red",
    "offer": "a",
    "winner": "a",
    "count": 3,
    "limit": 5,
    "dose": 2.5,
    "urgent": True,
    "born": date(1960, 5, 1),
    "slot.start": NOW + timedelta(hours=3),
}

READ = [
    ("always", ALWAYS, True),
    ("otherwise", ALWAYS, True),
    ("kind = red", Compare("kind", Op.EQ, "red"), True),
    ("kind != red", Compare("kind", Op.NE, "red"), False),
    ("flag >= H", Within("flag", frozenset({"H", "HH"})), True),
    ("flag < H", Within("flag", frozenset({"N"})), False),
    ("flag in {N, HH}", Within("flag", frozenset({"N", "HH"})), False),
    ("count < 4", Compare("count", Op.LT, 4), True),
    ("count <= limit", Same("count", Op.LE, "limit"), True),
    ("dose > 2.4", Compare("dose", Op.GT, 2.4), True),
    ("urgent = true", Compare("urgent", Op.EQ, True), True),  # noqa: FBT003  # a literal
    ("born < 1970-01-01", Compare("born", Op.LT, date(1970, 1, 1)), True),
    (
        "slot.start > 2026-11-23T14:00:00Z",
        Compare("slot.start", Op.GT, NOW + timedelta(hours=2)),
        True,
    ),
    ("offer same winner", Same("offer", Op.EQ, "winner"), True),
    ("kind is missing", Missing("kind"), False),
    ("kind is not missing", Not(Missing("kind")), True),
    ("until slot.start < 4h", Until("slot.start", Op.LT, timedelta(hours=4)), True),
    ("elapsed >= 1h30m", Elapsed(Op.GE, timedelta(minutes=90)), True),
    ("not kind = blue", Not(Compare("kind", Op.EQ, "blue")), True),
    (
        "kind = blue or kind = red and count = 3",
        Either(
            (
                Compare("kind", Op.EQ, "blue"),
                All((Compare("kind", Op.EQ, "red"), Compare("count", Op.EQ, 3))),
            )
        ),
        True,
    ),
    (
        "(kind = blue or kind = red) and count = 4",
        All(
            (
                Either((Compare("kind", Op.EQ, "blue"), Compare("kind", Op.EQ, "red"))),
                Compare("count", Op.EQ, 4),
            )
        ),
        False,
    ),
    ('kind = "red"', Compare("kind", Op.EQ, "red"), True),
]


@pytest.mark.parametrize(("text", "guard", "answer"), READ)
def test_guard_is_read_and_means_what_it_says(text: str, guard: Guard, answer: bool) -> None:  # noqa: FBT001  # a table's column
    """Text to guard, guard to answer, guard back to text."""
    read, slips = parse(text, NAMES)

    assert slips == ()
    assert read == guard
    assert holds(guard, KNOWN, now=NOW, entered_at=NOW - timedelta(hours=2)) is answer
    assert parse(wording(guard), NAMES) == (guard, ())


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("kin = red", 1),
        ("kind = green", 8),
        ("kind < red", 6),
        ("kind", 5),
        ("kind = ", 8),
        ("= red", 1),
        ("kind = red and", 15),
        ("kind = red kind = blue", 12),
        ("kind in red", 9),
        ("kind in {red", 13),
        ("kind in {}", 10),
        ("kind is gone", 9),
        ("(kind = red", 12),
        ("until kind < 3h", 7),
        ("until slot.start < never", 20),
        ("elapsed < 3", 11),
        ("count = 3.5", 9),
        ("dose = much", 8),
        ("born = yesterday", 8),
        ("slot.start > 2026-11-23T14:00:00", 14),
        ("urgent = maybe", 10),
        ("offer same count", 12),
        ("offer = a", 9),
        ("kind = red ; drop", 12),
        ("count + 1 = 3", 7),
        ("kind.upper() = RED", 1),
        ("not " * 30 + "kind = red", None),
        ("(" * 50 + "kind = red" + ")" * 50, None),
        ("kind = red or " * 60 + "kind = red", 1),
        ("", 1),
    ],
)
def test_guard_slip_names_its_column(text: str, column: int | None) -> None:
    """What is not in the grammar is refused at its column, with a remedy."""
    guard, slips = parse(text, NAMES)

    assert guard is None
    assert all(one.remedy for one in slips)
    if column is not None:
        assert column in {one.column for one in slips}


@pytest.mark.parametrize(
    "text", [text for text, guard, _ in READ if guard != ALWAYS and "missing" not in text]
)
def test_guard_comparison_with_a_missing_value_is_false(text: str) -> None:
    """A missing value makes each comparison false, also `!=`; only `not` turns it."""
    guard = parse(text, NAMES)[0]
    assert guard is not None

    answer = holds(guard, {}, now=NOW, entered_at=None)
    assert answer is isinstance(guard, Not)


def test_guard_explains_the_cells_that_missed() -> None:
    """Each missed condition with what was there; nothing when it holds."""
    guard = parse("flag in {HH} and kind = red and count > 7", NAMES)[0]
    assert guard is not None

    assert explain(guard, KNOWN, now=NOW) == ("flag in {HH} (was H)", "count > 7 (was 3)")
    assert explain(ALWAYS, KNOWN, now=NOW) == ()
    assert explain(Missing("kind"), KNOWN, now=NOW) == ("kind is missing (was red)",)
    assert fields_of(guard) == {"flag", "kind", "count"}
    assert not reads_time(guard)
    assert reads_time(All((guard, Elapsed(Op.GT, timedelta(1)))))


LEAVES = st.one_of(
    st.builds(
        Compare, st.just("kind"), st.sampled_from([Op.EQ, Op.NE]), st.sampled_from(["red", "blue"])
    ),
    st.builds(Compare, st.just("count"), st.sampled_from(Op), st.integers(-99, 99)),
    st.builds(
        Compare, st.just("dose"), st.sampled_from(Op), st.integers(-900, 900).map(lambda n: n / 8)
    ),
    st.builds(
        Compare, st.just("born"), st.sampled_from(Op), st.dates(date(1900, 1, 1), date(2100, 1, 1))
    ),
    st.builds(Same, st.just("count"), st.sampled_from(Op), st.just("limit")),
    st.builds(
        Within,
        st.just("flag"),
        st.sets(st.sampled_from(["N", "H", "HH"]), min_size=1).map(frozenset),
    ),
    st.builds(Missing, st.sampled_from(["flag", "kind"])),
    st.builds(
        Until,
        st.just("slot.start"),
        st.sampled_from(Op),
        st.integers(0, 99_999).map(lambda s: timedelta(seconds=s)),
    ),
    st.builds(
        Elapsed, st.sampled_from(Op), st.integers(0, 99_999).map(lambda s: timedelta(seconds=s))
    ),
)


def _compound(inner: st.SearchStrategy[Guard]) -> st.SearchStrategy[Guard]:
    parts = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(parts.map(All), parts.map(Either), inner.map(Not))


GUARDS: st.SearchStrategy[Guard] = st.recursive(LEAVES, _compound, max_leaves=8)
VALUES = st.fixed_dictionaries(
    {
        "flag": st.sampled_from([None, "N", "H", "HH"]),
        "kind": st.sampled_from([None, "red", "blue"]),
        "count": st.one_of(st.none(), st.integers(-99, 99)),
        "limit": st.one_of(st.none(), st.integers(-99, 99)),
        "dose": st.one_of(st.none(), st.floats(-99, 99)),
        "born": st.one_of(st.none(), st.dates()),
        "slot.start": st.one_of(st.none(), st.just(NOW), st.just(date(2026, 11, 24))),
    }
)


@settings(max_examples=200, deadline=None)
@given(guard=GUARDS, values=VALUES)
def test_guard_written_back_means_the_same(guard: Guard, values: dict[str, Value | None]) -> None:
    """`parse(wording(g))` answers as `g` does, for all values, and judging never raises."""
    read, slips = parse(wording(guard), NAMES)

    assert slips == ()
    assert read is not None
    answer = holds(guard, values, now=NOW, entered_at=NOW)
    assert holds(read, values, now=NOW, entered_at=NOW) is answer
    assert bool(explain(guard, values, now=NOW, entered_at=NOW)) is not answer


@settings(max_examples=200, deadline=None)
@given(text=st.text(alphabet='abkind= redflag<>!(){},"0123.-hm', max_size=60))
def test_guard_reading_never_raises(text: str) -> None:
    """Any text gives a guard or slips inside the text."""
    guard, slips = parse(text, NAMES)

    assert (guard is None) == bool(slips)
    assert all(1 <= one.column <= len(text) + 1 for one in slips)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5m", timedelta(minutes=5)),
        ("1h30m", timedelta(minutes=90)),
        ("3d", timedelta(days=3)),
        ("1d12h", timedelta(hours=36)),
        ("0m", timedelta(0)),
        ("45s", timedelta(seconds=45)),
        ("", None),
        ("30m1h", None),
        ("5", None),
        ("-5m", None),
        ("1.5h", None),
        ("9999d", None),
        ("5 m", None),
    ],
)
def test_guard_durations(text: str, value: timedelta | None) -> None:
    """Durations are read strictly and written back."""
    assert duration(text) == value
    if value is not None:
        assert duration(duration_text(value)) == value
