"""Who is on shift when: one table of patterns, for simulated staff and for the coverage calendar of a run of days.

`python -m carelane.testing.hospital.roster DAYS` prints the rows of `coverage.yaml` that plan cover around the
clock for a run; the site's own rows hold beside them.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from carelane.testing.hospital.world import HOLIDAYS, SATURDAY, SITES, begin_of

DAY_H = 24.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """Local hours on working days, and on the others (weekends and holidays); an end past 24 is of the next day.

    `clinic` and `off_clinic` are hours of these days that belong to patients who come, or to the ward at night: only
    what can't wait interrupts them.
    """

    site: str = "north"
    week: tuple[float, float] | None = None
    weekend: tuple[float, float] | None = None
    clinic: tuple[tuple[float, float], ...] = ()
    off_clinic: tuple[tuple[float, float], ...] = ()


OFFICE = Pattern(week=(8, 17))
CLINIC = ((8.5, 12), (13, 16.75))
ROOMS = ((8.5, 10.75), (13, 15.25))
LONG_ROOMS = ((8.5, 11.25), (13, 15.75))
ROSTER: Mapping[str, Pattern] = {
    "amara.quill": OFFICE,
    "bo.tarrant": OFFICE,
    "cleo.marsh": Pattern(site="harbour", week=(8.5, 17)),
    "tilda.crane": Pattern(site="lakeside", week=(7.5, 16.5)),
    "umar.vance": Pattern(week=(10, 19), weekend=(9, 15)),
    "dev.okafor": Pattern(week=(7, 16), clinic=LONG_ROOMS),
    "edda.voss": Pattern(week=(8, 17), clinic=ROOMS),
    "oskar.lind": Pattern(
        week=(14, 23),
        weekend=(7, 19),
        clinic=((15.5, 18), (19.5, 22)),
        off_clinic=((8, 12), (13, 18)),
    ),
    "nadia.ferro": Pattern(
        week=(22.5, 32),
        weekend=(19, 32),
        clinic=((23, 26.5), (27, 31.5)),
        off_clinic=((20, 25), (26, 31.5)),
    ),
    "farid.noor": Pattern(week=(8, 17), clinic=CLINIC),
    "gwen.ashby": Pattern(week=(8, 17), clinic=CLINIC),
    "hugo.lindqvist": Pattern(week=(7.5, 17.5), clinic=((9, 11.25), (13.5, 16.25))),
    "petra.soldan": Pattern(week=(8, 17), clinic=CLINIC),
    "quentin.abara": Pattern(week=(8, 17), clinic=CLINIC),
    "rosa.ikeda": Pattern(week=(8, 17), clinic=CLINIC),
    "samir.holt": Pattern(
        week=(17, 31.5),
        weekend=(7.5, 31.5),
        clinic=((18, 22.5), (23, 30)),
        off_clinic=((8, 12), (13, 18), (19, 30)),
    ),
    "ines.barreto": Pattern(week=(7, 17)),
    "vera.stone": Pattern(week=(17, 31), weekend=(7, 31)),
    "jonas.weald": Pattern(week=(8, 17), weekend=(10, 12)),
    "luca.fenwick": OFFICE,
    "kira.sandoval": OFFICE,
}
URGENT_POOLS = ("urgent-triage", "triage-nurses", "results-nurses")
NURSES = ("dev.okafor", "edda.voss", "oskar.lind", "nadia.ferro")
NIGHT_PHYSICIAN = "samir.holt"
NIGHT_ROLES = ("responsible-clinician", "covering-clinician", "physician-on-call")


def is_off(day: date) -> bool:
    """A weekend or a holiday."""
    return day.weekday() >= SATURDAY or day in HOLIDAYS


def shift(name: str, day: date) -> tuple[datetime, datetime] | None:
    """The shift that begins on that day, or None."""
    pattern = ROSTER[name]
    hours = pattern.weekend if is_off(day) else pattern.week
    if hours is None:
        return None
    site = SITES[pattern.site]
    return site.at(day, hours[0]), site.at(day, hours[1])


def shifts(name: str, start: date, days: int) -> Sequence[tuple[datetime, datetime]]:
    """All shifts of a run, the night before its first day too."""
    found = (shift(name, start + timedelta(days=offset)) for offset in range(-1, days + 1))
    return [each for each in found if each is not None]


def clinics(name: str, start: date, days: int) -> Sequence[tuple[datetime, datetime]]:
    """The hours of a run that belong to patients who come."""
    pattern = ROSTER[name]
    site = SITES[pattern.site]
    open_ = (start + timedelta(days=offset) for offset in range(days + 1))
    return [
        (site.at(day, since), site.at(day, until))
        for day in open_
        for since, until in (pattern.off_clinic if is_off(day) else pattern.clinic)
    ]


def rows(start: date, days: int) -> Iterator[str]:
    """Rows of `coverage.yaml`: nurses on duty in the urgent pools, and who is called at night and on weekends."""
    for pool in URGENT_POOLS:
        for name in NURSES:
            yield from _rows(f"pool: {pool}, person: {name}", shifts(name, start, days))
    for role in NIGHT_ROLES:
        called = f"role: {role}, cover: true, person: {NIGHT_PHYSICIAN}"
        yield from _rows(called, shifts(NIGHT_PHYSICIAN, start, days))
    called = "role: house-supervisor, cover: true, person: vera.stone"
    yield from _rows(called, shifts("vera.stone", start, days))


def _rows(what: str, times: Sequence[tuple[datetime, datetime]]) -> Iterator[str]:
    for since, until in times:
        yield f"  - {{ {what}, from: {since.isoformat()}, to: {until.isoformat()} }}"


if __name__ == "__main__":
    begins = SITES["north"].local(begin_of(datetime.now(UTC))).date()  # a program of its own
    sys.stdout.write("".join(f"{row}\n" for row in rows(begins, int(sys.argv[1]))))
