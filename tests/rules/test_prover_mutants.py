"""Mutants of the shipped pathways: what deletes a duty is refused; changed values are judged as brute force judges.

`make test` takes a few of each, chosen by a seed; `make mutants` takes all (`--every-mutant`). The counts by kind are
printed at the end of the run.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from random import Random  # noqa: TID251  # chooses which mutants a short run takes, by a seed

import pytest

from carelane.cli.pathway_files import subs_beside
from carelane.pathways.definition import Definition
from carelane.pathways.loading import load
from carelane.proofs.prove import prove
from carelane.proofs.verdicts import Verdict
from tests.rules.brute import WORLDS_MAX, NotForMe, judge, narrowed
from tests.rules.mutants import FILES, Mutant, changes, deletions

SEED, FEW_DELETIONS, FEW_CHANGES, FEW_WORLDS = 20261128, 2, 1, 60_000
JUDGED = frozenset({
    "tables-complete", "tables-without-conflict", "rows-reachable", "states-reachable", "no-dead-ends",
    "loops-bounded", "requires", "red-flags-to-urgent-pools", "safety-clocks",
})  # fmt: skip
SHIPPED = {path.stem: path for path in FILES}


def shipped(name: str) -> tuple[str, Definition]:
    """A shipped pathway: its text and definition."""
    text = SHIPPED[name].read_text("utf-8")
    definition = loaded(name, text)
    assert definition is not None
    return text, definition


def loaded(name: str, text: str) -> Definition | None:
    """A text as the pathway of this name, or None where it is refused already."""
    return load(text, subs=subs_beside(SHIPPED[name]))[0]


def chosen(mutants: Iterator[Mutant], few: int, request: pytest.FixtureRequest) -> Sequence[Mutant]:
    """All of them, or a few by the seed."""
    every = list(mutants)
    if request.config.getoption("--every-mutant") or len(every) <= few:
        return every
    return Random(SEED).sample(every, few)  # noqa: S311  # a choice of tests, no secret


@pytest.mark.requirement("R131")
@pytest.mark.parametrize("name", SHIPPED)
def test_mutant_none_the_shipped_pathways_are_proved(name: str) -> None:
    """Unbroken originals are never refused, and are no longer than what they say."""
    judged = prove(shipped(name)[1])

    assert judged.findings == ()
    assert judged.proof.verdict is Verdict.PROVED


@pytest.mark.parametrize("name", SHIPPED)
def test_mutant_that_deletes_a_duty_is_refused(
    name: str, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    """No owner, clock, fallback, outcome edge, required level or red-flag row can go unseen."""
    text, definition = shipped(name)
    counts: Counter[str] = Counter()
    survivors = []
    for mutant in chosen(deletions(text, definition), FEW_DELETIONS, request):
        broken = loaded(name, mutant.text)
        counts[f"{mutant.kind} deleted"] += 1
        if broken is None:
            continue
        if prove(broken, before=definition).proof.verdict is Verdict.PROVED:
            survivors.append((mutant.kind, mutant.where))
    record_property("mutants", dict(counts))

    assert survivors == []


@pytest.mark.parametrize("name", SHIPPED)
def test_mutant_with_another_value_is_judged_as_by_brute_force(
    name: str, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    """Guards, rows and due times: the prover and the naive judge name the same broken rules, each time."""
    text, definition = shipped(name)
    most = WORLDS_MAX if request.config.getoption("--every-mutant") else FEW_WORLDS
    try:
        assert judge(definition, narrowed(definition, most)) == frozenset()
    except NotForMe as why:
        pytest.skip(f"the naive judge does not read {why}")
    counts: Counter[str] = Counter()
    disagreed = []
    for mutant in chosen(changes(text), FEW_CHANGES, request):
        changed = loaded(name, mutant.text)
        if changed is None:
            counts[f"{mutant.kind} changed: unreadable"] += 1
            continue
        judged = prove(changed)
        mine = frozenset(each.rule for each in judged.findings if each.rule in JUDGED)
        other = judge(changed, narrowed(changed, most))
        counts[f"{mutant.kind} changed: {judged.proof.verdict}"] += 1
        if mine != other:
            disagreed.append((mutant.kind, mutant.where, sorted(mine), sorted(other)))
    record_property("mutants", dict(counts))

    assert disagreed == []


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
