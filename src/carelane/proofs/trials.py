"""Runs a pathway's text tables on `cases.step` itself and says what really followed. Pure.

The tables are read by `pathways.trial`; `playing` lets rows happen, `following` says what there is after them.
`carelane pathway test` prints what this answers.
"""

from dataclasses import dataclass

from carelane.pathways.calendar import Calendar
from carelane.pathways.definition import Definition
from carelane.pathways.trial import Trial, TrialRow
from carelane.proofs.everybody import OFFICE
from carelane.proofs.following import followed, met, really
from carelane.proofs.playing import Playing, happen, playing


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """What came of one row: what really followed, each expectation that was not met, and the row as it went.

    `really` is written as the third column is, so that it can be pasted there. `impossible` says what of the
    second column could not happen; then no third column can be right.
    """

    row: TrialRow
    followed: str
    missed: tuple[str, ...]
    really: str
    impossible: str = ""


def run_trial(
    definition: Definition, trial: Trial, *, calendar: Calendar = OFFICE
) -> tuple[TrialResult, ...]:
    """Run one test from its start; every row is run, also after one that missed."""
    run = playing(definition, trial, calendar=calendar)
    return tuple(play(run, row) for row in trial.rows)


def play(run: Playing, row: TrialRow) -> TrialResult:
    """Run one row: let time pass, let it happen, and compare."""
    run.last = []
    run.until(run.trial.starts + row.at)
    impossible = happen(run, row)
    missed = tuple(
        f"{name} {value}".strip() for name, value in row.expects if not met(run, name, value)
    )
    return TrialResult(
        row=row,
        followed=followed(run),
        missed=(impossible, *missed) if impossible else missed,
        really=really(run, row),
        impossible=impossible,
    )
