"""Both sides over ten seeds with their spread, and again with each assumption halved and half as large again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from statistics import fmean, pstdev
from typing import Any

from carelane.testing.comparison.arrivals import month
from carelane.testing.comparison.assumptions import Assumptions
from carelane.testing.comparison.month import play
from carelane.testing.comparison.policy import WITH, WITHOUT, Policy
from carelane.testing.comparison.tally import Figures, figures

SEEDS = 10
SENSITIVE_SEEDS = 2
SCALES = (0.5, 1.5)
Arrivals = Sequence[Mapping[str, Any]]
Spread = dict[str, dict[str, float]]


def both(
    given: Assumptions, *, seeds: int = SEEDS, arrivals: Arrivals = (), sides: tuple[Policy, Policy] = (WITH, WITHOUT)
) -> tuple[Spread, Spread]:  # fmt: skip
    """Mean, standard deviation, least and most of each figure, for the first side and the second."""
    found: tuple[list[Figures], list[Figures]] = ([], [])
    for seed in range(1, seeds + 1):
        made = month(seed, given, arrivals)
        for side, policy in zip(found, sides, strict=True):
            side.append(figures(play(policy, given, made, seed)))
    one, two = (spread(side) for side in found)
    return one, two


def spread(runs: Sequence[Figures]) -> Spread:
    """Over the seeds."""
    return {name: _of([each[name] for each in runs]) for name in runs[0]}


def _of(values: Sequence[float]) -> dict[str, float]:
    return {"mean": round(fmean(values), 4), "sd": round(pstdev(values), 4), "min": round(min(values), 4),
            "max": round(max(values), 4)}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Varied:
    """One assumption at half or half as large again."""

    name: str
    scale: float
    given: Assumptions


def varied(given: Assumptions, *, arrivals: Arrivals = ()) -> Iterator[Varied]:
    """Each assumption at each scale; what a run counted itself is not varied."""
    for each in fields(given):
        if each.name == "cases" and arrivals:
            continue
        for scale in SCALES:
            yield Varied(name=each.name, scale=scale, given=given.scaled(each.name, scale))


def sensitive(each: Varied, *, arrivals: Arrivals = ()) -> dict[str, dict[str, float]]:
    """The means of both sides under it."""
    one, two = both(each.given, seeds=SENSITIVE_SEEDS, arrivals=arrivals)
    return {"with": _means(one), "without": _means(two)}


def _means(found: Spread) -> dict[str, float]:
    return {name: each["mean"] for name, each in found.items()}
