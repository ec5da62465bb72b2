"""When clocks fire, and what then happens (SEMANTICS 6). The drainer asks; nothing scans and no fact is in flight.

`engine.chain` calls `due_facts(view, until)` under the subject's turn, with `until` the earlier of now and the next
pending fact's `recorded_at`, decides the first, and asks again until none is due: so facts recorded at or before a
due time always come first, and a level that an unread answer has overtaken does not fire.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from carelane.cases import clocks, effects, levels
from carelane.cases.go import Why, follow
from carelane.cases.model import Case, Clock, Notice, OpenStep, View
from carelane.cases.run import Run
from carelane.cases.words import (
    CLOCK_EXPIRED,
    CLOCK_LEVEL,
    CLOCK_RESUMED,
    CLOCK_STOPPED,
    CLOCK_WARNED,
    STAY,
)
from carelane.facts.fact import Actor, Fact
from carelane.facts.ids import derive
from carelane.facts.phi import Phi
from carelane.facts.replacing import replace
from carelane.pathways.definition import State

GRACE = timedelta(minutes=15)
_SECOND = timedelta(seconds=1)


def next_due(view: View) -> datetime | None:
    """The earliest instant at which something of this subject comes due, its held facts among it."""
    instants = [step.clock.next_at for case in view.cases for step in case.steps]
    instants.extend(held.until for held in view.held)
    return min(instants, default=None)


def due_facts(view: View, until: datetime) -> tuple[Fact, ...]:
    """The clocks' facts due by `until`, oldest first, at most one per step: decide them, then ask again.

    Ids come from step, generation and level, so an expiry found twice is the same fact.
    """
    due = [
        (step.clock.next_at, step.id, case, step)
        for case in view.cases
        for step in case.steps
        if step.clock.next_at <= until
    ]
    return tuple(
        _fact(view, case, step, until)
        for _, _, case, step in sorted(due, key=lambda each: each[:2])
    )


def may_fire(
    clock: Clock, now: datetime, *, downtime: datetime | None, drained_until: datetime | None
) -> bool:
    """Whether a due clock may fire now.

    After downtime safety clocks fire at once; others when every connection's ledger is drained past their due
    time, or after 15 minutes of grace. `downtime` is when we came back, or None when nothing was missed.
    """
    if clock.next_at > now:
        return False
    if clock.safety or downtime is None or now >= downtime + GRACE:
        return True
    return drained_until is not None and drained_until > clock.next_at


def _fact(view: View, case: Case, step: OpenStep, until: datetime) -> Fact:
    clock = step.clock
    kind = _kind(clock)
    at = clock.next_at + _SECOND
    identity = derive(at, "clock", step.id, clock.generation, _mark(kind, clock))
    return Fact(
        id=identity,
        type=kind,
        subject=view.subject,
        organisation=view.organisation,
        occurred_at=at,
        recorded_at=at,
        payload=Phi({"clock": {"until": until.isoformat()}}, "clock"),
        refers={"case": case.id, "step": step.id},
        urgency=case.urgency,
        actor=Actor.CLOCK,
        actor_name="clock",
        correlation=case.correlation,
        site=case.site,
        service_line=case.service_line,
    )


def _kind(clock: Clock) -> str:
    if clock.paused_at is not None:
        return CLOCK_RESUMED
    if clock.next_at >= clock.due_at:
        return CLOCK_EXPIRED
    if clock.warn_at == clock.next_at and not clock.warned:
        return CLOCK_WARNED
    return CLOCK_LEVEL


def _mark(kind: str, clock: Clock) -> int | str:
    return clock.level + 1 if kind == CLOCK_LEVEL else kind


def ring(run: Run) -> str:
    """Apply a clock's fact: resume, expire, or fire the levels and the warning that are due."""
    wanted: UUID | None = run.fact.refers.get("step")
    step = run.step(wanted) if wanted is not None else None
    if step is None or step.clock.next_at > run.now:
        return CLOCK_STOPPED
    if step.clock.paused_at is not None:
        _resume(run, step)
    elif run.fact.type == CLOCK_EXPIRED and step.clock.due_at <= run.now:
        _expire(run, step, run.state(step.state))
    else:
        _before_due(run, step)
    return ""


def _resume(run: Run, step: OpenStep) -> None:
    escalate = run.state(step.state).escalate
    bound = levels.bound(run, step)
    clock = clocks.resume(step.clock, escalate, now=run.now, bound=bound)
    levels.replaced(run, replace(step, clock=clock))
    run.because(f"clock of {step.state}", "the pause is over")


def _before_due(run: Run, step: OpenStep) -> None:
    """A warning, or the highest level that is due: an expiry is a fact of its own."""
    calendar = levels.bound(run, step).calendar
    if run.fact.type == CLOCK_WARNED:
        step = _warn(run, step)
    else:
        step = levels.fire_due(run, step, until=_until(run), calendar=calendar)
    upcoming = clocks.next_at(step.clock, run.state(step.state).escalate, calendar)
    levels.replaced(run, replace(step, clock=replace(step.clock, next_at=upcoming)))


def _until(run: Run) -> datetime:
    """How far this clock fact sees: to the next pending fact, or now."""
    told = run.fact.payload.reveal().get("clock")
    text = told.get("until") if isinstance(told, Mapping) else None
    return min(run.now, datetime.fromisoformat(text)) if isinstance(text, str) else run.now


def _warn(run: Run, step: OpenStep) -> OpenStep:
    warn_at = step.clock.warn_at
    if warn_at is None or step.clock.warned or warn_at > run.now:
        return step
    notify(run, step, kind="warn", to=step.owner.name)
    warned = replace(step, clock=replace(step.clock, warned=True))
    levels.replaced(run, warned)
    return warned


def _expire(run: Run, step: OpenStep, state: State) -> None:
    """The obligation is over: tell whoever was passed, then the fallback."""
    for level in state.escalate:
        if level.level > step.clock.level:
            levels.tell(run, step, level, kind="passed")
    notify(run, step, kind="expired", to=step.owner.name)
    fallback = state.fallback
    if fallback is not None and fallback.tell:
        notify(run, step, kind="tell", to=fallback.tell)
    led = STAY
    if fallback is not None and fallback.edge is not None and not fallback.repeat:
        led = follow(run, step, fallback.edge, Why(how="expired"))
    if led == STAY:
        _repeat(run, step, state)


def _repeat(run: Run, step: OpenStep, state: State) -> None:
    """Once more to the last level, until acknowledged; the one loop without a bound."""
    to = (state.fallback.to if state.fallback else "") or step.owner.name
    by = state.escalate[-1].by if state.escalate else ""
    last = max((level.level for level in state.escalate), default=0)
    clock = clocks.again(step.clock, now=run.now, bound=levels.bound(run, step))
    levels.replaced(run, replace(step, clock=replace(clock, level=last)))
    effects.alert(run, state, step=step.id, to=to, by=by, level=last)
    run.because(f"clock of {step.state}", "repeats")


def notify(run: Run, step: OpenStep, *, kind: str, to: str, channel: str = "") -> None:
    """A notice to somebody about a step."""
    run.notices.append(
        Notice(
            case=run.case.id,
            step=step.id,
            to=to,
            channel=channel,
            kind=kind,
            level=step.clock.level,
            safety=step.clock.safety,
        )
    )


def remind(case: Case, fact: Fact, now: datetime) -> tuple[Case, tuple[Notice, ...]] | None:
    """A parked case's clock: no pathway code runs; the owner is told, and the clock starts another round.

    None when the clock no longer runs out.
    """
    step = next((each for each in case.steps if each.id == fact.refers.get("step")), None)
    if step is None or step.clock.next_at > now:
        return None
    clock = clocks.remind(step.clock, now=now)
    steps = tuple(replace(each, clock=clock) if each is step else each for each in case.steps)
    notice = Notice(
        case=case.id,
        step=step.id,
        to=step.owner.name,
        channel="",
        kind="expired",
        level=step.clock.level,
        safety=step.clock.safety,
    )
    return replace(case, steps=steps), (notice,)


def recalendar(run: Run) -> str:
    """A new version of the site's calendar: running clocks on it are counted anew."""
    moved = False
    for step in tuple(run.steps):
        if not step.clock.calendar:
            continue
        bound = levels.bound(run, step)
        if (bound.name, bound.version) == (step.clock.calendar, step.clock.calendar_version):
            continue
        clock = clocks.recompute(step.clock, run.state(step.state).escalate, bound=bound)
        levels.replaced(run, replace(step, clock=clock))
        moved = True
    if moved:
        run.because("calendar", "clocks counted anew")
    return "" if moved else CLOCK_STOPPED
