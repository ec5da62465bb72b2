"""Shows a breach as a run: concrete, without a move that it does not need, gone by the engine, told as a table."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from carelane.cases.model import Case
from carelane.proofs.moves import Kind
from carelane.proofs.nodes import Explored, Node, Way
from carelane.proofs.paths import Step, concrete, steps_of
from carelane.proofs.retelling import Told, holds_again, retell
from carelane.proofs.turns import Breach, Turn
from carelane.proofs.verdicts import Finding, Verdict

EACH_MAX = 3  # findings shown of one rule
Rule: TypeAlias = Callable[[Turn], Iterator[Breach]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A breach with the run that should show it, and how to see that it does.

    With `cells` the table itself has shown it already (`asking`), and a run only makes it easier to read. A `doubt`
    is nothing that was shown, but something that could not be.
    """

    found: Explored
    breach: Breach
    node: Node | None = None
    last: tuple[tuple[Way, int], ...] = ()
    among: int = 0
    shown: Callable[[Told], bool] | None = None
    cells: bool = False
    doubt: bool = False


def findings(suspects: Iterable[Suspect]) -> Iterator[Finding]:
    """What is found: a few of each rule, each message once."""
    seen: dict[str, set[str]] = {}
    for suspect in suspects:
        messages = seen.setdefault(suspect.breach.rule, set())
        if len(messages) < EACH_MAX and suspect.breach.message not in messages:
            messages.add(suspect.breach.message)
            yield _finding(suspect)


def _finding(suspect: Suspect) -> Finding:
    found, breach = suspect.found, suspect.breach
    verdict, run, path = Verdict.REFUTED, "", tuple[str, ...]()
    if suspect.node is not None and suspect.shown is not None:
        told = _shortest(suspect, suspect.node, suspect.shown)
        run, path = told.text(breach.message), told.path
        if not (suspect.shown(told) and holds_again(found.definition, run)):
            verdict, run, path = (
                (verdict, "", ()) if suspect.cells else (Verdict.NOT_DECIDED, run, path)
            )
    return Finding(
        rule=breach.rule, verdict=Verdict.NOT_DECIDED if suspect.doubt else verdict, line=breach.line,
        message=breach.message, remedy=breach.remedy, run=run, path=path,
    )  # fmt: skip


def _shortest(suspect: Suspect, node: Node, shown: Callable[[Told], bool]) -> Told:
    """The run without every move that it does not need."""
    steps = steps_of(suspect.found, node, suspect.last)
    told = _told(suspect, steps)
    for place in reversed(range(1, len(steps) - 1)) if shown(told) else ():
        if _passes(steps[place]) and _passes(steps[place + 1]):
            continue  # time would pass in one row where a reader looks for where the case stood between
        shorter = (*steps[:place], *steps[place + 1 :])
        other = _told(suspect, shorter)
        if shown(other):
            steps, told = shorter, other
    return told


def _told(suspect: Suspect, steps: tuple[Step, ...]) -> Told:
    found = suspect.found
    wanted = suspect.among or found.regions.space.full
    return retell(found.stage, concrete(found, steps, wanted))


def again(turn: Turn, rule: Rule) -> Callable[[Told], bool]:
    """Whether the rule is broken by what the engine did at the end of the whole run."""

    def shown(told: Told) -> bool:
        here = replace(turn, before=told.before, after=told.after, steps=told.steps)
        return _where(told.after) == _where(turn.after) and any(rule(here))

    return shown


def _where(case: Case | None) -> tuple[str, ...]:
    return tuple(step.state for step in case.steps) if case is not None else ()


def stands(state: str) -> Callable[[Told], bool]:
    """Whether the run ends in this state."""
    return lambda told: state in _where(told.after)


def unanswered(told: Told) -> bool:
    """Whether a table had no answer at the end of the run."""
    case = told.after
    return case is not None and any(value is None for value in case.values.values())


def _passes(step: Step) -> bool:
    """Whether only time goes by."""
    return step[0].move.kind is Kind.CLOCK
