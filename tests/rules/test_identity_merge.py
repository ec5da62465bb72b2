"""Merges and their reversal (I18): chains, cycles, unknown ids, and a mutant that the check catches."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carelane.facts.ids import name_id
from carelane.identity.links import Links, Moved, Plan, apply, mark_reversed, stale
from carelane.identity.merge import merge_plan, reversal, unlink_plan

NAMES = "abcdef"
ID = {name: name_id("identity", name) for name in NAMES}
SUBJECT = {name: name_id("subject", name) for name in NAMES}
EACH_HIS_OWN = Links(subject_of={ID[name]: SUBJECT[name] for name in NAMES})

Planner = Callable[[Links, Sequence[UUID], Sequence[UUID]], Plan]


def plan(links: Links, survivor: Sequence[UUID], retired: Sequence[UUID]) -> Plan:
    return merge_plan(
        links, kind="merge", survivor=survivor, retired=retired, new_subject=name_id("new")
    )


def merge(links: Links, survivor: str, retired: str, planner: Planner = plan) -> Links:
    return apply(links, planner(links, [ID[survivor]], [ID[retired]]))


def who(links: Links, name: str) -> UUID:
    return links.subject_of[ID[name]]


def test_a_chain_ends_at_the_last_survivor() -> None:
    """A into B, B into C: all three are C, and a result under A's dead id finds C."""
    links = merge(merge(EACH_HIS_OWN, "b", "a"), "c", "b")
    assert {who(links, name) for name in "abc"} == {SUBJECT["c"]}
    assert links.current(SUBJECT["a"]) == SUBJECT["c"]


def test_a_cycle_does_nothing_the_second_time() -> None:
    """A into B, then B into A: they are one already, and nobody is retired twice."""
    links = merge(EACH_HIS_OWN, "b", "a")
    back = plan(links, [ID["a"]], [ID["b"]])
    assert (back.reason, back.ask, back.moves) == ("already-one", False, {})
    assert apply(links, back) == links


UNKNOWN = Links(subject_of={ID["a"]: SUBJECT["a"]})


@pytest.mark.parametrize(
    ("survivor", "retired", "subject"),
    [("a", "b", SUBJECT["a"]), ("b", "a", name_id("new")), ("b", "c", name_id("new"))],
)
def test_a_merge_of_unknown_ids_is_remembered(survivor: str, retired: str, subject: UUID) -> None:
    """Unknown survivor, unknown retired, or both: either id finds the survivor from then on."""
    links = merge(UNKNOWN, survivor, retired)
    assert who(links, survivor) == who(links, retired) == subject
    assert not stale(links)


@pytest.mark.parametrize(
    ("survivor", "retired", "reason"),
    [
        ("", "a", "identifier-missing"),
        ("a", "", "identifier-missing"),
        ("a", "ab", "merged-into-itself"),
        ("ab", "c", "several-subjects"),
        ("a", "bc", "several-subjects"),
    ],
)
def test_what_is_not_clear_goes_to_a_person(survivor: str, retired: str, reason: str) -> None:
    """Nothing moves on a message that could mean two things."""
    found = plan(EACH_HIS_OWN, [ID[n] for n in survivor], [ID[n] for n in retired])
    assert (found.reason, found.ask, found.moves, found.retire) == (reason, True, {}, {})


def test_unlink_takes_back_the_merge_it_names() -> None:
    """A24 then A37: both are themselves again; a second A37 finds nothing to undo."""
    joined = plan(EACH_HIS_OWN, [ID["a"]], [ID["b"]])
    row = joined.log(name_id("row"))
    assert row is not None
    links = apply(EACH_HIS_OWN, joined)
    undo = unlink_plan(links, [row], survivor=[ID["a"]], retired=[ID["b"]])
    assert apply(links, undo) == EACH_HIS_OWN
    again = unlink_plan(
        EACH_HIS_OWN, mark_reversed((row,), undo), survivor=[ID["a"]], retired=[ID["b"]]
    )
    assert (again.reason, again.ask) == ("never-merged", False)
    assert reversal(EACH_HIS_OWN, replace(row, reversed=True)).reason == "never-merged"


def test_a_reversal_in_the_middle_of_a_chain_leaves_the_rest_merged() -> None:
    """A into B, B into C, then A out again: A is A, B stays in C."""
    first = plan(EACH_HIS_OWN, [ID["b"]], [ID["a"]])
    row = first.log(name_id("row"))
    assert row is not None
    links = merge(apply(EACH_HIS_OWN, first), "c", "b")
    links = apply(links, reversal(links, row))
    assert (who(links, "a"), who(links, "b")) == (SUBJECT["a"], SUBJECT["c"])
    assert not stale(links)


def test_turns_are_named_in_id_order() -> None:
    """Several turns are only ever taken in id order, or two merges could wait for each other."""
    found = plan(EACH_HIS_OWN, [ID["a"]], [ID["b"]])
    assert found.turns == tuple(sorted([SUBJECT["a"], SUBJECT["b"]]))


pairs = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=8)


@pytest.mark.invariant("I18")
@given(pairs)
def test_no_identity_refers_to_a_retired_subject(merges: list[tuple[str, str]]) -> None:
    """After any sequence of merges every identity is current, and merged ones are together."""
    links = EACH_HIS_OWN
    for survivor, retired in merges:
        links = merge(links, survivor, retired)
        assert not stale(links)
        assert who(links, survivor) == who(links, retired)


@pytest.mark.invariant("I18")
@given(pairs)
def test_undoing_every_merge_backwards_restores_the_links(merges: list[tuple[str, str]]) -> None:
    """Merges taken back in reverse order leave exactly what was there before."""
    links, log = EACH_HIS_OWN, list[Moved]()
    for number, (survivor, retired) in enumerate(merges):
        found = plan(links, [ID[survivor]], [ID[retired]])
        links = apply(links, found)
        row = found.log(name_id("row", number))
        if row is not None:
            log.append(row)
    for row in reversed(log):
        links = apply(links, reversal(links, row))
    assert links == EACH_HIS_OWN


def only_the_named(links: Links, survivor: Sequence[UUID], retired: Sequence[UUID]) -> Plan:
    """A mutant: moves the identity that MRG names, and forgets the others of the retired patient."""
    found = plan(links, survivor, retired)
    return replace(found, moves={i: s for i, s in found.moves.items() if i in retired})


def into_the_dead(links: Links, survivor: Sequence[UUID], retired: Sequence[UUID]) -> Plan:
    """A mutant: retires the survivor."""
    found = plan(links, survivor, retired)
    return replace(found, retire={s: r for r, s in found.retire.items() if s is not None})


@pytest.mark.invariant("I18")
@pytest.mark.parametrize("mutant", [only_the_named, into_the_dead])
def test_the_check_catches_a_broken_merge(mutant: Planner) -> None:
    """Each mutant leaves an identity behind, and `stale` sees it."""
    links = merge(EACH_HIS_OWN, "b", "a")
    assert not stale(merge(links, "c", "b"))
    assert stale(merge(links, "c", "b", mutant))
