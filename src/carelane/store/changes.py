"""Audit leaves of rooms that change one thing, in the same transaction as the change (I4).

The contract is `audit.leaf`: a change is `[thing, id, from, to]` and perhaps an object of codes and counts.
`leaf_rows.py` makes the leaves of messages and decisions, a batch at a time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from carelane.audit.actions import Action
from carelane.audit.leaf import Change
from carelane.facts.fact import Actor
from carelane.store.database import Tx
from carelane.store.leaf_rows import leaf


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Who did what, when, for which purpose, about which case. `detail` holds codes and counts only."""

    organisation: UUID
    at: datetime
    action: Action
    actor: Actor
    name: str
    case: UUID | None = None
    purpose: str = ""
    detail: Mapping[str, str | int | bool] = field(default_factory=dict)


def record(tx: Tx, deed: Deed, *changes: Change) -> None:
    """One leaf for one deed and all that it changed."""
    write(tx, deed, changes)


def write(tx: Tx, deed: Deed, changes: Sequence[Change]) -> None:
    """The same, for changes gathered in a list."""
    content: dict[str, object] = dict(deed.detail)
    if deed.case is not None:
        content["case"] = deed.case
    if deed.purpose:
        content["purpose"] = deed.purpose
    id_, at, body = leaf(
        id_=uuid7(),
        organisation=deed.organisation,
        at=deed.at,
        action=deed.action.value,
        actor={"kind": deed.actor.value, "name": deed.name},
        changes=[list(change.row()) for change in changes],
        content=content,
    )
    tx.put("commit.leaves", organisation=deed.organisation, id=[id_], at=[at], body=[body])
