"""A runtime on a fresh database, a clock moved by hand, and rows to work on: for effects, worklist and ledger."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Json as Jsonb

from carelane.cases.model import EffectState
from carelane.directory.snapshot import Person, Place, Pool, Snapshot
from carelane.effects.destinations import Destination, Write
from carelane.effects.outbox import Outbox
from carelane.engine.deliver import deliver
from carelane.engine.drain import drain
from carelane.engine.releases import Activation, Releases
from carelane.engine.runtime import Runtime
from carelane.facts.fact import Actor, Fact, Urgency
from carelane.facts.ids import derive, name_id
from carelane.facts.phi import Phi
from carelane.facts.ports import Sender
from carelane.pathways.loading import load
from carelane.store.database import Database
from carelane.store.facts import make_subjects
from carelane.store.keyring import open_keys
from carelane.store.keys import FileKeys
from carelane.store.vault import Vault
from carelane.testing.core.pathways import critical, referral
from carelane.testing.senders import ScriptedSystem

START = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)
SITE = "main"
PATHWAYS = Path(__file__).parents[3] / "pathways"
CONTENT = b'{"values":{"status":"accepted"}}'


@dataclass(slots=True)
class Hand:
    """A clock moved by hand."""

    at: datetime = START

    def __call__(self) -> datetime:
        """The instant."""
        return self.at

    def forward(self, **by: float) -> None:
        """Let time pass."""
        self.at += timedelta(**by)


@dataclass(slots=True)
class Tally:
    """An observer that keeps counts."""

    counts: dict[str, int] = field(default_factory=dict)

    def count(self, name: str, labels: Mapping[str, str], by: int = 1) -> None:
        """Add."""
        del labels
        self.counts[name] = self.counts.get(name, 0) + by

    def observe(self, name: str, labels: Mapping[str, str], seconds: float) -> None:
        """Nothing."""
        del name, labels, seconds


@dataclass(slots=True)
class Rig:
    """What a test works with."""

    runtime: Runtime
    hand: Hand
    superuser: psycopg.Connection[Any]
    seeder: Vault  # another process's: the runtime must learn keys from rows
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    @property
    def organisation(self) -> UUID:
        """Of the runtime."""
        return self.runtime.organisation

    def sql(self, text: str, **values: object) -> list[tuple[Any, ...]]:
        """Past every wall: to look, or to plant."""
        cursor = self.superuser.execute(text, values)
        return cursor.fetchall() if cursor.description else []

    def value(self, text: str, **values: object) -> Any:
        """The one value."""
        return self.sql(text, **values)[0][0]

    def insert(self, table: str, **row: object) -> None:
        """One row."""
        names = ", ".join(row)
        marks = ", ".join(f"%({name})s" for name in row)
        self.sql(f"insert into {table} ({names}) values ({marks})", **row)  # noqa: S608  # names from the test itself

    def case(self, *, subject: UUID | None = None, cancelled: bool = False) -> UUID:
        """An open case with one open step, as rows."""
        number = next(self.numbers)
        case, step = name_id("case", number), name_id("step", number)
        subject = subject or name_id("subject", number)
        where = {"organisation": self.organisation, "site": SITE, "service_line": "cardiology"}
        self.sql(
            "insert into subject (id, organisation, kind) values (%(s)s, %(o)s, 'patient') on conflict do nothing",
            s=subject,
            o=self.organisation,
        )
        identity = name_id("identity", number)
        self.insert(
            "identity", id=identity, organisation=self.organisation, token=identity.hex, authority="H",
            identity_key=self.seeder.new_identity(identity), created_at=self.hand(),
        )  # fmt: skip
        self.sql("begin")
        self.insert(
            "pathway_case", id=case, **where, subject=subject, pathway="referral", version="1", release="referral-1",
            status="in-triage", opened_at=self.hand(), decided_at=self.hand(), correlation=case, revision=1,
            cancelled=cancelled, identity=identity, state=Jsonb({"v": 1}),
        )  # fmt: skip
        self.insert(
            "step", id=step, **where, case_id=case, subject=subject, state="triage", opened_at=self.hand(),
            owner_kind="pool", owner_name="referral-desk", clock_kind="wall", started_at=self.hand(),
            due_at=self.hand() + timedelta(days=1), next_at=self.hand() + timedelta(days=1), fallback="to the lead",
            detail=Jsonb({}),
        )  # fmt: skip
        self.sql("commit")
        return case

    def effect(self, case: UUID | None = None, **changes: object) -> UUID:
        """A ready effect, as a row."""
        case = case or self.case()
        number = next(self.numbers)
        effect = derive(self.hand(), "effect", number)
        subject, identity = self.sql(
            "select subject, identity from pathway_case where id = %(c)s", c=case
        )[0]
        row: dict[str, object] = {
            "id": effect, "organisation": self.organisation, "site": SITE, "service_line": "cardiology",
            "case_id": case, "subject": subject, "name": "accepted-told", "capability": "ehr.referral.update",
            "connection": "ehr", "audience": "record", "if_unknown": "ask", "created_at": self.hand(),
            "next_at": self.hand(), "correlation": case,
            "identity": identity, "sealed": self.seeder.seal(identity, "effect", effect, "sealed", CONTENT),
        }  # fmt: skip
        self.insert("effect", **(row | changes))
        return effect

    def state(self, effect: UUID) -> EffectState:
        """Where it stands."""
        return EffectState(self.value("select state from effect where id = %(e)s", e=effect))

    def row(self, effect: UUID) -> dict[str, Any]:
        """The whole row."""
        cursor = self.superuser.execute("select * from effect where id = %s", (effect,))
        assert cursor.description is not None
        return dict(zip([c.name for c in cursor.description], cursor.fetchone() or (), strict=True))

    def told(self, effect: UUID) -> list[str]:
        """The facts about an effect, in order."""
        rows = self.sql(
            "select type from fact where refers->>'effect' = %(e)s order by recorded_at, type desc",
            e=str(effect),
        )
        return [row[0] for row in rows]

    def outbox(self, system: ScriptedSystem | Sender, **changes: Any) -> Outbox:
        """One destination called `ehr`."""
        ehr = Destination(
            name="ehr", capabilities=frozenset({"ehr.referral.update"}), writes=(Write(resource="Task"),),
            per_second=1000, burst=1000,
        )  # fmt: skip
        return Outbox(
            runtime=self.runtime,
            destinations={"ehr": replace(ehr, **changes)},
            senders={"ehr": system},
        )

    async def referral(self, *, subject: str = "one", order: str = "A1", **changes: Any) -> UUID:
        """A referral that arrived and was decided; its open task."""
        patient = name_id("patient", subject)
        fact = Fact(
            id=derive(self.hand(), "fact", subject, order), type="referral.received", subject=patient,
            organisation=self.organisation, occurred_at=self.hand(), recorded_at=self.hand(),
            payload=Phi({"request": {"priority": "routine", "specialty": "neurology", "reason": "palpitations"}}, "p"),
            keys={"placer_order": order}, entity=None, urgency=Urgency.ROUTINE, actor=Actor.SYSTEM,
            connection="hl7", origin=derive(self.hand(), "message", order), correlation=derive(self.hand(), order),
            site=SITE, service_line="neurology",
        )  # fmt: skip
        fact = replace(fact, **changes)
        async with self.runtime.worker.transaction() as tx:
            make_subjects(tx, self.organisation, [(patient, "patient", SITE)])
            await deliver(self.runtime, tx, [fact])
        await drain(self.runtime)
        task: UUID = self.value(
            "select id from task where subject = %(s)s and closed_at is null order by opened_at desc",
            s=patient,
        )
        return task


def _directory(organisation: str) -> Snapshot:
    pools = ("referral-desk", "cardiology-desk", "scheduling", "last-resort", "integration-desk")
    people = ("r.moreau", "j.ito", "lead")
    return Snapshot(
        organisation=organisation,
        title="Test Hospital",
        sites={
            SITE: Place(name=SITE, title="Main", zone="UTC", calendar="", last_resort="last-resort")
        },
        people={
            name: Person(
                name=name,
                display=name.upper(),
                roles=("referral-lead",),
                pools=pools,
                sites=(SITE,),
            )
            for name in people
        },
        pools={
            name: Pool(name=name, title=name, urgencies=tuple(Urgency), members=people)
            for name in pools
        },
    )


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
async def rig(  # noqa: PLR0917  # fixtures
    worker: Database,
    app: Database,
    organisation: UUID,
    superuser: psycopg.Connection[Any],
    tmp_path: Path,
    hand: Hand,
) -> Rig:
    """A runtime with two small pathways in force."""
    keys = await open_keys(worker, FileKeys.create(tmp_path / "keys.json"), now=START)
    attention, problems = load(
        (PATHWAYS / "system" / "effect-attention.yaml").read_text(), place="effect-attention"
    )
    assert attention is not None, problems
    published = {each.digest: each for each in (referral(), critical(), attention)}
    activations = tuple(
        Activation(release=d, pathway=p.name, from_at=START) for d, p in published.items()
    )
    runtime = Runtime(
        organisation=organisation,
        process="test",
        worker=worker,
        app=app,
        vault=Vault(keys),
        now=hand,
        observer=Tally(),
        directory=_directory("test"),
        releases=Releases(published, activations),
    )
    async with worker.transaction() as tx:
        await tx.run(
            "effects.know_connection",
            organisation=organisation,
            connection="ehr",
            kind="outgoing",
            site="",
        )
    return Rig(runtime=runtime, hand=hand, superuser=superuser, seeder=Vault(keys))


@pytest.fixture
def system(hand: Callable[[], datetime]) -> ScriptedSystem:
    """A keyed outside system in good health."""
    return ScriptedSystem(now=hand)
