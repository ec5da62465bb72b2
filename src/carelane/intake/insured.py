"""Who pays: remembered of each patient as a source last said it, and given to orders and requests that do not say it.

Registration tells it once (ADT, Coverage); an order or a wish for an appointment that follows often names nobody. A
pathway that goes by the payer reads `coverage` of the order or request, whoever said it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from carelane.facts.fact import Draft, Fact, Json
from carelane.facts.phi import Phi
from carelane.intake.register import Register
from carelane.store.database import Tx
from carelane.store.shapes import decode_payload, encode

ROLE: Final = "coverage"
WANTING: Final = frozenset({"order.received", "request.received", "scheduling.requested"})
"""Facts that are given what is known, where they don't say it."""


@dataclass(slots=True)
class Insured:
    """What is known of the patients of a batch, and what is to be written."""

    known: dict[UUID, Mapping[str, Json]] = field(default_factory=dict)
    notes: dict[UUID, Mapping[str, object]] = field(default_factory=dict)

    def of(self, register: Register, fact: Fact) -> Fact:
        """The fact with the coverage that is known, or remembered with its own."""
        payload = fact.payload.reveal()
        said = payload.get(ROLE)
        if isinstance(said, Mapping):
            self._remember(register, fact, said)
            return fact
        known = self.known.get(fact.subject) if fact.type in WANTING else None
        if known is None:
            return fact
        return replace(fact, payload=Phi({**payload, ROLE: known}, "payload"))

    def _remember(self, register: Register, fact: Fact, said: Mapping[str, Json]) -> None:
        self.known[fact.subject] = said
        if fact.identity is None:
            return
        sealed = register.runtime.vault.seal(
            fact.identity, "insured", fact.identity, "sealed", encode(said)
        )
        self.notes[fact.identity] = {
            "identity": fact.identity, "organisation": fact.organisation, "sealed": sealed, "at": register.now,
        }  # fmt: skip


async def load(tx: Tx, register: Register, drafts: Iterable[Draft]) -> Insured:
    """Read what is known of the patients whose orders do not say who pays."""
    found = Insured()
    subjects = {
        register.known[token].subject
        for draft in drafts
        if draft.type in WANTING and ROLE not in draft.payload.reveal()
        for token in register.tokens(draft.identifiers)
        if token in register.known
    }
    if not subjects:
        return found
    vault = register.runtime.vault
    for row in await tx.rows("intake.insured_of", subjects=list(subjects)):
        if row["identity_key"] is None:
            continue  # shredded: nobody can read it any more
        vault.learn(row["identity"], row["identity_key"])
        raw = vault.open(row["identity"], "insured", row["identity"], "sealed", row["sealed"])
        found.known[row["subject"]] = decode_payload(raw)
    return found


def write(tx: Tx, insured: Insured) -> None:
    """Remember who pays."""
    for note in insured.notes.values():
        tx.put("intake.insure", **note)
