"""The audit's leaves are read a page at a time, at any place of a tree."""

from pathlib import Path

import pytest

from carelane.compose.house import open_house
from carelane.store.roles import DatabaseUrls
from tests.conftest import shipped_settings

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("tree", ["audit", "access"])
@pytest.mark.parametrize("first", [0, 32_000, 32_767, 2_147_483_000])
async def test_a_page_begins_anywhere(
    database: DatabaseUrls, home: Path, tree: str, first: int
) -> None:
    """Small numbers travel as small integers: where a page begins plus how long it is must not be one of those."""
    async with (
        open_house(shipped_settings(home), database, process="audit") as house,
        house.audit.transaction() as tx,
    ):
        assert await tx.rows(f"audit.{tree}_leaves", first=first, limit=1_000) is not None
