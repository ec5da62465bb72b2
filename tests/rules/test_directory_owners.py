"""Who owns a step: always an answer, explained (SEMANTICS 4); on-call tables with cover and gaps."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carelane.directory.owners import (
    LAST_RESORT,
    Owner,
    Scope,
    gaps,
    may_take,
    on_call,
    resolve_owner,
    serves,
)
from carelane.directory.snapshot import Coverage, Person, Place, Pool, Snapshot
from carelane.facts.fact import Urgency
from carelane.pathways.definition import OwnerKind

MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)


def at(hour: int) -> datetime:
    return MIDNIGHT + timedelta(hours=hour)


def person(name: str, *roles: str, pools: tuple[str, ...] = (), active: bool = True) -> Person:
    return Person(
        name=name, display=name, roles=roles, pools=pools, sites=("north",), active=active
    )


def pool(name: str, *members: str, cover: str = "", site: str = "", line: str = "") -> Pool:
    return Pool(name=name, title=name, urgencies=(Urgency.ROUTINE,), members=members, cover=cover, site=site,
                service_line=line)  # fmt: skip


def row(
    role: str,
    who: str,
    start: int,
    end: int | None = None,
    *,
    line: str = "",
    order: int = 1,
    cover: bool = False,
) -> Coverage:
    return Coverage(role=role, person=who, from_at=at(start), to_at=None if end is None else at(end),
                    service_line=line, order=order, cover=cover)  # fmt: skip


SITE = Snapshot(
    organisation="northgate",
    title="Northgate",
    version=7,
    sites={
        "north": Place(
            name="north", title="North", zone="America/New_York", calendar="c", last_resort="desk"
        ),
        "harbour": Place(
            name="harbour",
            title="Harbour",
            zone="America/Chicago",
            calendar="c",
            last_resort="quay",
        ),
    },
    people={
        each.name: each
        for each in (
            person("ana", "nurse", pools=("triage",)),
            person("ben", "physician-on-call", "responsible"),
            person("cid", "physician-on-call"),
            person("dot", "physician-on-call", "responsible", active=False),
            person("eve", "engineer", pools=("desk",)),
        )
    },
    pools={
        each.name: each
        for each in (
            pool("triage", "ana"),
            pool("cardiology", cover="triage", line="cardiology"),
            pool("left", "dot", cover="empty"),
            pool("empty", cover="left"),
            pool("desk", "eve"),
        )
    },
    coverage=(
        row("physician-on-call", "ben", 0, 12),
        row("physician-on-call", "cid", 8, 10, cover=True),
        row("physician-on-call", "cid", 0, 24, order=2),
        row("physician-on-call", "dot", 12, 14),
        row("covering", "cid", 0, 6),
        row("covering", "ben", 8, 10, line="cardiology"),
    ),
)

TABLE = [
    # asked for, at hour, who must not; then the owner
    ("pool", "triage", 1, "", ("pool", "triage")),
    ("pool", "cardiology", 1, "", ("pool", "triage")),  # nobody in it: its cover
    (
        "pool",
        "left",
        1,
        "",
        ("pool", "desk"),
    ),  # its only member left, and covers go round in a circle
    ("pool", "unheard-of", 1, "", ("pool", "desk")),
    ("pool", "triage", 1, "ana", ("pool", "desk")),
    ("role", "physician-on-call", 1, "", ("person", "ben")),
    ("role", "physician-on-call", 9, "", ("person", "cid")),  # a stand-in wins
    ("role", "physician-on-call", 9, "cid", ("person", "ben")),
    (
        "role",
        "physician-on-call",
        13,
        "",
        ("person", "cid"),
    ),  # dot has left: the second on the list
    ("role", "physician-on-call", 30, "", ("person", "ben")),  # a gap: whoever holds the role
    ("role", "responsible", 1, "", ("person", "ben")),  # no calendar at all
    ("role", "responsible", 1, "ben", ("pool", "desk")),
    ("role", "unheard-of", 1, "", ("pool", "desk")),
    ("person", "ana", 1, "", ("person", "ana")),
    ("person", "dot", 1, "", ("person", "")),  # has left: the pathway's `otherwise` is asked next
    ("person", "unheard-of", 1, "", ("person", "")),
]


def ask(
    snapshot: Snapshot,
    kind: str,
    name: str,
    hour: int = 1,
    exclude: str = "",
    *,
    site: str = "north",
) -> Owner:
    scope = Scope(
        site=site, service_line="cardiology", at=at(hour), exclude=frozenset({exclude} - {""})
    )
    return resolve_owner(snapshot, OwnerKind(kind), name, scope)


@pytest.mark.invariant("I7")
@pytest.mark.requirement("R47")
@pytest.mark.parametrize(("kind", "name", "hour", "exclude", "owner"), TABLE)
def test_owner_table(kind: str, name: str, hour: int, exclude: str, owner: tuple[str, str]) -> None:
    """Each row of the table holds, with the directory's version and a trail."""
    found = ask(SITE, kind, name, hour, exclude)
    assert (found.kind.value, found.name, found.version) == (*owner, 7)
    assert found.trail


def test_the_trail_tells_the_way() -> None:
    """Who looks at a step sees why it came to them."""
    assert ask(SITE, "pool", "cardiology").trail == (
        "pool cardiology has no active member",
        "pool triage",
    )
    assert ask(SITE, "role", "unheard-of").trail == (
        "role unheard-of: nobody is on call",
        f"{LAST_RESORT} desk",
    )


LINES = replace(SITE, pools={
    each.name: each for each in (
        pool("heart", "ana", line="cardiology"),
        pool("bones", "ben", line="orthopaedics"),
        pool("away", "cid", cover="heart", site="harbour"),
        pool("all", cover="heart"),
    )})  # fmt: skip


@pytest.mark.parametrize(
    ("named", "line", "found"),
    [
        ("heart", "cardiology", "heart"),
        (
            "heart",
            "",
            "heart",
        ),  # an order that said no specialty: the rule read it from the service
        (
            "bones",
            "cardiology",
            "bones",
        ),  # redirected by a person: the sender's word counts no more
        ("all", "cardiology", "heart"),
        ("all", "orthopaedics", "desk"),  # a pool that only covers is of the same line
        ("away", "cardiology", "heart"),  # named, but of another site
    ],
)
def test_a_named_pool_is_meant_and_a_covering_one_is_of_the_same_line(
    named: str, line: str, found: str
) -> None:
    """The rule's answer goes before what the sender said of the service line."""
    scope = Scope(site="north", service_line=line, at=at(1))
    assert resolve_owner(LINES, OwnerKind.POOL, named, scope).name == found


def test_each_site_has_its_own_last_resort() -> None:
    """Also a site nobody declared, and a directory that is empty."""
    assert ask(SITE, "pool", "x", site="harbour").name == "quay"
    assert ask(SITE, "pool", "x", site="moon").name == "quay"
    assert ask(Snapshot(organisation="o", title="o"), "pool", "x").name == LAST_RESORT


names = st.sampled_from(
    ["ana", "ben", "cid", "dot", "eve", "triage", "cardiology", "left", "empty", "desk", "", "x"]
)


@pytest.mark.invariant("I7")
@given(
    kind=st.sampled_from(["pool", "role"]),
    name=names | st.sampled_from(["physician-on-call", "covering", "responsible"]),
    site=st.sampled_from(["north", "harbour", "moon", ""]),
    hour=st.integers(-5, 40),
    exclude=st.frozensets(names),
    people=st.frozensets(st.sampled_from(sorted(SITE.people))),
)
def test_there_is_always_an_owner_who_may_own(  # one dimension each
    *, kind: str, name: str, site: str, hour: int, exclude: frozenset[str], people: frozenset[str]
) -> None:
    """Whatever is asked, whoever left: a name comes out, never someone gone or excluded."""
    here = replace(SITE, people={n: replace(p, active=n in people) for n, p in SITE.people.items()})
    scope = Scope(site=site, service_line="", at=at(hour), exclude=exclude)
    found = resolve_owner(here, OwnerKind(kind), name, scope)
    assert found.name
    assert found.trail
    if found.kind is OwnerKind.PERSON:
        assert found.name in people - exclude


def test_gaps_in_a_calendar_are_shown_before_they_hurt() -> None:
    """Two days ahead: when nobody active is on call, neighbouring stretches joined."""
    cardiology = Scope(site="north", service_line="cardiology", at=at(0))
    elsewhere = Scope(site="north", service_line="orthopaedics", at=at(0))
    assert gaps(SITE, "covering", cardiology, at(24)) == ((at(6), at(8)), (at(10), at(24)))
    assert gaps(SITE, "covering", elsewhere, at(24)) == ((at(6), at(24)),)
    assert gaps(SITE, "physician-on-call", cardiology, at(24)) == ()


def test_on_call_is_a_list_to_go_down() -> None:
    """First the stand-in, then the one stood in for, then the second; each once."""
    scope = Scope(site="north", service_line="cardiology", at=at(9))
    assert [each.name for each in on_call(SITE, "physician-on-call", scope)] == ["cid", "ben"]


def test_a_handover_of_the_calendar_is_to_the_second() -> None:
    """`to` is the first instant that is not covered any more: nobody is asked twice, nobody is missed."""
    edge = Scope(site="north", service_line="", at=at(12))
    assert [p.name for p in on_call(SITE, "physician-on-call", edge)] == ["cid"]
    before = replace(edge, at=at(12) - timedelta(microseconds=1))
    assert [p.name for p in on_call(SITE, "physician-on-call", before)] == ["ben", "cid"]


def test_who_may_take_from_a_pool() -> None:
    """Members who are still here, and urgencies the pool serves."""
    assert may_take(SITE, "ana", "triage")
    assert not may_take(SITE, "dot", "left")
    assert not may_take(SITE, "eve", "triage")
    assert serves(SITE, "triage", Urgency.ROUTINE)
    assert not serves(SITE, "triage", Urgency.STAT)
    assert not serves(SITE, "unheard-of", Urgency.STAT)
