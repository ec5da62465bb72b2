"""What a patient is told as a case goes on: each milestone once, by the effect that the pathway names for it.

A milestone belongs to no step: nobody waits for it, and where a patient can't be reached no work comes of it; it stands
on the case all the same. A state that writes to the patient itself has told its milestone.
"""

from datetime import datetime
from uuid import UUID

from carelane.cases.effects import issue
from carelane.cases.model import EffectState, EffectView
from carelane.cases.run import Run
from carelane.facts.ids import derive
from carelane.pathways.definition import State

AGAIN_MAX = 100
"""How often a milestone may be taken back and told after all."""


def told(run: Run, state: State, *, held_until: datetime | None) -> None:
    """Tell the milestone of a state that was entered; only the last one, where one fact leads through several."""
    name = run.definition.milestones
    if not name:
        return
    _take_back(run)
    if state.milestone in {"", run.case.milestone} or state.name in run.prepared.writing:
        return
    effect = _id_of(run, name, state.milestone)
    if effect is not None:
        run.telling = issue(run, name, step=None, held_until=held_until, effect=effect)


def is_milestone(run: Run, effect: EffectView) -> bool:
    """Whether an effect told a milestone: nothing follows from how it ends."""
    return effect.step is None and effect.name == run.definition.milestones


def _take_back(run: Run) -> None:
    """What an earlier state of this same fact would have told was never wanted."""
    if run.telling is not None:
        run.intents = [each for each in run.intents if each.id != run.telling]
        run.effects = [each for each in run.effects if each.id != run.telling]
        run.telling = None


def _id_of(run: Run, name: str, words: str) -> UUID | None:
    """The id of this milestone's message: of the case and the words, so that it is told once; None if it was told."""
    known = [each for each in run.effects if each.name == name]
    for number in range(AGAIN_MAX):
        effect = derive(run.case.opened_at, run.case.id, "milestone", words, number)
        before = next((each for each in known if each.id == effect), None)
        if before is None:
            return effect
        if before.state is not EffectState.WITHDRAWN:
            return None
    return None
