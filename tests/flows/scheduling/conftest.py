"""The clinic of these tests."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from carelane.store.roles import DatabaseUrls
from tests.flows.conftest import Hand
from tests.flows.scheduling.clinic import Clinic, opened


@pytest.fixture
async def clinic(
    database: DatabaseUrls, home: Path, hand: Hand, superuser: "psycopg.Connection[Any]"
) -> AsyncIterator[Clinic]:
    """The shipped site, an EHR that takes a slot when it books."""
    async with opened(database, home, hand, superuser) as one:
        yield one


@pytest.fixture(params=["a", "b", "a, If-Match off", "b, If-Match off"])
async def either(
    request: pytest.FixtureRequest,
    database: DatabaseUrls,
    home: Path,
    hand: Hand,
    superuser: "psycopg.Connection[Any]",
) -> AsyncIterator[Clinic]:
    """The same with an EHR that takes slots itself, and one where the client takes both; each also without If-Match."""
    profile, _, off = request.param.partition(", ")
    async with opened(database, home, hand, superuser, profile=profile, minds_match=not off) as one:
        yield one
