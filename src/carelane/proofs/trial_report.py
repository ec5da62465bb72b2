"""A test that failed, as a table again: what was expected and missed, and the table as it really went.

The table is aligned and can be pasted over the one in the file, if what followed is what should follow.
"""

from carelane.pathways.durations import duration_text
from carelane.pathways.trial import STARTS, Trial
from carelane.proofs.trials import TrialResult

_HEADINGS = ("time", "what happens", "what must follow")


def report(trial: Trial, results: tuple[TrialResult, ...], *, place: str = "") -> str:
    """What missed, line by line, and the table with what really followed."""
    missed = [
        f"  {_where(place, one)}: expected {'; '.join(one.missed)}\n    but: {one.followed}"
        for one in results
        if one.missed
    ]
    head = [f"FAILS: {trial.title}", *missed, "", "What really followed:", ""]
    return "\n".join([*head, *_table(trial, results)]) + "\n"


def _where(place: str, result: TrialResult) -> str:
    line = f"line {result.row.line}, at {duration_text(result.row.at)}"
    return f"{place}, {line}" if place else line


def _table(trial: Trial, results: tuple[TrialResult, ...]) -> list[str]:
    cells = [_HEADINGS, *(_cells(one) for one in results)]
    time, happens = (max(len(row[at]) for row in cells) for at in (0, 1))
    lines = [f"{row[0]:<{time}} | {row[1]:<{happens}} | {row[2]}".rstrip() for row in cells]
    notes = [
        f"# this can't happen here: {one.impossible}" if one.impossible else "" for one in results
    ]
    rows = [
        part for note, line in zip(notes, lines[1:], strict=True) for part in (note, line) if part
    ]
    starts = [] if trial.starts == STARTS else [f"starts: {trial.starts:%Y-%m-%dT%H:%M:%SZ}"]
    return [*starts, f"test: {trial.title}", lines[0], *rows]


def _cells(result: TrialResult) -> tuple[str, str, str]:
    time, happens, follows = (cell.strip() for cell in result.row.text.split("|"))
    return time, happens, result.really if result.missed else follows
