"""Hours without an eligible owner, ahead: exact stretches, per reason, and the matrix of the pathways in force."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carelane.directory.coverage import Entry, directory, gaps_ahead, places
from carelane.directory.duty import lacks, uncovered
from carelane.directory.owners import Scope, may_take
from carelane.directory.posts import charges, posts, urgent_states
from carelane.directory.site import load_site
from carelane.directory.snapshot import (
    Contact,
    Coverage,
    Person,
    Place,
    Pool,
    ServiceLine,
    Snapshot,
)
from carelane.facts.fact import Urgency
from carelane.pathways.definition import Definition, OwnerKind
from carelane.pathways.loading import load

ROOT = Path(__file__).parents[2]
START = datetime(2026, 11, 23, tzinfo=UTC)
END = START + timedelta(hours=24)
NORTH = Scope(site="north", service_line="cardiology", at=START)
ALL = tuple(Urgency)

ANA = Person(name="ana", display="Ana", roles=("nurse",), pools=("nurses",), sites=("north",), licences=("RN",),
             languages=("en", "es"))  # fmt: skip
BEN = Person(name="ben", display="Ben", roles=("doctor",), pools=("nurses",), sites=("harbour",),
             contacts=(Contact(channel="phone", address="+1-555-0100"),))  # fmt: skip
EVE = Person(name="eve", display="Eve", roles=("doctor",), pools=("desk",))


def hour(number: int) -> datetime:
    return START + timedelta(hours=number)


def site(
    *rows: Coverage, nurses: Pool | None = None, people: tuple[Person, ...] = (ANA, BEN, EVE)
) -> Snapshot:
    nurses = nurses or Pool(name="nurses", title="Nurses", urgencies=ALL)
    pools = {"nurses": nurses, "desk": Pool(name="desk", title="Desk", urgencies=ALL)}
    place = Place(name="north", title="North", zone="America/New_York", calendar="c", last_resort="desk")  # fmt: skip
    line = ServiceLine(name="cardiology", title="C", sites=("north",), triage="nurses")
    return Snapshot(
        organisation="n",
        title="N",
        sites={"north": place, "harbour": replace(place, name="harbour")},
        service_lines={"cardiology": line},
        people={each.name: each for each in people},
        pools={name: replace(pool, members=_members(people, name)) for name, pool in pools.items()},
        coverage=rows,
    )  # fmt: skip


def _members(people: tuple[Person, ...], pool: str) -> tuple[str, ...]:
    return tuple(each.name for each in people if pool in each.pools)


def duty(person: str, start: int, end: int | None = None, *, role: str = "") -> Coverage:
    """A row of an on-call calendar, or without a role of duty in the nurses' pool."""
    until = None if end is None else hour(end)
    return Coverage(
        person=person, from_at=hour(start), to_at=until, role=role, pool="" if role else "nurses"
    )


def hours(snapshot: Snapshot, kind: OwnerKind, name: str) -> list[tuple[int, int]]:
    found = uncovered(snapshot, kind, name, NORTH, END)
    return [(int((one.from_at - START).total_seconds() // 3600), int((one.to_at - START).total_seconds() // 3600))
            for one in found]  # fmt: skip


def test_a_pool_without_rows_of_duty_always_has_its_members() -> None:
    assert hours(site(), OwnerKind.POOL, "nurses") == []


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ((duty("ana", 8, 16),), [(0, 8), (16, 24)]),
        ((duty("ana", 0, 8), duty("ana", 8, 24)), []),
        ((duty("ana", 0, 8), duty("ben", 8, 16), duty("ana", 16)), [(8, 16)]),  # ben works elsewhere
        ((duty("ana", -5, 30),), []),
        ((duty("ana", 30, 40),), [(0, 24)]),
    ],
)  # fmt: skip
def test_a_pool_with_rows_of_duty_is_staffed_by_those(
    rows: tuple[Coverage, ...], expected: list[tuple[int, int]]
) -> None:
    assert hours(site(*rows), OwnerKind.POOL, "nurses") == expected


def test_a_role_with_a_calendar_is_covered_by_its_rows_alone() -> None:
    assert hours(site(duty("eve", 6, 12, role="doctor")), OwnerKind.ROLE, "doctor") == [(0, 6), (12, 24)]  # fmt: skip


def test_a_role_without_a_calendar_is_covered_by_whoever_holds_it_here() -> None:
    assert hours(site(), OwnerKind.ROLE, "doctor") == []
    assert hours(site(people=(ANA,)), OwnerKind.ROLE, "doctor") == [(0, 24)]


def test_whoever_is_called_first_must_work_at_the_site() -> None:
    (found,) = uncovered(site(duty("ben", 0, role="doctor")), OwnerKind.ROLE, "doctor", NORTH, END)
    assert "ben is called first" in found.lack.why
    assert "Add the site to ben" in found.lack.remedy


@pytest.mark.parametrize(
    ("pool", "people", "why"),
    [
        ({}, (BEN, EVE), "nobody of pool nurses works here"),
        ({}, (replace(ANA, active=False), EVE), "nobody active with the pool's licence"),
        ({"licences": ("MD",)}, (ANA, EVE), "nobody active with the pool's licence"),
        ({"languages": ("en", "vi")}, (ANA, EVE), "speaks vi"),
        ({"urgencies": (Urgency.ROUTINE,)}, (ANA, EVE), "routine work only"),
    ],
)
def test_what_is_lacking_is_named_with_its_remedy(
    pool: dict[str, tuple[str, ...]], people: tuple[Person, ...], why: str
) -> None:
    nurses = replace(Pool(name="nurses", title="Nurses", urgencies=ALL), **pool)  # type: ignore[arg-type]  # as above
    (found,) = lacks(site(nurses=nurses, people=people), OwnerKind.POOL, "nurses", NORTH)
    assert why in found.why
    assert found.remedy


def test_a_pool_without_anybody_is_covered_by_its_cover() -> None:
    nurses = Pool(name="nurses", title="Nurses", urgencies=ALL, cover="desk")
    people = (replace(ANA, active=False), EVE)
    assert lacks(site(nurses=nurses, people=people), OwnerKind.POOL, "nurses", NORTH) == ()


def test_nobody_takes_work_of_a_pool_without_its_licence() -> None:
    nurses = Pool(name="nurses", title="Nurses", urgencies=ALL, licences=("RN",))
    assert may_take(site(nurses=nurses), "ana", "nurses")
    assert not may_take(site(nurses=nurses), "ben", "nurses")


def _for(person: str, start: int, length: int, role: str) -> Coverage:
    return duty(person, start, start + length, role=role)


_people = st.sampled_from(["ana", "ben", "eve"])
_rows = st.lists(
    st.builds(_for, _people, st.integers(-4, 26), st.integers(1, 12), st.sampled_from(["", "doctor"])), max_size=6
)  # fmt: skip


@given(_rows, st.sampled_from([(OwnerKind.POOL, "nurses"), (OwnerKind.ROLE, "doctor")]))
def test_stretches_say_what_every_instant_says(
    rows: list[Coverage], asked: tuple[OwnerKind, str]
) -> None:
    snapshot = site(*rows)
    stretches = uncovered(snapshot, *asked, NORTH, END)
    for number in range(24):
        now = hour(number)
        said = {each.lack for each in stretches if each.from_at <= now < each.to_at}
        assert said == set(lacks(snapshot, *asked, replace(NORTH, at=now)))


def shipped(name: str) -> Definition:
    definition, _ = load((ROOT / "pathways" / f"{name}.yaml").read_text())
    assert definition is not None
    return definition


@pytest.fixture(scope="module")
def northgate() -> Snapshot:
    snapshot, problems = load_site(
        {each.name: each.read_text() for each in (ROOT / "site").glob("*.yaml")}
    )
    assert not [each for each in problems if each.severity == "error"]
    return snapshot


def _with(change: Callable[[Snapshot], Snapshot], snapshot: Snapshot) -> list[tuple[str, str, str, str]]:  # fmt: skip
    changed = change(snapshot)
    held = {place: [shipped("critical-result")] for place in places(changed)}
    found = gaps_ahead(changed, held, START, START + timedelta(days=14))
    return [(one.state, one.part, one.site, one.service_line) for one in found]


@pytest.mark.requirement("R47", "R126")
def test_the_shipped_site_has_somebody_for_every_urgent_step_and_losing_one_is_seen(
    northgate: Snapshot,
) -> None:
    assert _with(lambda one: one, northgate) == []

    def without_supervising_call(one: Snapshot) -> Snapshot:
        rows = tuple(row for row in one.coverage if row.role != "physician-on-call")
        out = {**one.people}
        for name, person in one.people.items():
            if {"physician-on-call", "responsible-clinician"} & set(person.roles):
                out[name] = replace(person, active=False)
        return replace(one, coverage=rows, people=out)

    lost = _with(without_supervising_call, northgate)
    assert ("call", "owner", "north", "cardiology") in lost
    assert ("call", "level 3", "harbour", "") in lost
    assert ("call-on-call", "repeat", "north", "") in lost
    assert not [each for each in lost if each[0] == "inform" and each[1] == "owner"]


def test_every_shipped_pathway_has_somebody_at_every_place(northgate: Snapshot) -> None:
    names = [each.stem for each in (ROOT / "pathways").glob("*.yaml")]
    held = {place: [shipped(name) for name in names] for place in places(northgate)}
    assert gaps_ahead(northgate, held, START, START + timedelta(days=14)) == ()


def test_a_pool_that_a_table_names_is_looked_at_where_it_serves() -> None:
    referral = shipped("referral-intake")
    every = [each for state in referral.states.values() for each in posts(referral, state)]
    chosen = {each.name for each in every if each.chosen}
    assert {"referral-triage-cardiology", "referral-triage-orthopaedics"} <= chosen


def test_a_pathway_without_urgent_work_counts_its_safety_waits_only() -> None:
    critical = shipped("critical-result")
    assert "inform" in urgent_states(critical)
    calm = replace(
        critical,
        urgency="",
        states={name: replace(state, urgency=None) for name, state in critical.states.items()},
    )
    assert set(urgent_states(calm)) == {
        name for name, state in critical.states.items() if state.clock and state.clock.safety
    }


def test_the_matrix_says_who_does_answers_advises_and_is_told() -> None:
    rows = {each.state: each for each in charges(shipped("critical-result"))}
    assert rows["call"].does == ("responsible-clinician",)
    assert rows["call"].answers == ("physician-on-call (call-on-call)",)
    assert rows["call"].advises[2] == "physician-on-call by phone after 20 min"
    assert rows["call-on-call"].answers == ("physician-on-call, until acknowledged",)
    assert rows["call-on-call"].told == ("house-supervisor",)
    assert rows["act"].does == ("last actor", "responsible-clinician")


def test_the_escalation_directory_says_who_has_no_address_and_never_the_address(
    northgate: Snapshot,
) -> None:
    held = {("north", "cardiology"): [shipped("critical-result")]}
    found = directory(northgate, held, START)
    assert next(one for one in found if _gwen(one)).address
    silent = replace(northgate.people["gwen.ashby"], contacts=())
    without = replace(northgate, people={**northgate.people, "gwen.ashby": silent})
    entries = directory(without, held, START)
    assert not next(one for one in entries if _gwen(one)).address
    assert "555" not in repr(entries)


def _gwen(entry: Entry) -> bool:
    return entry.person == "gwen.ashby" and entry.channel == "phone"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("coverage:\n  - { person: ana, from: 2026-01-01T00:00:00Z }\n", "for a role or for a pool"),
        ("coverage:\n  - { pool: desk, person: ana, from: 2026-01-01T00:00:00Z }\n", "not in the pool"),
        ("coverage:\n  - { pool: nowhere, person: ana, from: 2026-01-01T00:00:00Z }\n", "No pool is called"),
        ("pools:\n  nurses: { urgencies: [routine], licences: [RN] }\n", "holds no licence"),
    ],
)  # fmt: skip
def test_mistakes_in_rows_of_duty_are_named(text: str, says: str) -> None:
    people = "people:\n  ana: { roles: [nurse], pools: [nurses] }\npools:\n  desk: { urgencies: [routine] }\n"
    if "nurses:" not in text:
        people += "  nurses: { urgencies: [routine] }\n"
    _, problems = load_site({"people.yaml": people, "more.yaml": text})
    assert any(says in each.message for each in problems)
