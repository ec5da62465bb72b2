"""Doors for keys and identities: a rotation that processes follow, shredding by two people, a merge taken back."""

import asyncio
import io
import json
from argparse import Namespace
from collections.abc import Callable
from uuid import UUID

import pytest

from carelane.accounts.passwords import set_password
from carelane.casebook.page import page
from carelane.cli import parser
from carelane.cli.keys import NotConfirmed
from carelane.compose.house import House, key_file
from carelane.compose.refresh import keep_current
from carelane.engine import keys
from carelane.engine.keys import ShredRefused
from carelane.engine.retention import hold, release
from carelane.store.keyring import SETTLE
from carelane.testing import messages
from tests.flows.conftest import Feed, Hand

pytestmark = pytest.mark.postgres
PASSWORD = "four calm words stand here"
ADMIN, PRIVACY = "mina.orlov", "luca.fenwick"


def _options(*words: str) -> Namespace:
    return parser().parse_args([*words, "--json"])


async def _name_on(house: House, case: UUID) -> object:
    """The family name as the case page reads it now; None where nothing can be read."""
    found = await page(house.runtime, case, sites=("north",), allowed=())
    assert found is not None
    return found.patient.reveal().get("family")


async def test_running_processes_follow_a_rotation_and_nothing_becomes_unreadable(
    house: House, feed: Feed, hand: Hand
) -> None:
    """They open with the new key at once, seal with it once all know it; every old key is wrapped anew."""
    await feed.send(messages.referral(1, specialty=1))
    [(case,)] = feed.sql("select id from pathway_case")
    name, vault = await _name_on(house, case), house.runtime.vault
    stop = asyncio.Event()
    watching = asyncio.create_task(keep_current(house, stop))
    await asyncio.sleep(0.1)
    made = await keys.new_key(house.runtime, key_file(house.settings), by=ADMIN)
    await _until(house, lambda: vault.keys.older() != [])
    assert (made.version, vault.keys.version) == (2, 1)
    hand.forward(SETTLE)
    await _until(house, lambda: vault.keys.version == 2)
    stop.set()
    house.runtime.bell.ring_here("stop")
    await watching
    done = await keys.rewrap(house.runtime, made, by=ADMIN)
    assert done.rewrapped >= 1
    assert await keys.rewrap(house.runtime, made, by=ADMIN) == keys.Rotated(version=2)
    vault.forget()
    assert await _name_on(house, case) == name
    await feed.send(messages.referral(2, specialty=1))
    wrapped = feed.sql("select count(distinct substring(identity_key from 2 for 8)) from identity")
    assert wrapped == [(1,)]


async def test_a_new_key_of_the_file_wraps_at_the_next_rotation(
    house: House, feed: Feed, hand: Hand, capsys: pytest.CaptureFixture[str]
) -> None:
    """Adding it changes nothing in the database; afterwards the old one could go from the file."""
    await feed.send(messages.referral(1, specialty=1))
    before = feed.sql("select wrapped from organisation_key order by purpose, version")
    options = _options("keys", "new-file-key", "--by", ADMIN)
    assert await options.question(options, house) == 0
    assert json.loads(capsys.readouterr().out) == {"version": 2}
    assert feed.sql("select wrapped from organisation_key order by purpose, version") == before
    provider = key_file(house.settings)
    made = await keys.new_key(house.runtime, provider, by=ADMIN)
    assert all(
        provider.is_current(bytes(row[0]))
        for row in feed.sql("select wrapped from organisation_key")
    )
    hand.forward(SETTLE)
    await keys.rewrap(house.runtime, made, by=ADMIN)


async def _until(house: House, true: Callable[[], bool]) -> None:
    for _ in range(200):
        house.runtime.bell.ring_here("stop")
        await asyncio.sleep(0.02)
        if true():
            return
    raise AssertionError("the process did not hear of the new key")


async def _closed(feed: Feed) -> tuple[UUID, UUID]:
    """A referral that came and was withdrawn: its case, and its patient."""
    await feed.send(messages.referral(1, specialty=1), messages.cancel_referral(2, of=1))
    [(case, subject, closed)] = feed.sql(
        "select id, subject, closed_at is not null from pathway_case"
    )
    assert closed
    return case, subject


async def test_a_patient_is_shredded_by_two_people_and_only_then(
    house: House, feed: Feed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both type their passwords; afterwards nothing of the patient opens, and the leaf names both."""
    case, subject = await _closed(feed)
    for person in (ADMIN, PRIVACY, "amara.quill"):
        await set_password(house.runtime, person, PASSWORD)
    words = ("keys", "shred", str(subject), "--by", ADMIN, "--reason", "patient-request", "--stdin")
    for second, typed in (("amara.quill", PASSWORD), (PRIVACY, "not the password at all")):
        options = _options(*words, "--confirmed-by", second)
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n{typed}\n"))
        with pytest.raises(NotConfirmed):
            await options.question(options, house)
    assert await _name_on(house, case) is not None
    options = _options(*words, "--confirmed-by", PRIVACY)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n{PASSWORD}\n"))
    capsys.readouterr()
    assert await options.question(options, house) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["identities"] == 1
    assert told["messages"] >= 2
    assert await _name_on(house, case) is None
    [(leaf,)] = feed.sql("select convert_from(body, 'utf8')::jsonb from audit_leaf where "
                         "convert_from(body, 'utf8')::jsonb->>'action' = 'identity.shredded'")  # fmt: skip
    assert leaf["actor"]["name"] == ADMIN
    assert leaf["changes"][0][4]["confirmed_by"] == PRIVACY


async def test_shredding_is_refused_while_the_data_is_needed(house: House, feed: Feed) -> None:
    """By one person twice, under a legal hold, while work is open, for nobody."""

    async def shred(
        subject: UUID, *, second: str = PRIVACY, reason: str = "patient-request"
    ) -> None:
        await keys.shred(house.runtime, subject, by=ADMIN, confirmed_by=second, reason=reason)

    await feed.send(messages.referral(1, specialty=1))
    subject = feed.subject(1)
    with pytest.raises(ShredRefused, match="cases are open"):
        await shred(subject)
    await feed.send(messages.cancel_referral(2, of=1))
    await hold(house.runtime, subject, reason="litigation", by=PRIVACY)
    with pytest.raises(ShredRefused, match="legal hold"):
        await shred(subject)
    await release(house.runtime, subject, reason="litigation", by=PRIVACY)
    with pytest.raises(ShredRefused, match="two different people"):
        await shred(subject, second=ADMIN)
    with pytest.raises(ShredRefused, match="reason must be"):
        await shred(subject, reason="because")
    with pytest.raises(ShredRefused, match="no patient"):
        await shred(UUID(int=5))
    await shred(subject)


@pytest.mark.invariant("I18")
async def test_a_merge_is_listed_and_taken_back_from_the_command_line(
    house: House, feed: Feed, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it moved returns; a second time, and for an unknown id, the answer is no."""
    await feed.send(messages.referral(1, person=1), messages.referral(2, person=2))
    one, two = feed.subject(1), feed.subject(2)
    await feed.send(messages.merge(3, survivor=1, retired=2))
    options = _options("identity", "merges", "--subject", str(one))
    assert await options.question(options, house) == 0
    [row] = json.loads(capsys.readouterr().out)["merges"]
    assert (row["kind"], row["survivor"], row["taken_back"]) == ("merge", str(one), False)
    options = _options("identity", "unlink", row["id"], "--by", "jonas.weald")
    assert await options.question(options, house) == 0
    assert json.loads(capsys.readouterr().out) == {
        "taken_back": True,
        "reason": "",
        "identities": 1,
    }
    await feed.drain()
    assert (feed.subject(1), feed.subject(2)) == (one, two)
    assert feed.open_cases(2) == {"referral-intake": 1}
    assert await options.question(options, house) == 1
    unknown = _options("identity", "unlink", str(UUID(int=3)), "--by", "jonas.weald")
    assert await unknown.question(unknown, house) == 1
