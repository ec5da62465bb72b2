"""A real portal on a free port over a real database with a few referrals, and a real Chromium to use it.

`CARELANE_CHROMIUM` names the browser, else the system's or Playwright's is taken. One browser serves all tests of a
process, each in a context of its own, so they share one event loop.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from carelane.accounts.passwords import set_password
from carelane.compose.house import House, open_house
from carelane.compose.serve import portal_of
from carelane.connect.hl7v2.codec import envelope
from carelane.connect.hl7v2.mapping.reading import read
from carelane.engine.drain import drain
from carelane.intake.interpret import interpret
from carelane.intake.receive import Receiver
from carelane.store.roles import DatabaseUrls
from tests.conftest import Server, Shipped

ROOT = Path(__file__).parents[2]
together = pytest_asyncio.fixture(loop_scope="session")
"""An async fixture of these tests: in the loop that the browser has."""
PASSWORD = "four calm words stand here"
CLERK, OTHER, NURSE, ENGINEER, COMPLIANCE = (
    "amara.quill",
    "bo.tarrant",
    "dev.okafor",
    "jonas.weald",
    "luca.fenwick",
)
STAFF = (CLERK, OTHER, NURSE, ENGINEER, COMPLIANCE, "cleo.marsh")
NO_BROWSER = (
    "No Chromium: run `.venv/bin/playwright install chromium`, or set CARELANE_CHROMIUM to one."
)
REFERRAL = "\r".join((  # noqa: FLY002  # one segment a line reads better
    r"MSH|^~\&|EHR|NORTH|CARELANE|NORTH|20260302090000-0500||REF^I12^REF_I12|{n}|P|2.5.1",
    "RF1|A|{priority}|CON^Consult|||R{n}^EHR|20260302",
    "PRD|RP^Referring Provider|Vale^Nora|1 Main^^Town|||||1234567890^NPI",
    "PRD|RT^Referred to|Stone^Ada|||||||9876543210^NPI",
    "PID|1||M55500{n}^^^NORTH^MR||Quimbly{n}^Zoe||19800101|F|||||5550100{n}",
    "OBR|1|P{n}^EHR||{service}^Consult^L",
    "{reason}",
    "",
))  # fmt: skip
WATCH = """() => {
  window.violations = [];
  document.addEventListener('securitypolicyviolation', (e) =>
    window.violations.push(e.violatedDirective + ' ' + e.blockedURI));
}"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of this folder run in one loop."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@dataclass(kw_only=True)
class Desk:
    """A running portal."""

    house: House
    url: str
    problems: list[str] = field(default_factory=list)

    async def arrive(self, first: int, count: int) -> None:
        """Referrals come in and are decided: odd ones lack the service, even ones can be triaged."""
        receiver = Receiver(self.house.runtime, {"mllp": envelope}, {"mllp": "north"})
        stop = asyncio.Event()
        writing = asyncio.create_task(receiver.write(stop))
        for n in range(first, first + count):
            service = "ORT" if n % 2 == 0 else "ZZZ"
            text = REFERRAL.format(
                n=n,
                priority="S" if n % 5 == 0 else "R",
                service=service,
                reason="DG1|1||M17.1^Gonarthrosis^I10",
            )
            await receiver.receive("mllp", text.encode())
        stop.set()
        self.house.runtime.bell.ring_here("stop")
        await writing
        await interpret(self.house.runtime, {"mllp": read}, "mllp")
        await drain(self.house.runtime)


def chromium() -> str | None:
    """The browser's path; None lets Playwright take its own."""
    given = os.environ.get("CARELANE_CHROMIUM")  # noqa: TID251  # the one place where tests look for a browser
    return given or next(
        (
            path
            for name in ("chromium", "chromium-browser", "google-chrome")
            if (path := shutil.which(name))
        ),
        None,
    )


@pytest.fixture(scope="session")
def shipped(
    server: Server, shipped: Shipped, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shipped]:
    """The shipped site with people who can sign in: hashing a password is slow on purpose, so it is done once."""
    name, home = f"staffed_{os.getpid()}", tmp_path_factory.mktemp("staffed")
    urls = server.create(name, template=shipped.database)

    async def hire() -> None:
        async with open_house(shipped.settings(home), urls, process="hire") as house:
            for person in STAFF:
                await set_password(house.runtime, person, PASSWORD)

    try:
        asyncio.run(hire())
        yield Shipped(name, home)
    finally:
        server.drop(name)


@together
async def house(shipped: Shipped, database: DatabaseUrls, tmp_path: Path) -> AsyncIterator[House]:
    """A loaded house on a fresh database, with the machine's clock."""
    async with open_house(shipped.settings(tmp_path), database, process="serve-test") as opened:
        yield opened


@together
async def desk(house: House) -> AsyncIterator[Desk]:
    """The portal served on a free port, with eight referrals and people who can sign in."""
    async with served(house) as url:
        running = Desk(house=house, url=url)
        await running.arrive(1, 8)
        yield running


@asynccontextmanager
async def served(house: House) -> AsyncIterator[str]:
    """The portal of a house on a free port."""
    async with listening(portal_of(house)) as url:
        yield url


@asynccontextmanager
async def listening(application: Any) -> AsyncIterator[str]:
    """An ASGI application on a free port."""
    config = uvicorn.Config(
        application,
        host="127.0.0.1",
        port=0,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve())  # noqa: SLF001  # without signal handlers
    while not server.started:  # noqa: ASYNC110  # uvicorn has a flag, no event
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A headless Chromium: to start one took longer than most pages."""
    async with launched() as running:
        yield running


@asynccontextmanager
async def launched(*settings: str) -> AsyncIterator[Browser]:
    """A headless Chromium with these settings of its own."""
    arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", *settings]
    async with async_playwright() as playwright:
        try:
            running = await playwright.chromium.launch(executable_path=chromium(), args=arguments)
        except Exception as error:  # noqa: BLE001  # whatever it is, one line says what to do
            pytest.fail(f"{NO_BROWSER} ({type(error).__name__})", pytrace=False)
        yield running
        await running.close()


@asynccontextmanager
async def signed_in(desk: Desk, person: str) -> AsyncIterator[aiohttp.ClientSession]:
    """A person's browser, without a browser."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(desk.url, cookie_jar=jar) as session:
        await session.post("/sign-in", data={"person": person, "password": PASSWORD})
        yield session


async def visit(
    desk: Desk,
    browser: Browser,
    person: str = "",
    *,
    width: int = 1440,
    height: int = 900,
    script: bool = True,
) -> Page:
    """A page of a new context that reports console errors to the desk; signed in if a person is named."""
    context: BrowserContext = await browser.new_context(
        viewport={"width": width, "height": height}, java_script_enabled=script, reduced_motion="reduce")  # fmt: skip
    page = await context.new_page()
    page.on("pageerror", lambda error: desk.problems.append(f"error {error}"))
    page.on(
        "console",
        lambda said: (
            desk.problems.append(f"console {said.text}") if _bad(said.type, said.text) else None
        ),
    )
    if script:
        await page.add_init_script(f"({WATCH})()")
    await page.goto(desk.url)
    if person:
        await page.fill("[name=person]", person)
        await page.fill("[name=password]", PASSWORD)
        await page.click("button:has-text('Sign in')")
        await page.wait_for_selector(".rail", timeout=30_000)
    return page


def _bad(kind: str, text: str) -> bool:
    refused = (
        "status of 4" in text
    )  # the browser notes each refused request; the answer itself is tested
    return kind == "error" and not refused
