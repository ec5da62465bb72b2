"""A level that calls by phone rings a phone: another channel than the mail that nobody read."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from carelane.store.roles import DatabaseUrls
from carelane.testing.messages import Origin, critical_result
from tests.flows.conftest import Hand
from tests.flows.messages.texting import Texting, texting
from tests.flows.posts import PATIENTS

pytestmark = pytest.mark.postgres
ON_CALL = "+15550107"  # gwen.ashby, by the example site's calendar


@pytest.fixture
async def rings(
    database: DatabaseUrls,
    home: Path,
    hand: Hand,
    superuser: "psycopg.Connection[Any]",
) -> AsyncIterator[Texting]:
    """A house whose gateway also calls staff."""
    both = f"{PATIENTS}, staff.alert"
    async with texting(database, home, hand, superuser, dialect="twilio", texts=both) as opened:
        yield opened


async def _pass(texted: Texting, minutes: int) -> None:
    texted.hand.forward(timedelta(minutes=minutes))
    await texted.hear()
    await texted.settle(rounds=3)


@pytest.mark.requirement("R173")
async def test_the_physician_on_call_is_rung_up_when_mail_was_of_no_use(rings: Texting) -> None:
    """Two levels by mail, the third by phone; the text says that there is work, and nothing of the patient."""
    origin = Origin(start=rings.hand() - timedelta(seconds=1))
    await rings.feed.send(critical_result(1, origin=origin))
    await _pass(rings, 0)
    await _pass(rings, 11)
    assert rings.mail.mails
    assert rings.texts() == []
    before = len(rings.mail.mails)

    await _pass(rings, 10)

    [(number, words)] = rings.texts()
    assert number == ON_CALL
    assert words == "Carelane: work is waiting (level 3). Sign in: http://127.0.0.1:20480/"
    assert len(rings.mail.mails) == before
