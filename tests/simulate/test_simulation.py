"""Seeded histories of the whole way of a message, in memory: no invariant breaks (TRUST T1).

Duplicates, forgeries, crashes before and after every commit and around every send, an EHR that is slow and lies,
jumping clocks and ten hours of downtime. The model is `carelane.testing.simulation`; its mutants are in `test_mutants`.
"""

import pytest

from carelane.testing.simulation.checks import CHECKS
from carelane.testing.simulation.run import Simulation

_CHUNK = 25


def broken(seeds: range, moves: int = 250) -> dict[str, list[str]]:
    """What the histories of these seeds break, by seed and invariant."""
    found: dict[str, list[str]] = {}
    for seed in seeds:
        run = Simulation(seed).play(moves)
        for name, check in CHECKS.items():
            if sentences := check(run):
                found[f"seed {seed}: {name}"] = sentences
    return found


@pytest.mark.requirement("R94")
@pytest.mark.invariant("I1")
@pytest.mark.invariant("I2")
@pytest.mark.invariant("I3")
@pytest.mark.invariant("I4")
@pytest.mark.invariant("I5")
@pytest.mark.invariant("I6")
@pytest.mark.invariant("I7")
@pytest.mark.invariant("I8")
@pytest.mark.invariant("I9")
@pytest.mark.invariant("I10")
@pytest.mark.invariant("I14")
@pytest.mark.invariant("I15")
@pytest.mark.invariant("I16")
@pytest.mark.invariant("I18")
@pytest.mark.parametrize("chunk", range(8))
def test_no_seed_breaks_an_invariant(chunk: int) -> None:
    """Two hundred histories, each asked everything at its end."""
    assert broken(range(chunk * _CHUNK, (chunk + 1) * _CHUNK)) == {}


@pytest.mark.soak
@pytest.mark.parametrize("chunk", range(6))
def test_no_seed_of_many_breaks_an_invariant(chunk: int) -> None:
    """Six hundred longer ones."""
    first = 10_000 + chunk * 100
    assert broken(range(first, first + 100), moves=600) == {}


def test_the_histories_hold_what_they_should() -> None:
    """Crashes, merges, effects of every end: a simulation in which nothing happens proves nothing."""
    runs = [Simulation(seed).play() for seed in range(30)]
    ends = {row.state.value for run in runs for row in run.hospital.store.effects.values()}
    kinds = {told.type for run in runs for told in run.hospital.store.facts.values()}
    assert sum(run.crashes for run in runs) > 50
    assert any(run.hospital.store.retired for run in runs)
    assert any(run.hospital.store.quarantined for run in runs)
    assert ends >= {"done", "dead", "withdrawn"}
    assert kinds >= {
        "clock.expired",
        "clock.level",
        "effect.settled",
        "effect.dead",
        "patient.died",
        "task.completed",
    }


def test_a_seed_is_one_history() -> None:
    """The same seed plays the same facts, so that a failing one can be looked at again."""
    one, other = (Simulation(7).play().hospital.store for _ in range(2))
    assert list(one.facts) == list(other.facts)
    assert one.leaves == other.leaves
