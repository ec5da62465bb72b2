"""What comes back to a message of ours: whose it is, by our effect's id or by what was sent to the number.

A receipt is the effect's. A reply is of the one patient whom something was sent to there lately; where it was
nobody or several, a person decides. A STOP counts for the number at once, whoever's it is. A reply goes to the case
that asked, with its keys, if its pathway listens; else it is a message in its own right.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from carelane.engine.runtime import Runtime
from carelane.facts.fact import Draft, Fact, Json
from carelane.facts.ids import derive
from carelane.intake.identify import Identified
from carelane.intake.making import fact_of
from carelane.intake.quarantine import connection_subject, to_review
from carelane.intake.register import Register
from carelane.store.database import Row, Tx
from carelane.store.pending import Pending

REPLIED, RECEIVED = "message.replied", "message.received"
DECIDED: Final = frozenset({"authorisation.answered"})
"""Answers to what was asked of another organisation: by our number only, and for the case that asked."""
RECEIPTS: Final[Mapping[str, str]] = {
    "message.delivered": "delivered",
    "message.failed": "failed",
}
CONSENTS: Final[Mapping[str, bool]] = {"consent.given": True, "consent.withdrawn": False}
LATELY: Final = timedelta(days=30)
_BY = frozenset({"effect", "address"})


@dataclass(slots=True)
class Answers:
    """What was sent, as far as this batch asks; what is to be noted of it."""

    by_effect: dict[str, Row] = field(default_factory=dict)
    by_address: dict[str, list[Row]] = field(default_factory=dict)
    notes: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)

    def sent(self, register: Register, draft: Draft) -> Sequence[Row]:
        """The newest message to each patient that the draft may be about; one that tells a milestone asked nothing."""
        if draft.keys.get("effect") in self.by_effect:
            return [self.by_effect[draft.keys["effect"]]]
        newest: dict[UUID, Row] = {}
        rows = self.by_address.get(address_token(register, draft), ())
        for row in sorted(rows, key=lambda each: not each["asks"]):
            newest.setdefault(row["subject"], row)
        return list(newest.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The facts of one draft; `review` says why a person must look."""

    facts: tuple[Fact, ...]
    review: str = ""


def answers(draft: Draft) -> bool:
    """Whether a draft names no patient, but what it answers."""
    return not draft.identifiers and bool(_BY & set(draft.keys))


def address_token(register: Register, draft: Draft) -> str:
    """The keyed hash of the number or address that wrote, as sending makes it."""
    value = draft.keys.get("address", "")
    return register.runtime.vault.tokens.correlation("address", value) if value else ""


async def load(tx: Tx, register: Register, drafts: Iterable[Draft]) -> Answers:
    """Read what was sent under these ids and to these addresses."""
    found = Answers()
    asking = [draft for draft in drafts if answers(draft)]
    if not asking:
        return found
    effects = [_uuid(draft.keys["effect"]) for draft in asking if "effect" in draft.keys]
    tokens = [token for draft in asking if (token := address_token(register, draft))]
    since = register.now - LATELY
    for row in await tx.rows("messaging.sent_effects", effects=[each for each in effects if each]):
        found.by_effect[str(row["effect"])] = _learnt(register, row)
    asked = [
        id_ for draft in asking if draft.type in DECIDED and (id_ := _uuid(draft.keys["effect"]))
    ]
    for row in await tx.rows("effects.asked", effects=asked) if asked else ():
        found.by_effect[str(row["effect"])] = _learnt(register, row)
    for row in await tx.rows("messaging.sent_to", tokens=tokens, since=since):
        found.by_address.setdefault(row["address_token"], []).append(_learnt(register, row))
    return found


def answered(
    register: Register, known: Answers, waiting: Pending, draft: Draft, number: int
) -> Answered:
    """The facts of one draft."""
    rows = known.sent(register, draft)
    nobody = Identified(
        subject=connection_subject(register.runtime.organisation, register.connection)
    )
    plain = fact_of(register, waiting, draft, nobody, number)
    plain = replace(
        plain, keys={name: token for name, token in plain.keys.items() if name not in _BY}
    )
    if draft.type in CONSENTS:
        _state(register, known, draft, plain)
        return Answered(
            facts=tuple(_about(plain, row, place) for place, row in enumerate(rows)) or (plain,)
        )
    if draft.type in RECEIPTS:
        if rows:
            note = {
                "effect": rows[0]["effect"],
                "receipt": RECEIPTS[draft.type],
                "at": plain.occurred_at,
            }
            known.notes.append(("messaging.receipt", note))
        return Answered(facts=(_about(plain, rows[0], 0) if rows else plain,))
    if draft.type in DECIDED:
        if not rows:
            return Answered(
                facts=(to_review(register.runtime, plain, "unknown-claim"),), review="unknown-claim"
            )
        return Answered(facts=(_about(plain, rows[0], 0),))
    if len(rows) != 1:
        why = "several-patients" if rows else "unknown-number"
        return Answered(facts=(to_review(register.runtime, plain, why),), review=why)
    told = _about(plain, rows[0], 0)
    listens = _listens(register.runtime, rows[0])
    return Answered(facts=(told if listens else replace(told, type=RECEIVED),))


def said(register: Register, known: Answers, draft: Draft, fact: Fact) -> None:
    """A statement about consent by a patient who is named: for all their addresses of the channel."""
    if draft.type in CONSENTS and fact.identity is not None:
        _state(register, known, draft, fact)


def write(tx: Tx, known: Answers) -> None:
    """Write down what was noted."""
    for query, values in known.notes:
        tx.put(query, **values)


def _state(register: Register, known: Answers, draft: Draft, fact: Fact) -> None:
    consent = draft.payload.reveal().get("consent")
    about: Mapping[str, Json] = consent if isinstance(consent, Mapping) else {}
    scope = about.get("scope")
    note = {
        "id": derive(fact.recorded_at, "consent", fact.id),
        "organisation": register.runtime.organisation,
        "identity": fact.identity,
        "address": "" if fact.identity else address_token(register, draft),
        "channel": str(about.get("channel") or ""),
        "scope": scope if scope in ("messages", "clinical") else "messages",
        "given": CONSENTS[draft.type],
        "at": fact.occurred_at,
        "fact": fact.id,
    }
    if note["identity"] or note["address"]:
        known.notes.append(("messaging.state", note))


def _about(fact: Fact, row: Row, place: int) -> Fact:
    """The fact on the patient whom the message went to, with what its case is known by."""
    keys: Mapping[str, Any] = row["keys"] or {}
    return replace(
        fact,
        id=fact.id if place == 0 else derive(fact.recorded_at, "fact", fact.id, place),
        subject=row["subject"],
        identity=row["identity"] if row["identity_key"] else None,
        keys={name: tokens[0] for name, tokens in keys.items() if tokens}
        | {"effect": str(row["effect"])},
        refers={"effect": row["effect"], "case": row["case_id"]},
        correlation=row["correlation"],
        site=row["site"],
        service_line=row["service_line"],
    )


def _listens(runtime: Runtime, row: Row) -> bool:
    asker = runtime.releases.published.get(row["release"])
    return bool(row["open"]) and asker is not None and REPLIED in asker.events


def _learnt(register: Register, row: Row) -> Row:
    register.runtime.vault.learn(row["identity"], row["identity_key"])
    return row


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
