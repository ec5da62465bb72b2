"""A routing is said to be wrong, for pages and API alike: rights, which rule is meant, then the worklist files it."""

from dataclasses import dataclass, field
from uuid import UUID

from carelane.access.decide import Denied
from carelane.access.request import Action
from carelane.accounts.rights import MISSING
from carelane.accounts.sessions import Session
from carelane.casebook.why import Explanation, explain, fired
from carelane.facts.phi import Phi
from carelane.portal.desk import Desk, viewer_of
from carelane.portal.saying import Said, said
from carelane.worklist.answers import Acted, Refused
from carelane.worklist.correcting import Filed, Wrong, correct


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the person said: the rule (empty: the one that routed last), why, what is right, where it should go now."""

    rule: str = ""
    reason: str = ""
    text: str = field(default="", repr=False)
    pool: str = ""


async def file(desk: Desk, session: Session, case: UUID, asked: Asked) -> Said:
    """File it, and move the case if a pool was named; the words for how that ended."""
    found = await _file(desk, session, case, asked)
    now = desk.runtime.now()
    if not isinstance(found, Filed):
        return said(found, now)
    filed = "Filed: those who answer for the pathway judge it, and it is counted."
    if found.moved is None:
        return Said(ok=True, status=200, code="filed", message=filed)
    moved = said(found.moved, now)
    if isinstance(found.moved, Acted) and moved.ok:
        return Said(
            ok=True, status=200, code="filed-and-moved", message=f"{filed} The case was sent on."
        )
    return Said(ok=True, status=200, code="filed", message=f"{filed} The case was not moved: {moved.message}",
                remedy=moved.remedy)  # fmt: skip


async def _file(desk: Desk, session: Session, case: UUID, asked: Asked) -> Filed | Refused | Denied:
    if denied := await desk.rights.allow_on(session, Action.CASE_NOTE, "case", case):
        return denied
    async with desk.runtime.app.transaction(sites=session.person.sites) as tx:
        why = await explain(tx, desk.runtime.releases.published, case)
    if why is None:
        return MISSING
    rule = asked.rule or fired(why)
    if rule not in rules_of(why):
        return Refused(code="rule-unknown", remedy="Choose one of the rules that this case shows.")
    task = next((each.task for each in why.here if each.task), None)
    if asked.pool and task is None:
        return Refused(code="nothing-to-move", remedy="No task is open. File it without a pool.")
    if asked.pool and task is not None:
        denied = await desk.rights.allow_on(
            session, Action.ROUTING_OVERRIDE, "task", task, reason=True
        )
        if denied is not None:
            return denied
    wrong = Wrong(rule=rule, reason=asked.reason, text=Phi(asked.text, "text"), pool=asked.pool,
                  task=task if asked.pool else None)  # fmt: skip
    return await correct(desk.runtime, viewer_of(session), case, wrong)


def rules_of(why: Explanation) -> list[str]:
    """The rules that took part, each once: the one that routed last, then the others, the last first."""
    named = (each.rule for decision in why.decisions for each in reversed(decision.rules))
    return [rule for rule in dict.fromkeys((fired(why), *named)) if rule]
