"""A case's thread: notes, questions, answers, and "this is wrong". Text is sealed by the patient's key.

A question is also a fact (`question.asked`), so that it becomes a task with a clock; an answer closes it
(`question.answered`). A correction is a fact too (`data.disputed`): the original stays, linked both ways.
"""

from enum import StrEnum
from typing import Final
from uuid import UUID

from carelane.audit.actions import Action
from carelane.audit.leaf import Change, Thing
from carelane.engine.decide import Answer, decide
from carelane.engine.runtime import Runtime
from carelane.facts.fact import Actor, Fact, Payload
from carelane.facts.ids import derive
from carelane.facts.phi import Phi
from carelane.store.changes import record
from carelane.store.database import Row, Tx
from carelane.store.shapes import encode
from carelane.worklist.answers import Refused
from carelane.worklist.deeds import deed_of
from carelane.worklist.viewer import Viewer

TEXT_MAX = 4_000  # characters
QUESTION_ASKED: Final = "question.asked"
QUESTION_ANSWERED: Final = "question.answered"
DATA_DISPUTED: Final = "data.disputed"


class Kind(StrEnum):
    """What an entry is."""

    NOTE = "note"
    QUESTION = "question"
    ANSWER = "answer"
    CORRECTION = "correction"


_FACTS = {
    Kind.QUESTION: QUESTION_ASKED,
    Kind.ANSWER: QUESTION_ANSWERED,
    Kind.CORRECTION: DATA_DISPUTED,
}
NO_CASE = Refused(code="not-found", remedy="There is no such case in your sites.")


async def write(  # noqa: PLR0913  # each says one thing about the entry, by name
    runtime: Runtime,
    viewer: Viewer,
    case: UUID,
    kind: Kind,
    text: Phi[str],
    *,
    to: str = "",
    about: UUID | None = None,
    field: str = "",
) -> tuple[UUID, Answer | None] | Refused:
    """Add an entry; its id, and for all but notes the decision about it.

    `to` is the pool or person asked. `about` is the entry answered. `field` is the field that is wrong.
    """
    if not 0 < len(text.reveal().strip()) <= TEXT_MAX:
        return Refused(code="text-length", remedy=f"Write between 1 and {TEXT_MAX} characters.")
    if (
        kind is Kind.QUESTION
        and to not in runtime.directory.pools
        and to not in runtime.directory.people
    ):
        return Refused(
            code="receiver-unknown", remedy="Say whom you ask: a pool or person of the directory."
        )
    if kind is Kind.ANSWER and about is None:
        return Refused(code="question-missing", remedy="Say which question this answers.")
    async with runtime.app.transaction(sites=viewer.sites) as tx:
        row = await tx.one("worklist.case", id=case)
        if row is None:
            return NO_CASE
        body: Payload = {
            "text": text.reveal(), "to": to, "about": str(about) if about else "", "field": field,
        }  # fmt: skip
        entry = add_entry(runtime, tx, viewer, row, kind, Phi(body, "entry"))
    if kind not in _FACTS:
        return entry, None
    told: Phi[Payload] = Phi(
        {
            "question": {
                "text": text.reveal(),
                "pool": to,
                "by": viewer.person,
                "field": field,
                "pathway": row["pathway"],
            }
        },
        kind.value,
    )
    question = about if kind is Kind.ANSWER and about else entry
    return entry, await decide(
        runtime, told_fact(runtime, viewer, row, _FACTS[kind], question=question, told=told)
    )


def add_entry(  # noqa: PLR0913, PLR0917  # each says one thing about the entry
    runtime: Runtime, tx: Tx, viewer: Viewer, row: Row, kind: Kind, content: Phi[Payload]
) -> UUID:
    """Seal an entry into the thread of a case (a row of `worklist.case`), with its leaf; its id."""
    now, case = runtime.now(), row["id"]
    entry = derive(now, "thread", case, viewer.person, kind)
    runtime.vault.learn(row["identity"], row["identity_key"])
    sealed = runtime.vault.seal(
        row["identity"], "thread_entry", entry, "sealed", encode(content.reveal())
    )
    tx.put(
        "worklist.add_entry",
        id=entry,
        organisation=runtime.organisation,
        site=row["site"],
        service_line=row["service_line"],
        case_id=case,
        author=viewer.person,
        now=now,
        kind=kind.value,
        identity=row["identity"],
        sealed=sealed,
    )
    deed = deed_of(runtime, viewer, Action.THREAD_WRITTEN, case, at=now)
    record(tx, deed, Change(thing=Thing.THREAD, id=entry, after=kind.value))
    return entry


def told_fact(  # noqa: PLR0913  # each says one thing about the entry, by name
    runtime: Runtime, viewer: Viewer, row: Row, type_: str, *, question: UUID, told: Phi[Payload]
) -> Fact:
    """What was asked, answered or disputed, for the pathway that owns it; sealed like every payload."""
    now = runtime.now()
    return Fact(
        id=derive(now, type_, question, viewer.person),
        type=type_,
        subject=row["subject"],
        organisation=row["organisation"],
        occurred_at=now,
        recorded_at=now,
        payload=told,
        keys={"question": str(question), "asked_about": str(row["id"])},
        refers={"asked_about": row["id"], "entry": question},
        actor=Actor.PERSON,
        actor_name=viewer.person,
        identity=row["identity"],
        correlation=row["correlation"],
        site=row["site"],
        service_line=row["service_line"],
    )
