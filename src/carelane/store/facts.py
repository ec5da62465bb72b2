"""Facts into the store: rows, sealed payloads and inbox, in one statement for any number."""

from collections.abc import Iterable, Sequence
from typing import Protocol
from uuid import UUID

from carelane.facts.fact import Fact
from carelane.store.columns import Columns
from carelane.store.database import Tx
from carelane.store.leaf_rows import delivered
from carelane.store.shapes import encode
from carelane.store.vault import Vault

NAMES = (
    "id", "site", "service_line", "subject", "type", "occurred_at", "recorded_at", "urgency", "actor", "actor_name",
    "connection", "origin", "correlation", "identity", "keys", "refers", "entity", "sealed", "cancels",
)  # fmt: skip


class CancelClass(Protocol):
    """Which fact types are cancel-class in any release in force."""

    def cancels(self, fact_type: str) -> bool:
        """True if a pending fact of this type stops new effects of its subject (I6)."""


def columns(query: str, vault: Vault, facts: Iterable[Fact], releases: CancelClass) -> Columns:
    """The rows of facts, with payloads sealed by their source identity's key."""
    found = Columns(query, NAMES)
    for fact in facts:
        payload = encode(fact.payload.reveal())
        found.add(
            fact.id,
            fact.site or "",
            fact.service_line or "",
            fact.subject,
            fact.type,
            fact.occurred_at,
            fact.recorded_at,
            int(fact.urgency),
            fact.actor.value,
            fact.actor_name,
            fact.connection or "",
            fact.origin,
            fact.correlation,
            fact.identity,
            encode(fact.keys),
            encode(fact.refers),
            fact.entity or "",
            vault.seal(fact.identity, "fact", fact.id, "sealed", payload),
            releases.cancels(fact.type),
        )
    return found


async def insert(
    tx: Tx,
    vault: Vault,
    facts: Sequence[Fact],
    *,
    releases: CancelClass,
    fresh: bool = False,
) -> None:
    """Store facts and their inbox rows, in the given order; those known are skipped, unless all are `fresh`."""
    known = set() if fresh or not facts else await _known(tx, facts)
    new = [fact for fact in facts if fact.id not in known]
    if new:
        _put(tx, vault, new, releases)


async def _known(tx: Tx, facts: Sequence[Fact]) -> set[UUID]:
    rows = await tx.tuples("facts.known", {"ids": [fact.id for fact in facts]})
    return {id_ for (id_,) in rows}


def _put(tx: Tx, vault: Vault, facts: Sequence[Fact], releases: CancelClass) -> None:
    organisation = facts[0].organisation
    subjects = list({fact.subject for fact in facts})
    rows = columns("facts.insert", vault, facts, releases)
    leaves = Columns("commit.leaves", ("id", "at", "body"))
    leaves.add(*delivered(organisation, facts))
    tx.put("facts.turns", subjects=subjects, organisation=organisation)
    for each in (rows, leaves):
        each.put(tx, organisation)


def make_subjects(tx: Tx, organisation: UUID, subjects: Sequence[tuple[UUID, str, str]]) -> None:
    """Subjects that are not patients (connections, slots, shared things) with their turns: (id, kind, site)."""
    ids, kinds, sites = ([row[n] for row in subjects] for n in range(3))
    tx.put("facts.subjects", ids=ids, kinds=kinds, sites=sites, organisation=organisation)
    tx.put("facts.turns", subjects=ids, organisation=organisation)
