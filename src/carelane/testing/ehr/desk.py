"""The EHR's FHIR desk: a request in, an answer out, over the records. No sockets; those are in `server`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from zlib import crc32

import msgspec

from carelane.testing.ehr.charts import fill
from carelane.testing.ehr.clock import HostClock
from carelane.testing.ehr.profiles import EhrProfile
from carelane.testing.ehr.records import Records, Resource, Version
from carelane.testing.ehr.search import BadSearch, identifier_in, matching, narrowed
from carelane.testing.ehr.writes import STALE_READ, Order, Writer, Written

_ELEMENTS = {"patient": "subject", "based-on": "basedOn"}
"""Elements that a search parameter of another name follows (FHIR R4, search parameters of each resource)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A FHIR request after the base address: `parts` is `(type, id, ...)`."""

    method: str
    parts: tuple[str, ...]
    query: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    base: str = ""
    racy: bool = False
    stale: bool = False
    failing: bool = False

    @property
    def kind(self) -> str:
        """The resource type, or `Bundle` for a request to the base itself."""
        return self.parts[0] if self.parts else "Bundle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An answer: status, headers, a resource, and what it changed."""

    status: int
    resource: Resource | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    changed: tuple[Version, ...] = ()


class Desk:
    """Reads and writes of one EHR."""

    def __init__(self, *, profile: EhrProfile, clock: HostClock) -> None:
        self.records = Records(profile=profile, clock=clock)
        self._profile = profile
        self._writer = Writer(records=self.records, profile=profile)
        fill(self.records)

    def answer(self, asked: Asked) -> Told:
        """The answer to one FHIR request that has passed the door."""
        searching = asked.parts[1:] == ("_search",)
        if asked.method == "GET":
            return self._get(asked)
        if asked.method == "POST" and searching:
            return self._search(asked)
        resource = _parse(asked.body)
        if resource is None:
            return outcome(400, "structure")
        if asked.method == "POST" and not asked.parts:
            return self._transact(asked, resource)
        if asked.method in {"POST", "PUT"}:
            return self._write(asked, resource)
        return outcome(405, "not-supported")

    def _get(self, asked: Asked) -> Told:
        match asked.parts:
            case ("metadata",):
                return Told(status=200, resource=self._statement())
            case (kind, key):
                version = self.records.current(kind, key)
                return _shown(200, version, asked) if version else outcome(404, "not-found")
            case (kind, key, "_history"):
                versions = self.records.history(kind, key)
                return Told(
                    status=200, resource=_bundle("history", [one.resource for one in versions])
                )
            case (_,):
                return self._search(asked)
            case _:
                return outcome(404, "not-found")

    def _search(self, asked: Asked) -> Told:
        behind = STALE_READ if asked.stale else timedelta(0)
        try:
            named = identifier_in(asked.query)
            seen = self.records.visible(asked.kind, behind=behind, value=named)
            found = matching(seen, asked.query)
            if ("_sort", "start") in asked.query:
                found.sort(key=lambda one: str(one.resource.get("start", "")))
            if not self._profile.sorts:
                found.sort(key=lambda one: crc32(str(one.resource["id"]).encode()))
        except BadSearch:
            return outcome(400, "invalid")
        query = dict(asked.query)
        size = min(int(query.get("_count", "1000")), self._profile.page_size)
        start = int(query.get("_offset", "0"))
        page = [one.resource for one in found[start : start + size]]
        shown = [narrowed(one, asked.query, self._profile.narrows) for one in page]
        bundle = _bundle("searchset", shown, included=self._included(asked, page))
        bundle["total"] = len(found)
        used = [pair for pair in asked.query if self._profile.sorts or pair[0] != "_sort"]
        bundle["link"] = [
            {"relation": "self", "url": f"{asked.base}/{asked.kind}?{urlencode(used)}"}
        ]
        if start + size < len(found):
            rest = [pair for pair in asked.query if pair[0] != "_offset"]
            address = (
                f"{asked.base}/{asked.kind}?{urlencode([*rest, ('_offset', str(start + size))])}"
            )
            bundle["link"] += [{"relation": "next", "url": address}]
        return Told(status=200, resource=bundle)

    def _included(self, asked: Asked, page: Sequence[Resource]) -> list[Resource]:
        wanted = [value.rpartition(":")[2] for name, value in asked.query if name == "_include"]
        keys: dict[str, None] = {}
        for resource in page:
            for name in wanted:
                reference = resource.get(_ELEMENTS.get(name, name), {})
                if isinstance(reference, list):
                    keys.update(dict.fromkeys(str(one.get("reference", "")) for one in reference))
                else:
                    keys[str(reference.get("reference", ""))] = None
        found = [self.records.current(*key.split("/", 1)) for key in keys if "/" in key]
        return [one.resource for one in found if one is not None]

    def _write(self, asked: Asked, resource: Resource) -> Told:
        order = Order(
            method=asked.method,
            kind=asked.kind,
            key=asked.parts[1] if len(asked.parts) > 1 else "",
            resource=resource,
            if_match=asked.headers.get("If-Match", ""),
            if_none_exist=asked.headers.get("If-None-Exist", ""),
            racy=asked.racy,
        )
        written = self._writer.apply(order)
        if written.version is None:
            return outcome(written.status, written.issue)
        return _shown(written.status, written.version, asked, changed=written.changed)

    def _transact(self, asked: Asked, bundle: Resource) -> Told:
        status, outcomes = self._writer.transaction(bundle, failing=asked.failing)
        changed = tuple(version for one in outcomes for version in one.changed)
        if status != 200:  # noqa: PLR2004  # OK
            return outcome(status, outcomes[-1].issue)
        entries = [{"response": _entry(one, asked)} for one in outcomes]
        answer = {"resourceType": "Bundle", "type": "transaction-response", "entry": entries}
        return Told(status=200, resource=answer, changed=changed)

    def _statement(self) -> Resource:
        return {
            "resourceType": "CapabilityStatement",
            "status": "active",
            "fhirVersion": "4.0.1",
            "format": ["json"],
            "rest": [
                {
                    "mode": "server",
                    "interaction": [{"code": "transaction"}],
                    "resource": [
                        {
                            "type": kind,
                            "versioning": "versioned-update",
                            "updateCreate": self._profile.update_as_create,
                            "conditionalCreate": True,
                        }
                        for kind in ("Task", "Appointment", "Communication", "Slot")
                    ],
                }
            ],
        }


def outcome(status: int, code: str) -> Told:
    """An OperationOutcome that says what went wrong, by code."""
    issue = {"severity": "error", "code": code, "diagnostics": f"synthetic EHR: {code}"}
    return Told(status=status, resource={"resourceType": "OperationOutcome", "issue": [issue]})


def _shown(
    status: int, version: Version, asked: Asked, *, changed: tuple[Version, ...] = ()
) -> Told:
    resource = version.resource
    place = f"{asked.base}/{resource['resourceType']}/{resource['id']}"
    headers = {"ETag": version.etag}
    if asked.method != "GET":
        headers["Location"] = f"{place}/_history/{resource['meta']['versionId']}"
    return Told(status=status, resource=resource, headers=headers, changed=changed)


def _entry(written: Written, asked: Asked) -> dict[str, Any]:
    if written.version is None:
        return {
            "status": str(written.status),
            "outcome": outcome(written.status, written.issue).resource,
        }
    resource = written.version.resource
    place = f"{asked.base}/{resource['resourceType']}/{resource['id']}"
    location = f"{place}/_history/{resource['meta']['versionId']}"
    return {"status": f"{written.status} OK", "location": location, "etag": written.version.etag}


def _bundle(
    kind: str, resources: Sequence[Resource], *, included: Sequence[Resource] = ()
) -> Resource:
    entries = [{"resource": one, "search": {"mode": "match"}} for one in resources]
    entries += [{"resource": one, "search": {"mode": "include"}} for one in included]
    return {"resourceType": "Bundle", "type": kind, "total": len(resources), "entry": entries}


def _parse(body: bytes) -> Resource | None:
    try:
        value = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None
    return value if isinstance(value, dict) and "resourceType" in value else None
