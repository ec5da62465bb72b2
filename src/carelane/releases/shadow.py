"""Shadow runs: a release decides beside the one in force on live facts, without effects, up to each first divergence.

A periodic look takes up what was decided since the last one, by a window of transactions, and replays those subjects
from what is kept in clear; no decision ever waits for it. Only cases opened after the start are followed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from carelane.audit.actions import Action
from carelane.engine.runtime import Runtime
from carelane.engine.scope import Scope
from carelane.facts.errors import SetupFault
from carelane.facts.fact import Actor
from carelane.facts.ids import derive
from carelane.pathways.definition import Definition
from carelane.pathways.digest import digest
from carelane.proofs.backtest import BacktestReport, Tally, Void, line_of, report
from carelane.proofs.events import History
from carelane.proofs.judging import Judge, Verdict
from carelane.releases.backtest import definition_of, judge_for
from carelane.releases.events import header, heard_by, of_subjects
from carelane.store.changes import Deed, record
from carelane.store.database import Row, Tx

PAGE = 100
LATE = timedelta(minutes=10)
"""A transaction that decides ends long before: `idle_in_transaction_session_timeout` is 10 s."""

VOID = "void"


class ShadowFault(SetupFault):
    """The shadow run can't be started or found: the message says why."""

    code = "shadow"


async def start(  # noqa: PLR0913  # a run is all of these, by name
    runtime: Runtime, text: str, *, place: str, site: str, service_line: str, by: str
) -> UUID:
    """Follow new cases in a scope with a release that need not be published.

    Raises:
        ShadowFault: no release of the pathway is in force there, it is this very one, or it is followed already.
    """
    new, now = definition_of(text, place), runtime.now()
    scope = Scope(site=site, service_line=service_line)
    old = next((each for each in runtime.releases.active(scope) if each.name == new.name), None)
    if old is None:
        raise ShadowFault(
            f"no release of `{new.name}` is in force there. Remedy: name the scope of one that is"
        )
    if digest(old) == new.digest:  # what is in force goes by a digest that holds its templates too
        raise ShadowFault(f"{place} is the release in force. Remedy: name a changed pathway")
    async with runtime.worker.transaction() as tx:
        row = await tx.one(
            "backtest.start_shadow", id=derive(now, "shadow", old.digest, new.digest, site, service_line),
            organisation=runtime.organisation, pathway=new.name, old=old.digest, new=new.digest, content=text,
            site=site, service_line=service_line, now=now, by=by,
        )  # fmt: skip
        if row is None:
            raise ShadowFault(
                "this release is followed there already. Remedy: `carelane pathway shadow list`"
            )
        started: UUID = row["id"]
        _tell(runtime, tx, Action.SHADOW_STARTED, new, by=by)
    return started


async def stop(runtime: Runtime, run: UUID, *, by: str = "") -> bool:
    """End a run; what it found stays. False if it isn't running."""
    async with runtime.worker.transaction() as tx:
        row = await _run(tx, run)
        ended = await tx.one("backtest.stop_shadow", id=run, now=runtime.now())
        if ended is not None:
            new = definition_of(row["content"], "shadow")
            _tell(runtime, tx, Action.SHADOW_STOPPED, new, by=by or row["started_by"])
    return ended is not None


async def runs(runtime: Runtime) -> list[Row]:
    """All runs, newest first."""
    async with runtime.worker.transaction() as tx:
        return await tx.rows("backtest.shadows", pathway=None, all=True)


async def report_of(runtime: Runtime, run: UUID) -> tuple[BacktestReport, list[bytes]]:
    """What a run has found so far: the same report as a back-test's, and the divergences by case."""
    async with runtime.worker.transaction() as tx:
        row = await _run(tx, run)
        found = await tx.rows("backtest.shadow_found", shadow=run)
    tally = _tally(row, found)
    old = runtime.releases.published[row["old"]]
    new = definition_of(row["content"], "shadow")
    lines = [each["found"].encode() for each in found if each["class"] not in {"same", VOID}]
    return report(tally, old, new, events=f"shadow {run}"), [] if tally.void_subjects else lines


async def _run(tx: Tx, run: UUID) -> Row:
    for row in await tx.rows("backtest.shadows", pathway=None, all=True):
        if row["id"] == run:
            return row
    raise ShadowFault(f"no shadow run {run}. Remedy: `carelane pathway shadow list`")


def _tell(runtime: Runtime, tx: Tx, action: Action, new: Definition, *, by: str) -> None:
    detail: dict[str, str | int | bool] = {"pathway": new.name, "release": new.digest}
    record(tx, Deed(organisation=runtime.organisation, at=runtime.now(), action=action,
                          actor=Actor.PERSON, name=by, detail=detail))  # fmt: skip


def _tally(row: Row, found: Iterable[Row]) -> Tally:
    """Found rows counted as a back-test counts verdicts."""
    tally, subjects = Tally(facts=row["facts"]), set[UUID]()
    for number, each in enumerate(found):
        subjects.add(each["subject"])
        if each["class"] == VOID:
            tally.void_subjects += 1
            tally.void.append((number, msgspec.json.decode(each["found"], type=Void)))
            continue
        divergence: dict[str, Any] = msgspec.json.decode(each["found"]) if each["found"] else {}
        tally.count(number, each["case_id"], each["class"], divergence)
    tally.subjects = len(subjects)
    return tally


@dataclass(slots=True)
class Follower:
    """What looks for all runs; it keeps judges while releases and directory stay as they are."""

    runtime: Runtime
    _marks: tuple[object, ...] = ()
    _judges: dict[UUID, Judge] | None = None

    async def look(self) -> int:
        """Take up what was decided since the last look; how many subjects."""
        done = 0
        async with self.runtime.worker.transaction() as tx:
            running = await tx.rows("backtest.shadows", pathway=None, all=False)
            edge = await tx.one("backtest.edge")
        for run in running:
            if edge is None or run["system_identifier"] != edge["system_identifier"]:
                self.runtime.observer.count("shadow_other_cluster", {})
                continue
            done += await self._follow(run, edge["xmin"])
        return done

    async def _follow(self, run: Row, xmin: str) -> int:
        now, judge = self.runtime.now(), await self._judge(run)
        async with self.runtime.worker.transaction() as tx:
            window = {
                "window_xmin": run["window_xmin"],
                "xmin": xmin,
                "from_at": run["looked_at"] - LATE,
            }
            rows = await tx.rows("backtest.window", **window)
        subjects = [row["subject"] for row in rows]
        for first in range(0, len(subjects), PAGE):
            async with self.runtime.worker.transaction() as tx:
                page = subjects[first : first + PAGE]
                heard = heard_by(
                    {**self.runtime.releases.published, judge.new.digest: judge.new}, judge.new.name
                )
                histories = await of_subjects(tx, judge.header, heard, page)
                await self._keep(tx, run, judge, histories)
        async with self.runtime.worker.transaction() as tx:
            await tx.run("backtest.looked", id=run["id"], xmin=xmin, now=now,
                         facts=sum(row["facts"] for row in rows))  # fmt: skip
        return len(subjects)

    async def _keep(self, tx: Tx, run: Row, judge: Judge, histories: Iterable[History]) -> None:
        found = [
            row for history in histories for row in standing(run, history, judge.judge(history))
        ]
        if not found:
            return
        await tx.run(
            "backtest.shadow_cases", shadow=run["id"], organisation=self.runtime.organisation,
            cases=[case for case, _, _, _ in found], subjects=[subject for _, subject, _, _ in found],
            classes=[class_ for _, _, class_, _ in found], found=[text for _, _, _, text in found],
        )  # fmt: skip

    async def _judge(self, run: Row) -> Judge:
        async with self.runtime.worker.transaction() as tx:
            row = await tx.one("backtest.marks")
            marks = tuple(row.values()) if row else ()
            if self._judges is None or marks != self._marks:
                self._judges, self._marks = {}, marks
            judge = self._judges.get(run["id"])
            if judge is None:
                head = await header(self.runtime, tx, run["pathway"], None)
                old = self.runtime.releases.published[run["old"]]
                judge = judge_for(head, old, definition_of(run["content"], "shadow"))
                self._judges[run["id"]] = judge
        return judge


Standing = tuple[UUID, UUID, str, str]


def standing(run: Row, history: History, verdict: Verdict) -> Iterator[Standing]:
    """How a subject's cases stand that were opened in the run's scope after its start."""
    followed = {case for case in _opened(run, history) if case in verdict.compared}
    if verdict.void is not None:
        void = verdict.void
        text = msgspec.json.encode(Void(subject=void.subject, place=void.place, what=void.what,
                                        recorded=void.recorded, replayed=void.replayed)).decode()  # fmt: skip
        yield from ((case, history.subject, VOID, text) for case in sorted(followed))
        return
    parted = {each.case: each for each in verdict.divergences if each.case is not None}
    for case, each in parted.items():
        new_only = case not in {end.id for end in history.cases}
        if case in followed or (new_only and each.at >= run["started_at"]):
            yield case, history.subject, each.way.value, line_of(each).decode()
    yield from ((case, history.subject, "same", "") for case in sorted(followed - parted.keys()))


def _opened(run: Row, history: History) -> Iterator[UUID]:
    since = {each.id for each in history.cases if each.opened_at >= run["started_at"]}
    for heard in history.facts:
        here = run["site"] in {"", heard.site} and run["service_line"] in {"", heard.service_line}
        for applied in heard.applied if here else ():
            if applied.revision == 1 and applied.case in since:
                yield applied.case
