"""Audit leaves of single changes, written in the same transaction as the change (I4).

`leaf_rows.py` makes those of messages and decisions, a batch at a time, and says how a leaf looks; this is for
rooms that change one thing. Bodies hold ids, codes and counts: never patient data.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from carelane.facts.fact import Actor
from carelane.store.database import Tx
from carelane.store.leaf_rows import leaf


async def record(  # noqa: PLR0913  # each says one thing about the change, by name
    tx: Tx,
    *,
    organisation: UUID,
    at: datetime,
    action: str,
    actor: tuple[Actor, str],
    about: Mapping[str, object],
) -> None:
    """One leaf: what was done (`task.claimed`), by whom, to what (`{"task": id, "version": 3}`).

    A thing with `from` and `to` is a change that the four laws count.
    """
    told = {name: _plain(value) for name, value in about.items() if value is not None}
    changes = []
    if "effect" in told and "to" in told:
        changes.append(["effect", told.pop("effect"), told.pop("from", ""), told.pop("to")])
    id_, _, body = leaf(
        id_=uuid7(),
        organisation=organisation,
        at=at,
        action=action,
        actor={"kind": actor[0].value, "name": actor[1]},
        changes=changes,
        content=told,
    )
    await tx.run("commit.leaves", organisation=organisation, id=[id_], at=[at], body=[body])


def _plain(value: object) -> str | int | bool | list[str]:
    """JSON scalars: ids as text, instants as ISO 8601."""
    if isinstance(value, bool | int):
        return value
    if isinstance(value, list | tuple):
        return [str(each) for each in value]
    return value.isoformat() if isinstance(value, datetime) else str(value)
