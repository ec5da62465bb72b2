"""Reads what the promises are judged by: one snapshot, each figure with its statement in `store/sql/promises.sql`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from carelane.measures.figures import Row
from carelane.measures.promises.levels import escalating
from carelane.measures.promises.missed import follow_ups
from carelane.pathways.definition import Definition
from carelane.store.database import Tx

CALLS = {
    "pathway": "critical-result", "states": ["call", "correction"], "task": "take-result", "outcome": "acknowledged",
}  # fmt: skip
DECISIONS = {
    "pathway": "referral-intake", "states": ["triage", "urgent-triage"], "task": "triage-referral",
    "outcomes": ["accepted", "declined", "ask-more"],
}  # fmt: skip
CONTACT = {
    "pathway": "discharge-follow-up", "state": "call", "task": "call-discharged", "outcomes": ["reached", "worse"],
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """The rows."""

    cases: Sequence[Row]
    unowned: Sequence[Row]
    owned: Sequence[Row]
    levels: Sequence[Row]
    calls: Sequence[Row]
    decisions: Sequence[Row]
    busy: Sequence[Row]
    contacts: Sequence[Row]
    overdue: Sequence[Row]
    routed: Sequence[Row]
    misrouted: Sequence[Row]
    openings: Sequence[Row]
    waiting: Sequence[Row]
    resends: Row
    urgent: Row


async def read(
    tx: Tx,
    definitions: Mapping[str, Definition],
    period: tuple[datetime, datetime],
    messages: Sequence[Sequence[str]],
    moved: Sequence[str],
) -> Read:
    """All of it; `messages` are the tokens of each planted message, `moved` the tasks that staff moved on purpose."""
    within = {"from_at": period[0], "to_at": period[1]}
    escalate = escalating(definitions.values())
    after = follow_ups(definitions.values())
    tokens = [(n, token) for n, some in enumerate(messages) for token in some]
    return Read(
        cases=await tx.rows("promises.cases", **within),
        unowned=await tx.rows("promises.unowned"),
        owned=await tx.rows("promises.owned", **within),
        levels=await tx.rows(
            "promises.levels", **within, pathways=sorted({one for one, _ in escalate}),
            states=sorted({two for _, two in escalate}),
        ),
        calls=await tx.rows("promises.calls", **within, **CALLS),
        decisions=await tx.rows("promises.decisions", **within, **DECISIONS),
        busy=await tx.rows("promises.busy", **within, tasks=[DECISIONS["task"]]),
        contacts=await tx.rows("promises.date_clocks", **within, **CONTACT),
        overdue=await tx.rows(
            "promises.overdue", **within, pathways=[one for one, _ in after], states=[two for _, two in after]
        ),
        routed=await tx.rows(
            "promises.routed", numbers=[n for n, _ in tokens], tokens=[token for _, token in tokens]
        ),
        misrouted=await tx.rows("promises.moved", tasks=list(moved)),
        openings=await tx.rows("promises.openings", **within),
        waiting=await tx.rows("promises.waiting", **within),
        resends=(await tx.rows("promises.resends", **within))[0],
        urgent=(await tx.rows("promises.urgent", **within))[0],
    )  # fmt: skip


async def began(tx: Tx) -> datetime | None:
    """When the history begins; None: there is none."""
    row = await tx.one("promises.first")
    found: datetime | None = row["at"] if row else None
    return found
