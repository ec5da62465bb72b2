"""Which release a fact meets: of all scopes that fit it the narrowest, and never two that nobody can choose between."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import combinations, product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carelane.cases.model import View
from carelane.cases.words import NOT_HEARD, NOT_IN_SCOPE
from carelane.engine.chain import Moment, chain
from carelane.engine.releases import Activation, Releases
from carelane.engine.scope import EVERYWHERE, Scope
from carelane.facts.fact import Fact, SubjectKind
from carelane.facts.ids import name_id
from carelane.facts.phi import Phi
from carelane.pathways.definition import Definition
from carelane.testing.core.site import Site
from tests.rules.texts import edited, loaded

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
TEXT = """\
pathway: small
version: "VERSION"
language: 1
subject: patient
title: A small pathway
touches: [none]
lanes: { referral_type: kind }
inputs:
  kind: { from: request.kind, codes: [hand, knee] }
events:
  thing.happened:
    key: placer_order
    start: { when: always, unique: placer_order }
    several: one
    none: { ignore: not ours }
tasks:
  look: { title: Look, outcomes: [done, could-not-do], could_not: could-not-do, reasons: [absent] }
pools: { desk: [routine] }
start: open
everywhere: { thing.happened: stay }
states:
  open:
    status: opened
    task: look
    owner: { pool: desk }
    clock: { kind: wall, due: 4h }
    fallback: { repeat: until acknowledged, to: desk }
    outcomes: { done: closed, could-not-do: again }
  closed: { final: true }
"""
ENDED = """\
  thing.ended:
    key: placer_order
    start: { when: always, unique: placer_order }
    several: one
    none: { ignore: not ours }
tasks:
"""
SITES, LINES, TYPES = ("", "north", "harbour"), ("", "hand", "heart"), ("", "hand", "knee")
SCOPES = [
    Scope(site=a, service_line=b, referral_type=c) for a, b, c in product(SITES, LINES, TYPES)
]


@cache
def small(version: str, *edits: tuple[str, str]) -> Definition:
    """A release."""
    return loaded(edited(TEXT.replace("VERSION", version), *edits))


def releases(*scopes: Scope) -> Releases:
    """One release in force for each scope; its version is its place in the list."""
    made = [small(str(n)) for n in range(len(scopes))]
    return Releases(
        {each.digest: each for each in made},
        tuple(
            Activation(
                release=each.digest,
                pathway="small",
                scope=scope,
                from_at=NOON + timedelta(seconds=n),
            )
            for n, (each, scope) in enumerate(zip(made, scopes, strict=True))
        ),
    )


def told(site: str = "", line: str = "", kind: str = "") -> Fact:
    """A fact at a place."""
    return Fact(
        id=name_id("fact", site, line, kind), type="thing.happened", subject=name_id("patient"),
        organisation=name_id("organisation"), occurred_at=NOON, recorded_at=NOON,
        payload=Phi({"request": {"kind": kind}} if kind else {}, "p"), keys={"placer_order": "R1"},
        site=site or None, service_line=line or None,
    )  # fmt: skip


def version(found: Releases, fact: Fact) -> str:
    """The version of the release that the fact meets."""
    return "/".join(each.version for each in found.of(fact).active)


@pytest.mark.requirement("R44")
@pytest.mark.parametrize(
    ("scopes", "fact", "meets"),
    [
        ([EVERYWHERE], ("north", "hand", "knee"), "0"),
        ([EVERYWHERE, Scope(site="north")], ("north", "hand", ""), "1"),
        ([EVERYWHERE, Scope(site="north")], ("harbour", "hand", ""), "0"),
        (
            [Scope(site="north", service_line="hand"), Scope(site="north")],
            ("north", "hand", ""),
            "0",
        ),
        ([Scope(site="north", service_line="hand"), Scope(site="north")], ("north", "", ""), "1"),
        ([Scope(service_line="hand")], ("north", "heart", ""), ""),
        ([EVERYWHERE, Scope(referral_type="knee")], ("north", "", "knee"), "1"),
        ([EVERYWHERE, Scope(referral_type="knee")], ("north", "", "hand"), "0"),
        ([EVERYWHERE, Scope(referral_type="knee")], ("north", "", ""), "0"),
        (
            [Scope(site="north"), Scope(site="north", referral_type="knee")],
            ("north", "", "knee"),
            "1",
        ),
        (
            [Scope(site="north"), Scope(site="north", referral_type="knee")],
            ("harbour", "", "knee"),
            "",
        ),
    ],
)
def test_the_narrowest_scope_wins(
    scopes: list[Scope], fact: tuple[str, str, str], meets: str
) -> None:
    """Site, service line and referral type; in whatever order they were put in force."""
    assert version(releases(*scopes), told(*fact)) == meets
    if meets and len(scopes) > 1:
        turned = version(releases(*reversed(scopes)), told(*fact))
        assert turned == str(len(scopes) - 1 - int(meets))


@given(
    st.lists(st.sampled_from(SCOPES), min_size=1, max_size=6, unique=True),
    st.sampled_from(SITES),
    st.sampled_from(LINES),
    st.sampled_from(TYPES),
)
def test_scopes_without_ties_leave_no_choice(
    wanted: list[Scope], site: str, line: str, kind: str
) -> None:
    """Whatever is put in force one after another, ties refused: what fits a fact lies one within the other."""
    kept: list[Scope] = []
    for scope in wanted:
        if not any(scope.ties(each) for each in kept):
            kept.append(scope)
    place = Scope(site=site, service_line=line, referral_type=kind)
    fitting = [each for each in kept if place.within(each)]
    assert all(one.within(two) or two.within(one) for one, two in combinations(fitting, 2))
    found = version(releases(*kept), told(site, line, kind))
    narrowest = [each for each in fitting if all(each.within(other) for other in fitting)]
    assert found == (str(kept.index(narrowest[0])) if narrowest else "")


@given(st.sampled_from(SCOPES), st.sampled_from(SCOPES))
def test_two_scopes_tie_where_one_fact_could_not_choose(one: Scope, two: Scope) -> None:
    """Told by looking at every fact there could be: some lie in both, and each scope has some for itself."""
    places = [
        Scope(site=a, service_line=b, referral_type=c)
        for a, b, c in product((*SITES, "x"), (*LINES, "x"), (*TYPES, "x"))
    ]
    inside = [{each for each in places if each.within(scope)} for scope in (one, two)]
    both = inside[0] & inside[1]
    assert one.ties(two) == two.ties(one) == bool(both and inside[0] - both and inside[1] - both)


def test_mutant_a_scope_that_leaks_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were every fact within every scope, another site's would meet the release: the table above shows it."""
    found, fact = releases(EVERYWHERE, Scope(site="north")), told("harbour")
    assert version(found, fact) == "0"
    monkeypatch.setattr(Scope, "within", lambda *_: True)
    assert version(releases(EVERYWHERE, Scope(site="north")), fact) == "1"


def _view() -> View:
    return View(subject=name_id("patient"), kind=SubjectKind.PATIENT, organisation=UUID(int=1))


def decided(found: Releases, fact: Fact) -> str:
    """How a fact on nobody's case ends: a release's version, or the reason it is ignored."""
    step = chain(_view(), [fact], Moment(now=NOON, releases=found, late=Site())).steps[0]
    return step.changes[0].after.version if step.changes else step.reason


def test_traffic_in_no_scope_is_told_from_what_nobody_hears() -> None:
    """`not-in-scope` where a pathway hears it elsewhere; `not-heard` where none does."""
    found = releases(Scope(site="north"))
    assert decided(found, told("north")) == "0"
    assert decided(found, told("harbour")) == NOT_IN_SCOPE
    assert decided(Releases({}, ()), told("harbour")) == NOT_HEARD


def test_a_running_case_hears_what_only_its_own_release_knows() -> None:
    """The release in force dropped an event: cases pinned to an older one hear it, and none is opened by it."""
    old = small("old", ("everywhere: {", "everywhere: { thing.ended: closed,"), ("tasks:\n", ENDED))
    new = small("new")
    both = Releases(
        {old.digest: old, new.digest: new},
        (Activation(release=old.digest, pathway="small", from_at=NOON),),
    )
    begun = chain(_view(), [told()], Moment(now=NOON, releases=both, late=Site())).view
    now = Releases(both.published, (Activation(release=new.digest, pathway="small", from_at=NOON),))
    ended = replace(told(), id=name_id("ended"), type="thing.ended")
    after = chain(begun, [ended], Moment(now=NOON, releases=now, late=Site()))
    assert after.steps[0].changes[0].after.outcome == "closed"
    stray = replace(ended, id=name_id("stray"), keys={"placer_order": "R2"})
    alone = chain(begun, [stray], Moment(now=NOON, releases=now, late=Site()))
    assert alone.steps[0].changes == ()
