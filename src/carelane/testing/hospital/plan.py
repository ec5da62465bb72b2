"""What happens at the hospital's door, day by day: arrivals of each workflow by hour, with what is planted in them.

Pure: the same seed, start and number of days give the same plan. `emit` says it in messages; what people then do, and
what follows from it, is `desk` and `after`.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from carelane.testing.hospital.roster import is_off
from carelane.testing.hospital.world import LINES, PATIENTS, SITES, Site, patient

WEEKEND = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of arrival: its workflow, how many on a working day, when, and the share with something planted.

    `always` kinds come on weekends and at night as well; those with `days` in so many first days of a run only.
    """

    workflow: str
    a_day: float
    always: bool = False
    red: float = 0.0
    wrong: float = 0.0
    incomplete: float = 0.0
    again: float = 0.0
    days: int = 0


KINDS: dict[str, Kind] = {
    "request": Kind(workflow="a", a_day=19, incomplete=0.12, again=0.05),
    "srm": Kind(workflow="a", a_day=5),
    "callback": Kind(workflow="b", a_day=11),
    "desk-visit": Kind(workflow="c", a_day=9),
    "opening": Kind(workflow="d", a_day=8),
    "symptom": Kind(workflow="f", a_day=9, always=True, red=0.2, again=0.04),
    "reading": Kind(workflow="f", a_day=6, always=True, red=0.2),
    "refill-rde": Kind(workflow="g", a_day=9, again=0.06),
    "refill-portal": Kind(workflow="g", a_day=5),
    "referral": Kind(workflow="h", a_day=21, red=0.04, wrong=0.05, incomplete=0.1),
    "order": Kind(workflow="h", a_day=9, red=0.03),
    "lab": Kind(workflow="h", a_day=6),
    "authorised-order": Kind(workflow="i", a_day=9, incomplete=0.06),
    "stay": Kind(workflow="j", a_day=7, always=True),
    "abnormal": Kind(workflow="k", a_day=12),
    "critical": Kind(workflow="k", a_day=5, always=True, red=1.0),
    "message": Kind(workflow="l", a_day=15, red=0.03, again=0.05),
    "outpatient": Kind(workflow="m", a_day=6),
    "noise": Kind(workflow="", a_day=290, always=True),
    "trouble": Kind(workflow="", a_day=5),
    "waited": Kind(
        workflow="a", a_day=8, days=5
    ),  # on the desk's own list before the run: no waitlist begins empty
}
_HOURS = (8, 9, 9, 10, 10, 10, 11, 11, 12, 13, 13, 14, 14, 14, 15, 15, 16, 17)
_ALL_DAY = (*range(24), *_HOURS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One arrival. `planted` is what is wrong or special in it: red, wrong, incomplete, again, or nothing."""

    at: datetime
    kind: str
    person: int
    site: str
    line: str
    planted: str
    dice: float  # for choices in what is said

    @property
    def workflow(self) -> str:
        """A to n, or nothing."""
        return KINDS[self.kind].workflow


def plan(*, seed: int, start: date, days: int, volume: float = 1.0) -> Sequence[Planned]:
    """All arrivals of a run, in order of time. `volume` makes a smaller (or larger) hospital."""
    chance = random.Random(seed)  # noqa: S311  # a script, not a secret
    before = random.Random(-1 - seed)  # noqa: S311  # what comes in first days only changes nothing else
    found: list[Planned] = []
    for offset in range(days):
        day = date.fromordinal(start.toordinal() + offset)
        for name, kind in KINDS.items():
            if not kind.days or offset < kind.days:
                found.extend(
                    _of_day(before if kind.days else chance, seed, day, name, kind, volume)
                )
    return sorted(found, key=lambda each: (each.at, each.kind, each.person))


def _of_day(  # noqa: PLR0913, PLR0917  # one table row on one day
    chance: random.Random, seed: int, day: date, name: str, kind: Kind, volume: float
) -> Iterator[Planned]:
    share = 1.0 if kind.always or not is_off(day) else WEEKEND
    for _ in range(_count(chance, kind.a_day * volume * share)):
        person = 1 + chance.randrange(PATIENTS)
        site = SITES[patient(seed, person).site]
        yield Planned(
            at=_hour(chance, site, day, _ALL_DAY if kind.always else _HOURS),
            kind=name,
            person=person,
            site=site.name,
            line=chance.choice([each.name for each in LINES.values() if site.name in each.sites]),
            planted=_planted(chance, kind),
            dice=chance.random(),
        )


def _count(chance: random.Random, mean: float) -> int:
    """A whole number around the mean: its whole part, and by chance one more."""
    whole = int(mean)
    return whole + (chance.random() < mean - whole)


def _hour(chance: random.Random, site: Site, day: date, hours: Sequence[int]) -> datetime:
    return site.at(day, chance.choice(hours) + chance.random())


def _planted(chance: random.Random, kind: Kind) -> str:
    roll = chance.random()
    for what in ("red", "wrong", "incomplete", "again"):
        share: float = getattr(kind, what)
        if roll < share:
            return what
        roll -= share
    return ""
