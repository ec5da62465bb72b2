"""What interpreting makes of one message: facts on subjects, and what is recorded of the message itself."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from carelane.engine.runtime import Runtime
from carelane.facts.fact import Draft, Fact, SubjectKind
from carelane.facts.ids import derive, name_id
from carelane.facts.ports import Reading
from carelane.facts.problem import Problem
from carelane.intake.identify import Identified
from carelane.intake.placing import service_line
from carelane.intake.register import Register
from carelane.store.interpreted import Interpreted
from carelane.store.pending import Pending


@dataclass(frozen=True, slots=True)
class Waiting:
    """One stored message and its reading."""

    message: Pending
    reading: Reading
    problems: Sequence[Problem]

    @property
    def joins(self) -> bool:
        """Whether it says that patients are one, or two."""
        return any(draft.merge is not None for draft in self.reading.drafts)


@dataclass(slots=True)
class Batch:
    """What one commit of interpreting holds."""

    facts: list[Fact] = field(default_factory=list)
    outcomes: list[Interpreted] = field(default_factory=list)


def fact_of(
    register: Register, waiting: Pending, draft: Draft, found: Identified, number: int
) -> Fact:
    """The fact behind a draft; correlation keys become keyed hashes."""
    runtime = register.runtime
    return Fact(
        id=derive(waiting.received_at, "fact", waiting.id, number),
        type=draft.type,
        subject=found.subject,
        organisation=runtime.organisation,
        occurred_at=draft.occurred_at or waiting.received_at,
        recorded_at=register.now,
        payload=draft.payload,
        keys={name: _key(runtime, name, value) for name, value in draft.keys.items()},
        entity=draft.entity,
        urgency=draft.urgency,
        identity=found.identity,
        connection=register.connection,
        origin=waiting.id,
        correlation=waiting.replay_of or waiting.id,
        site=draft.site or waiting.site,
        service_line=service_line(register.lines, draft),
    )


def _key(runtime: Runtime, name: str, value: str) -> str:
    """A keyed hash; a slot is a subject of its own, and its id is its key (`engine.outward`)."""
    if name == "slot":
        return str(name_id(runtime.organisation, SubjectKind.SLOT, value))
    return runtime.vault.tokens.correlation(name, value)


def outcome(
    runtime: Runtime, waiting: Waiting, made: Sequence[Fact], identity: UUID | None, review: str
) -> Interpreted:
    """What became of the message; its key is handed to the source identity it is about."""
    message, reading = waiting.message, waiting.reading
    reason = next((each.code for each in waiting.problems if each.severity == "error"), "")
    became = reading.outcome
    if review:
        became, reason = "quarantined", f"identity.{review}"
    key = None
    if identity is not None and message.message_key is not None:
        key = runtime.vault.hand_over(message.id, message.message_key, identity)
    first = made[0] if made else None
    return Interpreted(
        message=message.id,
        outcome=became,
        trigger=reading.trigger,
        reason=reason,
        problems=tuple(waiting.problems),
        identity=identity,
        message_key=key,
        facts=tuple(fact.id for fact in made),
        site=(first.site if first else None) or message.site,
        service_line=(first.service_line if first else None) or "",
    )
