"""Signing in: passwords, limits per account and address, sessions that end."""

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from carelane.access.request import Action
from carelane.accounts.factor import STEP_S, NoAccount, code_of, set_factor
from carelane.accounts.passwords import PasswordRefused, set_password
from carelane.accounts.rights import Rights
from carelane.accounts.sessions import IDLE, LONGEST, Session, current, end
from carelane.accounts.signing_in import FAILURES_PERSON, LOCK_FIRST, NotIn, sign_in
from carelane.compose.house import House, open_house
from carelane.compose.policies import policies_of
from carelane.store.roles import DatabaseUrls
from tests.conftest import Shipped

ROOT = Path(__file__).parents[2]
PERSON, PASSWORD = "amara.quill", "four calm words stand here"


class Hand:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """The instant."""
        return self.at


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
async def house(
    shipped: Shipped, database: DatabaseUrls, tmp_path: Path, hand: Hand
) -> AsyncIterator[House]:
    async with open_house(shipped.settings(tmp_path), database, process="accounts") as opened:
        opened.runtime.now = hand
        await set_password(opened.runtime, PERSON, PASSWORD)
        yield opened


async def _in(
    house: House, password: str = PASSWORD, *, address: str = "10.0.0.1", person: str = PERSON
) -> Session | NotIn:
    return await sign_in(house.runtime, person, password, address=address)


async def test_the_right_password_opens_a_session_that_idles_out(house: House, hand: Hand) -> None:
    """15 minutes without a sign, or 12 hours in all, and it is over."""
    session = await _in(house)
    assert isinstance(session, Session)
    assert PASSWORD not in repr(session)
    assert session.secret not in repr(session)
    hand.at += IDLE - timedelta(seconds=1)
    assert await current(house.runtime, session.secret) is not None
    hand.at += IDLE
    assert await current(house.runtime, session.secret) is None


async def test_a_busy_session_still_ends_after_its_longest_time(house: House, hand: Hand) -> None:
    session = await _in(house)
    assert isinstance(session, Session)
    begun = hand.at
    while hand.at < begun + LONGEST - IDLE:
        hand.at += IDLE / 2
        assert await current(house.runtime, session.secret) is not None
    hand.at = begun + LONGEST
    assert await current(house.runtime, session.secret) is None


async def test_five_failures_lock_the_account_for_everyone_then_it_opens(
    house: House, hand: Hand
) -> None:
    """The right password does not help while locked; unknown names get the same answer as wrong passwords."""
    wrong = [
        await _in(house, "not the right one at all", address=f"10.0.0.{n}")
        for n in range(FAILURES_PERSON)
    ]
    assert {each.code for each in wrong if isinstance(each, NotIn)} == {"sign-in"}
    locked = await _in(house)
    assert isinstance(locked, NotIn)
    assert locked.code == "locked"
    hand.at += LOCK_FIRST
    assert isinstance(await _in(house), Session)
    assert await _in(house, person="nobody.here") == wrong[0]


async def test_one_address_that_tries_many_names_is_locked_out(house: House) -> None:
    for n in range(30):
        await _in(house, person=f"guess.{n}")
    answer = await _in(house)
    assert isinstance(answer, NotIn)
    assert answer.code == "locked"
    assert isinstance(await _in(house, address="10.9.9.9"), Session)


async def test_signing_out_and_a_new_password_end_sessions_at_once(house: House) -> None:
    one, two = await _in(house), await _in(house)
    assert isinstance(one, Session)
    assert isinstance(two, Session)
    await end(house.runtime, one)
    assert await current(house.runtime, one.secret) is None
    await set_password(house.runtime, PERSON, PASSWORD + " too")
    assert await current(house.runtime, two.secret) is None


@pytest.mark.parametrize(
    ("person", "password"), [(PERSON, "short"), ("nobody.here", PASSWORD), (PERSON, "x" * 300)]
)
async def test_a_password_that_does_not_fit_is_refused_with_a_remedy(
    house: House, person: str, password: str
) -> None:
    with pytest.raises(PasswordRefused, match="Remedy") as refused:
        await set_password(house.runtime, person, password)
    assert password not in str(refused.value)


def _code(address: str, at: datetime) -> str:
    """What the authenticator shows."""
    [(_, secret)] = [pair for pair in parse_qsl(urlsplit(address).query) if pair[0] == "secret"]
    return code_of(base64.b32decode(secret), int(at.timestamp()) // STEP_S)


async def _with(house: House, code: str, *, remote: bool = False) -> Session | NotIn:
    return await sign_in(
        house.runtime, PERSON, PASSWORD, address="10.0.0.1", code=code, remote=remote
    )


async def test_a_second_factor_is_asked_for_and_its_code_is_good_once(
    house: House, hand: Hand
) -> None:
    """Replay refused (TRUST 2, 12), also of two who send it at once; what was wrong is not said."""
    address = await set_factor(house.runtime, PERSON, by="mina.orlov")
    without = await _with(house, "")
    assert isinstance(without, NotIn)
    code = _code(address, hand.at)
    both = await asyncio.gather(_with(house, code), _with(house, code))
    opened = [each for each in both if isinstance(each, Session)]
    assert len(opened) == 1
    assert [each for each in both if isinstance(each, NotIn)] == [without]
    again = await current(house.runtime, opened[0].secret)
    assert again is not None
    assert again.principal.mfa
    hand.at += timedelta(seconds=STEP_S)
    assert await _with(house, code) == without
    assert isinstance(await _with(house, _code(address, hand.at)), Session)


async def test_a_new_second_factor_ends_sessions_and_the_old_codes(
    house: House, hand: Hand
) -> None:
    address = await set_factor(house.runtime, PERSON, by="mina.orlov")
    session = await _with(house, _code(address, hand.at))
    assert isinstance(session, Session)
    newer = await set_factor(house.runtime, PERSON, by="mina.orlov")
    assert await current(house.runtime, session.secret) is None
    hand.at += timedelta(seconds=STEP_S)
    assert isinstance(await _with(house, _code(address, hand.at)), NotIn)
    assert isinstance(await _with(house, _code(newer, hand.at)), Session)
    with pytest.raises(NoAccount):
        await set_factor(house.runtime, "mina.orlov", by="mina.orlov")


async def test_where_the_site_asks_for_it_nobody_comes_in_with_one_factor(
    house: House, hand: Hand
) -> None:
    """By role, or everyone; the message says who helps."""
    for asked, stopped in (
        ((), False),
        (("scheduler",), False),
        (("intake-coordinator",), True),
        (("everyone",), True),
    ):
        house.runtime.directory = replace(house.runtime.directory, second_factor=asked)
        found = await _with(house, "")
        assert isinstance(found, NotIn) is stopped, asked
    refused = await _with(house, "")
    assert isinstance(refused, NotIn)
    assert refused.code == "second-factor"
    address = await set_factor(house.runtime, PERSON, by="mina.orlov")
    assert isinstance(await _with(house, _code(address, hand.at)), Session)


@pytest.mark.requirement("R29", "R32")
@pytest.mark.invariant("I11")
async def test_from_outside_one_factor_sees_nothing_and_two_do(house: House, hand: Hand) -> None:
    rights = Rights(house.runtime, policies_of(house.settings))
    one = await _with(house, "", remote=True)
    assert isinstance(one, Session)
    denied = rights.may(one, Action.TASK_LIST, rights.everywhere())
    assert denied is not None
    assert denied.reason == "one-factor-from-outside"
    address = await set_factor(house.runtime, PERSON, by="mina.orlov")
    two = await _with(house, _code(address, hand.at), remote=True)
    assert isinstance(two, Session)
    assert rights.may(two, Action.TASK_LIST, rights.everywhere()) is None
