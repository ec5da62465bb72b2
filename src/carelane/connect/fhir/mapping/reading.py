"""Stored bytes to drafts: the pure incoming half of the adapter (`facts.ports.Reader`).

A stored message is a resource, or a bundle of what happened and what it can't be understood without.
Its control id is `Type/id/version`, and a digest of the versions that came along: the same versions are the
same message, by whichever way they arrived. `company` leaves out what adds nothing.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from carelane.connect.fhir.codec import (
    Resource,
    decode_plain,
    entry_resources,
    full_urls,
    resource_reference,
)
from carelane.connect.fhir.mapping.incoming import drafts_of
from carelane.connect.fhir.mapping.kinds import kind_of
from carelane.connect.fhir.mapping.people import Company, Local, listed
from carelane.connect.fhir.mapping.source import Source
from carelane.connect.fhir.mapping.unread import control_of, problem_of
from carelane.facts.documents import too_large
from carelane.facts.fact import Draft, SubjectKind
from carelane.facts.ports import Envelope, Reading
from carelane.facts.problem import Problem, Severity

DEFAULT = Local()
DOCUMENT = "DocumentReference"


def read(
    raw: bytes, *, received_at: datetime, local: Local = DEFAULT
) -> tuple[Reading, Sequence[Problem]]:
    """What one stored message says. Never raises on bad bytes.

    `received_at` is part of the port; facts carry the source's own times.
    """
    del received_at
    resource = decode_plain(raw)
    if resource is None:
        return Reading(outcome="rejected", trigger="", control_id=None), (_unreadable(),)
    about = envelope_of(resource)
    if unread := problem_of(resource):
        held = Reading(outcome="quarantined", trigger=about.trigger, control_id=about.control_id)
        return held, (unread,)
    focus, company = parts(resource)
    drafts: list[Draft] = []
    problems: list[Problem] = []
    for one in focus:
        found = drafts_of(Source(resource=one, company=company, local=local))
        drafts.extend(found or ())
        problems.extend(new for new in _findings(one, found, local) if new not in problems)
    outcome = _outcome(drafts, problems)
    if outcome == "quarantined":
        drafts = []
    reading = Reading(
        outcome=outcome,
        trigger=about.trigger,
        control_id=about.control_id,
        drafts=tuple(drafts),
    )
    return reading, tuple(problems)


def envelope(raw: bytes) -> Envelope:
    """What receiving must know: control id and trigger (`FHIR ServiceRequest`). Never raises."""
    resource = decode_plain(raw)
    if resource is None:
        return Envelope(control_id=None, trigger="", problems=(_unreadable(),))
    return envelope_of(resource)


def envelope_of(resource: Resource) -> Envelope:
    """The envelope of a decoded message."""
    focus, _ = parts(resource)
    first = focus[0] if focus else resource
    own = control_id(first)
    if own and resource["resourceType"] == "Bundle":
        everything = [control_id(one) or "" for _, one in entry_resources(resource)]
        rest = sorted(one for one in everything if one != own)
        digest = hashlib.sha256(" ".join(rest).encode()).hexdigest()[:16]
        own = f"{own}+{digest}" if rest else own
    return Envelope(control_id=control_of(first, own), trigger=f"FHIR {kind_of(first)}")


def control_id(resource: Resource) -> str | None:
    """`Type/id/version`, or None where the resource doesn't have them all."""
    meta = resource.get("meta")
    version = meta.get("versionId") if isinstance(meta, dict) else None
    reference = resource_reference(resource)
    return f"{reference}/{version}" if reference and version else None


def parts(resource: Resource) -> tuple[list[Resource], Company]:
    """What happened, and what came along with it."""
    if resource["resourceType"] != "Bundle":
        return [resource], Company()
    entries = [
        (mode, one)
        for mode, one in entry_resources(resource)
        if isinstance(one.get("resourceType"), str) and not _envelope_part(one)
    ]
    company = Company(
        by_reference={
            **full_urls(resource),
            **{resource_reference(one): one for _, one in entries if resource_reference(one)},
        }
    )
    told = [one for mode, one in entries if mode == "match"]
    if resource.get("type") in _ABOUT_THE_FIRST:
        return told[:1], company
    observed = [company.follow(one) for _, each in entries for one in listed(each.get("result"))]
    within = {id(one) for one in observed}
    focus = [one for one in told if id(one) not in within]
    alone = [one for one in focus if one["resourceType"] != "Patient"]
    return alone or focus, company


_ABOUT_THE_FIRST = ("collection", "document", "message")
"""Bundles whose first entry is what happened; the others only come along (FHIR R4 2.36.2)."""


def _envelope_part(resource: Resource) -> bool:
    return resource["resourceType"] in {"MessageHeader", "Parameters", "SubscriptionStatus"}


def _outcome(drafts: list[Draft], problems: list[Problem]) -> str:
    if any(problem.severity is Severity.ERROR for problem in problems):
        return "quarantined"
    return "facts" if drafts else "no mapping"


def _findings(resource: Resource, drafts: tuple[Draft, ...] | None, local: Local) -> list[Problem]:
    kind = kind_of(resource)
    place = f"{kind}.content.attachment.data"
    if kind == DOCUMENT and (large := too_large(resource, local.document_bytes_max, place=place)):
        return [large]
    if drafts is None:
        return [
            Problem(
                code="fhir.no-mapping",
                place=kind,
                message="There is no rule for this type of resource; it is stored and nothing else happens.",
                remedy="Nothing to do, unless the site expects work from it: then ask for a mapping.",
                severity=Severity.NOTE,
            )
        ]
    if not drafts:
        return [
            Problem(
                code="fhir.status-silent",
                place=f"{kind}.status",
                message="This status says that nothing has happened yet, or isn't known.",
                remedy="Nothing to do; the resource is read again when its status changes.",
                severity=Severity.NOTE,
            )
        ]
    nobody = [one for one in drafts if not one.identifiers and one.subject is SubjectKind.PATIENT]
    if nobody and kind != "Appointment":
        return [
            Problem(
                code="fhir.patient-missing",
                place=f"{kind}.subject",
                message="The resource does not say which patient it is about.",
                remedy="Ask the sender for a reference with an identifier, or assign it to a patient by hand.",
            )
        ]
    return []


def _unreadable() -> Problem:
    return Problem(
        code="fhir.unreadable",
        place="body",
        message="The bytes are not a FHIR resource in JSON.",
        remedy="Ask the sender for application/fhir+json (FHIR R4).",
    )
