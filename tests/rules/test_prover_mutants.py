"""Mutants of the shipped pathways: what deletes a duty is refused; changed values are judged as brute force judges.

`make test` takes a few of each, chosen by a seed; `make mutants` takes all (`--every-mutant`), in parts that workers
share, and goes on where a stopped run was (`mutant_runs`). The counts by kind are printed at the end of the run.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random  # noqa: TID251  # chooses which mutants a short run takes, by a seed

import pytest

from carelane.cli.pathway_files import subs_beside
from carelane.pathways.definition import Definition
from carelane.pathways.loading import load
from carelane.proofs.prove import prove
from carelane.proofs.verdicts import Verdict
from tests.rules.brute import judge
from tests.rules.mutant_runs import Found, Slice, judged, slices
from tests.rules.mutants import FILES, Mutant, changes, deletions, unchanged

SEED, FEW_DELETIONS, FEW_CHANGES, PARTS = 20261128, 2, 1, 6
JUDGED = frozenset({
    "tables-complete", "tables-without-conflict", "rows-reachable", "states-reachable", "no-dead-ends",
    "loops-bounded", "requires", "red-flags-to-urgent-pools", "safety-clocks",
})  # fmt: skip
SHIPPED = {path.stem: path for path in FILES}
LONG = frozenset({"scheduling-request"})
"""What the naive judge takes minutes for: by `--every-mutant` (`make mutants`) only; the prover judges it always."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each pathway, or for each part of it where every mutant is judged."""
    every = metafunc.config.getoption("--every-mutant")
    left = frozenset() if every or "brute_force" not in metafunc.function.__name__ else LONG
    if "part" in metafunc.fixturenames:
        parts = [each for each in slices(every=every, parts=PARTS) if each.name not in left]
        metafunc.parametrize("part", parts, ids=words)
    if "naively" in metafunc.fixturenames:
        metafunc.parametrize("naively", [name for name in SHIPPED if name not in left])


def words(part: Slice) -> str:
    """A part's name in the test run."""
    return part.words


def shipped(name: str) -> tuple[str, Definition]:
    """A shipped pathway: its text and definition."""
    text = SHIPPED[name].read_text("utf-8")
    definition = loaded(name, text)
    assert definition is not None
    return text, definition


def loaded(name: str, text: str) -> Definition | None:
    """A text as the pathway of this name, or None where it is refused already."""
    return load(text, subs=subs_beside(SHIPPED[name]))[0]


@dataclass(frozen=True, slots=True)
class Judging:
    """Which mutants of a part are judged, and how they are counted."""

    part: Slice
    every: bool
    record: Callable[[str, object], None]

    def chosen(self, mutants: Iterator[Mutant], few: int) -> Sequence[Mutant]:
        """All of this part, or a few of all by the seed."""
        found = list(mutants)
        if self.every:
            return list(self.part.take(iter(found)))
        return found if len(found) <= few else Random(SEED).sample(found, few)  # noqa: S311  # a choice of tests

    def wrong(
        self, mutants: Sequence[Mutant], what: str, text: str, judge: Callable[[Mutant], Found]
    ) -> list[tuple[str, str, str]]:
        """The mutants that were judged wrongly; all are counted by kind."""
        counts: Counter[str] = Counter()
        found = []
        name = f"{self.part.words}-{what}"
        for mutant, (counted, why) in judged(iter(mutants), name, text, judge, keep=self.every):
            counts[counted] += 1
            if why:
                found.append((mutant.kind, mutant.where, why))
        self.record("mutants", dict(counts))
        return found


@pytest.fixture
def judging(
    part: Slice, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> Judging:
    """The part that this test judges."""
    every = bool(request.config.getoption("--every-mutant"))
    return Judging(part, every, record_property)


@pytest.mark.requirement("R131")
@pytest.mark.parametrize("name", SHIPPED)
def test_mutant_none_the_shipped_pathways_are_proved(name: str) -> None:
    """Unbroken originals are never refused, and are no longer than what they say."""
    given = prove(shipped(name)[1])

    assert given.findings == ()
    assert given.proof.verdict is Verdict.PROVED


@pytest.mark.parametrize("name", SHIPPED)
def test_mutant_none_is_written_out_as_the_same_release(name: str) -> None:
    """What is broken is broken by the change alone: a text written out unchanged is the same release."""
    text, definition = shipped(name)
    again = loaded(name, unchanged(text))

    assert again is not None
    assert again.digest == definition.digest


def test_mutant_none_brute_force_finds_nothing(naively: str) -> None:
    """The naive judge reads every shipped pathway, and finds no broken rule."""
    definition = shipped(naively)[1]

    assert judge(definition) == frozenset()


def test_mutant_that_deletes_a_duty_is_refused(part: Slice, judging: Judging) -> None:
    """No owner, clock, fallback, outcome edge, required level or red-flag row can go unseen."""
    text, definition = shipped(part.name)

    def refused(mutant: Mutant) -> Found:
        broken = loaded(part.name, mutant.text)
        if broken is None:
            return f"{mutant.kind} deleted: refused when read", ""
        verdict = prove(broken, before=definition).proof.verdict
        survived = "survived" if verdict is Verdict.PROVED else ""
        return f"{mutant.kind} deleted: {verdict}", survived

    mutants = judging.chosen(deletions(text, definition), FEW_DELETIONS)

    assert judging.wrong(mutants, "deletions", text, refused) == []


def test_mutant_with_another_value_is_judged_as_by_brute_force(
    part: Slice, judging: Judging
) -> None:
    """Guards, rows and due times: the prover and the naive judge name the same broken rules, each time."""
    text = shipped(part.name)[0]

    def alike(mutant: Mutant) -> Found:
        changed = loaded(part.name, mutant.text)
        if changed is None:
            return f"{mutant.kind} changed: refused when read", ""
        given = prove(changed)
        mine = frozenset(each.rule for each in given.findings if each.rule in JUDGED)
        other = judge(changed)
        disagree = "" if mine == other else f"{sorted(mine)}, by brute force {sorted(other)}"
        return f"{mutant.kind} changed: {given.proof.verdict}", disagree

    mutants = judging.chosen(changes(text), FEW_CHANGES)

    assert judging.wrong(mutants, "changes", text, alike) == []


class Refuses:
    """Rules as they would be if one of them looked away."""

    def __init__(self, *blind: str) -> None:
        self.blind = frozenset(blind)

    def __call__(self, definition: Definition) -> bool:
        """Whether anything but the blind rules objects."""
        return any(each.rule not in self.blind for each in prove(definition).findings)


def test_mutant_of_the_prover_that_looks_away_is_caught() -> None:
    """Without the rule on safety clocks, a deleted level of the call on duty would pass."""
    text, definition = shipped("critical-result")
    gone = next(
        mutant
        for mutant in deletions(text, definition)
        if mutant.kind == "required level" and mutant.where == "states/call-on-call"
    )
    broken = loaded("critical-result", gone.text)

    assert broken is not None
    assert Refuses()(broken)
    assert not Refuses("safety-clocks")(broken)
