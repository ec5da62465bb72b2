"""Signing in: limited per account and per address in PostgreSQL, equally slow for names that nobody has.

Failures lock with back-off: the fifth for 30 s, doubled with each further one up to 15 minutes.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from carelane.access.request import Purpose
from carelane.accounts.factor import asked_of, secret_of, step_of
from carelane.accounts.passwords import UNKNOWN, matches
from carelane.accounts.sessions import Session, begin
from carelane.audit.actions import Action
from carelane.audit.leaf import Change, Thing
from carelane.directory.snapshot import Person
from carelane.engine.runtime import Runtime
from carelane.facts.fact import Actor
from carelane.store.changes import Deed, record
from carelane.store.database import Row, Tx

FAILURES_PERSON = 5
FAILURES_ADDRESS = 30
LOCK_FIRST = timedelta(seconds=30)
LOCK_MAX = timedelta(minutes=15)
FORGET = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotIn:
    """Refused; `until` is set while locked. It never says whether the name exists."""

    code: str
    remedy: str
    until: datetime | None = None


_WRONG = NotIn(
    code="sign-in",
    remedy="Name, password and code do not fit together. A code is good once. Try again, or ask an administrator.",
)
_NOT_SET_UP = NotIn(
    code="second-factor",
    remedy="Your role needs a second factor. Ask an administrator to run `carelane user second-factor` for you.",
)


async def sign_in(  # noqa: PLR0913  # each says one thing about the attempt, by name
    runtime: Runtime,
    person: str,
    password: str,
    *,
    address: str,
    code: str = "",
    purpose: Purpose | None = None,
    remote: bool = False,
) -> Session | NotIn:
    """A session for the right name, password and, where there is one, second factor; counts what fails."""
    shown = await _shown(runtime, person, password, address=address, code=code)
    if isinstance(shown, NotIn):
        return shown
    known, factor = shown
    if factor is None and asked_of(runtime.directory, known):
        return _NOT_SET_UP
    return await begin(runtime, known, purpose=purpose, remote=remote, second_factor=bool(factor))


async def confirm(
    runtime: Runtime, person: str, password: str, *, address: str, code: str = ""
) -> NotIn | None:
    """Whether whoever is signed in is still that person, before something grave; None if so, and failures count."""
    shown = await _shown(runtime, person, password, address=address, code=code)
    return shown if isinstance(shown, NotIn) else None


async def _shown(
    runtime: Runtime, person: str, password: str, *, address: str, code: str
) -> tuple[Person, bool | None] | NotIn:
    """The person, and whether a second factor was shown (None: the account has none)."""
    now, door = runtime.now(), f"address:{hashlib.sha256(address.encode()).hexdigest()[:32]}"
    async with runtime.app.transaction() as tx:
        account = await tx.one("accounts.account", person=person)
        place = await tx.one("accounts.account", person=door)
    known = runtime.directory.people.get(person)
    right = matches((account or {}).get("password_hash") or UNKNOWN, password)
    locked = max((at for at in (_locked(account, now), _locked(place, now)) if at), default=None)
    if locked is not None:
        return NotIn(code="locked", remedy="Too many attempts. Wait, then try again.", until=locked)
    if not right or account is None or known is None or not known.active:
        return await _failed(runtime, person if account else "", door, now)
    factor = await _factor(runtime, account, code)
    if factor is False:
        return await _failed(runtime, person, door, now)
    async with runtime.app.transaction() as tx:
        tx.put("accounts.succeeded", person=person)
    return known, factor


async def _factor(runtime: Runtime, account: Row, code: str) -> bool | None:
    """Whether the code is right and unused; None where the account has no second factor."""
    secret = secret_of(runtime.vault, account)
    if secret is None:
        return None
    step = step_of(secret, code, runtime.now(), after=account["factor_step"])
    if step is None:
        return False
    async with runtime.app.transaction() as tx:
        return await tx.one("accounts.use_step", person=account["person"], step=step) is not None


def _locked(row: Row | None, now: datetime) -> datetime | None:
    until: datetime | None = row["locked_until"] if row else None
    return until if until and until > now else None


async def _failed(runtime: Runtime, person: str, door: str, now: datetime) -> NotIn:
    async with runtime.app.transaction() as tx:
        await _count(runtime, tx, door, FAILURES_ADDRESS, now)
        if person and await _count(runtime, tx, person, FAILURES_PERSON, now):
            deed = Deed(organisation=runtime.organisation, at=now, action=Action.ACCOUNT_LOCKED,
                        actor=Actor.CARELANE, name="sign-in")  # fmt: skip
            record(tx, deed, Change(thing=Thing.ACCOUNT, id=person, after="locked"))
    return _WRONG


async def _count(runtime: Runtime, tx: Tx, name: str, most: int, now: datetime) -> bool:
    row = await tx.one(
        "accounts.failed",
        organisation=runtime.organisation,
        person=name,
        now=now,
        forget=now - FORGET,
    )
    over = (row["failures"] if row else 0) - most
    if over < 0:
        return False
    tx.put("accounts.lock", person=name, until=now + min(LOCK_FIRST * 2 ** min(over, 10), LOCK_MAX))
    return True
