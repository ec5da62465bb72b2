"""The core: `step(definitions, view, late, fact, now) -> Step`, pure, total and deterministic (SEMANTICS 2).

`model` holds the data, `step` decides, `engine.drain` runs it, `store.commit` writes what it answers.
"""

from carelane.cases.decide import step
from carelane.cases.expiry import GRACE, due_facts, may_fire, next_due
from carelane.cases.fold import advance, redrive
from carelane.cases.hold import due_held
from carelane.cases.merge import Merged, merge_views, repoint

__all__ = [
    "GRACE",
    "Merged",
    "advance",
    "due_facts",
    "due_held",
    "may_fire",
    "merge_views",
    "next_due",
    "redrive",
    "repoint",
    "step",
]
