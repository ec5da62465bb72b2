"""How each measure is counted, in a sentence: printed beside the figures, and the page of the reference. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What `n`, `value` and the period mean for one measure."""

    title: str
    unit: str
    counts: str


MEANINGS: Mapping[str, Meaning] = {
    "touches": Meaning(
        title="Touches per case",
        unit="touches",
        counts="n: cases that closed in the period and are not open again. Value: facts by a person that were "
        "applied to the case, from its first opening to its last end; an undone completion and its undoing "
        "are touches too. A case that reopened counts once, in the period of its last end.",
    ),
    "milestones": Meaning(
        title="Time to each milestone",
        unit="s",
        counts="n: cases that first stood in a state with that published status in the period, or (`closed`) ended "
        "in it. Value: wall time since the case was opened. Coming back to a status, by reopening or "
        "otherwise, is not counted again. States of an earlier release are read in the words of that "
        "pathway's releases, the case's own first.",
    ),
    "waits": Meaning(
        title="Time in each wait",
        unit="s",
        counts="n: waits that ended in the period, by state and way out. Value: from opening to end in the clock's "
        "own kind of time (opening hours where it counts business time; for clocks of dates wall time), less "
        "the stretches in which the clock was paused. The site's calendar is that of now.",
    ),
    "clocks": Meaning(
        title="Clocks kept and missed",
        unit="",
        counts="n: waits that ended in the period, or were open and late at its end; of: all of these. Missed: the "
        "clock ran out at least once (also where it was started anew to repeat a call), or the wait ended "
        "after its due time. A pause moves the due time.",
    ),
    "by_hand": Meaning(
        title="Items routed by hand",
        unit="",
        counts="n: overrides and reassignments by a person that were applied in the period.",
    ),
    "items": Meaning(
        title="Inbox items per person per day",
        unit="s",
        counts="n: tasks that the person completed on that day of the site; undone ones are left out. Value: age of "
        "the item then, since it was opened.",
    ),
    "handovers": Meaning(
        title="Handovers",
        unit="s",
        counts="n: handovers offered in the period, by how they stood at its end; sent back: whoever accepted gave "
        "the same task back to the giver. Value: time to acceptance.",
    ),
    "misroutes": Meaning(
        title="Mis-routes",
        unit="h",
        counts="n: cases and rules for which somebody said in the period that the routing is wrong, overrode it, or "
        "gave the task to another pool; the first time of each case and rule. Value: hours from the opening "
        "of the wait there until then. Rule: the one that routed the case last before. What was judged to be "
        "right after all stays counted.",
    ),
    "exceptions": Meaning(
        title="Exceptions",
        unit="",
        counts="n: each way off the path in the period: could not be done (a task's declared outcome for it), "
        "fallback taken (the wait ran out; one that repeats counts once), overridden, parked (not redriven "
        "since), quarantined (a message; state is its connection). Reasons are codes; what isn't in a list "
        "reads as given or not said.",
    ),
    "appointments": Meaning(
        title="Request to appointment",
        unit="s",
        counts="n: cases opened in the period whose appointment is known now; of: all opened in it of pathways that "
        "read one. Value: from opening to the start of the appointment last told.",
    ),
    "typed": Meaning(
        title="Fields typed again",
        unit="",
        counts="n: fields that people gave in forms of tasks that they completed in the period, by task, field and who "
        "held it; of: all of these. `kept by`: the pathway declares another system as the field's authority. "
        "`already told`: a message had given the case the same code before. `corrected`: it had given another. "
        "`nowhere else`: only the person knew it. Undone completions are left out.",
    ),
    "capacity": Meaning(
        title="Free capacity of the next 14 days",
        unit="min",
        counts="n: slots that start within 14 days after the end of the period and were free when the EHR last told of "
        "them before it, by day of the site, service line and kind of visit. Value: their minutes. A slot that the "
        "EHR never told of, or that no pathway in force reads, is not counted. Cohort: the month it was last told of.",
    ),
    "third_next": Meaning(
        title="Third next available",
        unit="d",
        counts="n: sites, service lines and kinds of visit with at least three free slots ahead. Value: days from the "
        "end of the period to the start of the third. Read like free capacity, without the 14 days.",
    ),
}
