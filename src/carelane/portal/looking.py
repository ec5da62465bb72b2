"""Reading for pages and API alike: rights, what may leave, and the access leaf, in that order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from carelane.access.decide import Denied
from carelane.access.request import Action, Resource
from carelane.access.views import Fields, Screen
from carelane.accounts.emergency import Grant, acting, grant_on
from carelane.accounts.rights import MISSING
from carelane.accounts.sessions import Session
from carelane.casebook.page import Page, page
from carelane.casebook.records import address
from carelane.casebook.records import linked as by_id
from carelane.engine.runtime import Runtime
from carelane.facts.fact import Json
from carelane.pathways.definition import Definition, State, TaskKind
from carelane.pathways.guard import Value
from carelane.portal.desk import Desk, fields_for, viewer_of
from carelane.portal.shown import IDENTIFYING, Patient, patient
from carelane.store.database import Row
from carelane.store.shapes import decode_case, untag
from carelane.worklist.listing import Filters, PageKey, TaskRow, tasks
from carelane.worklist.reading import task as read_task

PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A page of work: the rows this person may see, and where the next page begins (None: there is none).

    A page may show fewer rows than were read, even none, and be followed by others.
    """

    rows: list[TaskRow] = field(repr=False)
    following: PageKey | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """A case as this person may see it now."""

    case: Page
    patient: Patient | None
    definition: Definition | None
    record_link: str
    emergency: Grant | None
    opens: frozenset[str]  # names of fields whose record can be opened where it came from
    may_move: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """A task with its case, its kind, and the values for its form."""

    row: Row = field(repr=False)
    kind: TaskKind | None
    state: State | None
    view: CaseView
    values: Mapping[str, Json] = field(repr=False)
    mine: bool
    may: Mapping[str, bool]
    answers: Mapping[str, Value | None] = field(
        default_factory=dict
    )  # of tables, that the task shows


async def listed(
    desk: Desk,
    session: Session,
    filters: Filters,
    *,
    after: PageKey | None = None,
    limit: int = PAGE,
) -> Listed | Denied:
    """A page of work this person may see; one access leaf names the cases."""
    resource = desk.rights.everywhere(system=True)
    denied = await desk.rights.allow(session, Action.TASK_LIST, resource)
    if denied:
        return denied
    found = await tasks(desk.runtime, viewer_of(session), filters=filters, after=after, limit=limit)
    may = desk.rights.may_each(session, Action.TASK_LIST, [_record(desk, row) for row in found])
    seen = [row for row, allowed in zip(found, may, strict=True) if allowed]
    await desk.rights.read(session, Screen.WORKLIST.value, [row.case for row in seen])
    return Listed(rows=seen, following=found[-1].key if len(found) == limit else None)


def _record(desk: Desk, row: TaskRow) -> Resource:
    record = {"id": row.id, "site": row.site, "service_line": row.service_line, "owner_name": row.owner_name,
              "assignee": row.assignee, "pathway": row.pathway}  # fmt: skip
    return desk.rights.record(record)


async def case(
    desk: Desk, session: Session, id_: UUID, *, reveal: bool = False, screen: Screen = Screen.CASE
) -> CaseView | Denied:
    """A case; with `reveal` the whole name, if that is allowed too."""
    action = Action.NAME_REVEAL if reveal else Action.CASE_VIEW
    grant = await grant_on(desk.rights, session, id_)
    session = acting(session, grant.site) if grant else session
    if denied := await desk.rights.allow_on(session, action, "case", id_, reason=bool(grant)):
        return denied
    fields = fields_for(session, screen)
    names = _names(desk.runtime, fields, revealed=reveal)
    found = await page(desk.runtime, id_, sites=session.person.sites, allowed=names)
    if found is None:
        return MISSING
    await desk.rights.read(session, f"{screen.value}-name" if reveal else screen.value, [id_])
    return CaseView(
        case=found,
        patient=patient(found.patient, fields, revealed=reveal),
        definition=desk.runtime.releases.published.get(found.summary["release"]),
        record_link=_record_link(desk.runtime),
        may_move=_may_move(desk, session, found),
        emergency=grant,
        opens=_opens(desk.runtime, found) if "record_link" in fields.shown else frozenset(),
    )


async def record_address(desk: Desk, session: Session, id_: UUID, role: str) -> str | Denied:
    """The address of the record of this role in its own system; a leaf says who was sent there."""
    if denied := await desk.rights.allow_on(session, Action.CASE_VIEW, "case", id_):
        return denied
    names = _names(desk.runtime, fields_for(session, Screen.CASE), revealed=True)
    found = await page(desk.runtime, id_, sites=session.person.sites, allowed=names)
    shown = [each for each in found.fields if each.role == role] if found else []
    if found is None or not shown or role not in found.records:
        return MISSING
    address_ = address(found.records[role], shown[0].authority, desk.runtime.directory.connections)
    if not address_:
        return MISSING
    await desk.rights.read(session, f"record-{role}", [id_])
    return address_


def _opens(runtime: Runtime, found: Page) -> frozenset[str]:
    connections = runtime.directory.connections
    return frozenset(
        each.name
        for each in found.fields
        if each.role in found.records
        and address(found.records[each.role], each.authority, connections)
    )


def _may_move(desk: Desk, session: Session, found: Page) -> bool:
    """Whether this person may send the case elsewhere: it has an open task, and the policies allow it."""
    summary = found.summary
    here = next((each for each in found.explanation.here if each.task), None)
    if here is None:
        return False
    record = {"id": here.task, "site": summary["site"], "service_line": summary["service_line"],
              "owner_name": here.owner_name, "assignee": "", "pathway": summary["pathway"]}  # fmt: skip
    resource = desk.rights.record(record)
    return desk.rights.may(session, Action.ROUTING_OVERRIDE, resource, reason=True) is None


async def work(
    desk: Desk, session: Session, id_: UUID, *, reveal: bool = False
) -> TaskView | Denied:
    """A task with all its form needs."""
    if denied := await desk.rights.allow_on(session, Action.TASK_VIEW, "task", id_):
        return denied
    found = await read_task(desk.runtime, viewer_of(session), id_)
    if found is None:
        return MISSING
    seen = await case(desk, session, found.row["case_id"], reveal=reveal, screen=Screen.TASK)
    if isinstance(seen, Denied):
        return seen
    definition, row = seen.definition, found.row
    return TaskView(
        row={name: row[name] for name in row if name not in _INNER},
        kind=definition.tasks.get(row["name"]) if definition else None,
        state=definition.states.get(row["state"]) if definition else None,
        view=seen,
        values=found.draft.reveal() if row["assignee"] == session.person.name else {},
        mine=row["assignee"] == session.person.name,
        may=_may(desk, session, row),
        answers=_answers(session, definition, row),
    )


def _answers(session: Session, definition: Definition | None, row: Row) -> dict[str, Value | None]:
    """What tables answered of those that the task shows: codes, nothing of who it is."""
    kind = definition.tasks.get(row["name"]) if definition else None
    asked = (
        [name for name in kind.shows if name not in definition.fields]
        if kind and definition
        else []
    )
    if not asked or "fields" not in fields_for(session, Screen.TASK).shown:
        return {}
    known = decode_case(str(row["case_state"])).values
    return {name: untag(known[name]) if name in known else None for name in asked}


_INNER = frozenset({"draft_sealed", "sealed", "identity_key", "identity", "case_state"})
_BUTTONS = {
    "claim": Action.TASK_CLAIM, "complete": Action.TASK_COMPLETE, "release": Action.TASK_RELEASE,
    "snooze": Action.TASK_SNOOZE, "escalate": Action.TASK_ESCALATE, "reassign": Action.TASK_REASSIGN,
    "override": Action.ROUTING_OVERRIDE, "offer": Action.HANDOVER_OFFER, "draft": Action.TASK_DRAFT,
}  # fmt: skip


def _may(desk: Desk, session: Session, row: Row) -> dict[str, bool]:
    record = desk.rights.record(row)
    return {
        verb: desk.rights.may(session, action, record, reason=True) is None
        for verb, action in _BUTTONS.items()
    }


def _names(runtime: Runtime, fields: Fields, *, revealed: bool) -> frozenset[str]:
    """The pathway fields that may leave: none without the view's leave, who it is only when revealed."""
    if "fields" not in fields.shown:
        return frozenset()
    names = {name for each in runtime.releases.published.values() for name in each.fields}
    return frozenset(names if revealed else names - IDENTIFYING)


def _record_link(runtime: Runtime) -> str:
    """The pattern that opens a record in the EHR, if a connection has one; only our own http(s) patterns."""
    for row in runtime.directory.connections.values():
        pattern = str(row.settings.get("record_link") or "")
        if pattern.startswith(("http://", "https://")):
            return pattern
    return ""


def linked(pattern: str, reference: str) -> str:
    """The address of a FHIR reference (`Task/12`) in the EHR; empty without a pattern or a plain reference."""
    kind, _, key = reference.partition("/")
    return by_id(pattern, kind, key)
