"""From rows to views: what one decision reads, for many subjects in a handful of statements.

`commit` is the other half. The caller holds the subjects' turns.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from carelane.cases.model import Case, EffectState, EffectView, Held, OpenStep, View
from carelane.facts.fact import Actor, Fact, SubjectKind, Urgency
from carelane.facts.intent import Audience
from carelane.facts.phi import Phi
from carelane.store.database import Question, Tx
from carelane.store.pending import BYTES_MAX
from carelane.store.shapes import decode_case, decode_payload, decode_step, ids, moved_of, untag
from carelane.store.vault import Vault

REOPEN_MAX = timedelta(days=90)
_strings = msgspec.json.Decoder(dict[str, str])
_FACT_COLUMNS = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A fact taken from the inbox. `moved_to` is another subject if its source identity was re-linked meanwhile."""

    seq: int
    fact: Fact
    moved_to: UUID | None


def fact_of(row: Sequence[Any], vault: Vault, organisation: UUID, subject: UUID) -> Fact:
    """A fact from the eighteen columns id .. service_line; its key must have been learnt."""
    (id_, type_, occurred, recorded, urgency, actor, actor_name, connection, origin, correlation, identity, keys,
     refers, entity, sealed, site, line) = row  # fmt: skip
    payload = vault.open(identity, "fact", id_, "sealed", sealed)
    return Fact(
        id=id_, type=type_, subject=subject, organisation=organisation, occurred_at=occurred, recorded_at=recorded,
        payload=Phi(decode_payload(payload), "payload"), keys=_strings.decode(keys),
        refers=ids(_strings.decode(refers)), entity=entity or None, urgency=Urgency(urgency), actor=Actor(actor),
        actor_name=actor_name, identity=identity,
        connection=connection or None, origin=origin, correlation=correlation, site=site or None,
        service_line=line or None,
    )  # fmt: skip


async def take(
    tx: Tx, vault: Vault, organisation: UUID, subjects: Sequence[UUID], *, limit: int
) -> list[Taken]:
    """Take these subjects' pending facts out of the inbox, oldest first; the turns must be held already."""
    rows = await tx.tuples(*_inbox(subjects, limit))
    return _taken(rows, vault, organisation)


def _taken(rows: Iterable[Sequence[Any]], vault: Vault, organisation: UUID) -> list[Taken]:
    taken = []
    for row in rows:
        seq, subject, *fact_row, linked, wrapped = row
        vault.learn(fact_row[10], wrapped)
        moved = linked if linked is not None and linked != subject else None
        taken.append(
            Taken(seq=seq, fact=fact_of(fact_row, vault, organisation, subject), moved_to=moved)
        )
    return taken


async def views(
    tx: Tx, vault: Vault, organisation: UUID, subjects: Sequence[UUID], now: datetime
) -> dict[UUID, View]:
    """The view of each subject: open cases, recently closed ones, held facts."""
    found = await tx.together(*_questions(subjects, now))
    return _views(vault, organisation, subjects, found)


async def work(  # noqa: PLR0913  # as `take` and `views`
    tx: Tx, vault: Vault, organisation: UUID, subjects: Sequence[UUID], now: datetime, *, limit: int
) -> tuple[list[Taken], dict[UUID, View]]:
    """What `take` and `views` tell, in one round trip."""
    taken, *found = await tx.together(_inbox(subjects, limit), *_questions(subjects, now))
    return _taken(taken, vault, organisation), _views(vault, organisation, subjects, found)


def _inbox(subjects: Sequence[UUID], limit: int) -> Question:
    return "engine.take", {"subjects": list(subjects), "limit": limit, "bytes": BYTES_MAX}


def _questions(subjects: Sequence[UUID], now: datetime) -> Sequence[Question]:
    """What the subjects are, the facts that wait on them, their cases with open steps and effects."""
    wanted = {"subjects": list(subjects)}
    since = {**wanted, "since": now - REOPEN_MAX}
    parts = [(name, since) for name in ("engine.cases", "engine.steps", "engine.effects")]
    return ("engine.subjects", wanted), ("engine.held", wanted), *parts


def _views(
    vault: Vault,
    organisation: UUID,
    subjects: Sequence[UUID],
    found: Sequence[Sequence[Sequence[Any]]],
) -> dict[UUID, View]:
    kind_rows, held_rows, case_rows, step_rows, effect_rows = found
    kinds: dict[UUID, str] = {row[0]: row[1] for row in kind_rows}
    held = _held(held_rows, vault, organisation)
    steps, effects = _steps(step_rows), _effects(effect_rows)
    opened: dict[UUID, list[Case]] = defaultdict(list)
    closed: dict[UUID, list[Case]] = defaultdict(list)
    newest: dict[UUID, datetime] = {}
    for row in case_rows:
        case = case_of(row, vault, organisation, steps.get(row[0], ()), effects.get(row[0], ()))
        (opened if case.closed_at is None else closed)[case.subject].append(case)
        newest[case.subject] = max(row[12], newest.get(case.subject, row[12]))
    return {
        subject: View(
            subject=subject,
            kind=SubjectKind(kinds.get(subject, SubjectKind.PATIENT)),
            organisation=organisation,
            cases=tuple(sorted(opened[subject], key=lambda case: (case.opened_at, case.id))),
            closed=tuple(closed[subject]),
            held=tuple(held[subject]),
            last_now=newest.get(subject),
        )
        for subject in subjects
    }


def case_of(
    row: Sequence[Any],
    vault: Vault,
    organisation: UUID,
    steps: Iterable[OpenStep],
    effects: Iterable[EffectView],
) -> Case:
    """A case from the columns of `engine.cases`."""
    (id_, site, line, subject, pathway, version, release, status, milestone, urgency, outcome, opened_at, _decided,
     closed_at, correlation, unique_name, unique_token, revision, cancelled, parked_by, duplicate_of, last_actor,
     identity, state, sealed, wrapped) = row  # fmt: skip
    vault.learn(identity, wrapped)
    shape = decode_case(state)
    fields = (
        decode_payload(vault.open(identity, "pathway_case", id_, "sealed", sealed))
        if sealed
        else {}
    )
    return Case(
        id=id_, organisation=organisation, subject=subject, pathway=pathway, version=version, release=release,
        opened_at=opened_at, correlation=correlation, site=site, service_line=line, status=status,
        milestone=milestone, urgency=Urgency(urgency), outcome=outcome, closed_at=closed_at,
        unique=(unique_name, unique_token) if unique_token else None,
        keys={name: frozenset(tokens) for name, tokens in shape.keys.items()},
        values={name: untag(pair) for name, pair in shape.values.items()},
        fields=Phi(fields, "case fields"), counters=shape.counters, steps=tuple(steps), effects=tuple(effects),
        stale=shape.stale, last_actor=last_actor, cancelled=cancelled, parked_by=parked_by,
        duplicate_of=duplicate_of, identity=identity, revision=revision,
        undo=shape.undo_far or shape.undo, regions=shape.regions, owed=shape.owed, moved=moved_of(shape.moved),
    )  # fmt: skip


def _steps(rows: Iterable[Sequence[Any]]) -> Mapping[UUID, list[OpenStep]]:
    """By case."""
    steps: dict[UUID, list[OpenStep]] = defaultdict(list)
    for id_, case, state, opened_at, fallback, task, entered_by, detail in rows:
        shape = decode_step(detail)
        steps[case].append(
            OpenStep(
                id=id_,
                state=state,
                opened_at=opened_at,
                owner=shape.owner,
                clock=shape.clock,
                fallback=fallback,
                task=task,
                task_name=shape.task_name,
                entered_by=entered_by,
            )
        )
    return steps


def _effects(rows: Iterable[Sequence[Any]]) -> Mapping[UUID, list[EffectView]]:
    """By case."""
    effects: dict[UUID, list[EffectView]] = defaultdict(list)
    for id_, case, name, state, step, undo, audience, compensates in rows:
        effects[case].append(
            EffectView(
                id=id_,
                name=name,
                state=EffectState(state),
                step=step,
                undo=undo,
                audience=Audience(audience),
                compensates=compensates,
            )
        )
    return effects


def _held(
    rows: Iterable[Sequence[Any]], vault: Vault, organisation: UUID
) -> Mapping[UUID, list[Held]]:
    held: dict[UUID, list[Held]] = defaultdict(list)
    for subject, until, then, pathway, *fact_row, wrapped in rows:
        vault.learn(fact_row[10], wrapped)
        fact = fact_of(fact_row, vault, organisation, subject)
        held[subject].append(
            Held(fact=fact, until=until, then=then or "ignore", pathway=pathway or "")
        )
    return held
