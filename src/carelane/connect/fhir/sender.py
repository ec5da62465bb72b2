"""The outgoing half of the adapter: an intent sent once over FHIR, and how it ended.

Retries, order and quotas live in `effects`; words and resources in `mapping`; settings in `adapter`. Its capabilities
have the class that the server was shown to keep: keyed where it takes our id, searchable where it doesn't.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from carelane.connect.fhir.client import FhirClient
from carelane.connect.fhir.codec import (
    EFFECT_SYSTEM,
    Lost,
    Reply,
    Resource,
    decode,
    etag_of,
    identifiers,
    reference_of,
    resource_reference,
)
from carelane.connect.fhir.mapping.outgoing import RESOURCES, Amend, Create, Unfit, from_intent
from carelane.connect.fhir.mapping.permits import FIELDS, refusal
from carelane.connect.fhir.verdicts import judge_failure, judge_transaction, judge_write
from carelane.facts.intent import EffectClass, Intent
from carelane.facts.ports import Capability, Sent, Verdict

HORIZON_S: Final = 30
_GONE: Final = frozenset({404, 410})


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What this EHR can do. `update_as_create`: PUT with our id makes a resource (FHIR R4 3.1.0.5.1).

    `booking` is `create` (the EHR takes the slot itself) or `transaction` (appointment and slot together).
    `horizon_s` is how long its search may miss what it already holds.
    """

    update_as_create: bool = True
    conditional_create: bool = True
    booking: str = "create"
    horizon_s: int = HORIZON_S
    writes: Mapping[str, frozenset[str]] = field(default_factory=lambda: FIELDS)


class FhirSender:
    """The outgoing half. Every end is a `Sent`; nothing the other side does raises."""

    def __init__(self, *, client: FhirClient, profile: Profile) -> None:
        self._client = client
        self._profile = profile

    def capabilities(self) -> Mapping[str, Capability]:
        """Capabilities by name, with their effect class and the elements they may write."""
        return capabilities_of(self._profile)

    async def send(self, intent: Intent, *, attempt: int, now: datetime) -> Sent:
        """Send once. A second attempt with our own id first asks whether the first one arrived."""
        write = from_intent(intent)
        if isinstance(write, Unfit):
            return Sent(verdict=Verdict.REFUSED, cause=write.cause)
        draft = (
            write.resource
            if isinstance(write, Create)
            else {"resourceType": write.kind, **write.changes}
        )
        if cause := refusal(draft, self._profile.writes):
            return Sent(verdict=Verdict.REFUSED, cause=cause)
        if isinstance(write, Amend):
            return await self._amend(intent, write, now)
        if attempt > 1 and self._profile.update_as_create:
            before = await self.look_up(intent, now=now)
            if (
                before.verdict is Verdict.UNKNOWN
            ):  # nothing left this time, so it may be tried again
                return Sent(
                    verdict=Verdict.RETRY, cause=f"look-{before.cause}", retry_at=before.retry_at
                )
            if before.verdict is not Verdict.REFUSED:
                return before
        return await self._create(intent, write.resource, now)

    async def look_up(self, intent: Intent, *, now: datetime) -> Sent:
        """One look for our identifier. Whether one `absent` is enough is for the caller to know."""
        kind = RESOURCES.get(intent.capability)
        if kind is None:
            return Sent(verdict=Verdict.REFUSED, cause="absent")
        if self._keeps_our_id(intent.capability):
            return await self._look_by_id(intent, kind, now)
        token = f"{EFFECT_SYSTEM}|{intent.id}"
        found = await self._client.search(kind, {"identifier": token}, now=now)
        if found.cause:
            return Sent(verdict=Verdict.UNKNOWN, cause=found.cause, retry_at=found.retry_at)
        ours = [one for one in found.matches if str(intent.id) in identifiers(one)]
        if not ours:
            return Sent(verdict=Verdict.REFUSED, cause="absent")
        cause = "duplicates" if len(ours) > 1 else ""
        return _done(ours[0], cause=cause)

    async def count(self, capability: str, effect: UUID, *, now: datetime) -> int | None:
        """How many resources search finds under one effect id, for the sweep; None where it can't be read."""
        kind = RESOURCES.get(capability)
        if kind is None:
            return 0
        token = f"{EFFECT_SYSTEM}|{effect}"
        found = await self._client.search(kind, {"identifier": token}, now=now)
        return None if found.cause else len(found.matches)

    async def duplicates(self, *, now: datetime) -> Mapping[str, int] | None:
        """Effect ids that more than one resource of a kind carries, for the daily sweep; None if unreadable."""
        counts: dict[tuple[str, str], int] = {}
        for kind in sorted(set(RESOURCES.values())):
            found = await self._client.search(kind, {"identifier": f"{EFFECT_SYSTEM}|"}, now=now)
            if found.cause:
                return None
            for resource in found.matches:
                for value in identifiers(resource):
                    counts[kind, value] = counts.get((kind, value), 0) + 1
        return {value: count for (_, value), count in counts.items() if count > 1}

    async def close(self) -> None:
        """Let go of sockets."""
        await self._client.close()

    def _keeps_our_id(self, capability: str) -> bool:
        return self._profile.update_as_create and capability not in _AMENDING

    async def _look_by_id(self, intent: Intent, kind: str, now: datetime) -> Sent:
        reply = await self._client.read(f"{kind}/{intent.id}", now=now)
        if isinstance(reply, Lost):
            return Sent(verdict=Verdict.UNKNOWN, cause=reply.cause, retry_at=reply.retry_at)
        if reply.status in _GONE:
            return Sent(verdict=Verdict.REFUSED, cause="absent")
        resource = decode(reply.body) if reply.ok and reply.whole else None
        if resource is None or str(intent.id) not in identifiers(resource):
            return Sent(verdict=Verdict.UNKNOWN, cause=f"http-{reply.status}")
        return _done(resource)

    async def _create(self, intent: Intent, resource: Resource, now: datetime) -> Sent:
        kind = str(resource["resourceType"])
        if (
            self._profile.booking == "transaction"
            and kind == "Appointment"
            and resource.get("slot")
        ):
            return await self._book_together(intent, resource, now)
        if self._profile.update_as_create:
            reply = await self._client.update({**resource, "id": str(intent.id)}, now=now)
        else:
            unless = (
                f"identifier={EFFECT_SYSTEM}|{intent.id}"
                if self._profile.conditional_create
                else ""
            )
            reply = await self._client.create(resource, unless=unless, now=now)
        if isinstance(reply, Lost):
            return reply.as_sent()
        return judge_write(reply, now=now, kind=kind, effect=str(intent.id))

    async def _book_together(self, intent: Intent, resource: Resource, now: datetime) -> Sent:
        slot, failed = await self._current(str(resource["slot"][0]["reference"]), now)
        if failed is not None:
            return failed
        body, etag = slot
        taken = body.get("status") not in {"free", "busy-tentative"}
        if taken:
            return Sent(verdict=Verdict.CONFLICT, cause="slot-taken")
        token = f"identifier={EFFECT_SYSTEM}|{intent.id}"
        entries: list[Resource] = [
            {
                "resource": resource,
                "request": {"method": "POST", "url": "Appointment", "ifNoneExist": token},
            },
            {
                "resource": {**body, "status": "busy"},
                "request": {"method": "PUT", "url": resource_reference(body), "ifMatch": etag},
            },
        ]
        reply = await self._client.transaction(entries, now=now)
        if isinstance(reply, Lost):
            return reply.as_sent()
        return judge_transaction(reply, now=now, entries=len(entries))

    async def _amend(self, intent: Intent, write: Amend, now: datetime) -> Sent:
        reference = write.target or await self._find(write, now)
        if isinstance(reference, Sent):
            return reference
        current, failed = await self._current(reference, now)
        if failed is not None:
            return failed
        body, etag = current
        settled = _settled(intent, write, body, etag)
        if settled is not None:
            return settled
        ours = {"system": EFFECT_SYSTEM, "value": str(intent.id)}
        changed = {**body, **write.changes, "identifier": [*body.get("identifier", []), ours]}
        reply = await self._client.update(changed, match=etag, now=now)
        if isinstance(reply, Lost):
            return reply.as_sent()
        return judge_write(reply, now=now, kind=write.kind, effect=str(intent.id))

    async def _find(self, write: Amend, now: datetime) -> str | Sent:
        found = await self._client.search(
            write.kind, {"identifier": write.search}, now=now, private=True
        )
        if found.cause:
            return Sent(verdict=Verdict.RETRY, cause=found.cause, retry_at=found.retry_at)
        if len(found.matches) > 1:
            return Sent(verdict=Verdict.CONFLICT, cause="target-ambiguous")
        reference = resource_reference(found.matches[0]) if found.matches else ""
        if not reference and write.search.startswith(f"{EFFECT_SYSTEM}|"):
            return Sent(
                verdict=Verdict.RETRY, cause="target-not-visible"
            )  # our own work: search may lag
        return reference or Sent(verdict=Verdict.REFUSED, cause="target-missing")

    async def _current(
        self, reference: str, now: datetime
    ) -> tuple[tuple[Resource, str], None] | tuple[tuple[Resource, str], Sent]:
        """The resource as it stands with its ETag, or why not: nothing has been written then."""
        reply = await self._client.read(reference, now=now)
        failed = _reading_failed(reply, now)
        if failed is not None or isinstance(reply, Lost):
            return ({}, ""), failed or Sent(verdict=Verdict.RETRY)
        body = decode(reply.body) or {}
        if resource_reference(body) != reference_of(reference):
            return ({}, ""), Sent(verdict=Verdict.RETRY, cause="read-not-fhir")
        return (body, etag_of(reply, body)), None


def stated(statement: Resource, profile: Profile) -> Profile:
    """The profile narrowed to what a CapabilityStatement says: keyed only where every resource we write allows it."""
    rest = statement.get("rest")
    resources = [
        one
        for side in (rest if isinstance(rest, list) else [])
        for one in side.get("resource", [])
        if one.get("type") in profile.writes
    ]
    return replace(
        profile,
        update_as_create=profile.update_as_create
        and all(one.get("updateCreate") is True for one in resources),
        conditional_create=profile.conditional_create
        and all(one.get("conditionalCreate") is True for one in resources),
    )


def capabilities_of(profile: Profile) -> Mapping[str, Capability]:
    """What a connection with this profile can do."""
    made: dict[str, Capability] = {}
    for name, kind in RESOURCES.items():
        if kind not in profile.writes:
            continue
        keyed = profile.update_as_create and name not in _AMENDING
        made[name] = Capability(
            name=name,
            effect_class=EffectClass.KEYED if keyed else EffectClass.SEARCHABLE,
            resource=kind,
            fields=profile.writes[kind],
            horizon_s=0 if keyed else profile.horizon_s,
        )
    return made


_AMENDING: Final = frozenset({"ehr.appointment.cancel", "ehr.slot.hold", "ehr.slot.release"})
"""Capabilities that change a resource of the EHR: never under our id, always under If-Match."""


def _settled(intent: Intent, write: Amend, body: Resource, etag: str) -> Sent | None:
    if str(intent.id) in identifiers(body):
        return _done(body, cause="already-ours")
    if write.version and write.version != etag:
        return Sent(verdict=Verdict.CONFLICT, cause="if-match", reference=resource_reference(body))
    status = str(body.get("status", ""))
    if status in write.already:
        return _done(body, cause="already")
    if status not in write.start_from:
        return Sent(
            verdict=Verdict.CONFLICT, cause="status-moved-on", reference=resource_reference(body)
        )
    return None


def _reading_failed(reply: Reply, now: datetime) -> Sent | None:
    if isinstance(reply, Lost):
        return Sent(verdict=Verdict.RETRY, cause=f"read-{reply.cause}", retry_at=reply.retry_at)
    if reply.status in _GONE:
        return Sent(verdict=Verdict.REFUSED, cause="target-missing")
    if not reply.ok:
        failed = judge_failure(reply, now=now)
        certain = failed.verdict if failed.verdict is Verdict.REFUSED else Verdict.RETRY
        return Sent(verdict=certain, cause=f"read-{failed.cause}", retry_at=failed.retry_at)
    return Sent(verdict=Verdict.RETRY, cause=f"read-{reply.cut}") if reply.cut else None


def _done(resource: Resource, *, cause: str = "") -> Sent:
    accepted = f"FHIR R4 {resource['resourceType']}"
    return Sent(
        verdict=Verdict.DONE, cause=cause, reference=resource_reference(resource), format=accepted
    )
