"""A person said that a held message is about the same person after all: what stood against it is set aside.

The message is then read again and goes on. Identifiers of two patients are linked, as an A24 would (and
`carelane identity unlink` takes it back); an identifier whose name, birth date or sex differ from what was said under
it before takes the new ones. Without an identifier nothing says whose the message is: that answer is refused.
"""

from collections.abc import Sequence
from uuid import UUID

from carelane.audit.actions import Action
from carelane.audit.leaf import Change, Thing
from carelane.engine.deliver import deliver
from carelane.engine.merge import merge
from carelane.engine.runtime import Runtime
from carelane.facts.fact import Actor, Draft, Fact
from carelane.facts.ids import derive
from carelane.facts.phi import Phi
from carelane.facts.ports import Reader
from carelane.identity.merge import LINK
from carelane.identity.resolve import Known, contradicts
from carelane.intake.register import Register
from carelane.store.changes import Deed, record
from carelane.store.database import Row, Tx

SAID = "same-person"
LINKED = "patient.linked"


async def accept(runtime: Runtime, message: UUID, reader: Reader, *, by: str) -> bool:
    """Set aside what stood against each patient of the message; False where nothing says who that is.

    Raises `TurnBusy`, and then nothing was done.
    """
    async with runtime.worker.transaction() as tx:
        row = await tx.one("intake.replayable", id=message)
        drafts = _drafts(runtime, row, reader) if row else ()
        if not drafts:
            return False
        register = Register(runtime, str(row["connection"]) if row else "", runtime.now())
        await register.load(tx, drafts)
        for draft in drafts:
            hits = _hits(register, draft)
            if not hits and not register.tokens(draft.identifiers):
                return False
            await _one(tx, register, draft, hits, message=message, by=by)
    return True


def _drafts(runtime: Runtime, row: Row, reader: Reader) -> Sequence[Draft]:
    runtime.vault.learn(row["identity"], row["identity_key"])
    raw = runtime.vault.open_message(row["id"], row["message_key"], row["sealed"], row["identity"])
    return reader(raw, received_at=runtime.now())[0].drafts


def _hits(register: Register, draft: Draft) -> list[Known]:
    return [
        register.known[token]
        for token in register.tokens(draft.identifiers)
        if token in register.known
    ]


async def _one(  # noqa: PLR0913  # each says one thing, by name
    tx: Tx, register: Register, draft: Draft, hits: Sequence[Known], *, message: UUID, by: str
) -> None:
    runtime, now = register.runtime, register.described(draft).compared
    first, *others = hits or (None,)
    for other in others:
        if first is not None and other.subject != first.subject:
            await _link(runtime, tx, first, other, message=message, by=by)
    differing = [hit.identity for hit in hits if contradicts(hit.demographics, now)]
    if differing:
        _set_aside(runtime, tx, differing, message=message, by=by)


async def _link(  # noqa: PLR0913  # each says one thing, by name
    runtime: Runtime, tx: Tx, one: Known, other: Known, *, message: UUID, by: str
) -> None:
    now = runtime.now()
    fact = Fact(
        id=derive(now, LINKED, message, one.identity, other.identity),
        type=LINKED,
        subject=one.subject,
        organisation=runtime.organisation,
        occurred_at=now,
        recorded_at=now,
        payload=Phi({}, LINKED),
        actor=Actor.PERSON,
        actor_name=by,
        identity=one.identity,
        origin=message,
        correlation=message,
    )

    async def first() -> None:
        await deliver(runtime, tx, [fact])

    await merge(
        runtime, tx, fact, kind=LINK, survivor=[one.identity], retired=[other.identity], first=first
    )


def _set_aside(
    runtime: Runtime, tx: Tx, identities: Sequence[UUID], *, message: UUID, by: str
) -> None:
    """What was said under these identifiers before no longer speaks against the message."""
    tx.put("house.forget_said", identities=list(identities))
    deed = Deed(
        organisation=runtime.organisation,
        at=runtime.now(),
        action=Action.IDENTITY_ACCEPTED,
        actor=Actor.PERSON,
        name=by,
        detail={"message": str(message)},
    )
    changes = [
        Change(thing=Thing.IDENTITY, id=each, before="differs", after=SAID) for each in identities
    ]
    record(tx, deed, *changes)
