"""The closed vocabulary of audited actions; a leaf with any other word is a defect (`leaf.faults`).

Reads and denials (`access.*`) go into the access tree, everything else into the audit tree.
"""

from enum import StrEnum


class Action(StrEnum):
    """What a leaf says was done: `thing.verb`, past tense."""

    MESSAGE_RECEIVED = "message.received"
    MESSAGE_INTERPRETED = "message.interpreted"
    MESSAGE_REPLAYED = "message.replayed"
    MESSAGE_SETTLED = "message.settled"  # a person dealt with a quarantined one
    FACT_DELIVERED = "fact.delivered"
    FACT_DECIDED = "fact.decided"
    SUBJECT_MERGED = "subject.merged"
    SUBJECT_LINKED = "subject.linked"
    SUBJECT_UNLINKED = "subject.unlinked"
    TASK_CLAIMED = "task.claimed"
    TASK_RELEASED = "task.released"
    TASK_REASSIGNED = "task.reassigned"
    TASK_SNOOZED = "task.snoozed"
    TASK_ESCALATED = "task.escalated"
    TASK_DRAFTED = "task.drafted"
    ROUTING_OVERRIDDEN = "routing.overridden"
    ROUTING_CORRECTED = "routing.corrected"  # somebody said that a rule is wrong
    HANDOVER_OFFERED = "handover.offered"
    HANDOVER_ACCEPTED = "handover.accepted"
    HANDOVER_WITHDRAWN = "handover.withdrawn"
    THREAD_WRITTEN = "thread.written"
    NOTICE_SEEN = "notice.seen"
    EFFECT_CLAIMED = "effect.claimed"
    EFFECT_SETTLED = "effect.settled"
    EFFECT_WITHDRAWN = "effect.withdrawn"
    EFFECT_REDRIVEN = "effect.redriven"
    CONNECTION_CHANGED = "connection.changed"
    RELEASE_PUBLISHED = "release.published"
    RELEASE_APPROVED = "release.approved"  # by the first of two people
    RELEASE_ACTIVATED = "release.activated"
    RELEASE_ROLLED_BACK = "release.rolled_back"
    RELEASE_MIGRATED = "release.migrated"  # its running cases moved, by a mapping
    RELEASE_RECALLED = "release.recalled"
    BACKTEST_KEPT = "backtest.kept"
    SHADOW_STARTED = "shadow.started"
    SHADOW_STOPPED = "shadow.stopped"
    EVENTS_EXPORTED = "events.exported"  # recorded decisions left, without patient data
    POLICY_ACTIVATED = "policy.activated"
    SITE_LOADED = "site.loaded"
    ACCOUNT_PASSWORD_SET = "account.password_set"  # noqa: S105  # an action's name
    ACCOUNT_FACTOR_SET = "account.factor_set"
    ACCOUNT_LOCKED = "account.locked"
    SESSION_OPENED = "session.opened"
    SESSION_ENDED = "session.ended"
    RETENTION_SWEPT = "retention.swept"
    HOLD_PLACED = "hold.placed"  # nothing of this subject is removed
    HOLD_RELEASED = "hold.released"
    DATABASE_ADOPTED = "database.adopted"  # restored on another cluster, its tree verified first
    KEYS_ROTATED = "keys.rotated"
    IDENTITY_ACCEPTED = "identity.accepted"  # a person: other demographics, but the same person
    IDENTITY_SHREDDED = "identity.shredded"
    AUDIT_EXPORTED = "audit.exported"
    ACCESS_READ = "access.read"
    ACCESS_DENIED = "access.denied"
    ACCESS_EMERGENCY = "access.emergency"  # break-glass: leave to look at one patient's records
    ACCESS_EMERGENCY_ENDED = "access.emergency_ended"


class Tree(StrEnum):
    """The two trees of an organisation."""

    AUDIT = "audit"
    ACCESS = "access"


def tree_of(action: Action) -> Tree:
    """Which tree a leaf of this action belongs to."""
    return Tree.ACCESS if action.value.startswith("access.") else Tree.AUDIT
