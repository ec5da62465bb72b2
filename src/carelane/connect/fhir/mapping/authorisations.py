"""What a payer answered, as the fact `authorisation.answered`: one meaning, whatever stood on the wire. Pure.

A stored message is a bundle that holds ClaimResponses: the answer to a submission or an inquiry, or a notification
with such a bundle inside. Whose it is follows from our own number of the claim, so a draft names no patient.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from carelane.connect.fhir.codec import (
    EFFECT_SYSTEM,
    Resource,
    canonical,
    decode_plain,
    identifiers,
    resource_reference,
)
from carelane.connect.fhir.mapping.people import Company, listed
from carelane.connect.fhir.mapping.reviews import (
    action_codes,
    asks,
    number_of,
    reasons_of,
    requested,
    valid_until,
)
from carelane.connect.fhir.mapping.source import instant
from carelane.facts.fact import Draft, Json
from carelane.facts.phi import Phi
from carelane.facts.ports import PENDED, Envelope, Reading
from carelane.facts.problem import Problem, Severity

TRIGGER: Final = "FHIR ClaimResponse"
ASKED: Final = "information-requested"
_NESTED_MAX: Final = 4
_GRANTED: Final = frozenset({"approved", "partial"})
_ACTIONS: Final[Mapping[str, str]] = {
    "A1": "approved",
    "A2": "partial",
    "A3": "denied",
    "A4": PENDED,
    "A6": "partial",
    "C": "denied",
    "CT": "contact-payer",
    "NA": "not-required",
}
"""X12 278, HCR01 (code list 306)."""
_VOLATILE: Final = frozenset({"id", "meta", "created", "text"})
_BESIDE: Final = frozenset({"Claim", "ClaimResponse", "CommunicationRequest", "Task"})


def read(raw: bytes, *, received_at: datetime) -> tuple[Reading, Sequence[Problem]]:
    """What one stored message says. Never raises on bad bytes."""
    del received_at
    message = decode_plain(raw)
    if message is None:
        return Reading(outcome="rejected", trigger="", control_id=None), (_UNREADABLE,)
    about = envelope_of(message)
    resources, company = gathered(message)
    responses = [one for one in resources if one["resourceType"] == "ClaimResponse"]
    drafts: list[Draft] = []
    problems: list[Problem] = [] if responses else [_SILENT]
    for response in responses:
        effect, outcome = effect_of(response, company), outcome_of(response, resources)
        if not effect:
            problems.append(_NOT_OURS)
        elif outcome is None:
            problems.append(_UNCLEAR)
        else:
            drafts.append(_draft(response, resources, effect=effect, outcome=outcome))
    held_back = any(one.severity is Severity.ERROR for one in problems)
    outcome_ = "quarantined" if held_back else "facts" if drafts else "no mapping"
    kept = () if held_back else tuple(drafts)
    reading = Reading(
        outcome=outcome_, trigger=about.trigger, control_id=about.control_id, drafts=kept
    )
    return reading, tuple(problems)


def envelope(raw: bytes) -> Envelope:
    """What receiving must know. The same answer again is the same message; another answer is another."""
    message = decode_plain(raw)
    if message is None:
        return Envelope(control_id=None, trigger="", problems=(_UNREADABLE,))
    return envelope_of(message)


def envelope_of(message: Resource) -> Envelope:
    """The envelope of a decoded message."""
    resources, _ = gathered(message)
    if not resources:
        return Envelope(control_id=None, trigger=TRIGGER)
    digest = hashlib.sha256(b"\n".join(sorted(map(canonical, resources)))).hexdigest()[:32]
    return Envelope(control_id=f"ClaimResponse/{digest}", trigger=TRIGGER)


def kept(message: Resource) -> bytes:
    """The part of an answer that is stored: responses and what they ask for, without times of transport.

    A payer that is asked again makes a new response each time; while it says no more than `pended` it is the same.
    """
    resources, _ = gathered(message)
    needed = [_plain(one, resources) for one in resources if one["resourceType"] != "Claim"]
    entries = [{"resource": one} for one in (needed or resources)]
    return canonical({"resourceType": "Bundle", "type": "collection", "entry": entries})


def _plain(one: Resource, beside: Sequence[Resource]) -> Resource:
    if one["resourceType"] != "ClaimResponse" or outcome_of(one, beside) != PENDED:
        return one
    return {name: value for name, value in one.items() if name not in _VOLATILE}


def gathered(message: Resource) -> tuple[list[Resource], Company]:
    """Claims, responses and requests in a message, however deep its bundles, and all of it by reference."""
    found: list[Resource] = []
    by: dict[str, Resource] = {}
    for address, resource in _walked(message, 0):
        if address:
            by[address] = resource
        if reference := resource_reference(resource):
            by[reference] = resource
        if resource["resourceType"] in _BESIDE:
            found.append(resource)
    return found, Company(by_reference=by)


def effect_of(response: Resource, company: Company) -> str:
    """Our number of the claim that is answered; empty where none is named."""
    request = response.get("request")
    named = request.get("identifier") if isinstance(request, dict) else None
    if isinstance(named, dict) and named.get("system") == EFFECT_SYSTEM:
        return str(named.get("value", ""))
    claim = company.follow(request)
    own = (identifiers(claim) if claim else ()) or identifiers(response)
    return own[0] if own else ""


def outcome_of(response: Resource, beside: Sequence[Resource]) -> str | None:
    """The payer's answer to the whole claim, or None where no review action can be read.

    Several items: one that is pended keeps the claim pended; approved beside denied is partial.
    """
    if response.get("outcome") == "error":
        return "contact-payer"
    actions = [
        _ACTIONS.get(code) for one in listed(response.get("item")) for code in action_codes(one)
    ]
    if not actions or None in actions:
        return None
    answers = {one for one in actions if one is not None}
    if PENDED in answers:
        return ASKED if asks(response, beside) else PENDED
    if len(answers) == 1:
        return answers.pop()
    return "partial" if answers & _GRANTED else "contact-payer"


def _draft(response: Resource, beside: Sequence[Resource], *, effect: str, outcome: str) -> Draft:
    answer: dict[str, Json] = {"resourceType": "ClaimResponse", "outcome": outcome}
    answer |= {
        name: value
        for name, value in (
            ("number", number_of(response)),
            ("preAuthRef", number_of(response) if outcome in _GRANTED else ""),
            ("validUntil", valid_until(response)),
            ("reason", reasons_of(response)),
            ("requested", requested(response, beside)),
        )
        if value
    }
    return Draft(
        type="authorisation.answered",
        occurred_at=instant(response.get("created")),
        payload=Phi({"authorisation": answer}, "payload"),
        keys={"effect": effect},
    )


def _walked(message: Resource, depth: int) -> Iterable[tuple[str, Resource]]:
    """Each resource with the address it was sent under; bundles and parameters are opened."""
    if depth > _NESTED_MAX:
        return
    if message["resourceType"] not in {"Bundle", "Parameters"}:
        yield "", message
        return
    for entry in (*listed(message.get("entry")), *listed(message.get("parameter"))):
        resource = entry.get("resource")
        if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
            continue
        if resource["resourceType"] in {"Bundle", "Parameters"}:
            yield from _walked(resource, depth + 1)
        else:
            yield str(entry.get("fullUrl", "")), resource


_UNREADABLE: Final = Problem(
    code="payer.unreadable",
    place="body",
    message="The bytes are not a FHIR resource in JSON.",
    remedy="Ask the payer for application/fhir+json (FHIR R4).",
)
_SILENT: Final = Problem(
    code="payer.no-answer",
    place="Bundle.entry",
    message="There is no ClaimResponse in it; it is stored and nothing else happens.",
    remedy="Nothing to do: a heartbeat or a handshake of a subscription has none.",
    severity=Severity.NOTE,
)
_NOT_OURS: Final = Problem(
    code="payer.claim-unknown",
    place="ClaimResponse.request",
    message="The answer does not say which claim of ours it is about.",
    remedy="Ask the payer to name the claim by its identifier, or record the answer on the case by hand.",
)
_UNCLEAR: Final = Problem(
    code="payer.answer-unclear",
    place="ClaimResponse.item.adjudication",
    message="The answer has no review action of the known codes (A1, A2, A3, A4, A6, C, CT, NA).",
    remedy="Call the payer and record the answer on the case by hand.",
)
