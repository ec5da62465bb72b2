"""A canary patient goes through real processes; none of its tokens stands where patient data must not be (I13)."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psycopg
import pytest
from aiosmtpd.controller import Controller
from psycopg import sql

from carelane.compose.house import House, open_house
from carelane.compose.people import viewer_of
from carelane.engine.periodic import schema
from carelane.facts.fact import Json
from carelane.facts.phi import Phi
from carelane.settings import Settings
from carelane.store.foreign import apply_once
from carelane.store.roles import DatabaseUrls
from carelane.testing import canary
from carelane.testing.ehr.profiles import PROFILES
from carelane.testing.ehr.server import EhrServer
from carelane.testing.gateways.flavours import FLAVOURS
from carelane.testing.gateways.server import GatewayServer
from carelane.testing.hospital.ends import secret_of
from carelane.worklist import acting
from carelane.worklist.listing import Filters, tasks

pytestmark = [pytest.mark.postgres, pytest.mark.invariant("I13"), pytest.mark.requirement("R115")]
ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PERSON = "edda.voss"


class Mailbox:
    """What the mail server took in, as bytes."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: N802  # aiosmtpd's name
        """Keep it."""
        del server, session
        self.mails.append(repr(envelope.rcpt_tos).encode() + bytes(envelope.content))
        return "250 kept"


@dataclass(slots=True, kw_only=True)
class Scene:
    """Everything a canary can leak into."""

    home: Path
    settings: Settings
    urls: DatabaseUrls
    ehr: EhrServer
    mailbox: Mailbox
    gateway: GatewayServer
    house: House
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    answers: list[bytes] = field(default_factory=list)

    def log(self, name: str) -> Path:
        """What a process printed."""
        return self.home / f"{name}.out"


def free_ports(number: int) -> int:
    """The first of so many free ports in a row."""
    for first in range(21_000, 60_000, 10):
        try:
            for port in range(first, first + number):
                with socket.create_server(("127.0.0.1", port)):
                    pass
        except OSError:
            continue
        return first
    raise AssertionError("no free ports")


def site_of(home: Path, ehr: EhrServer, mail: int, gateway: GatewayServer) -> Path:
    """The shipped site, with its connections led to this test's systems."""
    site = home / "site"
    site.mkdir()
    for file in (ROOT / "site").glob("*.yaml"):
        text = file.read_text(encoding="utf-8")
        text = text.replace("http://127.0.0.1:20580", str(ehr.root)).replace("20525", str(mail))
        text = text.replace("http://127.0.0.1:20586", str(gateway.root).rstrip("/"))
        (site / file.name).write_text(
            text.replace("listen_port: 20575", "listen_port: 0"), encoding="utf-8"
        )
    return site


@contextmanager
def mail_server(mailbox: Mailbox) -> Iterator[int]:
    """A mail server on loopback; its port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def client_keys(home: Path) -> Any:
    """The public half of the key made at the first start."""
    return json.loads(next(home.rglob("ehr-client-key.jwks.json")).read_text())


@asynccontextmanager
async def scene(home: Path, urls: DatabaseUrls) -> AsyncIterator[Scene]:
    """A hospital around a loaded database; processes are started by `start`."""
    mailbox, ehr = Mailbox(), EhrServer(profile=PROFILES["a"])
    gateway = GatewayServer(flavour=FLAVOURS["twilio"]())
    await ehr.start()
    await gateway.start()
    version, text = schema()
    apply_once(urls.owner, name="procrastinate", version=version, text=text)
    (home / "database.json").write_text(json.dumps(asdict(urls)))
    with mail_server(mailbox) as mail:
        ports = free_ports(4)
        settings = Settings(
            home=home,
            site=site_of(home, ehr, mail, gateway),
            health_port=ports,
            portal_port=ports + 3,
        )
        async with open_house(settings, urls, process="test", load=True) as house:
            ehr.tokens.register("carelane", client_keys(home))
            gateway.flavour.secret = secret_of(home, "texts")
            found = Scene(
                home=home,
                settings=settings,
                urls=urls,
                ehr=ehr,
                mailbox=mailbox,
                gateway=gateway,
                house=house,
            )
            try:
                yield found
            finally:
                stop(found)
                await ehr.stop()
                await gateway.stop()


def start(scene: Scene, name: str, *arguments: str) -> None:
    """One process of Carelane, as an operator starts it."""
    settings = scene.settings
    given = {"HOME": settings.home, "SITE": settings.site, "HEALTH_PORT": settings.health_port,
             "PORTAL_PORT": settings.portal_port}  # fmt: skip
    environment = {**os.environ, **{f"CARELANE_{key}": str(value) for key, value in given.items()}}  # noqa: TID251  # a child's
    with scene.log(name).open("wb") as out:
        command = [sys.executable, "-m", "carelane.cli", *arguments]
        scene.children[name] = subprocess.Popen(
            command, env=environment, stdout=out, stderr=out, stdin=subprocess.DEVNULL
        )


def stop(scene: Scene) -> None:
    """End the processes that were started here."""
    for child in scene.children.values():
        child.terminate()
    for child in scene.children.values():
        child.wait(60)


async def until(scene: Scene, condition: Callable[[], object], what: str) -> Any:
    """Wait until something is so; when it never is, show what the processes said."""
    for _ in range(2400):
        found = condition()
        ended = [name for name, child in scene.children.items() if child.poll() is not None]
        if found:
            return found
        if ended:
            break
        await asyncio.sleep(0.05)
    said = "\n".join(scene.log(name).read_text()[-2000:] for name in scene.children)
    raise AssertionError(f"never: {what}\n{said}")


async def exchange(scene: Scene, port: int, raw: bytes) -> bytes:
    """Send one frame, and keep the answer whatever it is."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"\x0b" + raw + b"\x1c\r")
    await writer.drain()
    writer.write_eof()
    async with asyncio.timeout(60):
        answer = await reader.read()
    writer.close()
    scene.answers.append(answer)
    return answer


def fetch(url: str, *, method: str = "GET", body: bytes | None = None) -> bytes:
    """Status, headers and body of a loopback address, also of an error."""
    request = Request(url, method=method, data=body)  # noqa: S310  # loopback
    try:
        with urlopen(request, timeout=10) as answer:  # noqa: S310  # loopback
            return str(answer.headers).encode() + bytes(answer.read())
    except HTTPError as refused:
        with refused:
            return str(refused.headers).encode() + refused.read()


def listening_on(scene: Scene) -> int | None:
    """The listener's port, once it has said it."""
    for line in scene.log("listen").read_text().splitlines():
        if line.startswith("listen: mllp on port "):
            return int(line.rpartition(" ")[2])
    return None


def count(scene: Scene, question: str) -> int:
    """The one number of a question, past every wall."""
    assert scene.urls.superuser is not None
    with psycopg.connect(scene.urls.superuser) as connection:
        row = connection.execute(question.encode()).fetchone()
    return int(row[0]) if row else 0


async def finished(scene: Scene, outcome: str, form: dict[str, Json]) -> bool:
    """Whether a person found an open task with this outcome, and finished it."""
    runtime, viewer = scene.house.runtime, viewer_of(scene.house, PERSON)
    for task in await tasks(runtime, viewer, filters=Filters(everyone=True)):
        definition = next(d for d in runtime.releases.published.values() if d.name == task.pathway)
        if outcome in definition.tasks[task.name].outcomes:
            filled: Phi[Mapping[str, Json]] = Phi(form, "form")
            await acting.complete(
                runtime, viewer, task.id, version=task.version, outcome=outcome, form=filled
            )
            return True
    return False


def tables(scene: Scene) -> dict[str, bytes]:
    """Every row of every table, as text: sealed columns too, for what is sealed holds no token."""
    assert scene.urls.superuser is not None
    found = {}
    with psycopg.connect(scene.urls.superuser) as connection:
        names = connection.execute(
            "select tablename from pg_tables where schemaname = 'public'"
        ).fetchall()
        for (name,) in names:
            rows = connection.execute(
                sql.SQL("select t::text from {} t").format(sql.Identifier(name))
            )
            found[f"table {name}"] = "\n".join(row[0] for row in rows).encode()
    return found


def server_log(scene: Scene) -> bytes:
    """The log of the PostgreSQL that this run uses."""
    assert scene.urls.superuser is not None
    with psycopg.connect(scene.urls.superuser) as connection:
        row = connection.execute("show data_directory").fetchone()
    assert row is not None
    return (Path(row[0]).parent / "server.log").read_bytes()


def listing(child: "subprocess.Popen[bytes]") -> bytes:
    """What a process listing shows of a child: command line and environment."""
    place = Path("/proc") / str(child.pid)
    return (place / "cmdline").read_bytes() + (place / "environ").read_bytes()


def unaddressed(mail: bytes) -> bytes:
    """A mail without its address: what is written to a patient goes to the patient, and says nothing else of them."""
    _envelope, _, content = mail.partition(b"]")
    return b"\n".join(line for line in content.splitlines() if not line.lower().startswith(b"to:"))


async def sinks(scene: Scene) -> dict[str, bytes]:
    """Everything outside the sealed columns that could hold a token."""
    found = {**tables(scene), "server log": server_log(scene)}
    found |= {f"output of {name}": scene.log(name).read_bytes() for name in scene.children}
    found |= {f"listing of {name}": listing(child) for name, child in scene.children.items()}
    for number in range(2):
        for page in ("metrics", "health", "nothing"):
            url = f"http://127.0.0.1:{scene.settings.health_port + number}/{page}"
            found[f"{page} {number}"] = await asyncio.to_thread(fetch, url)
    portal = f"http://127.0.0.1:{scene.settings.portal_port}"
    for page in ("metrics", "api/tasks", "api/cases/1", "sign-in", "api/tasks/x/complete"):
        found[f"portal {page}"] = await asyncio.to_thread(fetch, f"{portal}/{page}")
    body = json.dumps(canary.TOKENS).encode()
    for page in ("sign-in", "api/session", "api/tasks/x/complete", "api/search"):
        found[f"portal error {page}"] = await asyncio.to_thread(
            fetch, f"{portal}/{page}", method="POST", body=body
        )
    found["addresses asked at the EHR"] = json.dumps(scene.ehr.requests, default=str).encode()
    found |= {
        f"mail {number}": unaddressed(mail) for number, mail in enumerate(scene.mailbox.mails)
    }
    found |= {
        f"text {number}": text.asked.text.encode()
        for number, text in enumerate(scene.gateway.taken)
    }
    for file in scene.home.rglob("*"):
        if file.is_file() and file.name != "server.log":
            found[f"file {file.relative_to(scene.home)}"] = file.read_bytes()
    return found


def answers(scene: Scene) -> dict[str, bytes]:
    """What the senders were told: their own control id, and nothing else of theirs."""
    control = canary.TOKENS["control"].encode()
    return {f"answer {n}": each.replace(control, b"") for n, each in enumerate(scene.answers)}


async def play(scene: Scene) -> None:
    """Messages good and bad, a task finished, an effect done, one dead, staff told."""
    for name, arguments in {
        "listen": ["listen"],
        "work": ["work", "--number", "0"],
        "serve": ["serve"],
    }.items():
        start(scene, name, *arguments)
    port = await until(scene, lambda: listening_on(scene), "the listener is ready")
    await until(scene, lambda: b"ready" in scene.log("work").read_bytes(), "the worker is ready")
    await until(scene, lambda: b"ready" in scene.log("serve").read_bytes(), "the portal is ready")
    for raw in (canary.referral(NOW), canary.result(NOW), *canary.bad(NOW).values()):
        await exchange(scene, port, raw)
    await until(
        scene,
        lambda: not count(scene, "select count(*) from message where outcome = 'pending'"),
        "all is interpreted",
    )
    await until(scene, lambda: not count(scene, "select count(*) from inbox"), "all is decided")
    await finish(scene, "accepted", {"question": canary.TOKENS["form"], "priority": "urgent"})
    await finish(scene, "booked", {"note": canary.TOKENS["form"]})
    await until(
        scene,
        lambda: count(scene, f"{_EFFECTS} state = 'done' and connection = 'ehr'"),
        "the EHR was told",
    )
    scene.ehr.faults.add({"mode": "422", "count": 1000})
    await finish(scene, "accepted", {"priority": "urgent"})
    await until(
        scene, lambda: count(scene, f"{_EFFECTS} state = 'dead'"), "an effect is a dead letter"
    )
    await until(scene, lambda: scene.gateway.taken, "staff was told, by phone at any hour")


_EFFECTS = "select count(*) from effect where"


async def finish(scene: Scene, outcome: str, form: dict[str, Json]) -> None:
    """A person finishes the first open task that has this outcome; the worker may still be about to open it."""
    for _ in range(100):
        if await finished(scene, outcome, form):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"no open task with {outcome}")


async def test_no_token_of_the_canary_leaks(database: DatabaseUrls, tmp_path: Path) -> None:
    """Through sockets, three processes, two outside systems: good messages, bad ones, work, dead letters."""
    async with scene(tmp_path, database) as opened:
        await play(opened)
        found = await sinks(opened) | answers(opened)
        assert canary.leaks(found) == []
        planted = await plant(opened)
    assert {place for place in canary.leaks(planted) if not place.startswith("output")} == {
        "table task: family", "table heartbeat: mrn", "table fact: note",
    }  # fmt: skip
    assert len(opened.children) == 3
    for name in opened.children:
        assert opened.log(name).read_bytes(), f"{name} says nothing: is its output searched at all?"


async def plant(scene: Scene) -> dict[str, bytes]:
    """Mutants: a title, a heartbeat and a payload written without seal; all sinks again."""
    assert scene.urls.superuser is not None
    with psycopg.connect(scene.urls.superuser) as connection:
        connection.execute("update task set title = %s", (canary.TOKENS["family"],))
        connection.execute(
            "update heartbeat set detail = to_jsonb(%s::text)", (canary.TOKENS["mrn"],)
        )
        connection.execute(
            "update fact set sealed = convert_to(%s, 'utf8')", (canary.TOKENS["note"],)
        )
    return tables(scene)


@pytest.mark.parametrize(
    "said",
    [
        canary.TOKENS["family"].upper().encode(),
        canary.TOKENS["mrn"].encode().hex().encode(),
        b"GET /Patient?name=" + canary.TOKENS["given"].encode(),
        canary.PHONE.encode(),
    ],
)
def test_a_mutant_that_prints_a_token_is_caught(said: bytes) -> None:
    assert canary.leaks({"output of work": b"INFO " + said})


def test_the_canary_is_a_patient_of_its_own() -> None:
    """No token is part of another, and the messages hold them all: what is searched for is really there."""
    tokens = set(canary.TOKENS.values())
    assert len(tokens) == len(canary.TOKENS)
    sent = canary.referral(NOW) + canary.result(NOW)
    assert {name for name, value in canary.TOKENS.items() if value.encode() not in sent} == {"form"}
