"""Two periods beside each other: each verdict on figures written by hand, and none where nothing is wrong."""

import pytest

from carelane.measures.against import Against, Standing, Verdict, against, standing
from carelane.measures.figures import Figure

CLOSED = 100


def period(
    site: str = "",
    *,
    closed: int = CLOSED,
    touches: float = 4.0,
    hours: float = 24.0,
    by_hand: int = 20,
    missed: int = 5,
    misrouted: int = 3,
) -> list[Figure]:
    """What was counted in a month."""
    by = {"pathway": "p"} | ({"site": site} if site else {})
    whole = closed * 3
    return [
        Figure(measure="touches", by=by, n=closed, total=touches * closed),
        Figure(measure="milestones", by=by, what={"status": "closed"}, n=closed, total=hours * 3600 * closed),
        Figure(measure="milestones", by=by, what={"status": "booked"}, n=closed, total=1.0),
        Figure(measure="clocks", by=by, what={"clock": "missed"}, n=missed, of=whole),
        Figure(measure="clocks", by=by, what={"clock": "kept"}, n=whole - missed, of=whole),
        Figure(measure="by_hand", by=by, what={"what": "routing.overridden"}, n=by_hand),
        Figure(measure="misroutes", by=by, what={"rule": "r"}, n=misrouted),
        Figure(measure="appointments", by=by, n=closed, of=closed, median=hours * 3600),
    ]  # fmt: skip


def verdicts(found: Against) -> list[tuple[Verdict, str]]:
    return [(each.verdict, each.dimension) for each in found.verdicts]


@pytest.mark.requirement("R144")
def test_the_comparator_is_ones_own_earlier_period() -> None:
    found = against(period(), period(touches=2.0, by_hand=5, hours=12))
    lines = {each.dimension: (each.before, each.after, each.standing) for each in found.lines}
    assert lines["touches"] == (4.0, 2.0, Standing.BETTER)
    assert lines["coordination"] == (0.2, 0.05, Standing.BETTER)
    assert lines["turnaround"] == (86400.0, 43200.0, Standing.BETTER)
    assert lines["clocks missed"][2] is Standing.SAME
    assert verdicts(found) == []


@pytest.mark.requirement("R124")
@pytest.mark.parametrize(
    ("worse", "dimension"),
    [
        ({"missed": 30}, "clocks missed"),
        ({"misrouted": 9}, "mis-routes"),
        ({"by_hand": 40}, "coordination"),
        ({"touches": 4.5}, "touches"),
    ],
)
def test_no_dimension_becomes_worse_in_silence(worse: dict[str, int], dimension: str) -> None:
    """However much better the others became."""
    better = {"touches": 2.0, "by_hand": 5, "hours": 6}
    found = against(period(), period(**(better | worse)))  # type: ignore[arg-type]  # numbers by name
    assert (Verdict.REGRESSED, dimension) in verdicts(found)
    assert next(each for each in found.verdicts if each.verdict is Verdict.REGRESSED).says


@pytest.mark.requirement("R155")
@pytest.mark.parametrize(("touches", "flagged"), [(4.0, True), (4.1, True), (3.0, False)])
def test_faster_with_as_many_touches_is_flagged(touches: float, flagged: bool) -> None:  # noqa: FBT001  # a table's cell
    found = against(period(), period(hours=12, touches=touches, by_hand=5))
    assert ((Verdict.FASTER_SAME_TOUCHES, "touches") in verdicts(found)) is flagged


@pytest.mark.requirement("R166")
@pytest.mark.parametrize(
    ("touches", "by_hand", "failed"),
    [(4.0, 20, True), (4.5, 25, True), (3.0, 20, False), (4.0, 10, False)],
)
def test_people_who_coordinate_as_before_are_a_failure(
    touches: float,
    by_hand: int,
    failed: bool,  # noqa: FBT001  # a table's cell
) -> None:
    """Also where cases end sooner."""
    found = against(period(), period(hours=12, touches=touches, by_hand=by_hand))
    assert ((Verdict.SAME_COORDINATION, "coordination") in verdicts(found)) is failed


@pytest.mark.requirement("R157")
def test_a_site_that_an_average_hides_is_found() -> None:
    """The large site became faster, the small one slower: together they are faster."""
    before = [*period("north", closed=900), *period("harbour")]
    after = [*period("north", closed=900, hours=12), *period("harbour", hours=48)]
    found = against(before, after)
    hidden = [each for each in found.verdicts if each.verdict is Verdict.HIDDEN]
    assert [(each.by["site"], each.dimension) for each in hidden] == [("harbour", "turnaround")]


@pytest.mark.requirement("R157")
def test_sites_that_all_became_worse_behind_a_better_average_are_found() -> None:
    """Simpson's paradox: the slow site has fewer of the cases now."""
    before = [*period("north", closed=100, hours=10), *period("harbour", closed=900, hours=50)]
    after = [*period("north", closed=900, hours=12), *period("harbour", closed=100, hours=60)]
    hidden = [each for each in against(before, after).verdicts if each.verdict is Verdict.HIDDEN]
    assert {(each.by["site"], each.dimension) for each in hidden} >= {
        ("north", "turnaround"),
        ("harbour", "turnaround"),
    }


def test_what_one_period_has_nothing_of_is_unknown() -> None:
    found = against([], period())
    assert {each.standing for each in found.lines} == {Standing.UNKNOWN}
    assert found.verdicts == ()
    assert standing(0.0, 0.1) is Standing.WORSE
    assert standing(0.0, 0.0) is Standing.SAME
