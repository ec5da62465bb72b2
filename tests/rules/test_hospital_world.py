"""The synthetic hospital's world and plan: the same seed is the same town, its counts hold, its zones are real."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from carelane.access.masking import mask_date, mask_identifier
from carelane.directory.site import load_site
from carelane.pathways.definition import Definition, TaskKind
from carelane.pathways.loading import load
from carelane.testing.hospital import roster
from carelane.testing.hospital.acts import ACTS, person_of
from carelane.testing.hospital.members import Member
from carelane.testing.hospital.plan import KINDS, plan
from carelane.testing.hospital.told import WORKFLOWS
from carelane.testing.hospital.work import WORK
from carelane.testing.hospital.world import (
    LINES,
    PATIENTS,
    SITES,
    begin_of,
    is_open,
    open_days,
    patient,
    providers,
)

ROOT = Path(__file__).parents[2]
MONDAY = date(2026, 11, 30)
SITE, _ = load_site(
    {file.name: file.read_text(encoding="utf-8") for file in (ROOT / "site").glob("*.yaml")}
)


@pytest.mark.requirement("R131")
def test_the_town_has_its_sites_lines_and_patients() -> None:
    """Three sites in two zones, six service lines, 10,000 patients with phones, languages and wishes."""
    town = [patient(1, person) for person in range(1, PATIENTS + 1)]

    assert len(SITES) == 3
    assert len({each.zone for each in SITES.values()}) == 2
    assert len(LINES) == 6
    assert len({each.number for each in town}) == PATIENTS
    assert len({each.mobile for each in town if each.mobile}) > 8_000
    languages = Counter(each.language for each in town)
    assert languages["en"] > languages["es"] > 1_000
    assert min(languages.values()) > 100
    assert 0 < sum(each.prefers == "mail" for each in town) < 1_500
    unreachable = sum(not (each.mobile or each.home_phone or each.mail) for each in town)
    assert 0 < unreachable < 500


def test_the_same_seed_is_the_same_town_and_the_same_days() -> None:
    """Deterministic by seed: whoever asks, in whatever order."""
    assert patient(7, 42) == patient(7, 42)
    assert any(patient(7, each) != patient(8, each) for each in range(1, 50))
    one, again, other = (plan(seed=each, start=MONDAY, days=3) for each in (1, 1, 2))
    assert one == again
    assert one != other


def test_the_hospital_and_the_example_site_name_the_same_places() -> None:
    """What the hospital says is about sites and service lines that Carelane's site has, in the same zones."""
    assert {name: each.zone for name, each in SITES.items()} == {
        name: each.zone for name, each in SITE.sites.items()
    }
    assert set(LINES) == set(SITE.service_lines)
    assert {each.feed for each in SITES.values()} <= set(SITE.connections)


def test_hours_are_local_and_holidays_are_shut() -> None:
    """Nine in the morning is another instant in New York than in Chicago; nobody books on Christmas day."""
    assert SITES["harbour"].at(MONDAY, 9) - SITES["north"].at(MONDAY, 9) == timedelta(hours=1)
    assert not is_open(date(2026, 12, 25))
    assert len(list(open_days(MONDAY, 30))) == 21


def test_a_run_begins_on_a_monday_morning() -> None:
    """Always later than it was asked for."""
    for hour in range(0, 24 * 8, 5):
        asked = datetime(2026, 11, 23, tzinfo=UTC) + timedelta(hours=hour)
        begins = SITES["north"].local(begin_of(asked))
        assert begins > asked
        assert (begins.weekday(), begins.hour) == (0, 6)


def test_thirty_days_bring_enough_of_every_workflow() -> None:
    """At least 100 arrivals of each workflow that arrivals start; the others follow from those."""
    arrivals = plan(seed=1, start=MONDAY, days=30)
    found = Counter(each.workflow for each in arrivals)

    assert {each for each in WORKFLOWS if found[each] < 100} <= {"e", "n"}
    assert len(arrivals) > 12_000  # each brings one message or more: 20,000 are asked for
    planted = Counter((each.kind, each.planted) for each in arrivals)
    assert planted["symptom", "red"] > 20
    assert planted["referral", "wrong"] > 10
    assert all(KINDS[each.kind].a_day for each in arrivals)


def test_who_waited_before_comes_in_the_first_days_and_changes_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A waitlist does not begin empty; all other arrivals of a seed are what they are without it."""
    arrivals = plan(seed=1, start=MONDAY, days=14)
    waited = [each for each in arrivals if each.kind == "waited"]
    monkeypatch.delitem(KINDS, "waited")

    assert len(waited) == 40
    assert max(each.at for each in waited) < SITES["north"].at(MONDAY, 24 * 5)
    without = [each for each in arrivals if each.kind != "waited"]
    assert without == plan(seed=1, start=MONDAY, days=14)


def test_nights_and_weekends_are_covered() -> None:
    """In each hour of a month a nurse, a physician and a supervisor are here."""
    start = SITES["north"].at(MONDAY, 6)
    doctors = [name for name in roster.ROSTER if "clinician" in SITE.people[name].roles]
    crews = (roster.NURSES, doctors, ("ines.barreto", "vera.stone"))
    here = {
        name: roster.shifts(name, MONDAY, 31)
        for name in {name for crew in crews for name in crew}
    }  # fmt: skip
    for hour in range(30 * 24):
        at = start + timedelta(hours=hour)
        for crew in crews:
            assert any(since <= at < until for name in crew for since, until in here[name]), at


@pytest.mark.parametrize("name", sorted(roster.ROSTER))
def test_planned_hours_are_counted_once(name: str) -> None:
    """Nobody's shifts overlap, and hours for patients or the ward lie in one of them."""
    shifts = sorted(roster.shifts(name, MONDAY, 31))
    assert all(before[1] <= after[0] for before, after in pairwise(shifts))
    for since, until in roster.clinics(name, MONDAY, 31):
        assert any(begins <= since < until <= ends for begins, ends in shifts), since


def test_work_in_hours_that_belong_to_patients_is_counted_once() -> None:
    """What can't wait interrupts a clinic: the clinic's time counts, what lies outside of it counts beside."""
    at = SITES["north"].at(MONDAY, 10)
    quarter = timedelta(minutes=15)
    doctor = Member(
        name="farid.noor", owners=frozenset(), sites=frozenset(), shifts=[(at, at + 16 * quarter)],
        clinics=[(at, at + quarter)], free_at=at,
    )  # fmt: skip
    assert doctor.clinic_s(at - quarter, at + 8 * quarter) == quarter.total_seconds()
    assert doctor.clinic_s(at + quarter, at + 8 * quarter) == 0
    assert doctor.shift_s(at, at + 4 * quarter) == 4 * quarter.total_seconds()


def test_the_roster_knows_people_of_the_site_only() -> None:
    """Each has a pool to work for, and each row is one that the site's calendar takes."""
    assert all(SITE.people[name].pools for name in roster.ROSTER)
    text = "coverage:\n" + "\n".join(roster.rows(MONDAY, 2)) + "\n"
    files = {f.name: f.read_text(encoding="utf-8") for f in (ROOT / "site").glob("*.yaml")}
    files["coverage.yaml"] = text
    _, problems = load_site(files)
    assert [each.line() for each in problems] == []


def test_staff_knows_whose_row_it_is() -> None:
    """What the list shows of a number and a birth date tells any two patients of the town apart."""
    for person in range(1, PATIENTS + 1, 37):
        known = patient(1, person)
        shown = {
            "identifier": mask_identifier(known.number),
            "birth_date": mask_date(known.born.isoformat()),
        }
        assert person_of(shown) == person
    assert person_of(None) == 0


def test_there_are_providers_with_licences_for_every_line_and_site() -> None:
    """Two each, with a template of an open day."""
    found = Counter((each.line, each.site) for each in providers())
    assert found == {(line.name, site): 2 for line in LINES.values() for site in line.sites}
    assert all(each.licence and each.template for each in providers())


def shipped() -> dict[str, Definition]:
    found = {}
    for file in (*(ROOT / "pathways").glob("*.yaml"), *(ROOT / "pathways/system").glob("*.yaml")):
        definition, _ = load(file.read_bytes(), place=file.name)
        assert definition is not None
        found[definition.name] = definition
    return found


def kinds() -> dict[str, TaskKind]:
    return {
        f"{name}/{task}": kind
        for name, definition in shipped().items()
        for task, kind in definition.tasks.items()
    }


@pytest.mark.parametrize("row", sorted(WORK))
def test_each_row_of_staffs_work_is_a_task_and_its_endings_are_endings(row: str) -> None:
    """What staff says is taken: the task exists, the outcomes are its own, the forms have what they need."""
    kind = kinds()[row]
    for _, outcome, form in WORK[row].choices:
        assert outcome in kind.outcomes
        assert not WORK[row].act or WORK[row].act in ACTS
        if not WORK[row].act:
            assert needed(kind, outcome) <= set(form), (row, outcome)
        for name, value in form.items():
            assert fits(kind, name, value), (row, name)


def needed(kind: TaskKind, outcome: str) -> set[str]:
    return {each.name for each in kind.form if outcome in each.required_for}


def fits(kind: TaskKind, name: str, value: Any) -> bool:
    field = next((each for each in kind.form if each.name == name), None)
    return field is not None and (not field.options or value in field.options)
