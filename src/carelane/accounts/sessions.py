"""Sessions: an opaque 256-bit secret, its SHA-256 stored; idle and absolute limits; revoked in the table.

Both the portal's cookie and the API's bearer token are such a secret. A demo's clock runs ahead of the people at the
screen; their sessions go by the machine's (`Runtime.attended`), or each tick would sign everybody out.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from carelane.access.request import Principal, Purpose
from carelane.access.views import CARE_ROLES
from carelane.audit.actions import Action
from carelane.audit.leaf import Change, Thing
from carelane.directory.snapshot import Person
from carelane.engine.runtime import Runtime
from carelane.facts.fact import Actor
from carelane.store.changes import Deed, record

IDLE = timedelta(minutes=15)
LONGEST = timedelta(hours=12)
SEEN_EVERY = timedelta(seconds=20)  # an idle clock is not written more often
_SHORT = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A person who is signed in, acting for a purpose. `secret` is never stored nor shown."""

    secret: str = field(repr=False)
    person: Person
    purpose: Purpose
    ends_at: datetime
    organisation: str
    remote: bool = False
    second_factor: bool = False

    @property
    def principal(self) -> Principal:
        """The person as policies know them."""
        return Principal(
            name=self.person.name,
            organisation=self.organisation,
            roles=frozenset(self.person.roles),
            pools=frozenset(self.person.pools),
            sites=frozenset(self.person.sites),
            service_lines=frozenset(self.person.service_lines),
            active=self.person.active,
            mfa=self.second_factor,
        )

    @property
    def form_token(self) -> str:
        """What every form must carry: made from the secret, useless to make it."""
        return hmac.digest(self.secret.encode(), b"form", "sha256").hex()[:_SHORT]


def usual_purpose(person: Person) -> Purpose:
    """Treatment for those who care for patients, operations for the desks."""
    return Purpose.TREAT if CARE_ROLES & set(person.roles) else Purpose.HOPERAT


def hashed(secret: str) -> str:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


async def begin(
    runtime: Runtime,
    person: Person,
    *,
    purpose: Purpose | None = None,
    remote: bool = False,
    second_factor: bool = False,
) -> Session:
    """Open a session; the only moment its secret is known to us."""
    now, secret = _now(runtime), secrets.token_urlsafe(32)
    session = Session(
        secret=secret,
        person=person,
        purpose=purpose or usual_purpose(person),
        ends_at=now + LONGEST,
        organisation=str(runtime.organisation),
        remote=remote,
        second_factor=second_factor,
    )
    async with runtime.app.transaction() as tx:
        tx.put("accounts.open_session", id_hash=hashed(secret), organisation=runtime.organisation,
                     person=person.name, purpose=session.purpose.value, now=now, ends_at=session.ends_at,
                     second_factor=second_factor)  # fmt: skip
        record(tx, _deed(runtime, session, Action.SESSION_OPENED), _change(session, "open"))
    return session


async def current(
    runtime: Runtime, secret: str, *, remote: bool = False, touch: bool = True
) -> Session | None:
    """The session of a secret, or None once it is over. `touch` says that the person did something."""
    if not secret or len(secret) > 2 * _SHORT:
        return None
    now = _now(runtime)
    row = await runtime.app.one(
        "accounts.session", steady=True, id_hash=hashed(secret), now=now, idle=now - IDLE
    )
    person = runtime.directory.people.get(row["person"]) if row else None
    if row is None or person is None or not person.active:
        return None
    if touch and row["seen_at"] < now - SEEN_EVERY:
        seen = {"id_hash": row["id_hash"], "now": now, "before": now - SEEN_EVERY}
        await runtime.app.ask(("accounts.seen", seen), steady=True)
    return Session(
        secret=secret,
        person=person,
        purpose=Purpose(row["purpose"]),
        ends_at=row["ends_at"],
        organisation=str(runtime.organisation),
        remote=remote,
        second_factor=row["second_factor"],
    )


async def end(runtime: Runtime, session: Session) -> None:
    """Sign out: the secret opens nothing any more."""
    async with runtime.app.transaction() as tx:
        if await tx.one("accounts.revoke", id_hash=hashed(session.secret), now=_now(runtime)):
            deed = _deed(runtime, session, Action.SESSION_ENDED)
            record(tx, deed, _change(session, "ended"))


async def act_for(runtime: Runtime, session: Session, purpose: Purpose) -> None:
    """Say for which purpose the person acts from now on; every leaf carries it."""
    async with runtime.app.transaction() as tx:
        tx.put("accounts.purpose", id_hash=hashed(session.secret), purpose=purpose.value)


def _now(runtime: Runtime) -> datetime:
    return (runtime.attended or runtime.now)()


def _change(session: Session, after: str) -> Change:
    before = "" if after == "open" else "open"
    return Change(
        thing=Thing.SESSION, id=hashed(session.secret)[:_SHORT], before=before, after=after
    )


def _deed(runtime: Runtime, session: Session, action: Action) -> Deed:
    return Deed(
        organisation=runtime.organisation,
        at=runtime.now(),
        action=action,
        actor=Actor.PERSON,
        name=session.person.name,
        purpose=session.purpose.value,
    )
