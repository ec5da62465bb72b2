"""One entry for each workflow a to n: started, closed, open, time to each milestone, touches, exceptions. Pure."""

from collections.abc import Iterable, Sequence

from carelane.measures.figures import Figure, Row
from carelane.measures.workflows import WORKFLOWS, Workflow

Entry = dict[str, object]


def entries(cases: Sequence[Row], figures: Iterable[Figure]) -> dict[str, Entry]:
    """All fourteen, also those of which nothing happened."""
    mine = list(figures)
    return {key: _entry(key, each, cases, mine) for key, each in WORKFLOWS.items()}


def _entry(key: str, workflow: Workflow, cases: Sequence[Row], figures: Sequence[Figure]) -> Entry:
    rows = [row for row in cases if workflow.carries(row["pathway"])]
    some = [each for each in figures if workflow.carries(each.by["pathway"])]
    counts = {name: sum(int(row[name]) for row in rows) for name in ("started", "closed", "open")}
    return {
        "workflow": key, "title": workflow.title, "pathways": sorted(str(row["pathway"]) for row in rows),
        **counts, "milestones": _milestones(some), "touches": _touches(some), "exceptions": _exceptions(some),
    }  # fmt: skip


def _milestones(figures: Sequence[Figure]) -> dict[str, dict[str, float | int | None]]:
    found = [each for each in figures if each.measure == "milestones"]
    several = len({each.by["pathway"] for each in found}) > 1
    return {
        f"{each.by['pathway']}: {each.what['status']}" if several else each.what["status"]:
        {"n": each.n, "median_s": each.median, "p90_s": each.p90}
        for each in found
    }  # fmt: skip


def _touches(figures: Sequence[Figure]) -> dict[str, float | int | None]:
    """Touches of the cases that closed; of several pathways the mean is of all their cases together."""
    found = [each for each in figures if each.measure == "touches"]
    cases, total = sum(each.n for each in found), sum(each.total or 0 for each in found)
    mean = round(total / cases, 2) if cases else None
    return {"cases": cases, "total": int(total), "mean": mean}


def _exceptions(figures: Sequence[Figure]) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in figures:
        if each.measure == "exceptions":
            found[each.what["what"]] = found.get(each.what["what"], 0) + each.n
    return dict(sorted(found.items()))
