"""A state in plain words: who owns it, when it is due, what happens then. For pictures, tables and pages."""

from collections.abc import Sequence

from carelane.pathways.checks import edges_of
from carelane.pathways.definition import (
    Block,
    ClockKind,
    ClockSpec,
    Definition,
    Edge,
    JoinKind,
    Owner,
    OwnerKind,
    State,
)
from carelane.pathways.durations import duration_text
from carelane.pathways.guard import ALWAYS
from carelane.pathways.wording import wording

_KINDS = {
    ClockKind.WALL: "",
    ClockKind.BUSINESS: " of opening hours",
    ClockKind.BUSINESS_DAYS: " (business days)",
    ClockKind.CALENDAR_DAYS: " (calendar days)",
}


def owner_words(owner: Owner | None) -> str:
    """`pool referral-triage, by table triage_pool`."""
    if owner is None:
        return "nobody"
    if owner.kind is OwnerKind.PERSON:
        return f"whoever acted last, else {owner.otherwise}"
    table = f", by table {owner.table}" if owner.table else ""
    return f"{owner.kind} {owner.name}{table}"


def clock_words(clock: ClockSpec | None) -> str:
    """`due 3d (business days), warns at 2d`; `due 24h before appointment_start, if that is past in 2h`."""
    if clock is None:
        return "none"
    if clock.back is not None:
        base = f"due {duration_text(clock.back.by)} before {clock.back.before}"
        base += f", if that is past in {duration_text(clock.back.if_past)}"
    else:
        base = f"due {duration_text(clock.due)}" if clock.due is not None else "due"
    since = f" from {clock.start}" if clock.start else ""
    warn = f", warns at {duration_text(clock.warn)}" if clock.warn is not None else ""
    safety = ", safety" if clock.safety else ""
    return f"{base}{_KINDS[clock.kind]}{since}{warn}{safety}{pauses_words(clock)}"


def fallback_words(state: State) -> str:
    """`goes to triage-overdue`, or `repeats to physician-on-call until acknowledged`."""
    fallback = state.fallback
    if fallback is None:
        return "none"
    told = f", tells {fallback.tell}" if fallback.tell else ""
    if fallback.repeat:
        return f"repeats to {fallback.to} until acknowledged{told}"
    return f"goes to {edge_words(fallback.edge)}{told}" if fallback.edge else "none"


def levels_words(state: State) -> str:
    """`1 at 0m: responsible-clinician (phone); ...`; empty without levels."""
    return "; ".join(
        f"{one.level} at {duration_text(one.after)}: {one.to} ({one.by})" for one in state.escalate
    )


def edge_words(edge: Edge) -> str:
    """`scheduled if x = y, else scheduling`."""
    if edge.ignore:
        return f"ignored: {edge.ignore}"
    parts = []
    for branch in edge.branches:
        condition = "" if branch.when == ALWAYS else f" if {wording(branch.when)}"
        parts.append(f"{branch.then}{condition}")
    return ", else ".join(parts)


def join_words(block: Block) -> str:
    """`all of patient, specialists`, or `2 with fit of pool-a, pool-b, as table reviewers answers`."""
    names = ", ".join(block.regions)
    of = f" with {block.join.of}" if block.join.of else ""
    many = (
        f"{block.join.least}{of}" if block.join.kind is JoinKind.AT_LEAST else block.join.kind.value
    )
    answers = f", as table {block.table} answers" if block.table else ""
    return f"{many} of {names}{answers}"


def further_words(state: State) -> list[str]:
    """What a block, or a wait for another case, leads to."""
    found = []
    if state.block is not None:
        found.append(f"joined ({join_words(state.block)}): {edge_words(state.block.then)}")
        if state.block.otherwise is not None:
            found.append(f"too few answers: {edge_words(state.block.otherwise)}")
    if state.waits is not None:
        waits = state.waits
        found.extend(
            f"{waits.pathway} {key}: {edge_words(one)}" for key, one in waits.outcomes.items()
        )
        found.append(f"{waits.pathway} otherwise: {edge_words(waits.otherwise)}")
    return found


def pauses_words(clock: ClockSpec) -> str:
    """`, stops in ask/writing up to 7d (the patient was written to)`; empty without pauses."""
    return "".join(
        f", stops {f'in {one.state}' if one.state else f'on {one.event}'} up to "
        f"{duration_text(one.resume_by)} ({one.reason})"
        for one in clock.pauses
    )


_HEADINGS = ("state", "owner", "clock", "help is called", "fallback", "outcomes")


def table_text(definition: Definition, path: Sequence[str] = ()) -> str:
    """The pathway's states as a text table: state, owner, clock, help called, fallback, outcomes.

    With a `path` (states in the order they are passed) a first column says at which steps each is passed.
    """
    rows = [_HEADINGS, *(state_row(state) for state in definition.states.values())]
    if path:
        names = ("", *definition.states)
        rows = [(_steps(name, path), *row) for name, row in zip(names, rows, strict=True)]
    return "\n".join(columns(rows)) + "\n"


def state_row(state: State) -> tuple[str, ...]:
    """A state's cells, under `state`, `owner`, `clock`, `help is called`, `fallback` and `outcomes`."""
    if state.final:
        ends = f"ends {state.region}" if state.region else "ends"
        return (state.name, "-", "-", "-", "-", f"{ends}: {state.outcome}")
    ways = [f"{name}: {edge_words(edge)}" for name, edge in state.outcomes.items()]
    outcomes = "; ".join([*ways, *further_words(state)])
    pause = f", paused up to {duration_text(state.pause.resume_by)}" if state.pause else ""
    return (
        state.name,
        owner_words(state.owner),
        clock_words(state.clock) + pause,
        levels_words(state) or "-",
        fallback_words(state),
        outcomes or "-",
    )


def leads(state: State) -> tuple[tuple[str, str, str], ...]:
    """Every way out of a state but its fallback: why (a kind of `checks.edges_of`), its name, where it leads."""
    return tuple(
        (kind, name, edge_words(edge)) for kind, name, edge in edges_of(state) if kind != "fallback"
    )


def _steps(name: str, path: Sequence[str]) -> str:
    if not name:
        return "step"
    return ", ".join(str(at) for at, one in enumerate(path, start=1) if one == name)


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as aligned text, a rule below the first."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = [
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return [lines[0], "-+-".join("-" * width for width in widths), *lines[1:]]
