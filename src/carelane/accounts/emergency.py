"""Break-glass: in an emergency somebody looks at one patient's records, to view only, for at most an hour.

Opening it is a leaf of the access tree of its own, and a fact (`access.emergency`) that becomes the privacy office's
task with a clock, all in one transaction. Each look afterwards is a leaf with the purpose BTG.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from carelane.access.decide import Denied
from carelane.access.request import Action, Purpose
from carelane.accounts.rights import MISSING, Rights, write_down_in
from carelane.accounts.sessions import Session
from carelane.accounts.signing_in import confirm
from carelane.audit.actions import Action as Audited
from carelane.engine.deliver import deliver
from carelane.engine.runtime import Runtime
from carelane.facts.fact import Actor, Fact, Json
from carelane.facts.ids import derive
from carelane.facts.phi import Phi
from carelane.store.database import Row, Tx

EMERGENCY: Final = "access.emergency"
REASONS = ("life-threatening", "covering-another-site", "record-out-of-reach", "other")
MINUTES = (15, 30, 60)
SAID_LEAST = 10  # characters: a word is no reason
SAID_MOST = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Leave to look at one patient's records. `site` is that of the case it was asked for."""

    id: UUID
    subject: UUID
    reason: str
    from_at: datetime
    until_at: datetime
    site: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Emergency:
    """What somebody says who breaks the glass: a code, in words, for how long, and once more who they are."""

    reason: str
    said: Phi[str]
    minutes: int
    password: str = field(repr=False)
    code: str = field(default="", repr=False)
    address: str = ""

    @property
    def fault(self) -> str:
        """The name of the part that is missing or not allowed; empty if there is none."""
        if self.reason not in REASONS:
            return "reason"
        if not SAID_LEAST <= len(self.said.reveal().strip()) <= SAID_MOST:
            return "said"
        return "" if self.minutes in MINUTES else "minutes"


def acting(session: Session, *sites: str) -> Session:
    """The same person, looking in an emergency: purpose BTG, and these sites too."""
    person = replace(session.person, sites=(*session.person.sites, *(one for one in sites if one)))
    return replace(session, purpose=Purpose.BTG, person=person)


async def may_break(rights: Rights, session: Session) -> Denied | None:
    """Whether this person's role may break the glass at all; a denial is written down."""
    return await rights.allow(acting(session), Action.CASE_VIEW, rights.everywhere(), reason=True)


async def break_glass(
    rights: Rights,
    session: Session,
    emergency: Emergency,
    *,
    subject: UUID | None = None,
    case: UUID | None = None,
) -> Grant | Denied:
    """Leave to look at the records of a patient, named by themselves or by one of their cases."""
    if denied := await may_break(rights, session):
        return denied
    if emergency.fault:
        return Denied(
            reason=emergency.fault, sentence="Say why, in a code and in words, and for how long."
        )
    runtime = rights.runtime
    refused = await confirm(
        runtime,
        session.person.name,
        emergency.password,
        address=emergency.address,
        code=emergency.code,
    )
    if refused is not None:
        return Denied(reason="password", sentence=refused.remedy)
    async with runtime.worker.transaction() as tx:
        row = await tx.one("accounts.emergency_about", subject=subject, case=case)
        if row is None:
            return MISSING
        grant = await _open(runtime, tx, session, emergency, row)
    runtime.bell.ring("drain")
    return grant


async def grant_on(rights: Rights, session: Session, case: UUID) -> Grant | None:
    """The emergency access that this person has to a case now."""
    runtime = rights.runtime
    async with runtime.worker.transaction() as tx:
        row = await tx.one(
            "accounts.emergency", person=session.person.name, case=case, now=runtime.now()
        )
    return Grant(**row) if row else None


async def grant_of(rights: Rights, session: Session, id_: UUID) -> Grant | None:
    """One's own emergency access by id, while it lasts."""
    runtime = rights.runtime
    async with runtime.worker.transaction() as tx:
        row = await tx.one(
            "accounts.emergency_by_id", id=id_, person=session.person.name, now=runtime.now()
        )
    return Grant(**row) if row else None


async def close(rights: Rights, session: Session, id_: UUID) -> bool:
    """End it before its time; False if it is over already."""
    runtime = rights.runtime
    async with runtime.worker.transaction() as tx:
        done = await tx.one(
            "accounts.end_emergency", id=id_, person=session.person.name, now=runtime.now()
        )
        if done is not None:
            _leaf(runtime, tx, session, Audited.ACCESS_EMERGENCY_ENDED, {"grant": str(id_)})
    return done is not None


async def _open(
    runtime: Runtime, tx: Tx, session: Session, emergency: Emergency, row: Row
) -> Grant:
    now = runtime.now()
    grant = Grant(
        id=derive(now, "emergency", session.person.name, row["id"]),
        subject=row["id"],
        reason=emergency.reason,
        from_at=now,
        until_at=now + timedelta(minutes=emergency.minutes),
        site=row["site"],
    )
    tx.put("accounts.open_emergency", id=grant.id, organisation=runtime.organisation, person=session.person.name,
                 subject=grant.subject, reason=grant.reason, now=now, until=grant.until_at)  # fmt: skip
    detail: dict[str, object] = {"grant": str(grant.id), "reason": grant.reason, "minutes": emergency.minutes,
                                 "subject": grant.subject}  # fmt: skip
    _leaf(runtime, tx, session, Audited.ACCESS_EMERGENCY, detail)
    runtime.vault.learn(row["identity"], row["identity_key"])
    await deliver(runtime, tx, [_fact(runtime, session, emergency, grant, row)])
    return grant


def _leaf(
    runtime: Runtime, tx: Tx, session: Session, action: Audited, detail: dict[str, object]
) -> None:
    write_down_in(runtime, tx, session.person.name, Purpose.BTG, action, detail)


def _fact(runtime: Runtime, session: Session, emergency: Emergency, grant: Grant, row: Row) -> Fact:
    """For the privacy office: who, why, how long; sealed like every payload."""
    said: dict[str, Json] = {"reason": grant.reason, "said": emergency.said.reveal(), "by": session.person.display,
            "minutes": emergency.minutes, "at": grant.from_at.isoformat(timespec="seconds")}  # fmt: skip
    return Fact(
        id=derive(grant.from_at, EMERGENCY, grant.id),
        type=EMERGENCY,
        subject=grant.subject,
        organisation=runtime.organisation,
        occurred_at=grant.from_at,
        recorded_at=grant.from_at,
        payload=Phi({"access": said}, "access"),
        keys={"access": str(grant.id)},
        refers={"access": grant.id},
        actor=Actor.PERSON,
        actor_name=session.person.name,
        identity=row["identity"],
        correlation=grant.id,
        site=row["site"],
        service_line=row["service_line"],
    )
