"""Effects as the core sees them: intents issued, withdrawn, compensated (SEMANTICS 7). Sending is `effects`.

After a cancellation no effect of the case starts but compensations and alerts to staff (I6).
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from carelane.cases.model import EffectState, EffectView
from carelane.cases.run import Run
from carelane.facts.fact import Json
from carelane.facts.intent import Audience, Intent
from carelane.facts.phi import Phi
from carelane.facts.replacing import replace
from carelane.pathways.definition import EffectKind, State
from carelane.pathways.fields import nested
from carelane.pathways.payloads import OBJECT
from carelane.pathways.translations import in_languages

_STAFF, _READY = Audience.STAFF, EffectState.READY  # looking a member up is slow
_UNDER_WAY = frozenset({EffectState.SENDING, EffectState.UNKNOWN})
_UNSETTLED = _UNDER_WAY | {EffectState.READY}


def issue(  # noqa: PLR0913  # each says one thing about the effect, by name
    run: Run,
    name: str,
    *,
    step: UUID | None,
    held_until: datetime | None = None,
    references: Mapping[str, str] | None = None,
    effect: UUID | None = None,
) -> UUID | None:
    """Want one declared effect. None when the case is cancelled and the effect is not for staff."""
    kind = run.definition.effects[name]
    if run.cancelled and kind.audience is not Audience.STAFF:
        run.because(f"effect {name}", "not started: the case is cancelled")
        return None
    return _want(run, kind, step=step, held_until=held_until, references=references, effect=effect)


def _want(  # noqa: PLR0913  # each says one thing about the effect, by name
    run: Run,
    kind: EffectKind,
    *,
    step: UUID | None,
    held_until: datetime | None = None,
    references: Mapping[str, str] | None = None,
    compensates: UUID | None = None,
    effect: UUID | None = None,
) -> UUID:
    effect = effect or run.next_id("effect")
    held = None if kind.audience is _STAFF or compensates else held_until
    run.intents.append(
        Intent(
            id=effect,
            case=run.case.id,
            step=step,
            name=kind.name,
            capability=kind.capability,
            audience=kind.audience,
            if_unknown=kind.if_unknown,
            content=Phi(_content(run, kind), "effect content"),
            after=_after(run, kind),
            not_after=run.now + kind.not_after if kind.not_after is not None else None,
            held_until=held,
            urgency=int(run.urgency),
            undo=kind.undo or None,
            compensates=compensates,
            references=references or {},
        )
    )
    run.effects.append(
        EffectView(
            id=effect,
            name=kind.name,
            state=_READY,
            step=step,
            undo="" if compensates else kind.undo,
            audience=kind.audience,
            compensates=compensates,
        )
    )
    return effect


def _content(run: Run, kind: EffectKind) -> Mapping[str, Json]:
    """What adapters build a request of: the fields it may send, its fixed values, the form just filled in."""
    known = run.fields.reveal()
    content: dict[str, Json] = {
        "pathway": run.definition.name,
        "status": run.status,
        "template": str(run.values.get(kind.template_by) or kind.template),
        "values": dict(kind.values),
        "fields": {name: known[name] for name in kind.sends if name in known},
        "form": _form(run),
    }
    content.update(nested(run.prepared.sent[kind.name], known))
    if kind.name == run.definition.milestones:
        content["milestone"] = run.milestone
        said = in_languages(run.definition, run.milestone)
        if said:
            content["milestone_in"] = said
    return content


def _form(run: Run) -> Mapping[str, Json]:
    task = run.fact.payload.reveal().get("task")
    form = task.get("form") if task is not None and isinstance(task, OBJECT) else None
    return form if form is not None and isinstance(form, OBJECT) else {}


def _after(run: Run, kind: EffectKind) -> tuple[UUID, ...]:
    if not kind.after:
        return ()
    return tuple(
        each.id for each in run.effects if each.name in kind.after and each.state in _UNSETTLED
    )


def alert(run: Run, state: State, *, step: UUID, to: str, by: str, level: int) -> None:  # noqa: PLR0913  # each says one thing, by name
    """Issue the state's effects for staff, addressed to one level of its escalation."""
    references = {"to": to, "by": by, "level": str(level)}
    for name in state.effects:
        if run.definition.effects[name].audience is Audience.STAFF:
            issue(run, name, step=step, references=references)


def withdraw(run: Run, effects: tuple[UUID, ...]) -> None:
    """Take back what has not started."""
    run.effects = list(withdrawn(tuple(run.effects), effects))
    run.withdrawn.extend(effects)


def withdrawn(known: tuple[EffectView, ...], gone: tuple[UUID, ...]) -> tuple[EffectView, ...]:
    """These effects as they are once `gone` are taken back."""
    return tuple(
        replace(each, state=EffectState.WITHDRAWN) if each.id in gone else each for each in known
    )


def stoppable(known: tuple[EffectView, ...]) -> tuple[UUID, ...]:
    """What a cancellation takes back: ready, and neither a compensation nor an alert to staff (I6)."""
    return tuple(
        each.id
        for each in known
        if each.state is _READY and each.audience is not _STAFF and each.compensates is None
    )


def cancel(run: Run) -> None:
    """The case is cancelled: ready effects are withdrawn, done ones compensated in reverse.

    One being sent, or unknown, is compensated once it is settled (`settle`); alerts to staff go on.
    """
    run.cancelled = True
    run.because("cancel", "no new effect starts")
    withdraw(run, stoppable(tuple(run.effects)))
    for each in reversed(tuple(run.effects)):
        if each.state is EffectState.DONE:
            compensate(run, each)


def cut(run: Run, wanted: tuple[UUID, ...]) -> None:
    """Undo what a region wanted that is cut off: take back, compensate in reverse, or once it is settled."""
    mine = [each for each in run.effects if each.id in wanted]
    withdraw(run, stoppable(tuple(mine)))
    for each in reversed(mine):
        if each.state is EffectState.DONE:
            compensate(run, each)
        elif each.undo and each.state in _UNDER_WAY:
            run.owed = (*run.owed, each.id)


def fail(run: Run, failed: EffectView) -> None:
    """One effect of a step ended badly: what was to follow it is taken back, what was done is undone in reverse."""
    mine = [each for each in run.effects if each.step is not None and each.step == failed.step]
    withdraw(run, stoppable(tuple(mine)))
    for each in reversed(mine):
        if each.state is EffectState.DONE:
            compensate(run, each)


def compensate(run: Run, done: EffectView) -> None:
    """Undo one done effect by the effect it declares, once."""
    if not done.undo or any(each.compensates == done.id for each in run.effects):
        return
    kind = run.definition.effects.get(done.undo)
    if kind is None:
        run.emit_dead(done.id)  # what can't be undone becomes a person's work
        return
    _want(run, kind, step=None, compensates=done.id)
    run.because(f"compensate {done.name}", done.undo)
