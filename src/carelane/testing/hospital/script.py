"""What happens at the hospital, as messages: the same seed gives the same morning. Pure.

Three phases: `arrivals` (before staff look), `visits` (appointments, changes of mind, a merge), `reports`.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from typing_extensions import override

from carelane.testing import messages as make

PATIENTS = 60
REFERRALS = 42
CRITICAL = 20
OVERDUE, OVERDUE_FIRST = timedelta(minutes=45), 2
DAYS_APART_S, DAYS, NUMBERS = 30, 1_000_000, 5_040
EVERY_PRELIMINARY, EVERY_CORRECTED = 6, 8


@dataclass(frozen=True, slots=True)
class Day(make.Origin):
    """An origin whose numbers go on from `first`, so that another day on the same site uses none again."""

    first: int = 0

    @override
    def at(self, n: int) -> datetime:
        return self.start + timedelta(seconds=n - self.first)


@dataclass(slots=True, kw_only=True)
class Morning:
    """The messages made so far; each event has a number of its own, which is its control id."""

    origin: Day
    chance: random.Random
    number: int
    arrivals: list[bytes] = field(default_factory=list)
    visits: list[bytes] = field(default_factory=list)
    reports: list[bytes] = field(default_factory=list)
    left: list[bytes] = field(
        default_factory=list
    )  # for a person: no simulated staff works on these

    def next(self) -> int:
        """The next event's number."""
        self.number += 1
        return self.number

    def all(self) -> Sequence[bytes]:
        """Everything, in order."""
        return (*self.arrivals, *self.visits, *self.reports, *self.left)


def morning(*, seed: int, now: datetime) -> Morning:
    """A morning that ends at `now`: all source times lie before it, so that none is from the future."""
    first = int(now.timestamp()) // DAYS_APART_S % DAYS * NUMBERS
    origin = Day(start=now - timedelta(minutes=35), first=first)
    made = Morning(origin=origin, chance=random.Random(seed), number=first + 1000)  # noqa: S311  # a script, not a secret
    _patients(made)
    referrals = _referrals(made)
    _results(made, now)
    _changes(made, referrals)
    _visits(made, referrals)
    _reports(made, referrals)
    _troubles(made)
    _left(made)
    return made


def _patients(made: Morning) -> None:
    """Registrations, admissions, discharges, and orders that are nobody's referral."""
    o = made.origin
    for person in range(1, PATIENTS + 1):
        made.arrivals.append(make.register(made.next(), person=person, origin=o))
    for person in range(1, 16):
        made.arrivals.append(make.admit(made.next(), person=person, origin=o))
        made.visits.append(make.discharge(made.next(), person=person, origin=o))
        made.arrivals.append(make.lab_order(made.next(), person=person, origin=o))
        made.arrivals.append(make.order(made.next(), person=person, origin=o))
        made.visits.append(make.refill(made.next(), person=person, origin=o))
    for person in range(16, 36):
        made.visits.append(make.update(made.next(), person=person, origin=o))


def _referrals(made: Morning) -> list[tuple[int, int]]:
    """Referrals as (number, person): most complete, some urgent, some as consult orders."""
    referrals = []
    for person in range(1, REFERRALS + 1):
        n = made.next()
        if person % 9 == 0:
            made.arrivals.append(make.order(n, person=person, consult=True, origin=made.origin))
        else:
            # The kit's first and third specialties are those that the example site has.
            specialty = made.chance.choice((0, 2))
            made.arrivals.append(
                make.referral(n, person=person, specialty=specialty, priority=person % 3 // 2,
                              complete=person % 7 != 0, origin=made.origin)
            )  # fmt: skip
        referrals.append((n, person))
    return referrals


def _results(made: Morning, now: datetime) -> None:
    """Critical results, normal ones and corrections; two were verified long ago: the last level is called at once."""
    late = replace(made.origin, start=now - OVERDUE)
    for count in range(CRITICAL):
        n, person = made.next(), 20 + count
        status = "P" if count % EVERY_PRELIMINARY == EVERY_PRELIMINARY - 1 else "F"
        origin = (
            replace(late, start=late.start - timedelta(seconds=n - late.first))
            if count < OVERDUE_FIRST
            else made.origin
        )
        made.arrivals.append(make.critical_result(n, person=person, status=status, origin=origin))
        if count % EVERY_CORRECTED == EVERY_CORRECTED - 1:
            made.visits.append(
                make.result(made.next(), person=person, status="C", of=n, origin=made.origin)
            )
    for person in range(1, 19):
        made.arrivals.append(make.result(made.next(), person=person, origin=made.origin))


def _changes(made: Morning, referrals: Sequence[tuple[int, int]]) -> None:
    """Referrals that are modified, and some that are cancelled."""
    for of, person in referrals[5:12]:
        made.arrivals.append(
            make.modify_referral(made.next(), of=of, person=person, origin=made.origin)
        )
    for of, person in referrals[:4]:
        made.visits.append(
            make.cancel_referral(made.next(), of=of, person=person, origin=made.origin)
        )


def _visits(made: Morning, referrals: Sequence[tuple[int, int]]) -> None:
    """Appointments booked in the EHR; one cancelled, one moved, two missed."""
    o = made.origin
    for count, (of, person) in enumerate(referrals[4:34]):
        booked = made.next()
        made.visits.append(make.appointment_booked(booked, of=of, person=person, origin=o))
        event = {3: "S15", 4: "S13", 5: "S26", 6: "S26"}.get(count)
        if event:
            made.visits.append(
                make.appointment_event(
                    made.next(), event, booked=booked, of=of, person=person, origin=o
                )
            )
        elif count > 8:  # noqa: PLR2004  # the rest came, and the desk saw them arrive
            made.reports.append(
                make.register(made.next(), person=person, appointment=booked, origin=o)
            )


def _reports(made: Morning, referrals: Sequence[tuple[int, int]]) -> None:
    """Consult reports that close the loop; one comes before its visit."""
    for of, person in referrals[13:34]:
        made.reports.append(make.report(made.next(), of=of, person=person, origin=made.origin))
    of, person = referrals[-1]
    made.arrivals.append(make.report(made.next(), of=of, person=person, origin=made.origin))


def _troubles(made: Morning) -> None:
    """Duplicates, one control id with another body, a merge, and a result under the dead number."""
    o = made.origin
    made.arrivals.extend(made.arrivals[70:82])
    n = made.next()
    made.arrivals.append(make.admit(n, person=50, origin=o))
    made.arrivals.append(make.admit(n, person=51, origin=o))
    made.visits.append(make.merge(made.next(), survivor=59, retired=60, origin=o))
    made.visits.append(make.critical_result(made.next(), person=60, origin=o))


def _left(made: Morning) -> None:
    """Three referrals and a critical result that wait for whoever tries the portal."""
    for person in (56, 57, 58):
        made.left.append(make.referral(made.next(), person=person, specialty=2, origin=made.origin))
    made.left.append(make.critical_result(made.next(), person=55, origin=made.origin))
