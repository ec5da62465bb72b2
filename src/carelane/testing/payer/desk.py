"""The payer's desk: a PAS request in, an answer out, over its book. No sockets; those are in `server`."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from carelane.testing.payer.claims import (
    Book,
    Held,
    Resource,
    codes,
    company_of,
    follow,
    number_of,
)
from carelane.testing.payer.deciding import ANSWERS, SILENT, decide, put, settle
from carelane.testing.payer.responses import bundle_of, outcome, refusal

_NO_SUCH_MEMBER = "75"  # X12 901: subscriber not found


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An answer: status and a resource, and which claims it decided."""

    status: int
    resource: Resource
    decided: tuple[Held, ...] = ()


@dataclass(slots=True, kw_only=True)
class Desk:
    """What one payer does. `said` are answers that the next claims get, before the seeded ones."""

    now: Callable[[], datetime]
    base: str = ""
    seed: int = 1
    book: Book = field(default_factory=Book)
    said: deque[str] = field(default_factory=deque)
    strangers: set[str] = field(default_factory=set)

    def submit(self, bundle: Resource | None) -> Told:
        """`Claim/$submit`: taken into the book and answered, or told what is wrong with it."""
        claim, company = company_of(bundle or {})
        wrong = _wrong(claim, company)
        if wrong or claim is None:
            return Told(status=422 if claim else 400, resource=outcome(wrong or "invalid"))
        now = self.now()
        held = Held(
            number=number_of(claim),
            payer_number=f"PA{len(self.book.held) + 1:07d}",
            claim=claim,
            company=company,
            received_at=now,
            answer="",
        )
        if self._member(held) in self.strangers:
            return Told(status=200, resource=refusal(held, _NO_SUCH_MEMBER, now))
        if self.said:
            put(held, self.said.popleft(), now)
        else:
            decide(self.seed, held, now)
        self.book.held.append(held)
        return Told(status=200, resource=bundle_of([held], self.base, now))

    def inquire(self, bundle: Resource | None) -> Told:
        """`Claim/$inquire`: what it says now about the claims under a number; an empty bundle where there is none."""
        self.settle_due()
        claim, _ = company_of(bundle or {})
        number = number_of(claim or {})
        if not number:
            return Told(status=400, resource=outcome("required"))
        found = self.book.of(number)
        for one in found:
            one.inquiries += 1
        return Told(status=200, resource=bundle_of(found, self.base, self.now()))

    def decide(self, number: str, answer: str) -> list[Held]:
        """A reviewer decides a claim, or every pended one where no number is given."""
        if answer not in (*ANSWERS, SILENT):
            raise ValueError("unknown answer; known: " + ", ".join((*ANSWERS, SILENT)))
        pended = [one for one in self.book.held if one.answer == "pended"]
        found = self.book.of(number)[-1:] if number else pended
        for one in found:
            put(one, answer, self.now())
        return found

    def settle_due(self) -> list[Held]:
        """Decide what is due by now."""
        due = self.book.due(self.now())
        for one in due:
            settle(one)
        return due

    def _member(self, held: Held) -> str:
        insurance = (held.claim.get("insurance") or [{}])[0]
        coverage = follow(held.company, insurance.get("coverage")) or {}
        return str(coverage.get("subscriberId", ""))


def _wrong(claim: Resource | None, company: dict[str, Resource]) -> str:
    """What a claim lacks (FHIR issue type); empty where it can be worked on."""
    if claim is None:
        return "invalid"
    if claim.get("use") != "preauthorization" or claim.get("status") != "active":
        return "value"
    insurance = claim.get("insurance") or [{}]
    there = (
        number_of(claim),
        follow(company, claim.get("patient")),
        follow(company, claim.get("insurer")),
        follow(company, insurance[0].get("coverage")),
        [one for one in claim.get("item", ()) if codes(one.get("productOrService"))],
    )
    return "" if all(there) else "required"
