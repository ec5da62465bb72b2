"""A whole runtime on a fresh database: `house` for flow tests, and `feed` to send it messages.

After each test the books are audited: the four laws balance, the audit alone counts the same, no leaf holds free text,
and nothing refers to a retired patient.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from carelane.compose.connections import envelopes, readers
from carelane.compose.house import House, open_house
from carelane.engine.drain import drain
from carelane.intake.interpret import interpret
from carelane.intake.receive import arrived_of
from carelane.store.messages import store_arrived
from carelane.store.roles import DatabaseUrls
from tests.conftest import Shipped
from tests.flows.books import audit_books

ROOT = Path(__file__).parents[2]


class Hand:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """The time it shows."""
        return self.at

    def forward(self, by: timedelta) -> None:
        """Move it on."""
        self.at += by


@pytest.fixture
def hand() -> Hand:
    """The runtime's clock."""
    return Hand()


@pytest.fixture
async def house(
    shipped: Shipped,
    database: DatabaseUrls,
    tmp_path: Path,
    hand: Hand,
    superuser: "psycopg.Connection[Any]",
) -> AsyncIterator[House]:
    """A loaded house on a fresh database; its books are audited when the test is over."""
    async with open_house(shipped.settings(tmp_path), database, process="test") as opened:
        opened.runtime.now = hand
        yield opened
        await audit_books(opened, superuser)


@dataclass
class Feed:
    """Messages into a house's connection `mllp`, as its listener would store them, then all that follows."""

    house: House
    hand: Hand
    superuser: "psycopg.Connection[Any]"
    connection: str = "mllp"

    async def store(self, *raws: bytes, connection: str = "") -> list[Any]:
        """Store messages, a second apart; their receipts."""
        runtime, name = self.house.runtime, connection or self.connection
        envelope = envelopes(runtime.directory)[name]
        receipts = []
        for raw in raws:
            self.hand.forward(timedelta(seconds=1))
            arrived = arrived_of(runtime, name, raw, envelope(raw), site="north")
            async with runtime.worker.transaction() as tx:
                receipts += await store_arrived(tx, runtime.vault, runtime.organisation, [arrived])
        return receipts

    async def interpret(self, *, connection: str = "") -> None:
        """Interpret whatever waits."""
        reading = readers(self.house.runtime.directory)
        while await interpret(self.house.runtime, reading, connection or self.connection) > 0:
            self.hand.forward(timedelta(milliseconds=5))

    async def drain(self) -> None:
        """Decide whatever waits."""
        while (await drain(self.house.runtime)).subjects:
            pass

    async def send(self, *raws: bytes, connection: str = "") -> list[Any]:
        """Store, interpret and decide."""
        receipts = await self.store(*raws, connection=connection)
        await self.interpret(connection=connection)
        await self.drain()
        return receipts

    def sql(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows as superuser: what is checked must not depend on what checks."""
        return self.superuser.execute(query.encode(), values).fetchall()

    def subject(self, person: int, *, authority: str = "NORTH") -> Any:
        """The subject that a synthetic patient's number points to now."""
        token = self.house.runtime.vault.tokens.identifier(authority, f"P{person:07d}")
        rows = self.sql("select l.subject from identity_link l join identity i on i.id = l.identity"
                        " where i.token = %s", token)  # fmt: skip
        return rows[0][0] if rows else None

    def open_cases(self, person: int) -> Mapping[str, int]:
        """How many open cases of each pathway the patient has."""
        rows = self.sql("select pathway, count(*) from pathway_case where subject = %s and closed_at is null"
                        " group by pathway", self.subject(person))  # fmt: skip
        return dict(rows)


@pytest.fixture
def feed(house: House, hand: Hand, superuser: "psycopg.Connection[Any]") -> Feed:
    """Sends messages to the house."""
    return Feed(house, hand, superuser)
