"""Fifty planted edits of shipped pathways: a back-test lists exactly the cases that they affect.

What is expected comes from a naive comparison here: each case alone, from the facts as they were (not from vectors),
under the old and the new release, until what a person sees of it differs.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from uuid import UUID

import pytest

from carelane.cases import advance, due_held, step
from carelane.cases.alerts import with_alerts
from carelane.cases.model import Case, Definitions, EffectState, EffectView, Late, Step, View
from carelane.directory.site import load_site
from carelane.engine.late import Bound
from carelane.facts.intent import Audience
from carelane.facts.replacing import replace
from carelane.pathways.definition import Definition
from carelane.pathways.loading import load
from carelane.proofs.events import History, read_header, read_history
from carelane.releases.backtest import judge_for
from carelane.testing.core.recording import history_of, recording
from carelane.testing.core.site import ORGANISATION
from carelane.testing.simulation.walks import walk
from tests.rules.edits import Edit, edits

ROOT = Path(__file__).parents[2]
LIVES = 36
DEEDS = 14
SEED = 20261128
NAMES = ("referral-intake", "critical-result")
Edited = tuple[str, Edit]


def text_of(name: str) -> str:
    return (ROOT / "pathways" / f"{name}.yaml").read_text(encoding="utf-8")


def _definitions() -> list[Definition]:
    found = [load(text_of(name))[0] for name in NAMES]
    return [each for each in found if each is not None]


DEFINITIONS = _definitions()
BY_DIGEST = {each.digest: each for each in DEFINITIONS}
SNAPSHOT, _ = load_site(
    {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "site").glob("*.yaml"))}
)
LATE = Bound(SNAPSHOT)
FIFTY = 50


@cache
def fifty() -> list[Edited]:
    """The planted edits: read when a test wants them, not when tests are collected."""
    return [
        (name, edit)
        for name, number in zip(NAMES, (32, 18), strict=True)
        for edit in edits(text_of(name), seed=SEED, number=number)
    ]


@pytest.fixture(scope="module")
def lives() -> list[list[Step]]:
    """The decisions of seeded patients."""
    return [walk(DEFINITIONS, seed, LATE, deeds=DEEDS) for seed in range(LIVES)]


@pytest.fixture(scope="module")
def lines(lives: Sequence[Sequence[Step]]) -> list[bytes]:
    """Their recording, as lines."""
    histories: list[History] = [history_of(life, BY_DIGEST) for life in lives]
    texts = {each.digest: text_of(each.name) for each in DEFINITIONS}
    return recording(histories, DEFINITIONS, texts, SNAPSHOT, ORGANISATION).splitlines()


_LISTED: dict[str, dict[UUID, UUID]] = {}


def listed(lines: Sequence[bytes], name: str, new: Definition) -> dict[UUID, UUID]:
    """The cases that the back-test lists, each with the fact of its first divergence; worked out once."""
    if new.digest not in _LISTED:
        _LISTED[new.digest] = _listed(lines, name, new)
    return _LISTED[new.digest]


def _listed(lines: Sequence[bytes], name: str, new: Definition) -> dict[UUID, UUID]:
    old = next(each for each in DEFINITIONS if each.name == name)
    judge = judge_for(read_header(lines[0], "head"), old, new)
    found: dict[UUID, UUID] = {}
    for line in lines[1:]:
        verdict = judge.judge(read_history(line, "line"))
        assert verdict.void is None, verdict.void.line()
        for each in verdict.divergences:
            if each.case is not None:
                assert each.case not in found
                found[each.case] = each.fact
    return found


# The naive comparison.


def expected(life: Sequence[Step], name: str, new: Definition) -> dict[UUID, UUID]:
    """Each affected case of a life, with the fact at which it first shows."""
    old = next(each for each in DEFINITIONS if each.name == name)
    before, views = (
        View(subject=life[0].fact.subject, kind=old.subject, organisation=ORGANISATION),
        [],
    )
    for decided in life:
        views.append(before)
        before = _after(before, decided)
    found: dict[UUID, UUID] = {}
    mine = dict.fromkeys(c.after.id for d in life for c in d.changes if c.after.pathway == name)
    for case in mine:
        parted = _alone(life, views, case, old, new)
        if parted is not None:
            found[case] = parted
    found.update(_only_new(life, views, set(mine), new))
    return found


def _after(view: View, decided: Step) -> View:
    """The next view, as the database would give it: what was sent to staff is an effect of the case."""
    after = advance(view, decided)
    changed: dict[UUID, Case] = {}
    for change in decided.changes:
        case = changed.get(change.after.id, change.after)
        known = {each.id for each in case.effects}
        sent = [
            EffectView(id=each.id, name=each.name, state=EffectState.READY, step=each.step, audience=Audience.STAFF)
            for each in change.intents if each.id not in known
        ]  # fmt: skip
        if sent:
            changed[case.id] = replace(case, effects=(*case.effects, *sent))
    swap = {**{c.id: c for c in (*after.cases, *after.closed)}, **changed}
    return replace(
        after,
        cases=tuple(sorted((swap[c.id] for c in after.cases), key=lambda c: (c.opened_at, c.id))),
        closed=tuple(swap[c.id] for c in after.closed),
    )


def _decide(view: View, decided: Step, new: Definition) -> Step | None:
    """What the new release says to one fact, everything else as it was."""
    active = tuple(new if each.name == new.name else each for each in DEFINITIONS)
    pinned = {**BY_DIGEST, new.digest: new}
    late: Late = LATE
    if decided.reason == "hold-over":
        return next(
            (each for each in due_held(view, decided.now) if each.fact.id == decided.fact.id), None
        )
    return with_alerts(
        step(Definitions(pinned=pinned, active=active), replace(view, last_now=None), late,
             decided.fact, decided.now)
    )  # fmt: skip


def _alone(
    life: Sequence[Step], views: Sequence[View], case: UUID, old: Definition, new: Definition
) -> UUID | None:
    """Follow one case under the new release; all others as recorded."""
    mine: Case | None = None
    for decided, view in zip(life, views, strict=True):
        known = case in {each.id for each in (*view.cases, *view.closed)}
        touched = any(change.after.id == case for change in decided.changes)
        about = decided.fact.refers.get("case", case) == case
        if not (known or touched) or not about:
            continue
        with_mine = _swapped(view, mine) if mine is not None else view
        other = _decide(with_mine, decided, new)
        was = _seen(decided, _after(view, decided), case, old)
        would = None
        if other is not None:
            after = _after(with_mine, other)
            would = _seen(other, after, case, new)
            mine = next((each for each in (*after.cases, *after.closed) if each.id == case), None)
        if was != would:
            return decided.fact.id
    return None


def _swapped(view: View, mine: Case) -> View:
    others = [each for each in view.cases if each.id != mine.id]
    closed = [each for each in view.closed if each.id != mine.id]
    (others if mine.steps else closed).append(mine)
    cases = tuple(sorted(others, key=lambda each: (each.opened_at, each.id)))
    return replace(view, cases=cases, closed=tuple(closed))


def _only_new(
    life: Sequence[Step], views: Sequence[View], mine: set[UUID], new: Definition
) -> Mapping[UUID, UUID]:
    """Cases that only the new release opens, one for each key that would have one open."""
    found: dict[UUID, UUID] = {}
    keys: set[tuple[str, str] | None] = set()
    for decided, view in zip(life, views, strict=True):
        if decided.fact.type not in new.events:
            continue
        other = _decide(view, decided, new)
        for change in other.changes if other is not None else ():
            after = change.after
            opened = after.pathway == new.name and change.before is None and after.id not in mine
            if opened and after.unique not in keys:
                found[after.id] = decided.fact.id
                keys.add(after.unique)
    return found


def _seen(decided: Step, after: View, case: UUID, definition: Definition) -> object:
    """What people see of a case after a fact, and what was sent."""
    now = next((each for each in (*after.cases, *after.closed) if each.id == case), None)
    if now is None:
        return None
    changes = [change for change in decided.changes if change.after.id == case]
    opened = any(change.opened for change in changes)
    sent: list[str] = []
    for change in changes:
        for intent in change.intents:
            kind = definition.effects.get(intent.name)
            said = (
                (kind.capability, kind.template, sorted(kind.values.items()), sorted(kind.sends), str(kind.if_unknown))
                if kind is not None else (intent.name,)
            )  # fmt: skip
            sent.append(str((said, sorted(intent.references.items()))))
        sent += [str((n.to, n.channel, n.kind, n.level)) for n in change.notices]
        names = {each.id: each.name for each in change.after.effects}
        sent += [f"withdraw {names.get(each)}" for each in change.withdrawn]
    sent += [
        str((each.fact, str(each.to), each.by, sorted(map(str, each.payload.reveal()))))
        for each in decided.emissions if each.case == case
    ]  # fmt: skip
    waits = [
        (str(one.owner.kind), one.owner.name, one.clock.due_at, one.clock.next_at, one.clock.safety)
        for one in now.steps
    ]
    return (
        now.urgency, now.status, now.milestone, now.parked_by is None, waits, sorted(sent),
        "" if now.steps else now.outcome,
        [_words(definition, one.state) for one in now.steps] if opened else [],
    )  # fmt: skip


def _words(definition: Definition, state: str) -> object:
    told = definition.states[state]
    task = definition.tasks.get(told.task)
    shown = [definition.fields[each].label for each in task.shows] if task else []
    return told.title, task and (task.title, task.outcomes, task.reasons, task.form, shown)


@pytest.mark.requirement("R49")
@pytest.mark.parametrize("number", range(FIFTY))
def test_a_planted_edit_lists_exactly_the_affected_cases(
    number: int, lives: Sequence[Sequence[Step]], lines: Sequence[bytes]
) -> None:
    """The same cases, each parting at the same fact."""
    name, edit = fifty()[number]
    wanted: dict[UUID, UUID] = {}
    for life in lives:
        wanted.update(expected(life, name, edit.definition))

    assert listed(lines, name, edit.definition) == wanted, f"{name}: {edit.what}"


def test_there_are_fifty_edits_of_many_kinds_and_most_of_them_show(lines: Sequence[bytes]) -> None:
    """The comparison above is not of nothing with nothing."""
    kinds = Counter(edit.kind for _, edit in fifty())
    shown = sum(bool(listed(lines, name, edit.definition)) for name, edit in fifty())

    assert len(fifty()) == FIFTY
    assert len(kinds) >= 8
    assert shown >= 25, f"{shown} of 50 edits show: {kinds}"


def test_a_release_against_itself_parts_nowhere(lines: Sequence[bytes]) -> None:
    for name in NAMES:
        assert listed(lines, name, next(d for d in DEFINITIONS if d.name == name)) == {}
