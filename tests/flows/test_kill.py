"""Kill -9 of listener, workers and web at random under load: nothing lost, nothing done twice (TRUST T3)."""

import asyncio
import json
import random  # noqa: TID251  # seeded dice: which process dies, and when
import urllib.request
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from shutil import copytree
from typing import Any
from uuid import UUID

import pytest
from typing_extensions import override

from carelane.compose.house import House, open_house
from carelane.facts.ports import Receipt
from carelane.intake.receive import Receiver
from carelane.settings import Settings
from carelane.store.roles import DatabaseUrls
from carelane.testing import messages
from carelane.testing.mllp import Sender
from carelane.worklist import acting
from carelane.worklist.answers import Acted
from carelane.worklist.viewer import Viewer
from tests.conftest import Shipped
from tests.flows.books import audit_books
from tests.flows.fleet import Worker, ehr, fleet, free_port

pytestmark = [pytest.mark.postgres, pytest.mark.slow]
ROOT = Path(__file__).parents[2]
SENDERS = 4
PAUSE_S = 0.08
ENOUGH_MESSAGES = 100
ENOUGH_ACCEPTED = 15
NURSE = Viewer(
    person="dev.okafor", sites=("north", "harbour"), pools=("urgent-triage",), licensed=True
)


def _course(person: int) -> Iterator[bytes]:
    """What happens to one patient, in order: a referral, changes, a result, a repeat of the first."""
    number = person * 10
    yield messages.referral(number, person=person, priority=person % 3)
    yield messages.modify_referral(number + 1, of=number, person=person)
    yield messages.critical_result(number + 2, person=person)
    yield messages.modify_referral(number + 3, of=number, person=person, priority=2)
    yield messages.update(number + 4, person=person)
    yield messages.referral(number, person=person, priority=person % 3)


@dataclass
class Load:
    """Senders that try again until they hear an answer; what was positively answered, by control id."""

    port: int
    acknowledged: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    resent: int = 0
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, number: int) -> None:
        """One sender: every fourth patient, each one's messages in order."""
        person = number
        while not self.stop.is_set():
            for raw in _course(person):
                await self._until_heard(raw)
                await asyncio.sleep(PAUSE_S)
            person += SENDERS

    async def _until_heard(self, raw: bytes) -> None:
        while True:
            try:
                (answer,) = await Sender(host="127.0.0.1", port=self.port, answer_s=10).send([raw])
            except (OSError, TimeoutError):
                self.resent += 1
                await asyncio.sleep(0.05)
                continue
            control = raw.split(b"|")[9].decode()
            if answer.code == "AA":
                self.acknowledged.add(control)
                return
            if answer.code == "AR":
                self.refused.append(control)
                return
            await asyncio.sleep(0.05)


@dataclass
class Staff:
    """A nurse who accepts referrals, so that effects go to the EHR; how many were accepted."""

    accepted: int = 0

    async def run(self, house: House, sql: Any, stop: asyncio.Event) -> None:
        """Look for referrals that wait, until told to stop."""
        while not stop.is_set():
            rows = sql.execute(
                "select id, version from task where name = 'triage-referral' and closed_at is null"
                " and status in ('ready', 'in-progress') order by opened_at limit 4"
            ).fetchall()
            for task, version in rows:
                act = await acting.complete(
                    house.runtime, NURSE, task, version=version, outcome="accepted"
                )
                self.accepted += isinstance(act, Acted)
            await asyncio.sleep(0.2)


async def _kill(processes: dict[str, Worker], dice: random.Random) -> None:
    """Kill one of those that run, and start it again."""
    await asyncio.sleep(dice.random() * 0.4)
    running = [each for each in processes.values() if each.ready.is_set()]
    victim = dice.choice(running or list(processes.values()))
    await victim.up()
    await victim.kill()
    await victim.start()


@asynccontextmanager
async def _running(processes: dict[str, Worker]) -> AsyncIterator[None]:
    try:
        for each in processes.values():
            await each.start()
        yield
    finally:
        await asyncio.gather(*(each.end() for each in processes.values()))


async def _worked(load: Load, staff: Staff) -> None:
    """Until there was enough work to lose: how much the kills leave time for is the machine's affair."""
    async with asyncio.timeout(300):
        while True:
            if len(load.acknowledged) > ENOUGH_MESSAGES and staff.accepted >= ENOUGH_ACCEPTED:
                return
            await asyncio.sleep(0.2)


async def _settled(sql: Any) -> None:
    """Until nothing waits any more: all interpreted, decided, sent or given to a person."""
    async with asyncio.timeout(300):
        while True:
            ((waiting,),) = sql.execute(
                "select (select count(*) from message where outcome = 'pending') + (select count(*) from inbox)"
                " + (select count(*) from effect where state in ('ready', 'sending') and connection in ('', 'ehr'))"
            ).fetchall()
            if waiting == 0:
                return
            await asyncio.sleep(0.2)


def _settings(shipped: Shipped, home: Path, database: DatabaseUrls, ehr_port: int) -> Settings:
    settings = shipped.settings(home)
    home.chmod(0o711)
    (home / "database.json").write_text(json.dumps(asdict(database)))
    copytree(ROOT / "site", home / "site")
    connections = home / "site" / "connections.yaml"
    connections.write_text(connections.read_text().replace(":20580", f":{ehr_port}"))
    return replace(
        settings, site=home / "site", mllp_port=free_port(), portal_port=free_port(), health_port=0
    )


@pytest.mark.requirement("R91")
@pytest.mark.requirement("R22")
@pytest.mark.invariant("I1", "I2", "I5", "I9")
@pytest.mark.parametrize("kills", [5, pytest.param(50, marks=pytest.mark.soak)])
async def test_processes_killed_at_random_lose_nothing_and_do_nothing_twice(
    shipped: Shipped, tmp_path: Path, database: DatabaseUrls, superuser: Any, kills: int
) -> None:
    ehr_port = free_port()
    settings = _settings(shipped, tmp_path, database, ehr_port)
    async with open_house(settings, database, process="test", load=True) as house:
        processes = fleet(settings)
        hospital = {"ehr": ehr(ehr_port, tmp_path / "run" / "ehr-client-key.jwks.json")}
        load, dice, over = Load(settings.mllp_port), random.Random(20260302), asyncio.Event()  # noqa: S311  # a seed
        async with _running(hospital), _running(processes):
            sending = [asyncio.create_task(load.run(n)) for n in range(SENDERS)]
            staff = Staff()
            nursing = asyncio.create_task(staff.run(house, superuser, over))
            for _ in range(kills):
                await _kill(processes, dice)
            await _worked(load, staff)
            load.stop.set()
            await asyncio.gather(*sending)
            over.set()
            await nursing
            await _settled(superuser)
            doubles, held = await asyncio.to_thread(_in_the_ehr, superuser, ehr_port)
        assert sum(each.kills for each in processes.values()) >= kills
        _assert_none_lost(superuser, load)
        _assert_order_kept(superuser)
        assert doubles == {}
        assert held >= ENOUGH_ACCEPTED
        await audit_books(house, superuser)


def _assert_none_lost(sql: Any, load: Load) -> None:
    """Each acknowledged message is in the ledger, once; each fact is decided exactly once."""
    assert load.refused == []
    ((stored, distinct, waiting),) = sql.execute(
        "select count(*), count(distinct control_token), count(*) filter (where outcome <> 'facts') from message"
    ).fetchall()
    assert (stored, waiting) == (distinct, 0)
    assert stored == len(load.acknowledged)
    assert sql.execute("select count(*) from fact f where f.origin in (select id from message)"
                       " and not exists (select from decision d where d.fact = f.id)").fetchall() == [(0,)]  # fmt: skip
    assert sql.execute("select count(*) - count(distinct f.origin) from fact f"
                       " join message m on m.id = f.origin and f.actor = 'system'").fetchall() == [(0,)]  # fmt: skip


def _assert_order_kept(sql: Any) -> None:
    """Per patient and case, what was received first took effect first (I5)."""
    rows = sql.execute("select a.case_id, m.seq from application a join fact f on f.id = a.fact"
                       " join message m on m.id = f.origin order by a.case_id, a.revision").fetchall()  # fmt: skip
    by_case: dict[UUID, list[int]] = defaultdict(list)
    for case, seq in rows:
        by_case[case].append(seq)
    assert by_case
    assert all(seqs == sorted(seqs) for seqs in by_case.values())


def _in_the_ehr(sql: Any, port: int) -> tuple[dict[str, int], int]:
    """Effects that the EHR holds more or less often than we say it does; and how many it holds."""
    rows = sql.execute("select id::text, state from effect where connection = 'ehr'").fetchall()
    wrong, held = {}, 0
    for id_, state in rows:
        url = f"http://127.0.0.1:{port}/admin/resources?identifier={id_}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            count = len(json.load(answer))
        held += count == 1
        if count > 1 or (state == "done" and count != 1):
            wrong[id_] = count
    return wrong, held


class Hasty(Receiver):
    """The mutant: answers before the commit."""

    @override
    async def receive(self, connection: str, raw: bytes) -> Receipt:
        """Positive before anything is durable."""
        waiting = asyncio.ensure_future(super().receive(connection, raw))
        waiting.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.sleep(0)
        return Receipt(outcome="accepted", message=None)


@pytest.mark.invariant("I1")
@pytest.mark.parametrize(("kind", "kept"), [(Receiver, True), (Hasty, False)])
async def test_an_answer_before_the_commit_loses_messages_and_is_caught(
    house: House, superuser: Any, kind: type[Receiver], *, kept: bool
) -> None:
    from carelane.compose.connections import envelopes  # noqa: PLC0415  # only here

    receiver = kind(house.runtime, envelopes(house.runtime.directory))
    stop, acknowledged = asyncio.Event(), 0
    writing = asyncio.create_task(receiver.write(stop))

    async def send(n: int) -> None:
        nonlocal acknowledged
        await receiver.receive("mllp", messages.referral(n))
        acknowledged += 1

    sending = [asyncio.create_task(send(n)) for n in range(200)]
    while acknowledged < 100:  # noqa: ASYNC110  # one turn of the loop each
        await asyncio.sleep(0)
    writing.cancel()  # the process dies here
    answered = acknowledged
    for each in sending:
        each.cancel()
    await asyncio.gather(writing, *sending, return_exceptions=True)
    ((stored,),) = superuser.execute("select count(*) from message").fetchall()
    assert (stored >= answered) is kept
