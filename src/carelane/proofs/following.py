"""What there is after a row of a trial, in the words of a text table's third column. Pure."""

from collections.abc import Iterator

from carelane.cases.model import Case, Disposition, OpenStep
from carelane.pathways.durations import duration_text
from carelane.pathways.trial import TrialRow
from carelane.proofs.playing import Playing

_APPLIED = Disposition.APPLIED
_TOLD = (
    "state", "region", "status", "owner", "urgency", "due", "level", "effect", "undone", "sent", "told", "paused",
    "closed",
)  # fmt: skip


def met(run: Playing, name: str, value: str) -> bool:
    """Whether an expectation of a row holds now."""
    if name in ("cases", "no case"):
        return len(run.view.cases) == (int(value) if value.isdigit() else 0)
    if name in ("held", "ignored", "parked"):
        wanted = Disposition(name)
        return any(decided.disposition is wanted for decided in run.last)
    named = {one.strip() for one in value.split("&")}
    there = _facts(run, "state" if name == "states" else name)
    return named == there if name == "states" else named <= there


def really(run: Playing, row: TrialRow) -> str:
    """The third column as it went: what held stays as it was written, what missed says what there was."""
    said = [
        written
        for name, value in row.expects
        for written in ([_said(name, value)] if met(run, name, value) else _instead(run, name))
    ]
    return "; ".join(dict.fromkeys(said)) or followed(run)


def followed(run: Playing) -> str:
    """What there is now, in the words of a third column."""
    case = _case(run)
    if case is None:
        ended = [str(one.disposition) for one in run.last if one.disposition is not _APPLIED]
        return "; ".join(dict.fromkeys(["no case", *ended]))
    parts = [_said(name, value) for name in _TOLD for value in _plain(run, name)]
    return "; ".join(parts)


def _said(name: str, value: str) -> str:
    return f"{name} {value}".strip()


def _instead(run: Playing, name: str) -> list[str]:
    """What there was under this name; where there was nothing, the state the case is in."""
    if name in ("cases", "no case"):
        return [f"cases {len(run.view.cases)}"] if run.view.cases else ["no case"]
    if name in ("held", "ignored", "parked"):
        ended = sorted(
            {str(one.disposition) for one in run.last if one.disposition is not _APPLIED}
        )
        return ended or _states(run)
    return [_said(name, value) for value in _plain(run, name)] or _states(run)


def _plain(run: Playing, name: str) -> list[str]:
    """Everything that is so under this name, each once; of what is a wait's own, with its state where several wait."""
    case = _case(run)
    if name == "states":
        return [" & ".join(sorted(_facts(run, "state")))]
    if case is None or name not in ("owner", "due", "paused"):
        return sorted(_facts(run, name))
    several = len(case.steps) > 1
    said = [(one.state, found) for one in case.steps for found in _of_step(run, one, name)]
    return [f"{state} {found}".strip() if several else found for state, found in said]


def _of_step(run: Playing, one: OpenStep, name: str) -> list[str]:
    """Owner, due time from now, or being paused, of one wait."""
    if name == "owner":
        return [f"{one.owner.kind} {one.owner.name}"]
    if name == "due":
        return [duration_text(one.clock.due_at - run.now)]
    return [] if one.clock.paused_at is None else [""]


def _states(run: Playing) -> list[str]:
    return [f"state {one}" for one in sorted(_facts(run, "state"))] or ["no case"]


def _case(run: Playing) -> Case | None:
    for decided in reversed(run.last):
        for change in reversed(decided.changes):
            return change.after
    return run.view.cases[-1] if run.view.cases else None


def _facts(run: Playing, name: str) -> set[str]:
    """Everything that is so now under this name, as the table writes it."""
    changes = [change for decided in run.last for change in decided.changes]
    if name == "effect":
        return {one.name for change in changes for one in change.intents}
    if name == "withdrawn":
        gone = {one for change in changes for one in change.withdrawn}
        return {one.name for change in changes for one in change.after.effects if one.id in gone}
    if name == "undone":
        return {
            one.name for change in changes for one in change.intents if one.compensates is not None
        }
    if name == "sent":
        return {one.fact for decided in run.last for one in decided.emissions}
    if name == "told":
        return {one.to for change in changes for one in change.notices}
    case = _case(run)
    return set() if case is None else set(_of_case(run, case, name))


def _of_case(run: Playing, case: Case, name: str) -> Iterator[str]:
    if name == "status":
        yield case.status
    elif name == "urgency":
        yield case.urgency.name.lower()
    elif name == "milestone":
        yield case.milestone
    elif name == "region":
        yield from (f"{path} {view.outcome}".strip() for path, view in case.regions.items())
    elif name == "closed" and not case.steps:
        yield case.outcome
    for one in case.steps:
        yield from _of_wait(run, one, name)


def _of_wait(run: Playing, one: OpenStep, name: str) -> Iterator[str]:
    """One open step's; where several are open, each also after the name of its state."""
    match name:
        case "state":
            yield one.state
        case "owner":
            yield f"{one.owner.kind} {one.owner.name}"
            yield f"{one.state} {one.owner.kind} {one.owner.name}"
        case "level":
            yield str(one.clock.level)
        case "due":
            yield duration_text(one.clock.due_at - run.trial.starts)
            yield duration_text(one.clock.due_at - run.now)
            yield f"{one.state} {duration_text(one.clock.due_at - run.now)}"
        case "paused" if one.clock.paused_at is not None:
            yield from ("", one.state)
        case _:
            return
