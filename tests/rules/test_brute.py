"""The naive judge itself: it agrees with the prover on pathways that say everything, and sees what is planted."""

from pathlib import Path
from random import Random  # noqa: TID251  # chooses which mutants are taken, by a seed

import pytest

from carelane.cli.pathway_files import subs_beside
from carelane.pathways.definition import Definition
from carelane.pathways.loading import load
from carelane.proofs.prove import prove
from carelane.proofs.verdicts import Verdict
from tests.rules.brute import judge
from tests.rules.brute.domains import dimensions
from tests.rules.mutants import FILES as SHIPPED_FILES
from tests.rules.mutants import changes
from tests.rules.test_prover_mutants import JUDGED
from tests.rules.texts import loaded
from tests.rules.worlds import count

WORLDS_MAX = 50_000
FILES = sorted(Path(__file__).parent.glob("pathways/*.yaml"))
SMALL = """
pathway: small
version: "1"
language: 2
subject: patient
title: A small pathway
touches: [none]
{head}
events:
  referral.received:
    keys: [referral]
    start: {{ when: always, unique: referral }}
    several: one
    none: {{ ignore: not ours }}
tasks:
  look:
    title: Look
    outcomes: [done, could-not-do]
    could_not: could-not-do
    reasons: [other]
pools: {{ desk: [routine, urgent, asap, stat] }}
start: looking
everywhere: {{ referral.received: stay }}
states:
  looking:
    status: open
    task: look
    owner: {{ pool: desk }}
    clock: {{ kind: wall, due: 1d }}
    fallback: {{ state: late }}
    outcomes: {{ done: {done}, could-not-do: late }}
  late:
    status: late
    task: look
    owner: {{ pool: desk }}
    clock: {{ kind: wall, due: 1d }}
    fallback: {fallback}
    outcomes: {{ done: closed, could-not-do: again }}
{states}
  closed: {{ final: true, status: closed, outcome: over }}
"""
BEGUN = (
    "{ task: look, owner: { pool: desk }, clock: { kind: wall, due: 1d }, fallback: { state: OVER }, "
    "outcomes: { done: OVER, could-not-do: again } }"
)
REPEATS = "{ repeat: until acknowledged, to: desk }"
WAITS = """
  waiting:
    status: waiting
    owner: { pool: desk }
    clock: { kind: wall, due: 1d }
    fallback: { state: late }
    waits: { pathway: other, by: referral, within: 3d, outcomes: { fine: OUTCOME }, else: late }
"""
BLOCK = """
  both:
    status: both
    owner: { pool: desk }
    clock: { kind: wall, due: 9d }
    fallback: { state: late }
    parallel:
      join: JOIN
      regions:
        one:
          start: first
          states:
            first:
              owner: { pool: desk }
              clock: { kind: wall, due: 1d }
              fallback: FALLBACK
            first-over: { final: true, outcome: over }
        two:
          start: second
          states:
            second:
              task: look
              owner: { pool: desk }
              clock: { kind: wall, due: 1d }
              fallback: { state: second-late }
              outcomes: { done: second-fine, could-not-do: second-late }
            second-fine: { final: true, outcome: fine }
            second-late: { final: true, outcome: late }
      then: THEN
"""


def small(
    head: str = "", done: str = "closed", fallback: str = REPEATS, states: str = ""
) -> Definition:
    """A pathway with one thing to look at."""
    return loaded(SMALL.format(head=head, done=done, fallback=fallback, states=states))


def alike(definition: Definition) -> frozenset[str]:
    """What both judges find; where the prover does not decide, the naive judge may still know better."""
    judgement = prove(definition)
    refuted = {each.rule for each in judgement.findings if each.verdict is Verdict.REFUTED} & JUDGED
    open_ = {each.rule for each in judgement.findings} & JUDGED
    found = judge(definition)

    assert refuted <= found <= open_
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_language_written_out_is_judged_alike(path: Path) -> None:
    """Blocks, for each, calls, waits, time left and a slot's subjects: nothing is left unread."""
    definition, problems = load(path.read_text("utf-8"), subs=subs_beside(path))
    assert definition is not None, problems

    alike(definition)


SHIPPED = [path for path in SHIPPED_FILES if path.stem in {
    "abnormal-result", "callback", "critical-result", "slot-booking", "visit-preparation", "waitlist-offer", "refill",
}]  # fmt: skip


@pytest.mark.parametrize("path", [*FILES, *SHIPPED], ids=lambda path: path.stem)
def test_what_makes_no_difference_any_more_makes_none(path: Path) -> None:
    """Of the original and of a few broken ones: every value told apart everywhere gives what few values give."""
    text, subs = path.read_text("utf-8"), subs_beside(path)
    broken = Random(3).sample(list(changes(text)), 4)  # noqa: S311  # a choice of tests
    for given in (text, *(each.text for each in broken)):
        definition, _ = load(given, subs=subs)
        if definition is not None and few(definition):
            assert judge(definition) == judge(definition, whole=True)


def few(definition: Definition) -> bool:
    """Whether all worlds together are quickly walked through."""
    return count(dict(dimensions(definition, {}))) <= WORLDS_MAX


@pytest.mark.parametrize(
    ("fallback", "broken"),
    [
        ("{ when: 'elapsed >= 2d', then: closed, else: again }", frozenset()),
        ("{ when: 'elapsed >= 2d', then: again, else: closed }", {"loops-bounded"}),
        (REPEATS, frozenset()),
    ],
)
def test_time_since_a_state_was_entered(fallback: str, broken: set[str]) -> None:
    """`elapsed` begins anew with the state; a clock may run out at any time of it."""
    found = judge(small(fallback=fallback))

    assert found >= broken


TWO = """
inputs:
  ours: { from: request.ours, codes: [a, b] }
  theirs: { from: request.theirs, codes: [a, b] }
  low: { from: request.low, type: integer }
  high: { from: request.high, type: integer }
"""


@pytest.mark.parametrize(
    ("guard", "reached"),
    [
        ("ours same theirs", True),
        ("ours same theirs and ours = a and theirs = b", False),
        ("low < high", True),
        ("low < high and low = 5 and high = 5", False),
        ("low < high and low = 5 and high = 6", True),
        ("low > high and low = 5 and high = 6", False),
    ],
)
def test_two_fields_that_are_compared(guard: str, reached: bool) -> None:  # noqa: FBT001  # a row of a table
    """A state behind a comparison of two fields is reached if and only if some two values make it hold."""
    given = small(
        head=TWO,
        done=f"{{ when: '{guard}', then: rare, else: closed }}",
        states="  rare: { final: true, status: closed, outcome: rare }",
    )

    assert alike(given) == (frozenset() if reached else {"states-reachable"})


@pytest.mark.parametrize("outcome", ["closed", "waiting"])
def test_another_case_that_is_waited_for(outcome: str) -> None:
    """Each of its ends is followed; one that was heard before is followed at once, or is too old."""
    states = WAITS.replace("OUTCOME", outcome if outcome == "closed" else "again")

    assert alike(small(done="waiting", states=states)) == frozenset()


@pytest.mark.parametrize(
    ("join", "fallback", "then", "broken"),
    [
        ("all", "{ state: first-over }", "closed", set()),
        ("any", "{ state: first-over }", "closed", set()),
        ("all", "{ when: ours = a, then: first-over, else: again }", "closed", {"loops-bounded"}),
        (
            "all",
            "{ state: first-over }",
            "{ when: both.two = fine, then: closed, else: late }",
            set(),
        ),
        (
            "all",
            "{ state: first-over }",
            "{ when: both.one is missing, then: late, else: closed }",
            set(),
        ),
        ("any", "{ state: first-over }", "again", {"loops-bounded"}),
    ],
)
def test_regions_side_by_side(join: str, fallback: str, then: str, broken: set[str]) -> None:
    """Every interleaving of the regions is gone, up to their join."""
    states = BLOCK.replace("JOIN", join).replace("FALLBACK", fallback).replace("THEN", then)

    assert alike(small(head=TWO, done="both", states=states)) == broken


@pytest.mark.parametrize("ours", ["a", "b"])
@pytest.mark.parametrize("theirs", ["a", "b"])
def test_regions_that_begin_in_several_ways_end_together(ours: str, theirs: str) -> None:
    """Which state each region begins in is decided in one go: a run is found for every pair of them."""
    regions = "".join(
        f"""
        {name}:
          start: [{{ when: {name} = a, then: {name}-a }}, {name}-b]
          states:
            {name}-a: {BEGUN.replace("OVER", f"{name}-over-a")}
            {name}-b: {BEGUN.replace("OVER", f"{name}-over-b")}
            {name}-over-a: {{ final: true, outcome: a }}
            {name}-over-b: {{ final: true, outcome: b }}"""
        for name in ("ours", "theirs")
    )
    guard = f"both.ours = {ours} and both.theirs = {theirs}"
    then = f"{{ when: {guard}, then: rare, else: closed }}"
    states = f"""
  both:
    status: both
    owner: {{ pool: desk }}
    clock: {{ kind: wall, due: 9d }}
    fallback: {{ state: late }}
    parallel:
      join: all
      regions: {regions}
      then: {then}
  rare: {{ final: true, status: closed, outcome: rare }}
"""
    given = small(head=TWO, done="both", states=states)

    assert prove(given).findings == ()
    assert judge(given) == frozenset()


LISTED = """
inputs:
  first: { from: request.category, codes: [a, b] }
  many: { from: request.category, type: integer, reduce: count }
"""


@pytest.mark.parametrize(
    ("guard", "at_once", "later"),
    [
        ("first = a", True, True),
        ("first = a and many = 0", False, True),
        ("first = a and many is missing", False, False),
        ("first = a and (many is missing or many = 0)", False, True),
        ("first = a and many >= 1", True, True),
        ("first = a and many < 3", True, True),
        ("first = b and many >= 3", True, True),
        ("first is missing and many = 0", True, True),
        ("first is missing and many >= 1", True, True),
    ],
)
def test_a_list_that_is_counted_and_read(guard: str, at_once: bool, later: bool) -> None:  # noqa: FBT001  # a row of a table
    """What one fact says of a list is of one list: what is read of it is in it. What is known stays known."""
    heard = "everywhere: { referral.received: stay }"
    rare = f"{{ when: '{guard}', then: rare, else: closed }}"
    text = SMALL.format(
        head=LISTED,
        done=rare,
        fallback=REPEATS,
        states="  rare: { final: true, status: closed, outcome: rare }",
    )
    assert heard in text
    unheard = text.replace(heard, "everywhere: { referral.received: { ignore: told before } }")

    for given, reached in ((text, later), (unheard, at_once)):
        definition, problems = load(given)
        assert definition is not None, problems
        assert alike(definition) == (frozenset() if reached else {"states-reachable"})
