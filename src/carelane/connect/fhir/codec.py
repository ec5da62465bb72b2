"""What an HTTP answer of a FHIR server means; pure. Sockets are in `transport`, the meaning of resources in `mapping`.

The rule of the room: a status line is not an outcome. A 200 may carry a failed transaction entry, another
resource than ours, or half a body; each has its own verdict here, and `unknown` is never rounded to `done`.
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
_VERDICTS: Final[Mapping[int, Verdict]] = {
    401: Verdict.RETRY,
    408: Verdict.UNKNOWN,
    409: Verdict.CONFLICT,
    412: Verdict.CONFLICT,
    425: Verdict.RETRY,
    429: Verdict.RETRY,
    501: Verdict.REFUSED,
    503: Verdict.RETRY,
}
_FIRST_SERVER_ERROR: Final = 500
_FIRST_REDIRECT: Final = 300
_FIRST_SUCCESS: Final = 200


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
        return _FIRST_SUCCESS <= self.status < _FIRST_REDIRECT


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
    for issue in _dicts(resource.get("issue")):
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
    found = _dicts(resource.get("identifier"))
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


def judge_write(answer: Answer, *, now: datetime, kind: str, effect: str) -> Sent:
    """The verdict on a create or update of one `kind` of resource that must carry our `effect` id."""
    if answer.ok:
        return _judge_success(answer, kind=kind, effect=effect)
    return judge_failure(answer, now=now)


def judge_failure(answer: Answer, *, now: datetime) -> Sent:
    """The verdict on an answer that isn't a success: certain not to be done, in conflict, or unknown."""
    verdict = _verdict(answer.status)
    code = issue_code(decode(answer.body)) if verdict is Verdict.REFUSED else ""
    cause = "if-match" if answer.status == 412 else f"http-{answer.status}"  # noqa: PLR2004  # Precondition Failed
    wait = (
        retry_after(answer.headers.get("retry-after"), now=now)
        if verdict is Verdict.RETRY
        else None
    )
    return Sent(verdict=verdict, cause=f"{cause}-{code}" if code else cause, retry_at=wait)


def judge_transaction(answer: Answer, *, now: datetime, entries: int) -> Sent:
    """The verdict on a transaction of so many `entries`: done only if every entry says so.

    FHIR R4 3.1.0.11.2 makes a transaction all or nothing; real servers answer 200 with a failed
    entry inside and keep the rest. Such a half is not what we meant: a person decides.
    """
    if not answer.ok:
        return judge_failure(answer, now=now)
    bundle, cause = _readable(answer)
    if bundle is None:
        return Sent(verdict=Verdict.UNKNOWN, cause=cause)
    responses = [one for one in _responses(bundle) if _entry_status(one)]
    if len(responses) != entries:
        return Sent(verdict=Verdict.UNKNOWN, cause="entries-missing")
    return _judge_entries(responses)


def _judge_entries(responses: Sequence[Resource]) -> Sent:
    statuses = [_entry_status(one) for one in responses]
    failed = [status for status in statuses if not _FIRST_SUCCESS <= status < _FIRST_REDIRECT]
    if not failed:
        reference = reference_of(str(responses[0].get("location", "")))
        accepted = f"FHIR R4 transaction of {len(responses)}"
        return Sent(verdict=Verdict.DONE, reference=reference, format=accepted)
    if len(failed) < len(statuses):
        return Sent(verdict=Verdict.CONFLICT, cause=f"half-transaction-{failed[0]}")
    return Sent(verdict=_verdict(failed[0]), cause=f"entry-{failed[0]}")


def _responses(bundle: Resource) -> list[Resource]:
    found = [entry.get("response") for entry in _dicts(bundle.get("entry"))]
    return [one for one in found if isinstance(one, dict)]


def entry_resources(bundle: Resource) -> tuple[tuple[str, Resource], ...]:
    """(search mode, resource) of each entry of a bundle; the mode is `match` where none is given.

    An `outcome` only says how the search went (FHIR R4 3.1.1.5): it is nothing that was found, and left out.
    """
    found: list[tuple[str, Resource]] = []
    for entry in _dicts(bundle.get("entry")):
        resource = entry.get("resource")
        search = entry.get("search")
        mode = search.get("mode", "match") if isinstance(search, dict) else "match"
        if isinstance(resource, dict) and mode != "outcome":
            found.append((str(mode), resource))
    return tuple(found)


def full_urls(bundle: Resource) -> dict[str, Resource]:
    """The resources of a bundle by `fullUrl` as sent (FHIR R4 2.36.4.1: how entries refer to each other)."""
    found = [(entry.get("fullUrl"), entry.get("resource")) for entry in _dicts(bundle.get("entry"))]
    return {url: one for url, one in found if isinstance(url, str) and isinstance(one, dict)}


def link_of(bundle: Resource, relation: str = "next") -> str:
    """The address of a link as sent, or empty. Whoever follows it pins the host first."""
    for link in _dicts(bundle.get("link")):
        if link.get("relation") == relation:
            return str(link.get("url", ""))
    return ""


def _judge_success(answer: Answer, *, kind: str, effect: str) -> Sent:
    accepted = f"FHIR R4 {kind}"
    if answer.whole and not answer.body.strip():
        return _judge_location(answer, accepted=accepted)
    resource, cause = _readable(answer)
    if resource is None:
        return Sent(verdict=Verdict.UNKNOWN, cause=cause)
    if resource["resourceType"] == "OperationOutcome":
        return _judge_location(answer, accepted=accepted)
    if resource["resourceType"] != kind or effect not in identifiers(resource):
        return Sent(verdict=Verdict.UNKNOWN, cause="not-ours")
    return Sent(verdict=Verdict.DONE, reference=resource_reference(resource), format=accepted)


def _readable(answer: Answer) -> tuple[Resource | None, str]:
    """The resource in a success, or None and why it can't count as one."""
    if answer.cut:
        return None, answer.cut
    resource = decode(answer.body)
    if resource is None:
        return None, "not-fhir"
    code = issue_code(resource)
    return (None, f"outcome-{code}") if code else (resource, "")


def _judge_location(answer: Answer, *, accepted: str) -> Sent:
    references = {reference_of(one) for one in answer.locations}
    if len(references) > 1:
        return Sent(verdict=Verdict.UNKNOWN, cause="location-duplicated")
    return Sent(verdict=Verdict.DONE, reference=next(iter(references), ""), format=accepted)


def _verdict(status: int) -> Verdict:
    if status in _VERDICTS:
        return _VERDICTS[status]
    if _FIRST_REDIRECT <= status < _FIRST_SERVER_ERROR:
        return Verdict.REFUSED
    return Verdict.UNKNOWN


def _entry_status(response: object) -> int:
    text = str(response.get("status", "")) if isinstance(response, dict) else ""
    return int(text[:3]) if text[:3].isascii() and text[:3].isdigit() else 0


def _dicts(value: object) -> Sequence[Resource]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
