"""The nightly sweep on real rows: what is past its time goes, unless an open case or a legal hold needs it."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from carelane.audit.leaf import faults
from carelane.compose.house import House, open_house
from carelane.compose.recorded import replay_of
from carelane.engine.retention import HoldFault, hold, release, sweep
from carelane.store.retention import unlisted
from carelane.store.roles import DatabaseUrls
from carelane.store.shapes import decode_payload
from carelane.testing import messages
from tests.conftest import Shipped

ROOT = Path(__file__).parents[2]
Superuser = psycopg.Connection[Any]


class Clock:
    """Moved by hand."""

    at = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """The instant."""
        return self.at


@pytest.fixture
async def house(shipped: Shipped, database: DatabaseUrls, tmp_path: Path) -> AsyncIterator[House]:
    """A loaded house on a clock moved by hand."""
    async with open_house(shipped.settings(tmp_path), database, process="test") as opened:
        opened.runtime.now = Clock()
        yield opened


def forward(house: House, days: int) -> None:
    house.runtime.now.at += timedelta(days=days)  # type: ignore[attr-defined]  # the test's own clock


async def take_in(house: House, *raw: bytes) -> None:
    """Receive, interpret and decide messages."""
    replay = replay_of(house)
    for number, each in enumerate(raw):
        await replay.store(f"{house.runtime.now()}-{number}", each)
    await replay.run()


def left(superuser: Superuser) -> dict[str, int]:
    """How much of each sort of patient data there is."""
    counts = {
        "bodies": "select count(*) from message_body",
        "keys": "select count(*) from message where message_key is not null",
        "facts": "select count(*) from fact where sealed is not null",
        "cases": "select count(*) from pathway_case where sealed is not null",
        "patients": "select count(*) from subject where sealed is not null",
        "search": "select count(*) from subject_token",
        "open": "select count(*) from pathway_case where closed_at is null",
    }
    return {name: superuser.execute(text).fetchone()[0] for name, text in counts.items()}  # type: ignore[index]  # a count always has a row


def fields(house: House, superuser: Superuser) -> set[str]:
    """The copied fields of the one case."""
    row = superuser.execute(
        "select c.id, c.identity, c.sealed, i.identity_key from pathway_case c join identity i on i.id = c.identity"
    ).fetchone()
    assert row is not None
    case, identity, sealed, key = row
    if sealed is None:
        return set()
    vault = house.runtime.vault
    vault.learn(identity, key)
    return set(decode_payload(vault.open(identity, "pathway_case", case, "sealed", sealed)))


def subject_of(superuser: Superuser) -> UUID:
    """The patient."""
    row = superuser.execute("select id from subject where kind = 'patient'").fetchone()
    assert row is not None
    subject: UUID = row[0]
    return subject


async def closed(house: House) -> None:
    """A referral that came and was withdrawn by the one who referred."""
    await take_in(house, messages.referral(1), messages.cancel_referral(2, of=1))


GONE = {"bodies": 0, "keys": 0, "facts": 0, "patients": 0, "search": 0, "open": 0}


@pytest.mark.invariant("I20")
async def test_copies_go_when_their_time_is_up_and_not_before(
    house: House, superuser: Superuser
) -> None:
    await closed(house)
    before = left(superuser)
    forward(house, 89)
    assert not any((await sweep(house.runtime)).values())
    assert left(superuser) == before
    forward(house, 2)
    assert (await sweep(house.runtime))["message_bodies"] == 2
    assert left(superuser) == GONE | {"cases": 1}


async def test_each_copied_field_of_a_closed_case_has_its_own_time(
    house: House, superuser: Superuser
) -> None:
    await closed(house)
    definition = next(
        d for d in house.runtime.releases.published.values() if d.name == "referral-intake"
    )
    copied = fields(house, superuser)
    forward(house, 200)
    await sweep(house.runtime)
    kept = fields(house, superuser)
    assert kept == {name for name in copied if definition.fields[name].ttl > timedelta(days=200)}
    assert kept < copied
    forward(house, 200)
    await sweep(house.runtime)
    assert fields(house, superuser) == set()


async def test_an_open_case_keeps_all_that_it_was_built_on(
    house: House, superuser: Superuser
) -> None:
    await take_in(house, messages.referral(1))
    before = left(superuser)
    forward(house, 1_000)
    await sweep(house.runtime)
    assert before["open"] == 1
    assert left(superuser) == before


async def test_a_legal_hold_beats_every_removal_until_it_is_released(
    house: House, superuser: Superuser
) -> None:
    await closed(house)
    before, subject = left(superuser), subject_of(superuser)
    assert await hold(house.runtime, subject, reason="litigation", by="privacy.officer")
    assert not await hold(house.runtime, subject, reason="litigation", by="privacy.officer")
    forward(house, 3_000)
    await sweep(house.runtime)
    assert left(superuser) == before
    assert await release(house.runtime, subject, reason="litigation", by="privacy.officer")
    await sweep(house.runtime)
    assert left(superuser) == GONE | {"cases": 0}


async def test_a_hold_names_a_listed_reason_and_someone_known(
    house: House, superuser: Superuser
) -> None:
    await closed(house)
    with pytest.raises(HoldFault, match="litigation"):
        await hold(house.runtime, subject_of(superuser), reason="because", by="x")
    with pytest.raises(HoldFault, match="no subject"):
        await hold(house.runtime, UUID(int=7), reason="audit", by="x")


@pytest.mark.parametrize(
    ("rule", "kept_by"), [("fact_needed", "an open case"), ("on_hold", "a legal hold")]
)
async def test_a_mutant_that_forgets_why_data_is_needed_is_caught(
    house: House, superuser: Superuser, rule: str, kept_by: str
) -> None:
    superuser.execute(
        f"create or replace function {rule}(one uuid) returns boolean language sql stable as 'select false'"
    )
    await (closed(house) if rule == "on_hold" else take_in(house, messages.referral(1)))
    await hold(house.runtime, subject_of(superuser), reason="audit", by="x")
    if rule == "fact_needed":
        await release(house.runtime, subject_of(superuser), reason="audit", by="x")
    before = left(superuser)
    forward(house, 1_000)
    await sweep(house.runtime)
    assert left(superuser) != before, f"{kept_by} would not have been missed"


@pytest.mark.invariant("I4")
async def test_each_page_leaves_one_leaf_with_counts_only(
    house: House, superuser: Superuser
) -> None:
    await closed(house)
    forward(house, 100)
    removed = await sweep(house.runtime, page=1)
    leaves = [
        json.loads(bytes(row[0]))
        for row in superuser.execute("select body from audit_leaf").fetchall()
    ]
    swept = [leaf for leaf in leaves if leaf["action"] == "retention.swept"]
    assert sum(leaf["detail"]["removed"] for leaf in swept) == sum(removed.values())
    assert all(not faults(leaf) and leaf["changes"] == [] for leaf in swept)


async def test_a_patient_who_comes_back_is_known_again(house: House, superuser: Superuser) -> None:
    await closed(house)
    forward(house, 100)
    await sweep(house.runtime)
    await take_in(house, messages.referral(3, person=1))
    counts = left(superuser)
    assert (counts["patients"], counts["open"]) == (1, 1)
    assert counts["search"] > 0


_COLUMNS = """
select table_name, column_name from information_schema.columns
join information_schema.tables using (table_schema, table_name)
where table_schema = 'public' and table_type = 'BASE TABLE' and table_name not like 'procrastinate%'
  and data_type in ('text', 'json', 'jsonb', 'bytea', 'character varying', 'character', 'xml', 'ARRAY')
  and udt_name not in ('_uuid', '_timestamptz')"""


def test_the_list_knows_every_column_of_the_real_database(superuser: Superuser) -> None:
    found: dict[str, set[str]] = {}
    for table, column in superuser.execute(_COLUMNS).fetchall():
        found.setdefault(table, set()).add(column)
    assert unlisted({table: frozenset(names) for table, names in found.items()}) == []
