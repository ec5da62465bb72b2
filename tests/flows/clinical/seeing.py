"""A clinic whose patients look how far their case is: the page's door on a socket, and what is sent leads there."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import aiohttp
import psycopg

from carelane.compose.incoming import mounted, status_doors
from carelane.store.roles import DatabaseUrls
from carelane.testing.doorstep import standing
from carelane.testing.message_parts import Origin
from carelane.testing.messages import register
from tests.flows.clinical.clinic import Clinic, clinic
from tests.flows.conftest import Hand
from tests.flows.doors import nothing
from tests.flows.messages.texting import with_contacts

ADDRESS = "http://127.0.0.1:20481/status/links"
LINK = re.compile(re.escape(ADDRESS) + r"\?a=[A-Za-z0-9_-]{43}\b")
LINKS = {"site/links.yaml": "connections:\n  links: { kind: link, site: north }\n"}
BORN = re.compile(rb"\|(\d{8})\|[FM]\|")
NOTHING: Mapping[str, str] = {}


@dataclass(kw_only=True)
class Seeing:
    """A patient with a phone in front of the page."""

    ward: Clinic
    base: str
    born: dict[int, date] = field(default_factory=dict)

    async def known(self, person: int, mobile: str, *, language: str = "", n: int = 0) -> None:
        """This patient is registered with this number."""
        raw = register(n or 90 + person, person=person, origin=Origin(start=self.ward.hand()))
        found = BORN.search(raw)
        assert found is not None
        self.born[person] = date.fromisoformat(found[1].decode())
        await self.ward.feed.send(with_contacts(raw, mobile=mobile, language=language))

    def link(self) -> str:
        """The newest link that went out by text, at the door of this test."""
        found = [one for _, words in self.ward.texts() for one in LINK.findall(words)]
        return str(found[-1]).replace(ADDRESS, f"{self.base}/status/links")

    async def opens(self, link: str, *, language: str = "en") -> tuple[int, str]:
        """The page as it is opened: nothing is said yet."""
        return await self._asked("GET", link, language, None)

    async def says(self, link: str, born: date, *, language: str = "en") -> tuple[int, str]:
        """A birth date is entered."""
        form = {"day": str(born.day), "month": str(born.month), "year": str(born.year)}
        return await self._asked("POST", link, language, form)

    async def _asked(
        self, method: str, link: str, language: str, form: Mapping[str, str] | None
    ) -> tuple[int, str]:
        headers = {"Accept-Language": language}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.request(method, link, data=form) as told,
        ):
            assert told.headers["Cache-Control"] == "no-store"
            assert told.headers["X-Robots-Tag"] == "noindex"
            return told.status, await told.text()

    def looks(self) -> list[tuple[str, str]]:
        """What stands in the access tree about this page: action and reason."""
        rows = self.ward.feed.sql(
            "select convert_from(body, 'utf8')::jsonb from access_leaf order by at, id"
        )
        bodies = [body for (body,) in rows]
        assert {each["actor"]["name"] for each in bodies} <= {"patient-by-link"}
        assert {each["purpose"] for each in bodies} <= {"PATRQT"}
        return [(each["action"], each["detail"].get("reason", "")) for each in bodies]


@asynccontextmanager
async def seeing(
    database: DatabaseUrls,
    folder: Path,
    hand: Hand,
    superuser: "psycopg.Connection[Any]",
    extra: Mapping[str, str] = NOTHING,
) -> AsyncIterator[Seeing]:
    """Open one; its books are audited when the test is over."""
    async with (
        clinic(database, folder, hand, superuser, {**LINKS, **extra}) as ward,
        standing(mounted(nothing, status_doors(ward.house))) as base,
    ):
        yield Seeing(ward=ward, base=base)


def lines_of(page: str) -> list[str]:
    """What the page says has happened, without the dates."""
    return re.findall(r"<li><time>[^<]+</time>([^<]+)</li>", page)
