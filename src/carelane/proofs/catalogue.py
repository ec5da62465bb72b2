"""Every rule by name, with the sentence that a clinical owner reads (`docs/why/what-is-proved.md`)."""

from types import MappingProxyType

from carelane.proofs import promises as requirements
from carelane.proofs.rules import (
    effects,
    ends,
    flags,
    heard,
    loops,
    safety,
    tables,
    waits,
    writes,
)

RULES = MappingProxyType({
    waits.WAITS: "Every wait that a case can reach has an owner, a clock and a fallback.",
    waits.EXPIRY: "When time runs out, another state or owner follows; only a last level repeats.",
    waits.RUNS: "The engine can decide whatever comes, in every state.",
    waits.URGENCY: "No fact, clock or effect lowers a case's urgency.",
    heard.RULE: "Every event and every outcome has an answer in every state.",
    ends.DEAD_END: "From wherever a case can stand, it can come to an end.",
    ends.REACHED: "Every state can be reached.",
    loops.RULE: "What clocks, effects and rules drive by themselves comes to an end.",
    safety.RULE: "Safety clocks run on wall time, are never stopped, and call help before they are due.",
    safety.EFFECTS: "Every effect says what happens when nobody knows whether it was done.",
    effects.RULE: "What could not be done outside reaches somebody.",
    tables.COMPLETE: "Every table answers for every value, also for a missing one.",
    tables.CLASH: "No two rows of a table answer at once where one is wanted.",
    tables.ROWS: "Every row of every table can answer.",
    tables.TYPES: "Tables answer with pools, urgencies, stages and codes: no diagnosis, dose or score.",
    flags.LIST: "Where symptoms or results come in, red flags are declared, with approvers.",
    flags.POOLS: "No case with a red flag is routine, or stands with a pool that is not for it.",
    writes.DECLARED: "Everything shown or sent is declared, with its authority.",
    writes.AUTHORITY: "Nothing is written whose authority lies elsewhere.",
    requirements.RULE: "What the pathway requires of itself is kept by its states.",
})  # fmt: skip
