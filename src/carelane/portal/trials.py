"""A pathway's text tables beside its picture: each test as rows, run on the release that is shown. Pure."""

from dataclasses import dataclass

from carelane.pathways.definition import Definition
from carelane.pathways.trial import Trial, read_trials
from carelane.proofs.trials import run_trial


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One test: its rows as (time, what happens, what must follow), and where another thing followed."""

    title: str
    rows: tuple[tuple[str, str, str], ...]
    missed: tuple[str, ...]


def tried(release: Definition, text: str) -> tuple[Tried, ...]:
    """Every test of the text, run on this release; none where the text doesn't fit it."""
    trials, findings = read_trials(text, release)
    if any(each.severity == "error" for each in findings.problems):
        return ()
    return tuple(_one(release, each) for each in trials)


def _one(release: Definition, trial: Trial) -> Tried:
    results = run_trial(release, trial)
    return Tried(
        title=trial.title,
        rows=tuple(_cells(each.row.text) for each in results),
        missed=tuple(
            f"{each.row.text.split('|')[0].strip()}: {words}"
            for each in results
            for words in each.missed
        ),
    )


def _cells(text: str) -> tuple[str, str, str]:
    time, happens, follows = (cell.strip() for cell in text.split("|"))
    return time, happens, follows
