"""What is in an HTTP answer of a FHIR server; pure. Sockets are in `transport`, the meaning of resources in `mapping`.

What an answer to a write means for an effect is in `verdicts`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeAlias

import msgspec

from carelane.facts.ports import Sent, Verdict

Resource: TypeAlias = dict[str, Any]

EFFECT_SYSTEM: Final = "urn:carelane:effect"
"""The identifier system of everything we write; the value is the effect's id."""

TOO_LARGE: Final = "too-large"
"""The cause of an answer that is larger than the connection's `response_bytes_max`."""

RETRY_AFTER_MAX: Final = timedelta(hours=24)

_REFERENCE = re.compile(
    r"(?:^|/)([A-Z][A-Za-z]{2,40})/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?$"
)

# fmt: off
ISSUE_TYPES: Final = frozenset((
    "invalid", "structure", "required", "value", "invariant", "security", "login",
    "unknown", "expired", "forbidden", "suppressed", "processing", "not-supported",
    "duplicate", "multiple-matches", "not-found", "deleted", "too-long", "code-invalid",
    "extension", "too-costly", "business-rule", "conflict", "transient", "lock-error",
    "no-store", "exception", "timeout", "incomplete", "throttled", "informational",
))
# fmt: on
"""FHIR R4 value set issue-type; anything else a server sends is not repeated by us."""

_EXACT: Final = msgspec.json.Decoder(float_hook=Decimal)
_PLAIN: Final = msgspec.json.Decoder()
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_CANONICAL: Final = msgspec.json.Encoder(decimal_format="number", order="deterministic")
FIRST_REDIRECT: Final = 300
FIRST_SUCCESS: Final = 200
"""A status is one of success from here to before `FIRST_REDIRECT` (RFC 9110, 15.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer. `headers` have lower-case names; `locations` keeps every Location sent.

    `whole` is false when the body broke off, or was larger than the limit; only then it is `too_large`.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    locations: tuple[str, ...] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    whole: bool = True
    too_large: bool = False

    @property
    def cut(self) -> str:
        """Why the body is not there; empty if it is. A network that cuts may do better, a size will not."""
        return "" if self.whole else TOO_LARGE if self.too_large else "half-body"

    @property
    def ok(self) -> bool:
        """Whether the status is one of success (2xx)."""
        return FIRST_SUCCESS <= self.status < FIRST_REDIRECT


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """No answer. `sent` is false only when certainly no byte of the request reached the other side."""

    cause: str
    sent: bool
    retry_at: datetime | None = None

    def as_sent(self) -> Sent:
        """The verdict of a request without an answer."""
        verdict = Verdict.UNKNOWN if self.sent else Verdict.RETRY
        return Sent(verdict=verdict, cause=self.cause, retry_at=self.retry_at)


Reply: TypeAlias = Answer | Lost


def encode(resource: Mapping[str, Any]) -> bytes:
    """A resource as JSON bytes, keys in the order given, digits kept."""
    return _ENCODER.encode(resource)


def canonical(resource: Mapping[str, Any]) -> bytes:
    """The same bytes for the same resource, by whichever way it came: keys in order, no space."""
    return _CANONICAL.encode(resource)


def decode(raw: bytes) -> Resource | None:
    """A JSON object with a `resourceType`, or None for anything else, however bad the bytes.

    Numbers keep their digits (as `Decimal`): what we give back to an EHR must be what it gave us.
    """
    return _object(_EXACT, raw)


def decode_plain(raw: bytes) -> Resource | None:
    """The same with ordinary floats, for payloads of facts."""
    return _object(_PLAIN, raw)


def _object(decoder: msgspec.json.Decoder[Any], raw: bytes) -> Resource | None:
    try:
        value = decoder.decode(raw)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return None
    if isinstance(value, dict) and isinstance(value.get("resourceType"), str):
        return value
    return None


def retry_after(value: str | None, *, now: datetime) -> datetime | None:
    """When a Retry-After header lets us try again (RFC 9110, 10.2.3: seconds or HTTP-date), at most a day ahead."""
    text = (value or "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        seconds = min(int(text[:9]), int(RETRY_AFTER_MAX.total_seconds()))
        return now + timedelta(seconds=seconds)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return min(max(at, now), now + RETRY_AFTER_MAX)


def issue_code(resource: Resource | None) -> str:
    """The first error code of an OperationOutcome, from the closed value set; empty if it reports no error."""
    if not resource or resource.get("resourceType") != "OperationOutcome":
        return ""
    for issue in objects(resource.get("issue")):
        if issue.get("severity") in {"error", "fatal"}:
            code = issue.get("code")
            return code if isinstance(code, str) and code in ISSUE_TYPES else "unknown"
    return ""


def reference_of(text: str) -> str:
    """`Type/id` out of a Location or reference, relative or absolute, with or without a version; else empty."""
    match = _REFERENCE.search(text)
    return f"{match[1]}/{match[2]}" if match else ""


def identifiers(resource: Mapping[str, Any], system: str = EFFECT_SYSTEM) -> tuple[str, ...]:
    """Values of the identifiers of one system that a resource carries."""
    found = objects(resource.get("identifier"))
    return tuple(str(one.get("value", "")) for one in found if one.get("system") == system)


def resource_reference(resource: Mapping[str, Any]) -> str:
    """`Type/id` of a resource, or empty when it has no id."""
    return reference_of(f"{resource.get('resourceType', '')}/{resource.get('id', '')}")


def etag_of(answer: Answer, resource: Mapping[str, Any]) -> str:
    """The ETag to give back in If-Match, exactly as sent; else a weak one of `meta.versionId`; else empty."""
    if answer.headers.get("etag"):
        return answer.headers["etag"]
    meta = resource.get("meta")
    version = meta.get("versionId") if isinstance(meta, dict) else None
    return f'W/"{version}"' if version else ""


def entry_resources(bundle: Resource) -> tuple[tuple[str, Resource], ...]:
    """(search mode, resource) of each entry of a bundle; the mode is `match` where none is given.

    An `outcome` only says how the search went (FHIR R4 3.1.1.5): it is nothing that was found, and left out.
    """
    found: list[tuple[str, Resource]] = []
    for entry in objects(bundle.get("entry")):
        resource = entry.get("resource")
        search = entry.get("search")
        mode = search.get("mode", "match") if isinstance(search, dict) else "match"
        if isinstance(resource, dict) and mode != "outcome":
            found.append((str(mode), resource))
    return tuple(found)


def full_urls(bundle: Resource) -> dict[str, Resource]:
    """The resources of a bundle by `fullUrl` as sent (FHIR R4 2.36.4.1: how entries refer to each other)."""
    found = [
        (entry.get("fullUrl"), entry.get("resource")) for entry in objects(bundle.get("entry"))
    ]
    return {url: one for url, one in found if isinstance(url, str) and isinstance(one, dict)}


def link_of(bundle: Resource, relation: str = "next") -> str:
    """The address of a link as sent, or empty. Whoever follows it pins the host first."""
    for link in objects(bundle.get("link")):
        if link.get("relation") == relation:
            return str(link.get("url", ""))
    return ""


def objects(value: object) -> Sequence[Resource]:
    """The JSON objects in a list; none where it is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
