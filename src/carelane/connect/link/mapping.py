"""A press as a fact: the reply to a message of ours, under the names that texts have. Pure."""

from collections.abc import Sequence
from datetime import datetime

from carelane.connect.link.codec import ANSWERS, TRIGGER, UNREADABLE, control_of, heard
from carelane.facts.fact import Draft
from carelane.facts.phi import Phi
from carelane.facts.ports import Reading
from carelane.facts.problem import Problem


def read(raw: bytes, *, received_at: datetime) -> tuple[Reading, Sequence[Problem]]:
    """What one kept press says; whose it is, intake knows by the message that it answers."""
    press = heard(raw)
    if press is None:
        return Reading(outcome="rejected", trigger=TRIGGER, control_id=None), (UNREADABLE,)
    said = {
        "resourceType": "Communication",
        "status": "completed",
        "channel": "link",
        "answer": ANSWERS[press.button],
    }
    draft = Draft(
        type="message.replied",
        occurred_at=received_at,
        payload=Phi({"communication": said}, "payload"),
        keys={"effect": str(press.effect)},
    )
    control = control_of(press.effect)
    return Reading(outcome="facts", trigger=TRIGGER, control_id=control, drafts=(draft,)), ()
