"""The same request by two channels is one: by its number, else by who asks for what within the site's window.

A refill is a request too: its number is the prescription's. A request without a number gets the key of the last one of
the same patient for the same thing, and is marked `suspected`: it joins that one's open case, whose owner sees
both sources; nothing is dropped. Where that case is closed, it opens one of its own. The window is the site's
(`messages.same_request`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from carelane.facts.fact import Draft, Fact, Json
from carelane.facts.phi import Phi
from carelane.intake.register import Register
from carelane.store.database import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A type of fact that asks for something: its key, and where it says what is asked for."""

    key: str
    role: str
    elements: tuple[str, ...]


WISHES: Final[Mapping[str, Wish]] = {
    "request.received": Wish(key="request", role="request", elements=("category", "code")),
    "refill.requested": Wish(
        key="prescription", role="medication_request", elements=("medicationCodeableConcept",)
    ),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that came before."""

    key: str
    connection: str
    at: datetime


@dataclass(slots=True)
class Requests:
    """What the patients of a batch asked for lately, and what is to be noted."""

    lately: dict[tuple[UUID, str], Asked] = field(default_factory=dict)
    notes: list[Mapping[str, object]] = field(default_factory=list)

    def of(self, register: Register, fact: Fact) -> Fact:
        """The fact with the key of its request, its own or that of the one it may be the same as."""
        wish = WISHES.get(fact.type)
        if wish is None or fact.identity is None:
            return fact
        kind = _kind_token(register, fact, wish)
        before = self.lately.get((fact.subject, kind))
        window = register.runtime.directory.messages.same_request
        suspected = (
            wish.key not in fact.keys
            and before is not None
            and abs(fact.occurred_at - before.at) <= window
        )
        own = fact.keys.get(wish.key) or register.runtime.vault.tokens.of(
            "request-of", str(fact.id)
        )
        key = before.key if suspected and before is not None else own
        self._note(fact, kind, key)
        return replace(
            fact, keys={**fact.keys, wish.key: key}, payload=_marked(fact, suspected=suspected)
        )

    def _note(self, fact: Fact, kind: str, key: str) -> None:
        source = fact.connection or ""
        self.lately[fact.subject, kind] = Asked(key, source, fact.occurred_at)
        self.notes.append({
            "fact": fact.id, "organisation": fact.organisation, "identity": fact.identity, "kind": kind,
            "request": key, "connection": source, "at": fact.occurred_at,
        })  # fmt: skip


async def load(tx: Tx, register: Register, drafts: Iterable[Draft]) -> Requests:
    """Read what the known patients of these drafts asked for within the window."""
    found = Requests()
    subjects = {
        register.known[token].subject
        for draft in drafts
        if draft.type in WISHES
        for token in register.tokens(draft.identifiers)
        if token in register.known
    }
    if subjects:
        window = register.runtime.directory.messages.same_request
        since = register.now - 2 * window  # the source's clock may be late
        for row in await tx.rows("messaging.requested", subjects=list(subjects), since=since):
            asked = Asked(row["request_token"], row["connection"], row["at"])
            found.lately[row["subject"], row["kind_token"]] = asked
    return found


def write(tx: Tx, requests: Requests) -> None:
    """Remember what came."""
    for note in requests.notes:
        tx.put("messaging.note_request", **note)


def _kind_token(register: Register, fact: Fact, wish: Wish) -> str:
    """What is asked for: kind and service, or the drug, so that two refills of two drugs are two."""
    found = fact.payload.reveal().get(wish.role)
    said: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
    parts = [code for element in wish.elements for code in _codes(said.get(element))]
    return register.runtime.vault.tokens.of(f"{wish.key}-kind", *parts)


def _codes(value: Any) -> list[str]:
    concepts = value if isinstance(value, list | tuple) else [value]
    return [
        str(coding.get("code") or "").casefold()
        for concept in concepts
        if isinstance(concept, Mapping)
        for coding in concept.get("coding") or ()
    ]


def _marked(fact: Fact, *, suspected: bool) -> Phi[Mapping[str, Json]]:
    payload = fact.payload.reveal()
    intake = payload.get("intake")
    if not (suspected and isinstance(intake, Mapping)):
        return fact.payload
    return Phi({**payload, "intake": {**intake, "suspected": True}}, "payload")
