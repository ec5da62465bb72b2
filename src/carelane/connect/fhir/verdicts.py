"""What an answer to a write means: one verdict for each, and `unknown` is never rounded to `done`; pure.

The rule of the room: a status line is not an outcome. A 200 may carry a failed transaction entry, another resource than
ours, or half a body. What is in an answer is read by `codec`; who sends is `sender`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from carelane.connect.fhir.codec import (
    FIRST_REDIRECT,
    FIRST_SUCCESS,
    Answer,
    Resource,
    decode,
    identifiers,
    issue_code,
    objects,
    reference_of,
    resource_reference,
    retry_after,
)
from carelane.facts.ports import Sent, Verdict

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
_REFUSALS: Final = (
    "http-401", "http-403", "outcome-forbidden", "outcome-security",
    "token-http-400", "token-http-401", "token-http-403",  # RFC 6749 5.2: who we are, or what we ask to be allowed
)  # fmt: skip


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
    bundle, cause = readable(answer)
    if bundle is None:
        return Sent(verdict=Verdict.UNKNOWN, cause=cause)
    responses = [one for one in _responses(bundle) if _entry_status(one)]
    if len(responses) != entries:
        return Sent(verdict=Verdict.UNKNOWN, cause="entries-missing")
    return _judge_entries(responses)


def refuses(cause: str) -> bool:
    """Whether the other side refuses us, by the cause that a call ended with: to try again soon would not help."""
    return cause.startswith(_REFUSALS)


def _judge_entries(responses: Sequence[Resource]) -> Sent:
    statuses = [_entry_status(one) for one in responses]
    failed = [status for status in statuses if not FIRST_SUCCESS <= status < FIRST_REDIRECT]
    if not failed:
        reference = reference_of(str(responses[0].get("location", "")))
        accepted = f"FHIR R4 transaction of {len(responses)}"
        return Sent(verdict=Verdict.DONE, reference=reference, format=accepted)
    if len(failed) < len(statuses):
        return Sent(verdict=Verdict.CONFLICT, cause=f"half-transaction-{failed[0]}")
    return Sent(verdict=_verdict(failed[0]), cause=f"entry-{failed[0]}")


def _responses(bundle: Resource) -> list[Resource]:
    found = [entry.get("response") for entry in objects(bundle.get("entry"))]
    return [one for one in found if isinstance(one, dict)]


def _judge_success(answer: Answer, *, kind: str, effect: str) -> Sent:
    accepted = f"FHIR R4 {kind}"
    if answer.whole and not answer.body.strip():
        return _judge_location(answer, accepted=accepted)
    resource, cause = readable(answer)
    if resource is None:
        return Sent(verdict=Verdict.UNKNOWN, cause=cause)
    if resource["resourceType"] == "OperationOutcome":
        return _judge_location(answer, accepted=accepted)
    if resource["resourceType"] != kind or effect not in identifiers(resource):
        return Sent(verdict=Verdict.UNKNOWN, cause="not-ours")
    return Sent(verdict=Verdict.DONE, reference=resource_reference(resource), format=accepted)


def readable(answer: Answer) -> tuple[Resource | None, str]:
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
    if FIRST_REDIRECT <= status < _FIRST_SERVER_ERROR:
        return Verdict.REFUSED
    return Verdict.UNKNOWN


def _entry_status(response: object) -> int:
    text = str(response.get("status", "")) if isinstance(response, dict) else ""
    return int(text[:3]) if text[:3].isascii() and text[:3].isdigit() else 0
