"""Keys by people's wish: a rotation that running processes follow, and the shredding of one patient by two people.

`store/keyring.py` writes; this decides whether it may be, and leaves the audit leaf. `cli/keys.py` is the door.
"""

from dataclasses import dataclass
from uuid import UUID

from carelane.audit.actions import Action
from carelane.audit.leaf import Change, Detail, Thing
from carelane.engine.runtime import Runtime
from carelane.facts.errors import SetupFault
from carelane.facts.fact import Actor
from carelane.store import keyring, turns
from carelane.store.changes import Deed, record
from carelane.store.database import Tx
from carelane.store.keys import KeyProvider, OrganisationKeys

REASONS = ("patient-request", "retention-ended", "entered-in-error", "court-order")
WAIT_MS = 2_000


class ShredRefused(SetupFault):
    """The patient's keys can't be destroyed now; the message says why, and what to do first."""

    code = "shred-refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """The version that seals from now on, and how many keys were wrapped anew."""

    version: int
    rewrapped: int = 0


async def new_key(runtime: Runtime, provider: KeyProvider, *, by: str) -> OrganisationKeys:
    """Add a key of the organisation's; processes open with it at once, and seal with it once it has settled."""
    keys = await keyring.rotate(runtime.worker, provider, now=runtime.now())
    await _told(runtime, by, {"version": keys.version, "step": "added"})
    return keys


async def file_key_added(runtime: Runtime, version: int, *, by: str) -> None:
    """The key file outside the database has another key; nothing is wrapped by it yet."""
    await _told(runtime, by, {"file_version": version, "step": "file"})


async def rewrap(runtime: Runtime, keys: OrganisationKeys, *, by: str) -> Rotated:
    """Wrap every identity and message key anew; can be repeated, and goes on where it stopped."""
    total = 0
    while done := await keyring.rewrap_some(runtime.worker, keys):
        total += done
    await _told(runtime, by, {"version": keys.version, "step": "rewrapped", "keys": total})
    return Rotated(version=keys.version, rewrapped=total)


async def shred(
    runtime: Runtime, subject: UUID, *, by: str, confirmed_by: str, reason: str
) -> keyring.Shredded:
    """Destroy all keys of a patient's identities: whatever they seal opens never again.

    Raises:
        ShredRefused: one person twice, no such reason or patient, a legal hold, or work that is still open.
    """
    if by == confirmed_by:
        raise ShredRefused("two different people must want it. Remedy: a second person confirms")
    if reason not in REASONS:
        raise ShredRefused(f"the reason must be one of {', '.join(REASONS)}")
    async with runtime.worker.transaction() as tx:
        await turns.of(tx, subject, wait_ms=WAIT_MS)
        await _may_go(tx, subject)
        done = await keyring.shred(tx, runtime.vault.keys, subject=subject)
        deed = Deed(organisation=runtime.organisation, at=runtime.now(), action=Action.IDENTITY_SHREDDED,
                    actor=Actor.PERSON, name=by)  # fmt: skip
        detail: Detail = {"confirmed_by": confirmed_by, "reason": reason, "identities": done.identities,
                  "messages": done.messages}  # fmt: skip
        record(
            tx,
            deed,
            Change(
                thing=Thing.SUBJECT, id=subject, before="readable", after="shredded", detail=detail
            ),
        )
    runtime.vault.forget()
    return done


async def _may_go(tx: Tx, subject: UUID) -> None:
    row = await tx.one("keys.shreddable", subject=subject)
    if row is None:
        raise ShredRefused(
            f"no patient {subject}. Remedy: take the subject's id from `carelane case show`"
        )
    if row["held"]:
        raise ShredRefused("a legal hold is in force. Remedy: `carelane retention list` says which")
    if row["open_cases"]:
        raise ShredRefused(
            f"{row['open_cases']} cases are open and need the data. Remedy: finish or cancel them first"
        )
    if row["pending"]:
        raise ShredRefused("facts wait to be decided. Remedy: try again in a moment")


async def _told(runtime: Runtime, by: str, detail: dict[str, str | int | bool]) -> None:
    async with runtime.worker.transaction() as tx:
        deed = Deed(organisation=runtime.organisation, at=runtime.now(), action=Action.KEYS_ROTATED, actor=Actor.PERSON,
                    name=by, detail=detail)  # fmt: skip
        record(tx, deed)
