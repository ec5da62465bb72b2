"""Two periods of one's own beside each other: what became better or worse, and what an average would hide. Pure.

The earlier period is the only comparator. In each dimension less is better; within `TOLERANCE` of it is the same.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from carelane.measures.figures import Figure

TOLERANCE = 0.05

Key = tuple[tuple[str, str], ...]
Figures = Sequence[Figure]


class Standing(StrEnum):
    """How a dimension stands to the earlier period."""

    BETTER = "better"
    SAME = "same"
    WORSE = "worse"
    UNKNOWN = "unknown"  # one of the two periods has nothing of it


class Verdict(StrEnum):
    """What two periods say of the work between them."""

    REGRESSED = "regressed"
    FASTER_SAME_TOUCHES = "faster, same touches"
    SAME_COORDINATION = "same coordination"
    HIDDEN = "hidden by the average"


SAYS: Mapping[Verdict, str] = {
    Verdict.REGRESSED: "this became worse; nothing that became better makes up for it",
    Verdict.FASTER_SAME_TOUCHES: "cases end sooner with as many touches: the design may not be mature enough",
    Verdict.SAME_COORDINATION: "people do as much coordination as before: the layer does not do enough yet",
    Verdict.HIDDEN: "worse at this site, and not in all sites together: look there",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One dimension of one part in both periods."""

    by: Mapping[str, str]
    dimension: str
    unit: str
    before: float | None
    after: float | None
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A verdict on one part, and what it rests on."""

    by: Mapping[str, str]
    verdict: Verdict
    dimension: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """The whole comparison."""

    lines: tuple[Line, ...]
    verdicts: tuple[Found, ...]


def _some(figures: Figures, measure: str, **what: str) -> list[Figure]:
    """The figures of a measure whose things begin like this."""
    return [each for each in figures if each.measure == measure
            and all(each.what.get(name, "").startswith(text) for name, text in what.items())]  # fmt: skip


def _mean(found: Figures) -> float | None:
    n = sum(each.n for each in found)
    return sum(each.total or 0.0 for each in found) / n if n else None


def _share(found: Figures, all_of: Figures) -> float | None:
    whole = sum(each.n for each in all_of)
    return sum(each.n for each in found) / whole if whole else None


def _missed(figures: Figures) -> float | None:
    return _share(_some(figures, "clocks", clock="missed"), _some(figures, "clocks"))


def _again(figures: Figures) -> float | None:
    held = [*_some(figures, "typed", held="already told"), *_some(figures, "typed", held="kept by")]
    return _share(held, _some(figures, "typed"))


def _per_case(*measures: str) -> Callable[[Figures], float | None]:
    """So many of these for each case that closed."""
    return lambda figures: _share(
        [one for name in measures for one in _some(figures, name)], _some(figures, "touches")
    )


def _access(figures: Figures) -> float | None:
    found = _some(figures, "appointments")
    return found[0].median if found else None


DIMENSIONS: Mapping[str, tuple[str, Callable[[Figures], float | None]]] = {
    "turnaround": ("s, mean from opening to end", lambda some: _mean(_some(some, "milestones", status="closed"))),
    "access": ("s, median from request to appointment", _access),
    "touches": ("mean per closed case", lambda some: _mean(_some(some, "touches"))),
    "coordination": ("routed by hand or handed over, per closed case", _per_case("by_hand", "handovers")),
    "clocks missed": ("share of clocks", _missed),
    "mis-routes": ("per closed case", _per_case("misroutes")),
    "exceptions": ("per closed case", _per_case("exceptions")),
    "typed again": ("share of fields", _again),
}  # fmt: skip


def against(before: Figures, after: Figures, *, tolerance: float = TOLERANCE) -> Against:
    """Compare; both told by the same parts. With `site` among them, each site is held against all of them together."""
    lines = tuple(_lines(before, after, tolerance))
    together = tuple(_lines(_sites_together(before), _sites_together(after), tolerance))
    return Against(
        lines=lines,
        verdicts=(*_verdicts(lines), *_hidden(lines, {_at(one): one.standing for one in together})),
    )


def _parts(figures: Figures) -> dict[Key, list[Figure]]:
    found: dict[Key, list[Figure]] = {}
    for each in figures:
        found.setdefault(tuple(each.by.items()), []).append(each)
    return found


def _lines(before: Figures, after: Figures, tolerance: float) -> Iterator[Line]:
    one, two = _parts(before), _parts(after)
    for key in sorted(one.keys() | two.keys()):
        for name, (unit, value) in DIMENSIONS.items():
            was, now = value(one.get(key, ())), value(two.get(key, ()))
            if was is not None or now is not None:
                yield Line(by=dict(key), dimension=name, unit=unit, before=was, after=now,
                           standing=standing(was, now, tolerance))  # fmt: skip


def standing(before: float | None, after: float | None, tolerance: float = TOLERANCE) -> Standing:
    """Less is better; a change of no more than the tolerance is none."""
    if before is None or after is None:
        return Standing.UNKNOWN
    if abs(after - before) <= tolerance * before:
        return Standing.SAME
    return Standing.BETTER if after < before else Standing.WORSE


def _verdicts(lines: Iterable[Line]) -> Iterator[Found]:
    parts: dict[Key, dict[str, Standing]] = {}
    for line in lines:
        parts.setdefault(tuple(line.by.items()), {})[line.dimension] = line.standing
    for key, how in parts.items():
        for dimension, stands in how.items():
            if stands is Standing.WORSE:
                yield _found(dict(key), Verdict.REGRESSED, dimension)
        still = {Standing.SAME, Standing.WORSE}
        if how.get("turnaround") is Standing.BETTER and how.get("touches") in still:
            yield _found(dict(key), Verdict.FASTER_SAME_TOUCHES, "touches")
        if {how.get("touches"), how.get("coordination")} <= still:
            yield _found(dict(key), Verdict.SAME_COORDINATION, "coordination")


def _hidden(lines: Iterable[Line], together: Mapping[object, Standing]) -> Iterator[Found]:
    for line in lines:
        whole = together.get(_at(line))
        better = whole in {Standing.BETTER, Standing.SAME}
        if "site" in line.by and line.standing is Standing.WORSE and better:
            yield _found(line.by, Verdict.HIDDEN, line.dimension)


def _found(by: Mapping[str, str], verdict: Verdict, dimension: str) -> Found:
    return Found(by=by, verdict=verdict, dimension=dimension, says=SAYS[verdict])


def _at(line: Line) -> tuple[Key, str]:
    return tuple((name, value) for name, value in line.by.items() if name != "site"), line.dimension


def _sites_together(figures: Figures) -> list[Figure]:
    """The same figures as if there were one site; medians have no sum and are left out."""
    return [
        Figure(measure=each.measure, by={name: value for name, value in each.by.items() if name != "site"},
               what=each.what, n=each.n, total=each.total)
        for each in figures if each.measure != "appointments"
    ]  # fmt: skip
