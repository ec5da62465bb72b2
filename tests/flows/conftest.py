"""A whole runtime on a fresh database, without sockets: `house` for flow tests."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from carelane.compose.house import House, open_house
from carelane.settings import Settings
from carelane.store.roles import DatabaseUrls

ROOT = Path(__file__).parents[2]


class Hand:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def forward(self, by: timedelta) -> None:
        self.at += by


@pytest.fixture
def hand() -> Hand:
    """The runtime's clock."""
    return Hand()


@pytest.fixture
async def house(database: DatabaseUrls, tmp_path: Path, hand: Hand) -> AsyncIterator[House]:
    """A loaded house on a fresh database."""
    settings = Settings(home=tmp_path, site=ROOT / "site", pathways=ROOT / "pathways")
    async with open_house(settings, database, process="test", load=True) as opened:
        opened.runtime.now = hand
        yield opened
