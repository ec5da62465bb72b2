"""A text table of a test's own, run on a shipped pathway: every row must be followed by what it says."""

from carelane.pathways.definition import Definition
from carelane.pathways.trial import read_trials
from carelane.proofs.trial_report import report
from carelane.proofs.trials import run_trial

HEAD = "test: here\ntime | what happens | what must follow\n"


def missed(definition: Definition, text: str) -> list[str]:
    """The tables that did not hold, as they went; none where all did."""
    trials, findings = read_trials(text, definition, place="here")
    assert [one.line() for one in findings.problems] == []
    assert trials
    results = [(trial, run_trial(definition, trial)) for trial in trials]
    return [report(trial, found) for trial, found in results if any(one.missed for one in found)]
