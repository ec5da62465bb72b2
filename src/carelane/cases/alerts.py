"""Notices that go by a channel of their own become effects for staff, so that they are sent and settled like all else.

The engine adds them to each decision before it is committed; a replay adds them too, or later facts would differ.
"""

from carelane.cases.model import Case, Change, Notice, Step
from carelane.facts.ids import derive
from carelane.facts.intent import STAFF_ALERT, Audience, IfUnknown, Intent
from carelane.facts.phi import Phi
from carelane.facts.replacing import replace

IN_PORTAL = frozenset({"", "portal", "secure-message"})
"""Channels that are the portal itself: the notice row is the message."""


def with_alerts(step: Step) -> Step:
    """Each notice that goes by another channel than the portal, also as an effect for staff."""
    if not any(
        notice.channel not in IN_PORTAL for change in step.changes for notice in change.notices
    ):
        return step
    return replace(step, changes=tuple(_alerted(step, change) for change in step.changes))


def _alerted(step: Step, change: Change) -> Change:
    told = {intent.references.get("to") for intent in change.intents}  # the pathway's own alerts
    alerts = tuple(
        _alert(step, change.after, notice, number)
        for number, notice in enumerate(change.notices)
        if notice.channel not in IN_PORTAL and notice.to not in told
    )
    return replace(change, intents=change.intents + alerts) if alerts else change


def _alert(step: Step, case: Case, notice: Notice, number: int) -> Intent:
    return Intent(
        id=derive(step.now, case.id, step.fact.id, "alert", number), case=case.id, step=notice.step,
        name=f"notice-{notice.kind}", capability=STAFF_ALERT, audience=Audience.STAFF, if_unknown=IfUnknown.RESEND,
        content=Phi({"to": notice.to, "channel": notice.channel, "level": notice.level, "case": str(case.id),
                     "status": case.status}, "alert"),
        urgency=3 if notice.safety else int(case.urgency),
        references={"to": notice.to, "by": notice.channel, "level": str(notice.level)},
    )  # fmt: skip
