"""Audit leaves: canonical form, what they may hold, and the four laws from them alone."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carelane.audit.actions import Action, Tree, tree_of
from carelane.audit.leaf import COUNTED, Change, Leaf, Thing, body, encode, faults, instant
from carelane.audit.recount import differences, recount
from carelane.facts.fact import Actor, Json
from carelane.facts.ids import name_id

AT = datetime(2026, 11, 23, 11, 40, 52, 123456, tzinfo=UTC)


def leaf(number: int = 0, *changes: Change, action: Action = Action.FACT_DECIDED) -> Leaf:
    return Leaf(
        id=name_id("leaf", number),
        organisation=name_id("northgate"),
        at=AT,
        action=action,
        actor=Actor.PERSON,
        actor_name="dev.okafor",
        changes=changes,
        case=name_id("case"),
    )


def change(thing: Thing, name: str, before: str, after: str, **detail: str | int) -> Change:
    return Change(thing=thing, id=name_id(name), before=before, after=after, detail=detail)


def test_a_leaf_is_one_line_of_canonical_json() -> None:
    """RFC 8785: sorted names, no spaces; absent parts are left out."""
    text = encode(leaf(0, change(Thing.TASK, "t", "", "ready", pathway="referral-intake"))).decode()
    assert text.startswith(
        '{"action":"fact.decided","actor":{"kind":"person","name":"dev.okafor"},"at":"2026-11-23T'
    )
    assert '"changes":[["task","' in text
    assert "purpose" not in text
    assert " " not in text


def test_an_instant_has_one_form() -> None:
    """The same moment gives the same bytes, whatever zone it came in."""
    elsewhere = AT.astimezone(timezone(timedelta(hours=-5)))
    assert instant(elsewhere) == instant(AT) == "2026-11-23T11:40:52.123456Z"


codes = st.sampled_from(["referral-intake", "é", "\u2028", 'a"b\\c', "\x1f\n", "😀", "", "z"])
details = st.dictionaries(
    st.sampled_from(["pathway", "count", "Z", "a", "reason"]), codes | st.integers(-9, 2**40)
)


@given(details, st.lists(st.sampled_from(list(Thing)), max_size=4))
def test_the_fast_encoder_writes_the_same_bytes(
    detail: dict[str, Any], things: list[Thing]
) -> None:
    """The store encodes with msgspec: sorted, and equal to RFC 8785 for every body of ours."""
    changes = [Change(thing=t, id=str(n), after="x", detail=detail) for n, t in enumerate(things)]
    made = leaf(1, *changes)
    assert msgspec.json.encode(body(made), order="sorted") == encode(made)


def test_a_good_leaf_has_no_faults() -> None:
    """Ids, instants, codes, counts and hashes pass."""
    made = leaf(
        0, change(Thing.MESSAGE, "m", "", "pending", digest="ab" * 32, size=5120, connection="mllp")
    )
    assert faults(body(made)) == ()


@pytest.mark.invariant("I13")
@pytest.mark.parametrize(
    ("planted", "place"),
    [
        ({"detail": {"reason": "Petrov, Rosa"}}, "detail.reason"),
        ({"detail": {"reason": "MRN 00452136"}}, "detail.reason"),
        ({"subject": "00452136"}, "subject"),
        ({"patient": "x"}, "patient"),
        ({"detail": {"value": 6.9}}, "detail.value"),
        ({"action": "task.looked-at"}, "action"),
        ({"changes": [["task", "1", "", "Rosa's knee hurts"]]}, "changes[0][3]"),
    ],
)
def test_what_could_be_patient_data_is_a_fault(planted: dict[str, Json], place: str) -> None:
    """Free text, record numbers, floats and unknown parts are refused, with place and without value."""
    found = faults({**body(leaf()), **planted})
    assert len(found) == 1
    assert found[0].startswith(f"{place}: ")
    assert "Rosa" not in found[0]
    assert "452136" not in found[0]


def test_reads_have_a_tree_of_their_own() -> None:
    """Reads and denials are not changes."""
    assert tree_of(Action.ACCESS_READ) is tree_of(Action.ACCESS_DENIED) is Tree.ACCESS
    assert tree_of(Action.FACT_DECIDED) is Tree.AUDIT


STORY = [
    leaf(
        1, change(Thing.MESSAGE, "m1", "", "pending"), change(Thing.MESSAGE, "m2", "", "rejected")
    ),
    leaf(2, change(Thing.REPEAT, "m1", "", "seen")),
    leaf(
        3, change(Thing.MESSAGE, "m1", "pending", "facts"), change(Thing.FACT, "f1", "", "pending")
    ),
    leaf(
        4,
        change(Thing.FACT, "f1", "pending", "applied"),
        change(Thing.CASE, "c1", "", "open"),
        change(Thing.TASK, "t1", "", "ready"),
        change(Thing.EFFECT, "e1", "", "ready"),
    ),
    leaf(5, change(Thing.FACT, "f2", "", "applied"), change(Thing.CASE, "c1", "open", "closed")),
    leaf(6, change(Thing.EFFECT, "e1", "ready", "sending")),
    leaf(7, change(Thing.EFFECT, "e1", "sending", "done")),
]


def test_the_four_laws_come_from_the_leaves_alone() -> None:
    """A small story: what arrived, what it became, what was done."""
    counts, problems = recount([body(each) for each in STORY])
    assert problems == ()
    laws = {law: {k: v for k, v in states.items() if v} for law, states in counts.laws().items()}
    assert laws == {
        "messages": {"facts": 1, "rejected": 1, "total": 2},
        "facts": {"applied": 2, "total": 2},
        "cases": {"closed": 1, "total": 1},
        "effects": {"done": 1, "total": 1},
    }
    assert (counts.repeats, counts.leaves) == (1, 7)


@pytest.mark.invariant("I4")
@pytest.mark.parametrize("gone", [0, 2, 3, 5])
def test_a_missing_leaf_breaks_the_story(gone: int) -> None:
    """A mutant that forgets one leaf of a change is seen by the next leaf of the same thing."""
    _, problems = recount([body(each) for n, each in enumerate(STORY) if n != gone])
    assert problems


@pytest.mark.invariant("I4")
def test_a_leaf_without_its_change_is_seen_against_the_database() -> None:
    """The last leaf of a thing has no next one: the database's own counts catch it."""
    counts, _ = recount([body(each) for each in STORY])
    database = {law: dict(states) for law, states in counts.laws().items()}
    assert differences(counts, database) == ()
    database["effects"]["done"], database["effects"]["sending"] = 0, 1
    found = differences(counts, database)
    assert [problem.place for problem in found] == ["effects, sending", "effects, done"]


@pytest.mark.parametrize(
    "changes", [None, "x", [1], [["fact", "1", ""]], [["fact", "1", "", "lost"]]]
)
def test_a_leaf_that_says_nothing_sensible_is_a_problem(changes: Json) -> None:
    """Counting never raises on what it reads."""
    _, problems = recount([{"changes": changes}])
    assert len(problems) == 1


things = st.sampled_from(list(COUNTED))


@given(st.lists(st.tuples(things, st.sampled_from("abc"), st.integers(0, 5)), max_size=30))
def test_totals_are_the_number_of_things(moves: Sequence[tuple[Thing, str, int]]) -> None:
    """However often a thing moves, it is counted once."""
    leaves = [
        body(leaf(n, change(thing, name, "", COUNTED[thing][state % len(COUNTED[thing])])))
        for n, (thing, name, state) in enumerate(moves)
    ]
    counts, _ = recount(leaves)
    assert sum(law["total"] for law in counts.laws().values()) == len({(t, n) for t, n, _ in moves})
