"""One entry for each workflow a to n: started, closed, open, time to each milestone, touches, exceptions. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from carelane.measures.figures import Figure, Row

Entry = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """A workflow by its letter, and the pathways that carry it, by name or by how their names begin."""

    title: str
    pathways: tuple[str, ...]
    begins: tuple[str, ...] = ()

    def carries(self, pathway: str) -> bool:
        """Whether it is one of this workflow's."""
        return pathway in self.pathways or pathway.startswith(self.begins or ("\0",))


WORKFLOWS: Mapping[str, Workflow] = {
    "a": Workflow(title="Scheduling request", pathways=("scheduling-request", "slot-booking")),
    "b": Workflow(title="Callbacks", pathways=("callback",)),
    "c": Workflow(title="Reminders and no-show", pathways=("appointment-reminder",)),
    "d": Workflow(title="Waitlist fill", pathways=("slot-fill",), begins=("waitlist-",)),
    "e": Workflow(title="Pre-visit preparation", pathways=("visit-preparation",)),
    "f": Workflow(title="Nurse triage", pathways=("nurse-triage",)),
    "g": Workflow(title="Refill", pathways=("refill",)),
    "h": Workflow(title="Referral and orders", pathways=("referral-intake", "order-tracking")),
    "i": Workflow(title="Prior authorisation preparation", pathways=("prior-authorisation",)),
    "j": Workflow(title="Discharge follow-up", pathways=("discharge-follow-up",)),
    "k": Workflow(title="Abnormal and critical results", pathways=("abnormal-result", "critical-result")),
    "l": Workflow(title="Inbox", pathways=("inbox-message",)),
    "m": Workflow(title="Documentation", pathways=("documentation",), begins=("note-",)),
    "n": Workflow(title="Portal status", pathways=("patient-status",)),  # told by pathways of other workflows
}  # fmt: skip


def letter(pathway: str) -> str:
    """Which workflow a pathway belongs to; empty: none (a system pathway, or one of the site's own)."""
    return next((key for key, each in WORKFLOWS.items() if each.carries(pathway)), "")


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
