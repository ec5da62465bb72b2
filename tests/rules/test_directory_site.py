"""The site's files: the shipped example is complete, and each mistake has a place and a remedy."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carelane.directory.owners import Scope, gaps
from carelane.directory.site import SECTIONS, load_site
from carelane.directory.snapshot import Snapshot, unsigned
from carelane.facts.fact import Urgency
from carelane.facts.problem import Fault, Problem, Severity

FOLDER = Path(__file__).parents[2] / "site"
SHIPPED = {file.name: file.read_text(encoding="utf-8") for file in FOLDER.glob("*.yaml")}

SMALL = """
organisation: Small Clinic
sites: { here: { zone: Europe/Berlin, calendar: open, last_resort: desk } }
service_lines: { all: { sites: [here], triage: desk } }
calendars: { open: { zone: Europe/Berlin, monday: ["08:00-12:00", "13:00-24:00"], holidays: ["2026-12-25"] } }
pools: { desk: { urgencies: [routine, stat] } }
people:
  ann: { roles: [nurse], pools: [desk], contacts: [{ channel: phone, address: "1" }] }
  bob: { roles: [doctor] }
coverage: [{ role: doctor, person: bob, from: 2026-01-01T00:00:00+01:00, to: 2026-02-01T00:00:00+01:00 }]
connections: { feed: { kind: hl7v2, site: here, settings: { port: 20575, tls: false, key_file: a.pem } } }
activations: [{ pathway: referral, approvers: [ann, bob], reason: agreed }]
settings: { everywhere: { tell: 24h }, here: { tell: 12h } }
"""


def small(old: str = "", new: str = "") -> tuple[Snapshot, tuple[Problem, ...]]:
    assert old in SMALL
    return load_site({"site.yaml": SMALL.replace(old, new, 1)})


def test_the_shipped_site_is_complete() -> None:
    """Three sites in two zones, six service lines, no problem at all."""
    site, problems = load_site(SHIPPED, version=3)
    assert [problem.line() for problem in problems] == []
    assert site.version == 3
    assert len(site.sites) == 3
    assert len({place.zone for place in site.sites.values()}) == 2
    assert len(site.service_lines) == 6
    assert {"orthopaedics", "cardiology", "primary-care"} <= set(site.service_lines)
    assert all(len(set(each.approvers)) == 2 for each in site.activations)


@pytest.mark.parametrize(
    "role", ["responsible-clinician", "covering-clinician", "physician-on-call", "house-supervisor"]
)
def test_the_shipped_calendars_have_no_gap(role: str) -> None:
    """Somebody is on call for each role of the shipped pathways, everywhere, all year."""
    site, _ = load_site(SHIPPED)
    start = datetime(2026, 11, 1, tzinfo=UTC)
    for place in site.sites:
        for line in site.service_lines:
            scope = Scope(site=place, service_line=line, at=start)
            assert gaps(site, role, scope, start + timedelta(days=365)) == ()


def test_a_small_site_reads_as_written() -> None:
    """Every section, value by value."""
    site, problems = small()
    assert problems == ()
    assert (site.organisation, site.pools["desk"].members) == ("Small Clinic", ("ann",))
    assert site.pools["desk"].urgencies == (Urgency.ROUTINE, Urgency.STAT)
    assert site.coverage[0].to_at == datetime(2026, 1, 31, 23, tzinfo=UTC)
    assert site.calendars["open"].hours[0] == ((time(8), time(12)), (time(13), time(0)))
    assert site.calendars["open"].hours[1:] == ((),) * 6
    assert site.calendars["open"].holidays == {date(2026, 12, 25)}
    assert site.connections["feed"].settings == {"port": 20575, "tls": False, "key_file": "a.pem"}
    assert "1" not in repr(site.people["ann"].contacts)


def test_a_sites_own_setting_wins() -> None:
    """Here, then everywhere, then the pathway's own."""
    site, _ = small()
    assert site.setting("tell", "here") == timedelta(hours=12)
    assert site.setting("tell", "there") == timedelta(hours=24)
    assert site.setting("else", "here") is None


def test_a_clock_finds_a_calendar_also_for_an_unknown_site() -> None:
    """A fact from nowhere still gets a due time."""
    site, _ = small()
    assert site.calendar_of("here") == site.calendar_of("moon") == site.calendars["open"]
    assert Snapshot(organisation="o", title="o").calendar_of("moon") is None


MISTAKES = [
    # instead of this, this; then code and where
    ("organisation: Small Clinic\n", "", "site.incomplete", "organisation"),
    (
        "zone: Europe/Berlin, calendar",
        "zone: Berlin, calendar",
        "site.incomplete",
        "sites.here.zone",
    ),
    ("calendar: open", "calendar: opne", "site.name", "sites.here.calendar"),
    ("last_resort: desk", "last_resort: dusk", "site.name", "sites.here.last_resort"),
    ("triage: desk", "triage: dusk", "site.name", "service_lines.all.triage"),
    ("[here], triage", "[there], triage", "site.name", "service_lines.all.sites"),
    ("pools: [desk]", "pools: [dusk]", "site.name", "people.ann.pools"),
    ("person: bob", "person: rob", "site.name", "coverage[1].person"),
    ("role: doctor, person", "role: surgeon, person", "site.incomplete", "coverage[1]"),
    ("roles: [doctor]", "roles: []", "site.incomplete", "people.bob"),
    ("[routine, stat]", "[]", "site.incomplete", "pools.desk"),
    ("[routine, stat]", "[soon]", "site.wrong", "site.yaml, line 6"),
    ("08:00-12:00", "8-12 Uhr", "site.wrong", "site.yaml, line 5"),
    ("08:00-12:00", "08:00-14:00", "site.incomplete", "calendars.open.hours"),
    ("2026-12-25", "25.12.2026", "site.wrong", "site.yaml, line 5"),
    ("from: 2026-01-01T00:00:00+01:00", "from: 2026-01-01", "site.wrong", "site.yaml, line 10"),
    ("to: 2026-02-01", "to: 2025-02-01", "site.wrong", "site.yaml, line 10"),
    ("channel: phone", "channel: pigeon", "site.wrong", "site.yaml, line 8"),
    ("key_file: a.pem", "key_password: x", "site.wrong", "site.yaml, line 11"),
    ("approvers: [ann, bob]", "approvers: [ann, ann]", "site.wrong", "site.yaml, line 12"),
    (
        "approvers: [ann, bob]",
        "approvers: [ann, eve]",
        "site.name",
        "activations.referral.approvers",
    ),
    ("tell: 24h", "tell: soon", "site.wrong", "site.yaml, line 13"),
    (
        "settings: { everywhere",
        "settings: { nowhere: { a: 1h }, everywhere",
        "site.name",
        "settings.nowhere",
    ),
    ("activations:", "activation:", "site.unknown-key", "site.yaml, line 12"),
    ("coverage: [", "coverage: [1, ", "site.wrong", "site.yaml, line 10"),
    ("people:\n", "people: &a\n", "site.anchor", "site.yaml, line 7"),
    ("{ roles: [doctor] }", "doctor", "site.wrong", "site.yaml, line 9"),
]


@pytest.mark.parametrize(("old", "new", "code", "place"), MISTAKES)
def test_each_mistake_has_a_place_and_a_remedy(old: str, new: str, code: str, place: str) -> None:
    """The problem is the site's to correct, and says where and how."""
    _, problems = small(old, new)
    found = [(problem.code, problem.place.startswith(place)) for problem in problems]
    assert (code, True) in found, [problem.line() for problem in problems]
    assert all(problem.remedy and problem.fault is Fault.SITE for problem in problems)


def test_an_empty_pool_is_a_warning() -> None:
    """It has a cover or a last resort: nothing is lost, but somebody should know."""
    _, problems = small("pools: [desk], ", "")
    assert [(problem.severity, problem.place) for problem in problems] == [
        (Severity.WARNING, "pools.desk")
    ]


def test_one_name_in_two_files_is_a_problem() -> None:
    """Which of the two would hold?"""
    _, problems = load_site({"a.yaml": SMALL, "b.yaml": "pools: { desk: { urgencies: [stat] } }"})
    assert [(problem.code, problem.place) for problem in problems] == [
        ("site.wrong", "b.yaml, line 1, column 1")
    ]


def test_a_secret_is_not_repeated_in_the_problem() -> None:
    """The problem names the key, never the value."""
    _, problems = small("key_file: a.pem", "client_secret: hunter2")
    assert problems
    assert not any("hunter2" in problem.line() for problem in problems)


@given(
    st.text(max_size=200)
    | st.builds("{}: {}".format, st.sampled_from(SECTIONS), st.text(max_size=60))
)
def test_reading_never_raises(text: str) -> None:
    """Whatever stands in the file: a snapshot, and problems."""
    site, problems = load_site({"x.yaml": text})
    assert isinstance(site, Snapshot)
    assert problems


def test_the_site_says_which_roles_sign_off_and_what_nobody_signed_is_named() -> None:
    """Also of what its own files put in force."""
    added = "\nsign_off: [nurse]\nsettings:"
    site, problems = small("\nsettings:", added)
    assert problems == ()
    assert site.sign_off == ("nurse",)
    assert unsigned(site, []) == ("nurse",)
    _, problems = small("\nsettings:", "\nsign_off: [nures]\nsettings:")
    assert [each.place for each in problems] == ["sign_off", "activations.referral.approvers"]


def test_the_site_says_who_needs_a_second_factor_and_a_role_that_nobody_has_is_named() -> None:
    """A role that is misspelt would silently ask nobody."""
    added = "\nsecond_factor: [{}]\nsettings:"
    site, problems = small("\nsettings:", added.format("nurse, everyone"))
    assert problems == ()
    assert site.second_factor == ("nurse", "everyone")
    _, problems = small("\nsettings:", added.format("nures"))
    assert [each.place for each in problems] == ["second_factor"]
