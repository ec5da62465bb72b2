"""`allow`: asks the policies before any service acts, for portal, API and command line alike (I11).

Each denial and each read of patient data is a leaf of the access tree, in a transaction of its own that commits
before the answer leaves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from uuid_utils.compat import uuid7

from carelane.access.decide import Denied, allowed_each, decide
from carelane.access.policies import Policies
from carelane.access.request import Action, Purpose, Request, Resource
from carelane.accounts.sessions import Session
from carelane.audit.actions import Action as Audited
from carelane.engine.runtime import Runtime
from carelane.facts.fact import Actor
from carelane.store.database import Row, Tx
from carelane.store.leaf_rows import leaf

Kind = str  # `task`, `case` or `handover`
MISSING = Denied(reason="not-found", sentence="There is no such record in your sites.")


@dataclass(frozen=True, slots=True)
class Rights:
    """Policies with the runtime they guard."""

    runtime: Runtime
    policies: Policies

    def everywhere(self, *, system: bool = False, owner: str = "") -> Resource:
        """The organisation itself, for what belongs to no site."""
        organisation = str(self.runtime.organisation)
        return Resource(id="organisation", organisation=organisation, owner=owner, system=system)

    def record(self, row: Row) -> Resource:
        """A task, case or handover as policies know it."""
        return Resource(
            id=str(row["id"]),
            organisation=str(self.runtime.organisation),
            site=row["site"],
            service_line=row["service_line"],
            owner=row["owner_name"],
            assignee=row["assignee"],
            system=self.is_system(row["pathway"]),
        )

    def is_system(self, pathway: str) -> bool:
        """Whether a pathway owns what Carelane itself could not settle."""
        found = self.runtime.releases.published.values()
        return any(each.system for each in found if each.name == pathway)

    def may(
        self, session: Session, action: Action, resource: Resource, *, reason: bool = False
    ) -> Denied | None:
        """The answer alone, without a leaf: to show or hide a button, to filter a page."""
        request = Request(
            principal=session.principal,
            action=action,
            resource=resource,
            purpose=session.purpose,
            remote=session.remote,
            reason_given=reason,
        )
        answer = decide(request, self.policies)
        return answer if isinstance(answer, Denied) else None

    def may_each(
        self, session: Session, action: Action, resources: Sequence[Resource]
    ) -> tuple[bool, ...]:
        """`may` for many records at once."""
        return allowed_each(
            [
                Request(
                    principal=session.principal,
                    action=action,
                    resource=resource,
                    purpose=session.purpose,
                    remote=session.remote,
                )
                for resource in resources
            ],
            self.policies,
        )

    async def allow(
        self, session: Session, action: Action, resource: Resource, *, reason: bool = False
    ) -> Denied | None:
        """None if it may be done; a denial is written to the access tree first."""
        denied = self.may(session, action, resource, reason=reason)
        if denied is not None:
            await self.write(
                session, Audited.ACCESS_DENIED, what=action.value, reason=denied.reason
            )
        return denied

    async def allow_on(
        self, session: Session, action: Action, kind: Kind, id_: UUID, *, reason: bool = False
    ) -> Denied | None:
        """The same about a task, case or handover by id; what is out of view is not found, for anyone."""
        record = f"accounts.{kind}_record"
        row = await self.runtime.app.one(record, sites=session.person.sites, steady=True, id=id_)
        if row is None:
            await self.write(session, Audited.ACCESS_DENIED, what=action.value, reason="not-found")
            return MISSING
        return await self.allow(session, action, self.record(row), reason=reason)

    async def read(self, session: Session, screen: str, cases: Sequence[UUID]) -> None:
        """One leaf for one request that shows patient data: which cases, on which screen, why."""
        await self.write(session, Audited.ACCESS_READ, what="read", screen=screen, cases=cases)

    async def write(  # noqa: PLR0913  # each says one thing about the access, by name
        self,
        session: Session,
        action: Audited,
        *,
        what: str,
        screen: str = "",
        cases: Sequence[UUID] = (),
        reason: str = "",
    ) -> None:
        """A leaf of the access tree; committed when this returns."""
        detail = {"action": what, "screen": screen, "reason": reason,
                  "cases": sorted({str(case) for case in cases})}  # fmt: skip
        await write_down(self.runtime, session.person.name, session.purpose, action, detail)


async def write_down(
    runtime: Runtime, name: str, purpose: Purpose, action: Audited, detail: Mapping[str, object]
) -> None:
    """A leaf of the access tree in a transaction of its own; committed when this returns."""
    async with runtime.app.transaction() as tx:
        write_down_in(runtime, tx, name, purpose, action, detail)


def write_down_in(  # noqa: PLR0913, PLR0917  # as `write_down`
    runtime: Runtime,
    tx: Tx,
    name: str,
    purpose: Purpose,
    action: Audited,
    detail: Mapping[str, object],
) -> None:
    """The same in the transaction of what it tells of."""
    id_, at, body = leaf(
        id_=uuid7(),
        organisation=runtime.organisation,
        at=runtime.now(),
        action=action.value,
        actor={"kind": Actor.PERSON.value, "name": name},
        content={
            **{key: value for key, value in detail.items() if value},
            "purpose": purpose.value,
        },
    )
    tx.put("accounts.access", id=id_, organisation=runtime.organisation, at=at, body=body)
