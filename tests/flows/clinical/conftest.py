"""`ward`: the clinic of these tests."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from carelane.store.roles import DatabaseUrls
from tests.flows.clinical.clinic import Clinic, clinic
from tests.flows.conftest import Hand


@pytest.fixture
async def ward(
    database: DatabaseUrls, home: Path, hand: Hand, superuser: "psycopg.Connection[Any]"
) -> AsyncIterator[Clinic]:
    """The shipped site, a simulated EHR, a gateway, a mail server and every channel's door."""
    async with clinic(database, home, hand, superuser) as opened:
        yield opened
