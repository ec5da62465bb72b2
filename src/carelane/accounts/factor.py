"""The second factor of local accounts: time-based codes (RFC 6238, SHA-1, six digits, 30 s), each good once.

The secret is made here and shown once, at the command line; the store holds it sealed. `signing_in` asks for the code.
"""

import base64
import hashlib
import hmac
import secrets
import struct
from datetime import datetime
from urllib.parse import quote, urlencode
from uuid import UUID

from carelane.audit.actions import Action
from carelane.audit.leaf import Change, Thing
from carelane.directory.snapshot import Person, Snapshot
from carelane.engine.runtime import Runtime
from carelane.facts.errors import SetupFault
from carelane.facts.fact import Actor
from carelane.facts.ids import name_id
from carelane.store.changes import Deed, record
from carelane.store.database import Row
from carelane.store.vault import Vault

STEP_S = 30
DIGITS = 6
SECRET_BYTES = 20
_DRIFT = (0, -1, 1)  # a phone's clock may be half a minute off
EVERYONE = "everyone"


class NoAccount(SetupFault):
    """The person has no password yet: `carelane user password NAME` makes the account."""

    code = "no-account"


def asked_of(directory: Snapshot, person: Person) -> bool:
    """Whether the site asks this person for a second factor: by role, or everyone."""
    return bool({EVERYONE, *person.roles} & set(directory.second_factor))


def code_of(secret: bytes, step: int) -> str:
    """The code of one step (RFC 4226, 5.3)."""
    digest = hmac.digest(secret, struct.pack(">Q", step), hashlib.sha1)
    at = digest[-1] & 0x0F
    number = struct.unpack(">I", digest[at : at + 4])[0] & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def step_of(secret: bytes, code: str, now: datetime, *, after: int) -> int | None:
    """The step whose code this is, if it is newer than the last one used; None for any other code."""
    current = int(now.timestamp()) // STEP_S
    found = [
        current + drift
        for drift in _DRIFT
        if hmac.compare_digest(code_of(secret, current + drift).encode(), code.strip().encode())
    ]
    return next((step for step in found if step > after), None)


def secret_of(vault: Vault, row: Row) -> bytes | None:
    """The account's secret; None where it has no second factor."""
    if row["factor_sealed"] is None:
        return None
    place = _place(vault, row["person"])
    return vault.open(None, "account", place, "factor_sealed", row["factor_sealed"])


async def set_factor(runtime: Runtime, person: str, *, by: str) -> str:
    """Give an account a new second factor; the address for an authenticator, shown once. Open sessions end.

    Raises:
        NoAccount: the person has no password yet.
    """
    secret, now = secrets.token_bytes(SECRET_BYTES), runtime.now()
    place = _place(runtime.vault, person)
    sealed = runtime.vault.seal(None, "account", place, "factor_sealed", secret)
    async with runtime.app.transaction() as tx:
        if not await tx.run("accounts.set_factor", person=person, sealed=sealed):
            raise NoAccount(
                f"{person} has no password. Remedy: `carelane user password {person}` first"
            )
        await tx.run("accounts.revoke_all", person=person, now=now)
        deed = Deed(
            organisation=runtime.organisation,
            at=now,
            action=Action.ACCOUNT_FACTOR_SET,
            actor=Actor.PERSON,
            name=by,
        )
        record(tx, deed, Change(thing=Thing.ACCOUNT, id=person, after="second-factor-set"))
    return address(runtime.directory.title, person, secret)


def address(issuer: str, person: str, secret: bytes) -> str:
    """What an authenticator reads: `otpauth://totp/...`."""
    query = urlencode({"secret": base64.b32encode(secret).decode(), "issuer": issuer})
    return f"otpauth://totp/{quote(f'{issuer}:{person}')}?{query}"


def _place(vault: Vault, person: str) -> UUID:
    return name_id(vault.keys.organisation, "account", person)
