"""The synthetic hospital's world: sites with hours in two zones, service lines, providers, payers, 10,000 patients.

Pure and seeded: the same seed gives the same world, whoever asks. Nobody in it exists.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from carelane.testing.message_parts import patient_number, person_name

PATIENTS = 10_000
AUTHORITY = "NORTH"
HOLIDAYS = frozenset(
    {date(2026, 11, 26), date(2026, 12, 25), date(2027, 1, 1), date(2027, 5, 31), date(2027, 7, 5)}
)
SATURDAY = 5
_BORN = date(1930, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place with hours; `feed` is the interface engine's connection to Carelane."""

    name: str
    zone: str
    opens: time
    closes: time
    feed: str
    state: str

    def local(self, at: datetime) -> datetime:
        """The instant on the site's clocks."""
        return at.astimezone(ZoneInfo(self.zone))

    def at(self, day: date, hour: float) -> datetime:
        """A local hour of a day, as an instant."""
        midnight = datetime.combine(day, time(), ZoneInfo(self.zone))
        return (midnight + timedelta(hours=hour)).astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A service line: how the sender's system calls it, what it is asked for, where it is."""

    name: str
    code: str
    title: str
    diagnosis: str
    reason: str
    sites: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One kind of slot in a provider's day: from, how many, how long, for which visit."""

    start: float
    count: int
    minutes: int
    visit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """Who sees patients: line, site, licence, and the template of an open day."""

    number: str
    family: str
    given: str
    line: str
    site: str
    licence: str
    template: tuple[Template, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """An invented patient: how to reach them and how they wish it. Empty: not known."""

    person: int
    family: str
    given: str
    born: date
    sex: str
    site: str
    payer: str
    mobile: str
    home_phone: str
    mail: str
    prefers: str  # text, mail or nothing
    language: str

    @property
    def number(self) -> str:
        """The medical record number."""
        return patient_number(self.person)


SITES: Mapping[str, Site] = {
    each.name: each
    for each in (
        Site(name="north", zone="America/New_York", opens=time(8), closes=time(17), feed="mllp", state="NY"),
        Site(name="harbour", zone="America/Chicago", opens=time(9), closes=time(17), feed="mllp-harbour", state="IL"),
        Site(name="lakeside", zone="America/Chicago", opens=time(7, 30), closes=time(16),
             feed="mllp-lakeside", state="WI"),
    )
}  # fmt: skip
LINES: Mapping[str, Line] = {
    each.name: each
    for each in (
        Line(name="orthopaedics", code="ORT", title="Orthopaedics", diagnosis="M17.9", reason="Knee arthrosis",
             sites=("north", "harbour", "lakeside")),
        Line(name="cardiology", code="CARD", title="Cardiology", diagnosis="I25.9", reason="Known heart disease",
             sites=("north", "lakeside")),
        Line(name="primary-care", code="GP", title="Primary care", diagnosis="I10", reason="High blood pressure",
             sites=("north", "harbour", "lakeside")),
        Line(name="neurology", code="NEUR", title="Neurology", diagnosis="G43.9", reason="Migraine",
             sites=("north", "harbour")),
        Line(name="gastroenterology", code="GAST", title="Gastroenterology", diagnosis="K21.9", reason="Reflux",
             sites=("north", "harbour")),
        Line(name="dermatology", code="DERM", title="Dermatology", diagnosis="L40.0", reason="Psoriasis",
             sites=("harbour", "lakeside")),
    )
}  # fmt: skip
PAYERS = ("granite-health", "lakeshore-mutual", "public-plan", "self-pay")
_PAYER_WEIGHTS = (38, 27, 27, 8)
_LANGUAGES = (("en", 78), ("es", 16), ("fr", 3), ("vi", 3))
_SITE_WEIGHTS = (("north", 50), ("harbour", 30), ("lakeside", 20))
_OPEN_DAY = (
    Template(start=8.5, count=2, minutes=45, visit="new-patient"),
    Template(start=10.0, count=6, minutes=20, visit="follow-up"),
    Template(start=13.5, count=2, minutes=45, visit="new-patient"),
    Template(start=15.0, count=1, minutes=60, visit="procedure"),
    Template(start=12.0, count=2, minutes=20, visit="telehealth"),
)
_AT_HOME = Template(start=12.75, count=1, minutes=45, visit="home-visit")
HOME_LINE = "primary-care"  # whose team visits at home


def born(person: int) -> date:
    """The birth date of the patient of that number: no two of 29,231 on one day."""
    return _BORN + timedelta(days=person * 7919 % 29_231)


@cache
def patient(seed: int, person: int) -> Patient:
    """The patient of that number (1 to 10,000)."""
    chance = random.Random(seed * 1_000_003 + person)  # noqa: S311  # a world, not a secret
    family, given = person_name(person)
    way = chance.random()
    mobile = f"+1555{person:07d}" if way < 0.85 else ""  # noqa: PLR2004  # shares of the invented town
    home = f"+1554{person:07d}" if way >= 0.80 and way < 0.95 else ""  # noqa: PLR2004  # as above
    mail = f"p{person}@patients.example" if chance.random() < 0.6 and way < 0.98 else ""  # noqa: PLR2004  # as above
    return Patient(
        person=person, family=family, given=given, born=born(person),
        sex="FM"[person % 2], site=_drawn(chance, _SITE_WEIGHTS), payer=chance.choices(PAYERS, _PAYER_WEIGHTS)[0],
        mobile=mobile, home_phone=home, mail=mail, language=_drawn(chance, _LANGUAGES),
        prefers="mail" if mail and chance.random() < 0.12 else "text" if mobile else "",  # noqa: PLR2004  # as above
    )  # fmt: skip


def providers() -> Sequence[Provider]:
    """Two at each site of each line."""
    found: list[Provider] = []
    for line in LINES.values():
        for site in line.sites:
            for _ in range(2):
                number = len(found) + 1
                family, given = person_name(20_000 + number * 7)
                found.append(
                    Provider(number=f"D{number:03d}", family=family, given=given, line=line.name, site=site,
                             licence=f"MD-{4000 + number}", template=_day_of(line.name))
                )  # fmt: skip
    return found


def _day_of(line: str) -> tuple[Template, ...]:
    return (*_OPEN_DAY, _AT_HOME) if line == HOME_LINE else _OPEN_DAY


def is_open(day: date) -> bool:
    """Whether the sites open on that day: Monday to Friday less holidays, at all three."""
    return day.weekday() < SATURDAY and day not in HOLIDAYS


def open_days(start: date, days: int) -> Iterator[date]:
    """The days on which the sites open, of that many from `start`."""
    for offset in range(days):
        day = start + timedelta(days=offset)
        if is_open(day):
            yield day


def begin_of(now: datetime) -> datetime:
    """When a run of days begins that is asked for at `now`: the next Monday, 06:00 at the north campus."""
    local = SITES["north"].local(now)
    ahead = (7 - local.weekday()) % 7 or 7
    return SITES["north"].at(local.date() + timedelta(days=ahead), 6)


def _drawn(chance: random.Random, weighted: Sequence[tuple[str, int]]) -> str:
    names, weights = zip(*weighted, strict=True)
    return str(chance.choices(names, weights)[0])
