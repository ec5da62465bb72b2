"""The closed vocabulary of the core: facts it hears from and sends to Carelane itself, and its reasons.

`reference/facts.md` lists them; the shipped system pathways hear the ones under "sent".
"""

from typing import Final

# Heard: a person's doings (payload `task`), clocks, effects' outcomes (payload `effect`), the site's changes.
TASK_COMPLETED: Final = "task.completed"
TASK_UNDONE: Final = "task.undone"
TASK_ESCALATED: Final = "task.escalated"
TASK_REASSIGNED: Final = "task.reassigned"
TASK_PAUSED: Final = "task.paused"
TASK_RESUMED: Final = "task.resumed"
ROUTING_OVERRIDDEN: Final = "routing.overridden"
CLOCK_WARNED: Final = "clock.warned"
CLOCK_LEVEL: Final = "clock.level"
CLOCK_EXPIRED: Final = "clock.expired"
CLOCK_RESUMED: Final = "clock.resumed"
CALENDAR_CHANGED: Final = "calendar.changed"
EFFECT_SETTLED: Final = "effect.settled"
CASE_REDRIVEN: Final = "case.redriven"
CASE_MIGRATED: Final = "case.migrated"  # to another release, by a mapping
CASE_RESTORED: Final = "case.restored"  # back to the release it came from

# Sent to the same subject (`to: self`), for system pathways: each becomes work with an owner and a clock.
CASE_PARKED: Final = "case.parked"
CASE_DUPLICATE: Final = "case.duplicate"
EFFECT_DEAD: Final = "effect.dead"
FACT_UNCLEAR: Final = "fact.unclear"
FACT_UNMATCHED: Final = "fact.unmatched"
CASE_RECALLED: Final = "case.recalled"  # its release was recalled or rolled back: a person decides
SENT: Final = frozenset(
    {CASE_PARKED, CASE_DUPLICATE, CASE_RECALLED, EFFECT_DEAD, FACT_UNCLEAR, FACT_UNMATCHED}
)
CASE_CLOSED: Final = "case.closed"  # how a case ended, told to whom its pathway announces it
SELF: Final = "self"
SENDER: Final = "sender"

# Reasons of ignored and parked facts.
STALE: Final = "stale"
OTHERS: Final = "of-another-case"
NOT_HEARD: Final = "not-heard"
NOT_IN_SCOPE: Final = "not-in-scope"  # a pathway hears it, but is in force elsewhere only
NO_CASE: Final = "no-case"
NO_EDGE: Final = "no-edge"
TASK_CLOSED: Final = "task-closed"
OUTCOME_UNKNOWN: Final = "outcome-unknown"
FORM_INCOMPLETE: Final = "form-incomplete"  # followed by `:field`
REASON_MISSING: Final = "reason-missing"
NOT_ALLOWED: Final = "not-allowed"
UNDO_TOO_LATE: Final = "undo-too-late"
UNDO_JOINED: Final = "undo-joined"  # it ended side-by-side work that others had begun
UNDO_UNDER_WAY: Final = "undo-under-way"  # an effect that the wait goes on by has not ended yet
UNDO_TOLD: Final = "undo-told"  # other cases or subjects were told
CLOCK_STOPPED: Final = "clock-stopped"
EFFECT_UNKNOWN: Final = "effect-unknown"
NOTHING_PARKED: Final = "nothing-parked"
HOLD_OVER: Final = "hold-over"
SEVERAL: Final = "several-cases"
UNMATCHED: Final = "unmatched"
MOVED_FROM: Final = "moved from"  # the rule of a reason; its answer is the release that was left
MOVED_ALREADY: Final = "moved-already"
NOT_MAPPED: Final = "not-mapped"
NOT_MOVED: Final = "not-moved"  # followed by `:code`
CASE_OVER: Final = "case-closed"
CASE_STANDS: Final = "case-parked"
ACTED_ON: Final = "acted-on-since"
EFFECT_OUTSTANDING: Final = "effect-outstanding"
WAITS_BEHIND: Final = "waits-behind"
FAILED: Final = "failed"

# Branches that name no state.
STAY: Final = "stay"
AGAIN: Final = "again"

# How a step closed that no edge of its own closed.
CUT_OFF: Final = "cut off"  # its block was left, or joined without it
JOINED: Final = "joined"
