"""The fourteen workflows of a hospital, a to n, and the pathways that carry each. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

OTHER: Final = "Other"
"""System pathways, and those of a site's own."""


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


def title(pathway: str) -> str:
    """The workflow's name of a pathway, for figures."""
    found = letter(pathway)
    return WORKFLOWS[found].title if found else OTHER
