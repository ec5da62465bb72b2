"""What the payer holds: every claim it was sent, by the sender's own number, and what it said. No sockets.

A claim that is sent twice is held twice: whoever sends must not, and `doubles` counts it.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias

Resource: TypeAlias = dict[str, Any]

EXPEDITED: Final = "stat"


@dataclass(slots=True, kw_only=True)
class Held:
    """One submission. `answer` is what the payer says now; `settles_at` when a pended one is decided by itself."""

    number: str
    payer_number: str
    claim: Resource = field(repr=False)
    company: dict[str, Resource] = field(repr=False)
    received_at: datetime
    answer: str
    then: str = ""
    settles_at: datetime | None = None
    inquiries: int = 0

    @property
    def service(self) -> str:
        """The code of what is to be approved."""
        item = (self.claim.get("item") or [{}])[0]
        return next(iter(codes(item.get("productOrService"))), "")

    @property
    def expedited(self) -> bool:
        """Whether the payer's short clock holds."""
        return EXPEDITED in codes(self.claim.get("priority"))

    @property
    def certification(self) -> str:
        """`I` initial, `S` revised, `1` and `2` appeals (X12 element 1322)."""
        item = (self.claim.get("item") or [{}])[0]
        for one in item.get("extension", ()):
            if str(one.get("url", "")).endswith("extension-certificationType"):
                return next(iter(codes(one.get("valueCodeableConcept"))), "I")
        return "I"


def documents_of(held: Held) -> list[Resource]:
    """The documents that came with a claim: named by its supporting information, in the bundle, and not empty."""
    named = [one.get("valueReference") for one in held.claim.get("supportingInfo", ())]
    found = [follow(held.company, one) for one in named]
    return [
        one
        for one in found
        if one is not None
        and one.get("resourceType") == "DocumentReference"
        and one.get("masterIdentifier")
        and [each for each in one.get("content", ()) if each.get("attachment")]
    ]


@dataclass(slots=True)
class Book:
    """Every submission in the order it came."""

    held: list[Held] = field(default_factory=list)

    def of(self, number: str) -> list[Held]:
        """The submissions under a number of the sender's."""
        return [one for one in self.held if one.number == number]

    @property
    def doubles(self) -> int:
        """How many submissions came under a number that was there already."""
        counts = Counter(one.number for one in self.held)
        return sum(count - 1 for count in counts.values())

    def due(self, now: datetime) -> list[Held]:
        """Pended ones that the payer decides by now."""
        return [one for one in self.held if one.settles_at is not None and one.settles_at <= now]


def codes(concept: object) -> list[str]:
    """The codes of a CodeableConcept."""
    codings = concept.get("coding", ()) if isinstance(concept, dict) else ()
    return [str(one["code"]) for one in codings if isinstance(one, dict) and one.get("code")]


def company_of(bundle: Resource) -> tuple[Resource | None, dict[str, Resource]]:
    """The first Claim of a bundle, and every resource in it by its address and by `Type/id`."""
    found: dict[str, Resource] = {}
    claim: Resource | None = None
    for entry in bundle.get("entry", ()):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict):
            continue
        found[str(entry.get("fullUrl", ""))] = resource
        found[f"{resource.get('resourceType')}/{resource.get('id', '')}"] = resource
        if resource.get("resourceType") == "Claim" and claim is None:
            claim = resource
    return claim, found


def number_of(claim: Resource) -> str:
    """The sender's own number of a claim."""
    listed = claim.get("identifier") or [{}]
    return str(listed[0].get("value", "")) if isinstance(listed[0], dict) else ""


def follow(company: dict[str, Resource], reference: object) -> Resource | None:
    """The resource that a Reference names, if it came along."""
    named = reference.get("reference") if isinstance(reference, dict) else None
    return company.get(str(named)) if named else None
