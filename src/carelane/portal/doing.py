"""What can be done with a task, by verb: rights first, then the service. Pages and the API both come through here."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeAlias
from uuid import UUID

from carelane.access.decide import Denied
from carelane.access.request import Action
from carelane.accounts.sessions import Session
from carelane.facts.fact import Json
from carelane.facts.phi import Phi
from carelane.portal.desk import Desk, viewer_of
from carelane.worklist import acting, handover, holding
from carelane.worklist.answers import Acted, Held, Lost, Refused

Told: TypeAlias = Held | Acted | Lost | Refused | Denied
SNOOZE_HOURS = (1, 2, 4, 8, 24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """What a person said: the version seen, and what the verb needs."""

    version: int = 0
    outcome: str = ""
    reason: str = ""
    to_kind: str = ""
    to: str = ""
    what: str = ""
    state: str = ""
    hours: int = 0
    form: Mapping[str, Json] = field(default_factory=dict, repr=False)


Run = Callable[[Desk, Session, UUID, Doing], Awaitable[Told]]


async def _claim(desk: Desk, session: Session, task: UUID, doing: Doing) -> Told:
    return await holding.claim(desk.runtime, viewer_of(session), task, version=doing.version)


async def _release(desk: Desk, session: Session, task: UUID, doing: Doing) -> Told:
    return await holding.release(desk.runtime, viewer_of(session), task, version=doing.version)


async def _snooze(desk: Desk, session: Session, task: UUID, doing: Doing) -> Told:
    if not 0 < doing.hours <= SNOOZE_HOURS[-1]:
        return Refused(code="hours", remedy="Choose for how many hours, from 1 to 24.")
    until = desk.runtime.now() + timedelta(hours=doing.hours)
    viewer = viewer_of(session)
    return await holding.snooze(desk.runtime, viewer, task, version=doing.version, until=until)


async def _wake(desk: Desk, session: Session, task: UUID, _: Doing) -> Told:
    return await holding.wake(desk.runtime, viewer_of(session), task)


async def _draft(desk: Desk, session: Session, task: UUID, doing: Doing) -> Told:
    form = Phi(doing.form, "form")
    return await holding.save_draft(desk.runtime, viewer_of(session), task, form)


async def _complete(desk: Desk, session: Session, task: UUID, doing: Doing) -> Told:
    return await acting.complete(
        desk.runtime, viewer_of(session), task, version=doing.version, outcome=doing.outcome,
        form=Phi(doing.form, "form"), reason=doing.reason)  # fmt: skip


async def _undo(desk: Desk, session: Session, task: UUID, _: Doing) -> Told:
    return await acting.undo(desk.runtime, viewer_of(session), task)


async def _escalate(desk: Desk, session: Session, task: UUID, doing: Doing) -> Told:
    return await acting.escalate(desk.runtime, viewer_of(session), task, reason=doing.reason)


async def _reassign(desk: Desk, session: Session, task: UUID, doing: Doing) -> Told:
    viewer = viewer_of(session)
    return await acting.reassign(
        desk.runtime, viewer, task, to_kind=doing.to_kind, to=doing.to, reason=doing.reason)  # fmt: skip


async def _override(desk: Desk, session: Session, task: UUID, doing: Doing) -> Told:
    viewer = viewer_of(session)
    return await acting.override(
        desk.runtime, viewer, task, reason=doing.reason, pool=doing.to, state=doing.state)  # fmt: skip


async def _offer(desk: Desk, session: Session, task: UUID, doing: Doing) -> Told:
    offered = await handover.offer(
        desk.runtime, viewer_of(session), task, version=doing.version, to=doing.to,
        what=doing.what or "whole-task", reason=doing.reason)  # fmt: skip
    return Held(task=task, version=doing.version) if isinstance(offered, UUID) else offered


VERBS: Mapping[str, tuple[Action, Run]] = {
    "claim": (Action.TASK_CLAIM, _claim),
    "release": (Action.TASK_RELEASE, _release),
    "snooze": (Action.TASK_SNOOZE, _snooze),
    "wake": (Action.TASK_SNOOZE, _wake),
    "draft": (Action.TASK_DRAFT, _draft),
    "complete": (Action.TASK_COMPLETE, _complete),
    "undo": (Action.TASK_UNDO, _undo),
    "escalate": (Action.TASK_ESCALATE, _escalate),
    "reassign": (Action.TASK_REASSIGN, _reassign),
    "override": (Action.ROUTING_OVERRIDE, _override),
    "offer": (Action.HANDOVER_OFFER, _offer),
}
_OFFERS = {
    "accept": (Action.HANDOVER_ACCEPT, handover.accept),
    "withdraw": (Action.HANDOVER_WITHDRAW, handover.withdraw),
}
UNKNOWN = Refused(code="not-found", remedy="There is no such action. See the API's document.")


async def do(desk: Desk, session: Session, task: UUID, verb: str, doing: Doing) -> Told:
    """Ask for the right to act on this task, and act."""
    if verb not in VERBS:
        return UNKNOWN
    action, run = VERBS[verb]
    denied = await desk.rights.allow_on(session, action, "task", task, reason=bool(doing.reason))
    return denied or await run(desk, session, task, doing)


async def answer_offer(desk: Desk, session: Session, offer: UUID, verb: str) -> Told:
    """Accept an offered handover, or take one's own back."""
    if verb not in _OFFERS:
        return UNKNOWN
    action, run = _OFFERS[verb]
    denied = await desk.rights.allow_on(session, action, "handover", offer)
    return denied or await run(desk.runtime, viewer_of(session), offer)
