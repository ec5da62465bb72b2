"""Why a case is where it is: each decision's rules with what they read and what missed, and who answers for them.

The one answer to that question: the command line, the API and the portal's "why this is here" show what `explain`
gives. Codes, cells, numbers of rows and names of staff only; nothing of a patient.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from carelane.engine.in_force import scope_of
from carelane.pathways.definition import Definition, Table
from carelane.pathways.tables_text import owner_table, row_words
from carelane.store.database import Row, Tx

HISTORY_MAX = 1000
_TABLE = re.compile(r"table (\S+) (?:row (\d+)|no row)")
_MISSED = re.compile(r"row (\d+): (.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """A row above the one that answered, and a cell of it that did not hold: `flag in {HH} (was N)`."""

    row: int
    cell: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """One rule that took part in a decision.

    `rule` names it (`table triage_pool row 2`, `event referral.received`); `says` is what it says, in the words of
    the release. `inputs` are what it read, `missed` the cells that kept the rows above from answering.
    """

    rule: str
    answer: str
    says: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    missed: tuple[Miss, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What one fact led to: the fact, who or what brought it, its rules, and the versions that were late-bound.

    `release` is the one that decided, which a case that has moved since no longer runs under; empty: not recorded.
    """

    fact: UUID
    type: str
    at: datetime
    by: str
    rules: tuple[Why, ...]
    bound: Mapping[str, Any]
    release: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Where the case is now: whose it is and how that was found, until when, and what happens then."""

    state: str
    title: str
    since: datetime
    owner_kind: str
    owner_name: str
    owner_found: tuple[str, ...]
    due_at: datetime
    clock: str
    safety: bool
    calendar: str
    fallback: str
    task: UUID | None
    entered_by: UUID | None
    table: str  # that names the owner; empty if the owner is declared


@dataclass(frozen=True, slots=True, kw_only=True)
class Force:
    """Who put the release in force, why, when and where (`everywhere`, `site north`), and the proof it rests on."""

    approvers: tuple[str, str]
    reason: str
    since: datetime
    scope: str
    proof: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A release that the case ran under before it moved, and who answered for it."""

    release: str
    version: str
    force: Force | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """Somebody said that a rule is wrong here: which rule, why, who, when."""

    rule: str
    reason: str
    person: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything that answers "why": `here` is the present, `decisions` how it came about, newest first.

    `earlier` are the other releases that decided, newest first; each decision is in the words of its own.
    """

    case: UUID
    pathway: str
    version: str
    release: str
    here: tuple[Wait, ...]
    decisions: tuple[Decision, ...]
    force: Force | None
    corrections: tuple[Correction, ...]
    earlier: tuple[Earlier, ...] = ()


async def explain(tx: Tx, published: Mapping[str, Definition], case: UUID) -> Explanation | None:
    """Why a case in the transaction's view is where it is; None if there is none in view."""
    row = await tx.one("casebook.case", id=case)
    if row is None:
        return None
    definition = published.get(row["release"])
    history = await tx.rows("casebook.history", id=case, limit=HISTORY_MAX)
    waits = await tx.rows("casebook.waits", id=case)
    made = decisions(history, published)
    others = dict.fromkeys(
        each.release for each in made if each.release not in ("", row["release"])
    )
    corrections = await tx.rows("casebook.corrections", id=case)
    return Explanation(
        case=case,
        pathway=row["pathway"],
        version=row["version"],
        release=row["release"],
        here=tuple(_wait(each, definition) for each in waits),
        decisions=made,
        force=await _in_force(tx, row, row["release"]),
        corrections=tuple(Correction(**each) for each in corrections),
        earlier=tuple([
            Earlier(release=each, version=_version(published, each), force=await _in_force(tx, row, each))
            for each in others
        ]),
    )  # fmt: skip


def decisions(history: Iterable[Row], published: Mapping[str, Definition]) -> tuple[Decision, ...]:
    """Every decision that gave a reason, newest first, each in the words of the release that decided."""
    made = [_decision(row, published) for row in history if row["reasons"]]
    return tuple(reversed(made))


async def _in_force(tx: Tx, case: Row, release: str) -> Force | None:
    """Who put a release in force where and when the case opened."""
    row = await tx.one(
        "casebook.activation", release=release, site=case["site"],
        service_line=case["service_line"], opened_at=case["opened_at"])  # fmt: skip
    return _force(row) if row else None


def _version(published: Mapping[str, Definition], release: str) -> str:
    return published[release].version if release in published else ""


def fired(found: Explanation) -> str:
    """The rule that routed the case last: of the table that names its owner, else of any, else the newest; or empty."""
    rules = [each.rule for decision in found.decisions for each in reversed(decision.rules)]
    owners = tuple(f"table {wait.table} " for wait in found.here if wait.table)
    first = (
        *(rule for rule in rules if rule.startswith(owners)),
        *(rule for rule in rules if rule.startswith("table ")),
        *rules,
        "",
    )
    return first[0]


def _decision(row: Row, published: Mapping[str, Definition]) -> Decision:
    definition = published.get(row["release"])
    return Decision(
        fact=row["id"],
        type=row["type"],
        at=row["at"],
        by=row["actor_name"] or row["connection"] or row["actor"],
        rules=tuple(_why(each, definition) for each in row["reasons"]),
        bound=row["bound"],
        release=row["release"],
        version=_version(published, row["release"]),
    )


def _why(reason: Mapping[str, Any], definition: Definition | None) -> Why:
    rule = reason.get("rule", "")
    return Why(
        rule=rule,
        answer=reason.get("answer", ""),
        says=_says(rule, definition),
        inputs=reason.get("inputs", {}),
        missed=tuple(_misses(reason.get("missed", ()))),
    )


def _misses(texts: Sequence[str]) -> Iterable[Miss]:
    for text in texts:
        found = _MISSED.fullmatch(text)
        yield Miss(row=int(found[1]), cell=found[2]) if found else Miss(row=0, cell=text)


def _says(rule: str, definition: Definition | None) -> str:
    """The row in words, as the release has it; empty for what is no table's row."""
    found = _TABLE.fullmatch(rule)
    table: Table | None = definition.tables.get(found[1]) if found and definition else None
    if found is None or table is None or found[2] is None:
        return ""
    rows = {row.number: row for row in table.rows}
    row = rows.get(int(found[2]))
    return row_words(row) if row else ""


def _wait(row: Row, definition: Definition | None) -> Wait:
    state = definition.states.get(row["state"]) if definition else None
    calendar = f"{row['calendar']} version {row['calendar_version']}" if row["calendar"] else ""
    return Wait(
        state=row["state"],
        title=state.title if state else row["state"],
        since=row["opened_at"],
        owner_kind=row["owner_kind"],
        owner_name=row["owner_name"],
        owner_found=tuple(row["owner_found"] or ()),
        due_at=row["due_at"],
        clock=row["clock_kind"],
        safety=row["safety"],
        calendar=calendar,
        fallback=row["fallback"],
        task=row["task"],
        entered_by=row["entered_by"],
        table=owner_table(definition, row["state"]) if definition else "",
    )


def _force(row: Row) -> Force:
    return Force(
        approvers=(row["approver_one"], row["approver_two"]),
        reason=row["reason"],
        since=row["from_at"],
        scope=scope_of(row).words(),
        proof=row["proof"],
    )
