"""The EHR's records: every version of every resource, and what its search can see of them yet."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias
from uuid import NAMESPACE_URL, uuid5
from zlib import crc32

from carelane.testing.ehr.clock import HostClock
from carelane.testing.ehr.profiles import EhrProfile

Resource: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One stored version; `visible_at` is when search finds it, reading by id finds it at once."""

    resource: Resource
    etag: str
    at: datetime
    visible_at: datetime


class Records:
    """All resources of one EHR. Ids and versions are deterministic: the same requests give the same ids."""

    def __init__(self, *, profile: EhrProfile, clock: HostClock) -> None:
        self._profile = profile
        self._clock = clock
        self._kept: dict[str, dict[str, list[Version]]] = {}
        self._named: dict[tuple[str, str], dict[str, None]] = {}
        self._made = 0

    def current(self, kind: str, key: str) -> Version | None:
        """The newest version, or None."""
        versions = self._kept.get(kind, {}).get(key)
        return versions[-1] if versions else None

    def history(self, kind: str, key: str) -> tuple[Version, ...]:
        """All versions, oldest first."""
        return tuple(self._kept.get(kind, {}).get(key, ()))

    def create(self, resource: Resource) -> Version:
        """Store under a new id of the EHR's own making."""
        self._made += 1
        kind = str(resource["resourceType"])
        number = str(self._made)
        key = (
            str(uuid5(NAMESPACE_URL, f"{kind}/{number}")) if self._profile.uuid_versions else number
        )
        return self.put(kind, key, resource)

    def put(self, kind: str, key: str, resource: Resource) -> Version:
        """Store a new version under an id."""
        versions = self._kept.setdefault(kind, {}).setdefault(key, [])
        at = self._clock.now()
        number = str(len(versions) + 1)
        if self._profile.uuid_versions:
            number = str(uuid5(NAMESPACE_URL, f"{kind}/{key}/{number}"))
        late = crc32(f"{kind}/{key}".encode()) % (self._profile.stale_s + 1)
        meta = {"versionId": number, "lastUpdated": _instant(at)}
        stored = {**deepcopy(resource), "resourceType": kind, "id": key, "meta": meta}
        version = Version(
            resource=stored, etag=f'W/"{number}"', at=at, visible_at=at + timedelta(seconds=late)
        )
        versions.append(version)
        for value in _values(stored):
            self._named.setdefault((kind, value), {})[key] = None
        return version

    def visible(
        self, kind: str, *, behind: timedelta = timedelta(0), value: str = ""
    ) -> Iterator[Version]:
        """What search sees now: of each resource the newest version that has become visible.

        `value` narrows it to resources that ever carried an identifier of that value.
        """
        now = self._clock.now() - behind
        kept = self._kept.get(kind, {})
        keys = self._named.get((kind, value), {}) if value else kept
        for key in keys:
            seen = [version for version in kept.get(key, ()) if version.visible_at <= now]
            if seen:
                yield seen[-1]

    def of_kind(self, kind: str) -> Iterator[Version]:
        """The newest version of each resource of one type, visible or not."""
        for versions in self._kept.get(kind, {}).values():
            yield versions[-1]

    def everything(self) -> Iterator[Version]:
        """The newest version of each resource, visible or not: the truth, for checks."""
        for kept in self._kept.values():
            for versions in kept.values():
                yield versions[-1]

    def snapshot(self) -> dict[str, dict[str, list[Version]]]:
        """What to come back to when a transaction fails."""
        return {
            kind: {key: list(one) for key, one in kept.items()} for kind, kept in self._kept.items()
        }

    def restore(self, snapshot: dict[str, dict[str, list[Version]]]) -> None:
        """Undo everything since the snapshot."""
        self._kept = snapshot


def _values(resource: Resource) -> list[str]:
    listed = resource.get("identifier")
    found = listed if isinstance(listed, list) else []
    return [str(one["value"]) for one in found if isinstance(one, dict) and one.get("value")]


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
