"""Passwords: argon2id, length only, no composition rules (NIST SP 800-63B, 5.1.1.2). `signing_in` checks them."""

import argon2

from carelane.audit.actions import Action
from carelane.audit.leaf import Change, Thing
from carelane.engine.runtime import Runtime
from carelane.facts.errors import SetupFault
from carelane.facts.fact import Actor
from carelane.store.changes import Deed, record

LENGTH_MIN = 15
LENGTH_MAX = 256
_HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
UNKNOWN: str = _HASHER.hash("nobody has this one, it only takes as long")


class PasswordRefused(SetupFault):
    """The password or the person does not fit; the message says what to do."""

    code = "password"


async def set_password(runtime: Runtime, person: str, password: str) -> None:
    """Give a person of the directory a password; their open sessions end.

    Raises:
        PasswordRefused: the person is unknown, or the password too short or too long.
    """
    if person not in runtime.directory.people:
        raise PasswordRefused(
            f"no person is called `{person}`. Remedy: use a name of site/people.yaml"
        )
    if not LENGTH_MIN <= len(password) <= LENGTH_MAX:
        raise PasswordRefused(
            f"the password must have {LENGTH_MIN} to {LENGTH_MAX} characters. Remedy: several words make a good one"
        )
    now, hashed = runtime.now(), _HASHER.hash(password)
    async with runtime.app.transaction() as tx:
        tx.put(
            "accounts.set_password",
            organisation=runtime.organisation,
            person=person,
            hash=hashed,
            now=now,
        )
        tx.put("accounts.revoke_all", person=person, now=now)
        deed = Deed(
            organisation=runtime.organisation,
            at=now,
            action=Action.ACCOUNT_PASSWORD_SET,
            actor=Actor.PERSON,
            name=person,
        )
        record(tx, deed, Change(thing=Thing.ACCOUNT, id=person, after="password-set"))


def matches(hashed: str, password: str) -> bool:
    """Whether it is the password; takes the same time whatever the answer."""
    try:
        return _HASHER.verify(hashed, password)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False
