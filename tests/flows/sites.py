"""A house on a site of a test's own: the shipped one copied, with other connections, or with a pathway more."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg

from carelane.compose.house import open_house
from carelane.settings import Settings
from carelane.store.roles import DatabaseUrls
from carelane.testing.gateways.flavours import SECRET
from tests.flows.books import audit_books
from tests.flows.conftest import ROOT, Feed, Hand

ACTIVATION = """
  - pathway: {name}
    approvers: [kira.sandoval, luca.fenwick]
    reason: A test
"""


def copied(home: Path, connections: str) -> Settings:
    """The shipped site and pathways in a home, with these connections and the gateway's secret."""
    site, pathways = home / "site", home / "pathways"
    shutil.copytree(ROOT / "site", site)
    shutil.copytree(ROOT / "pathways", pathways)
    (site / "connections.yaml").write_text(connections)
    (home / "gateway.secret").write_text(SECRET)
    return Settings(home=home, site=site, pathways=pathways)


def add(settings: Settings, pathway: Path) -> Path:
    """One more pathway is approved and active; where it lies now."""
    with (settings.site / "pathways.yaml").open("a") as file:
        file.write(ACTIVATION.format(name=pathway.stem))
    return Path(shutil.copy(pathway, settings.pathways))


@asynccontextmanager
async def fed(
    settings: Settings, database: DatabaseUrls, hand: Hand, superuser: "psycopg.Connection[Any]"
) -> AsyncIterator[Feed]:
    """A house that loads this site and goes by the hand clock; its books are audited when the test is over."""
    async with open_house(settings, database, process="test", load=True) as house:
        house.runtime.now = hand
        yield Feed(house, hand, superuser)
        await audit_books(house, superuser)
