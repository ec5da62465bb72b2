"""The EHR's own rules for writing: conditional requests, scheduling, transactions. No sockets here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

from carelane.testing.ehr.profiles import EhrProfile
from carelane.testing.ehr.records import Records, Resource, Version
from carelane.testing.ehr.search import BadSearch, identifier_in, matching

_TAKEN: Final = frozenset({"busy", "busy-unavailable"})
_ACTIVE: Final = frozenset({"booked", "pending", "arrived"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """How a write ended: a status and the version, or an OperationOutcome code."""

    status: int
    version: Version | None = None
    issue: str = ""
    changed: tuple[Version, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One write as asked for."""

    method: str
    kind: str
    key: str = ""
    resource: Resource = field(default_factory=dict)
    if_match: str = ""
    if_none_exist: str = ""
    racy: bool = False


class Writer:
    """Applies writes to the records by the rules of a profile."""

    def __init__(self, *, records: Records, profile: EhrProfile) -> None:
        self._records = records
        self._profile = profile

    def apply(self, order: Order) -> Written:
        """One create or update."""
        if order.resource.get("resourceType") != order.kind:
            return Written(status=400, issue="invalid")
        if order.method == "POST":
            return self._create(order)
        if str(order.resource.get("id", "")) != order.key:
            return Written(status=400, issue="invalid")
        return self._update(order)

    def transaction(self, bundle: Resource, *, failing: bool = False) -> tuple[int, list[Written]]:
        """(status, an outcome per entry); a profile that isn't atomic keeps what went well and says 200."""
        before = self._records.snapshot() if self._profile.atomic else {}
        outcomes: list[Written] = []
        entries = bundle.get("entry", [])
        for number, entry in enumerate(entries, start=1):
            unlucky = failing and number == len(entries)
            outcome = _LOST_RACE if unlucky else self.apply(_order_in(entry))
            outcomes.append(outcome)
            if outcome.issue and self._profile.atomic:
                self._records.restore(before)
                return outcome.status, [outcome]
        return 200, outcomes

    def _create(self, order: Order) -> Written:
        if order.if_none_exist and not order.racy:
            found = self._existing(order)
            if len(found) > 1:
                return Written(status=412, issue="multiple-matches")
            if found:
                return Written(status=200, version=found[0])
        return self._store(order, key="", status=201)

    def _existing(self, order: Order) -> list[Version]:
        asked = parse_qsl(order.if_none_exist)
        try:
            return matching(self._records.visible(order.kind, value=identifier_in(asked)), asked)
        except BadSearch:
            return []

    def _update(self, order: Order) -> Written:
        before = self._records.current(order.kind, order.key)
        if before is None and not self._profile.update_as_create:
            return Written(status=405, issue="not-supported")
        stale = order.if_match and (before is None or order.if_match != before.etag)
        if stale and self._profile.minds_match:
            return Written(status=412, issue="conflict")
        return self._store(order, key=order.key, status=200 if before else 201)

    def _store(self, order: Order, *, key: str, status: int) -> Written:
        before = self._records.current(order.kind, key) if key else None
        slots = self._slots(order, before)
        if any(slot is None or slot.resource.get("status") in _TAKEN for slot, _ in slots):
            return Written(status=409, issue="conflict")
        version = self._keep(order, key)
        changed = [version]
        for slot, status_after in slots:
            if slot is not None:
                changed.append(self._mark(slot, status_after))
        self._release(order, before, changed)
        return Written(status=status, version=version, changed=tuple(changed))

    def _keep(self, order: Order, key: str) -> Version:
        if key:
            return self._records.put(order.kind, key, order.resource)
        return self._records.create(order.resource)

    def _slots(self, order: Order, before: Version | None) -> list[tuple[Version | None, str]]:
        """Slots that this write takes, with what they become."""
        active = order.resource.get("status") in _ACTIVE
        was = before is not None and before.resource.get("status") in _ACTIVE
        if order.kind != "Appointment" or not self._profile.takes_slot or not active or was:
            return []
        return [(self._slot(one), "busy") for one in order.resource.get("slot", [])]

    def _slot(self, reference: Mapping[str, Any]) -> Version | None:
        return self._records.current(
            "Slot", str(reference.get("reference", "")).removeprefix("Slot/")
        )

    def _release(self, order: Order, before: Version | None, changed: list[Version]) -> None:
        was = before is not None and before.resource.get("status") in _ACTIVE
        cancelled = (
            order.resource.get("status") == "cancelled" and was
        )  # again: somebody else may have it
        if order.kind == "Appointment" and cancelled and self._profile.takes_slot:
            slots = [self._slot(one) for one in order.resource.get("slot", [])]
            changed.extend(self._mark(slot, "free") for slot in slots if slot is not None)

    def _mark(self, slot: Version, status: str) -> Version:
        return self._records.put(
            "Slot", str(slot.resource["id"]), {**slot.resource, "status": status}
        )


def _order_in(entry: Mapping[str, Any]) -> Order:
    request = entry.get("request", {})
    kind, _, key = str(request.get("url", "")).partition("/")
    return Order(
        method=str(request.get("method", "")),
        kind=kind,
        key=key,
        resource=entry.get("resource", {}),
        if_match=str(request.get("ifMatch", "")),
        if_none_exist=str(request.get("ifNoneExist", "")),
    )


_LOST_RACE: Final = Written(status=412, issue="conflict")
STALE_READ: Final = timedelta(seconds=30)
