"""What a merge leaves behind besides moved rows: facts about clashing cases, and its audit leaf. See `merge`."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from carelane.audit.actions import Action
from carelane.audit.leaf import Change, Thing
from carelane.cases.words import CASE_DUPLICATE
from carelane.engine.runtime import Runtime
from carelane.facts.fact import Actor, Fact
from carelane.facts.ids import derive
from carelane.facts.phi import Phi
from carelane.identity.links import Links, Plan
from carelane.identity.merge import LINK, MERGE, UNLINK
from carelane.store.changes import Deed, write
from carelane.store.database import Row, Tx

_ACTIONS = {
    MERGE: Action.SUBJECT_MERGED,
    LINK: Action.SUBJECT_LINKED,
    UNLINK: Action.SUBJECT_UNLINKED,
}
_CURRENT, _MERGED = "current", "merged"


def record(runtime: Runtime, tx: Tx, fact: Fact, plan: Plan, before: Links) -> None:
    """One leaf: which identities went from whom to whom, and which subject was retired or came back."""
    changes = [
        Change(
            thing=Thing.IDENTITY,
            id=each,
            before=str(before.subject_of.get(each, "")),
            after=str(plan.moves[each]),
        )
        for each in sorted(plan.moves)
    ]
    for subject, into in plan.retire.items():
        was = _MERGED if subject in before.merged_into else _CURRENT
        now = _CURRENT if into is None else _MERGED
        if was != now:
            changes.append(Change(thing=Thing.SUBJECT, id=subject, before=was, after=now))
    write(tx, _deed(runtime, fact, _ACTIONS[plan.kind]), changes)


def record_clashes(runtime: Runtime, tx: Tx, fact: Fact, pairs: Sequence[tuple[Row, Row]]) -> None:
    """The younger of two open cases of one thing is marked; both stay open."""
    if not pairs:
        return
    changes = [
        Change(
            thing=Thing.CASE,
            id=younger["id"],
            before="open",
            after="open",
            detail={"pathway": younger["pathway"], "duplicate_of": str(older["id"])},
        )
        for younger, older in pairs
    ]
    write(tx, _deed(runtime, fact, Action.SUBJECT_MERGED), changes)


def _deed(runtime: Runtime, fact: Fact, action: Action) -> Deed:
    return Deed(
        organisation=runtime.organisation,
        at=runtime.now(),
        action=action,
        actor=fact.actor,
        name=fact.actor_name or fact.connection or "",
    )


def clashes(staying: Sequence[Row], moving: Sequence[Row]) -> list[tuple[Row, Row]]:
    """Open cases of one thing on both sides: (younger, older)."""
    by_key = {_key(row): row for row in staying if row["unique_token"]}
    pairs = [(row, by_key[_key(row)]) for row in moving if _key(row) in by_key]
    return [(one, two) if _age(one) > _age(two) else (two, one) for one, two in pairs]


def _key(row: Row) -> tuple[str, str, str]:
    return (row["pathway"], row["unique_name"], row["unique_token"])


def _age(row: Row) -> tuple[datetime, UUID]:
    return (row["opened_at"], row["id"])


def duplicate(fact: Fact, younger: Row, older: Row) -> Fact:
    """`case.duplicate`: a person keeps one of the two."""
    return replace(
        fact,
        id=derive(fact.recorded_at, "duplicate", fact.id, younger["id"]),
        type=CASE_DUPLICATE,
        payload=Phi({"duplicate": {"pathway": younger["pathway"]}}, "duplicate"),
        keys={"case": str(younger["id"])},
        refers={"case": younger["id"], "older": older["id"]},
        actor=Actor.CARELANE,
        entity=None,
    )


def told(organisation: UUID, at: datetime, subject: UUID, row: UUID, by: str) -> Fact:
    """The fact behind a person's reversal of a merge; itself not stored."""
    id_ = derive(at, "take-back", row, by)
    return Fact(
        id=id_,
        type="patient.unlinked",
        subject=subject,
        organisation=organisation,
        occurred_at=at,
        recorded_at=at,
        payload=Phi({}, "reversal"),
        actor=Actor.PERSON,
        actor_name=by,
        origin=row,
        correlation=row,
    )
