"""A pathway's tests as text tables that a clinician can read; `proofs.trials` runs them on the core.

    starts: 2026-11-23T14:00:00Z
    test: an urgent referral is triaged within four hours
    time | what happens                                         | what must follow
    0m   | referral.received referral=R1 priority=urgent        | state urgent-triage; due 4h
    4h   | nothing                                              | state triage-overdue; owner role covering-clinician

Events name their keys and inputs (or fields) as `name=value`. Times count from the start of the test.
While a block is open a case stands in several states: `state read & funding` (and maybe more), or `states` for
exactly these; `region review/clinical fit` says how a region ended; `case.closed pathway=p outcome=o` is another
case's end; `sent offer.lost` is a fact sent on, `undone` an effect that compensates.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from carelane.facts.fact import Json
from carelane.pathways.definition import Definition
from carelane.pathways.durations import duration
from carelane.pathways.events_reader import KEYS
from carelane.pathways.findings import Findings, Place, choose
from carelane.pathways.literals import instant_of
from carelane.pathways.waits_reader import CASE_CLOSED

STARTS = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
EXPECTATIONS = (
    "state", "status", "owner", "urgency", "due", "level", "effect", "withdrawn", "told", "closed",
    "no case", "cases", "held", "ignored", "parked", "paused", "states", "region", "sent", "undone", "milestone",
)  # fmt: skip
TEXT_CHARACTERS_MAX = 200_000
_OF_CLOSED = {CASE_CLOSED: ("pathway", "outcome")}
_COLUMNS = 3
IN = "in"
"""`task opine agree in=STATE`: which of several open tasks of one kind."""
FROM = "from"
"""`offer.accepted slot=S1 from=maria`: another subject of Carelane sent this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """What happens: `event`, `task`, `effect` or `nothing`. `given` are keys, inputs, fields or form values."""

    kind: str
    name: str = ""
    outcome: str = ""
    given: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRow:
    """One row: line in the file, time since the start, what happens, what must follow, and its text."""

    line: int
    at: timedelta
    happens: Happening
    expects: tuple[tuple[str, str], ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One test."""

    title: str
    starts: datetime
    rows: tuple[TrialRow, ...]


def read_trials(
    text: str, definition: Definition, *, place: str = ""
) -> tuple[tuple[Trial, ...], Findings]:
    """The tests of a text; what can't be read is in the findings, with line, column and remedy."""
    findings = Findings(file=place)
    trials: list[Trial] = []
    starts, title, rows = STARTS, "", list[TrialRow]()
    for number, line in enumerate(text[:TEXT_CHARACTERS_MAX].splitlines(), start=1):
        word, _, rest = line.partition(":")
        if not line.strip() or line.lstrip().startswith("#") or line.startswith(("time ", "time|")):
            continue
        if word == "starts":
            starts = _start(rest.strip(), Place(number, len(word) + 3), findings)
        elif word == "test":
            if rows:
                trials.append(Trial(title=title, starts=starts, rows=tuple(rows)))
            title, rows = rest.strip(), []
        elif row := _row(line, number, definition, findings):
            rows.append(row)
    if rows:
        trials.append(Trial(title=title, starts=starts, rows=tuple(rows)))
    return tuple(trials), findings


def _start(text: str, at: Place, findings: Findings) -> datetime:
    found = instant_of(text)
    if found is None:
        findings.add("trial", at, "This is no instant.", "Write it like 2026-11-23T14:00:00Z.")
    return found or STARTS


def _row(line: str, number: int, definition: Definition, findings: Findings) -> TrialRow | None:
    cells = line.split("|")
    if len(cells) != _COLUMNS:
        findings.add(
            "trial", Place(number, 1), "A row has three columns.",
            "Write `time | what happens | what must follow`.",
        )  # fmt: skip
        return None
    after = duration(cells[0].strip())
    if after is None:
        findings.add("trial", Place(number, 1), "This is no time.", "Write it like 0m, 4h or 3d.")
    happens = _happening(cells[1], Place(number, len(cells[0]) + 2), definition, findings)
    expects = tuple(_expected(cells[2], number, len(line) - len(cells[2]), findings))
    return TrialRow(
        line=number, at=after or timedelta(0), happens=happens, expects=expects, text=line.rstrip()
    )


def _happening(cell: str, at: Place, definition: Definition, findings: Findings) -> Happening:
    words = cell.split()
    given = dict(word.split("=", 1) for word in words if "=" in word)
    plain = [word for word in words if "=" not in word]
    kind = plain[0] if plain and plain[0] in ("task", "effect", "nothing") else "event"
    if kind == "nothing" or not plain:
        return Happening(kind="nothing", given={})
    if kind == "event":
        _known(plain[0], definition.events, "event", at, findings)
        for name in given:
            known = {FROM, *KEYS, *definition.inputs, *definition.fields}
            known |= {*_OF_CLOSED.get(plain[0], ())}
            _known(name, known, "key, input or field", at, findings)
        return Happening(kind=kind, name=plain[0], given=given)
    declared = definition.tasks if kind == "task" else definition.effects
    name, outcome = (*plain[1:3], "", "")[:2]
    _known(name, declared, kind, at, findings)
    task = definition.tasks.get(name) if kind == "task" else None
    if task is not None:
        _known(outcome, task.outcomes, "outcome", at, findings)
    return Happening(kind=kind, name=name, outcome=outcome, given=given)


def _known(
    name: str, known: Mapping[str, object] | set[str] | tuple[str, ...], what: str, at: Place,
    findings: Findings,
) -> None:  # fmt: skip
    if name not in known:
        findings.add("trial", at, f"No {what} is called `{name}`.", choose(name, known))


def _expected(cell: str, number: int, offset: int, findings: Findings) -> Iterator[tuple[str, str]]:
    for part in cell.split(";"):
        words = part.strip()
        if not words:
            continue
        name = next((one for one in EXPECTATIONS if f"{words} ".startswith(f"{one} ")), "")
        if name:
            yield name, words[len(name) :].strip()
        else:
            findings.add(
                "trial", Place(number, offset + 1), f"`{words}` can't be expected.",
                choose(words.split()[0], EXPECTATIONS),
            )  # fmt: skip


def payload_of(definition: Definition, given: Mapping[str, str]) -> dict[str, Json]:
    """The payload in which each named input or field stands at its path; keys are left out."""
    payload: dict[str, Json] = {}
    for name, value in given.items():
        declared = definition.inputs.get(name) or definition.fields.get(name)
        if declared is None and name in ("pathway", "outcome"):
            _put(payload, ["closed", name], value)
        elif declared is not None:
            _put(payload, declared.path.split("."), _json(definition, name, value))
    return payload


def _json(definition: Definition, name: str, value: str) -> Json:
    declared = definition.inputs.get(name)
    if declared is not None and declared.reduce == "count":
        return ["given"] * min(int(value), 100) if value.isdigit() else []
    return value


def _put(payload: dict[str, Json], path: list[str], value: Json) -> None:
    here = payload
    for name in path[:-1]:
        deeper = here.setdefault(name, {})
        if not isinstance(deeper, dict):
            return
        here = deeper
    here[path[-1]] = _together(here.get(path[-1]), value)


def _together(there: Json, value: Json) -> Json:
    """What is said of one place: a value that is read of a counted list stands in it."""
    many, one = (value, there) if isinstance(value, list) else (there, value)
    if not isinstance(many, list) or one is None or isinstance(one, list):
        return value
    return [one, *many[1:]]
