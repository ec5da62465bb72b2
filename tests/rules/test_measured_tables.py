"""Figures as a page shows them and as a spreadsheet reads them."""

import csv
from io import StringIO

import pytest

from carelane.measures.definitions import MEANINGS
from carelane.measures.figures import Figure
from carelane.portal.measured import ROWS_MAX, as_csv, plain, tables


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (None, "s", "-"),
        (45, "s", "45 s"),
        (59.4, "s", "59 s"),
        (720, "s", "12 min"),
        (11_100, "s", "3 h 05 min"),
        (187_200, "s", "2 d 4 h"),
        (1.5, "h", "1 h 30 min"),
        (3, "touches", "3 touches"),
        (2.25, "", "2.25"),
    ],
)
def test_values_are_words(value: float | None, unit: str, said: str) -> None:
    assert plain(value, unit) == said


def waits(count: int = 1) -> list[Figure]:
    return [
        Figure(measure="waits", by={"pathway": "p"}, what={"state": f"s{n}", "how": "done"}, n=n + 1, of=9, total=60.0,
               median=60.0, p90=90.0)
        for n in range(count)
    ]  # fmt: skip


def test_every_measure_has_a_table_and_one_alone_can_be_asked_for() -> None:
    assert [each.name for each in tables(waits())] == list(MEANINGS)
    [alone] = tables(waits(), only="waits")
    assert alone.heads[:5] == ("Pathway", "State", "How", "Count", "Out of")
    assert alone.heads[5:] == ("Half within", "Nine in ten within")
    assert alone.rows == (("p", "s0", "done", "1", "9", "1 min", "2 min"),)
    assert next(each for each in tables(waits()) if each.name == "touches").rows == ()


def test_a_long_table_is_cut_and_says_so() -> None:
    [alone] = tables(waits(ROWS_MAX + 7), only="waits")
    assert (len(alone.rows), alone.more) == (ROWS_MAX, 7)
    assert len(as_csv(waits(ROWS_MAX + 7)).splitlines()) == ROWS_MAX + 8


def test_mutant_a_name_that_a_spreadsheet_would_compute_is_text() -> None:
    risky = Figure(measure="items", by={"pathway": "p"}, what={"person": "x"}, n=1)
    rows = list(csv.reader(StringIO(as_csv([risky, *waits()], only="items"))))
    assert rows[1][:5] == ["items", "s", "pathway=p", "person=x", "1"]
    formula = Figure(measure="=cmd()", by={}, n=1)
    with pytest.raises(KeyError):  # a measure without a definition is never shown
        as_csv([formula])
