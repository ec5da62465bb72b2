"""What a batch of decisions changes, as rows: each table by one set-based statement, all in one packet.

`net` folds the decisions of a batch case by case, because facts of one subject are chained in memory and only
the last shape of a case is written. `load` is the other half.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from carelane.cases.model import Case, Change, OpenStep, Step
from carelane.cases.vector import Vocabulary, released, vector, vocabulary
from carelane.facts.errors import CarelaneError
from carelane.facts.fact import Fact
from carelane.facts.intent import Intent
from carelane.pathways.definition import Definition
from carelane.store import commit_rows as rows
from carelane.store.columns import Columns
from carelane.store.database import Tx
from carelane.store.facts import CancelClass
from carelane.store.facts import columns as fact_columns
from carelane.store.leaf_rows import decided
from carelane.store.leaf_rows import delivered as told
from carelane.store.vault import Vault


class Overtaken(CarelaneError):
    """An effect left `ready` while this was decided; the batch is void and is decided on what holds now."""

    code = "overtaken"


@dataclass(slots=True)
class Net:
    """One case over a batch: as it was, as it is, and what happened to its steps."""

    before: Case | None
    after: Case
    opened: dict[UUID, OpenStep] = field(default_factory=dict)
    closed: dict[UUID, tuple[OpenStep, str, Step]] = field(default_factory=dict)

    def fold(self, change: Change, step: Step) -> None:
        """Take in one more change of this case."""
        self.after = change.after
        self.opened.update((opened.id, opened) for opened in change.opened)
        self.closed.update((closed.id, (closed, how, step)) for closed, how in change.closed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What is committed together.

    `fresh` are facts decided here that are not stored yet (clocks, people); `held` are those among the decided that
    waited as held; `delivered` are facts for other subjects; `subjects` those of them that may be new, with kind
    and site; `bound` names the versions of what was late-bound.
    """

    organisation: UUID
    steps: Sequence[Step]
    fresh: Sequence[Fact] = ()
    held: Collection[UUID] = ()
    delivered: Sequence[Fact] = ()
    subjects: Sequence[tuple[UUID, str, str]] = ()
    bound: Mapping[str, int] = field(default_factory=dict)


def net(steps: Iterable[Step]) -> dict[UUID, Net]:
    """The cases of a batch, each once, in the order of their first change."""
    nets: dict[UUID, Net] = {}
    for step in steps:
        for change in step.changes:
            found = nets.setdefault(change.after.id, Net(before=change.before, after=change.after))
            found.fold(change, step)
    return nets


async def commit(
    tx: Tx,
    vault: Vault,
    batch: Batch,
    *,
    definitions: Mapping[str, Definition],
    releases: CancelClass,
) -> None:
    """Write a batch in the caller's transaction, the deferred checks after it. It leaves with what is asked next."""
    tables = rows.Tables()
    for case in net(batch.steps).values():
        _case(tables, vault, case, definitions)
    known = vocabulary(definitions)
    for number, step in enumerate(batch.steps):
        _step(tables, vault, step, batch)
        _retasked(tables, step)
        _read(tables, step, known, number)
    fresh = fact_columns("facts.insert_decided", vault, batch.fresh, releases)
    delivered = fact_columns("facts.insert", vault, batch.delivered, releases)
    if batch.delivered:
        tables.leaves.add(*told(batch.organisation, batch.delivered))
    wanted: list[Columns] = [fresh, *tables.ordered(), delivered]
    statements = [(each.query, each.values(batch.organisation)) for each in wanted if len(each)]
    if batch.delivered:
        turns = {
            "subjects": list({fact.subject for fact in batch.delivered}),
            "organisation": batch.organisation,
        }
        statements.insert(0, ("facts.turns", turns))
    if batch.subjects:
        ids, kinds, sites = ([row[n] for row in batch.subjects] for n in range(3))
        made = {"ids": ids, "kinds": kinds, "sites": sites, "organisation": batch.organisation}
        statements.insert(0, ("facts.subjects", made))
    for query, values in statements:
        if query != "commit.withdraw_effects":
            tx.put(query, **values)
        elif await tx.run(query, **values) != len(tables.withdraw_effects):
            raise Overtaken("an effect was claimed while its withdrawal was decided")
    tx.put("commit.check_now")


def _case(
    tables: rows.Tables, vault: Vault, case: Net, definitions: Mapping[str, Definition]
) -> None:
    definition = definitions[case.after.release]
    sealed = _sealed(vault, case)
    if case.before is None:
        tables.open_cases.add(*rows.case_row(case.after, _decided_at(case), sealed))
    else:
        tables.change_cases.add(*rows.changed_case_row(case.after, _decided_at(case), sealed))
    for step in case.opened.values():
        ended = case.closed.get(step.id)
        current = next((each for each in case.after.steps if each.id == step.id), step)
        closed_at, how = (ended[2].now, ended[1]) if ended else (None, "")
        tables.open_steps.add(*rows.step_row(case.after, current, closed_at, how))
        if step.task is not None:
            tables.open_tasks.add(*rows.task_row(case.after, current, definition))
    _closed(tables, case, definitions)
    _moved(tables, case, definition)


def _closed(tables: rows.Tables, case: Net, definitions: Mapping[str, Definition]) -> None:
    for step_id, (step, how, by) in case.closed.items():
        if step_id not in case.opened:
            tables.close_steps.add(step_id, by.now, how)
        if step.task is not None:
            _close_task(tables, case, step, how, by, definitions)


def _close_task(  # noqa: PLR0913, PLR0917  # one row, and what it is read from
    tables: rows.Tables,
    case: Net,
    step: OpenStep,
    how: str,
    by: Step,
    definitions: Mapping[str, Definition],
) -> None:
    """The task as the release that made it knows it: a case may have moved to another within the batch."""
    made_by = (case.after.release, *(one.before.release for one in by.changes if one.before))
    kinds = (definitions[each].tasks.get(step.task_name) for each in made_by)
    kind = next(each for each in kinds if each is not None)
    tables.close_tasks.add(*rows.closed_task_row(step, how, by, kind))


def _moved(tables: rows.Tables, case: Net, definition: Definition) -> None:
    """Steps that were open before and still are, but with another owner, clock or state."""
    if case.before is None:
        return
    earlier = {step.id: step for step in case.before.steps}
    for step in case.after.steps:
        was = earlier.get(step.id)
        if was is None or _same(was, step):
            continue
        tables.change_steps.add(*rows.moved_step_row(step))
        if step.task is None:
            continue
        if was.task == step.task:
            tables.change_tasks.add(*rows.moved_task_row(case.after, step, definition))
        else:
            tables.open_tasks.add(*rows.task_row(case.after, step, definition))


def _same(was: OpenStep, now: OpenStep) -> bool:
    same_wait = was.clock is now.clock and was.owner is now.owner
    return same_wait and (was.state, was.task) == (now.state, now.task)


def _step(tables: rows.Tables, vault: Vault, step: Step, batch: Batch) -> None:
    for change in step.changes:
        case = change.after
        tables.applications.add(*rows.application_row(step, change, batch.bound))
        for intent in change.intents:
            tables.open_effects.add(*_effect(vault, case, intent, step))
        for effect in change.withdrawn:
            tables.withdraw_effects.add(effect, step.now, step.fact.type)
        for number, notice in enumerate(change.notices):
            tables.notices.add(*rows.notice_row(step, case, notice, number))
    tables.leaves.add(*decided(step, batch.organisation, before=_before(step.fact, batch)))


def _read(tables: rows.Tables, step: Step, known: Vocabulary, number: int) -> None:
    """How the fact ended with what was read of it, and the held facts that it released."""
    read = rows.encode({"n": number, **vector(step, known)}).decode()
    tables.decisions.add(*rows.decision_row(step, read))
    for fact in step.released:
        taken = rows.encode({"n": number, **released(step, fact)}).decode()
        tables.decisions.add(*rows.released_row(fact, step, taken))


def _retasked(tables: rows.Tables, step: Step) -> None:
    """The old task of a wait that goes on with another one."""
    for change in step.changes:
        for was, _, how in change.retasked:
            if was.task is not None:
                tables.close_tasks.add(was.task, step.now, "cancelled", how, None)


def _before(fact: Fact, batch: Batch) -> str:
    if fact.id in batch.held:
        return "held"
    return "" if any(each.id == fact.id for each in batch.fresh) else "pending"


def _effect(vault: Vault, case: Case, intent: Intent, step: Step) -> tuple[object, ...]:
    content = rows.encode(intent.content.reveal())
    sealed = vault.seal(case.identity, "effect", intent.id, "sealed", content)
    return rows.effect_row(case, intent, step.now, sealed)


def _sealed(vault: Vault, case: Net) -> bytes:
    return vault.seal(
        case.after.identity,
        "pathway_case",
        case.after.id,
        "sealed",
        rows.encode(case.after.fields.reveal()),
    )


def _decided_at(case: Net) -> datetime:
    newest = [ended[2].now for ended in case.closed.values()]
    opened = [step.opened_at for step in case.after.steps]
    return max([*newest, *opened, case.after.opened_at])
