"""What a patient at a form or chat is shown at once: the words of the pathway in force whose red flag was just said.

The list of red flags and the message are the pathway's (`red_flags: { instructions }`), the words its release's
template; nothing is decided here, and what can't be read gives no words rather than no answer.
"""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime

from carelane.compose.connections import KINDS
from carelane.compose.house import House
from carelane.directory.reaching import language_of
from carelane.directory.snapshot import ConnectionRow
from carelane.effects.wording import site_values, written
from carelane.engine.scope import Scope
from carelane.facts.errors import CarelaneError
from carelane.facts.fact import Draft
from carelane.pathways.definition import Definition
from carelane.pathways.flagged import flagged
from carelane.pathways.templates import Template, revive

_known: dict[tuple[str, str], Template] = {}
"""Templates of releases, which never change: read once in a process."""


def instructing(house: House, row: ConnectionRow) -> Callable[[bytes], Awaitable[str]]:
    """The words for what came by this connection."""
    reader = KINDS[row.kind].reader
    read = reader(row, house.runtime.directory) if reader is not None else None

    async def instruct(raw: bytes) -> str:
        if read is None:
            return ""
        now = house.runtime.now()
        reading, _ = read(raw, received_at=now)
        place = Scope(site=row.site, service_line="")
        try:
            return await _words(house, house.runtime.releases.active(place), reading.drafts, now)
        except CarelaneError:
            return ""  # the database is away: the site's own words are still shown

    return instruct


async def _words(
    house: House, active: Iterable[Definition], drafts: Iterable[Draft], now: datetime
) -> str:
    drafts = tuple(drafts)
    for definition in active:
        flags = definition.red_flags
        if flags is None or not flags.instructions:
            continue
        for draft in drafts:
            payload = draft.payload.reveal()
            if flagged(definition, draft.type, payload, now=now):
                named = definition.effects[flags.instructions].template
                template = await _template(house, definition.digest, named)
                return _said(house, template, language_of(_patient(payload))) if template else ""
    return ""


def _said(house: House, template: Template, language: str) -> str:
    rules, title = house.runtime.directory.messages, house.runtime.directory.title
    channel = template.channels[0]
    said = written(template, channel, language or rules.language, site_values(rules, title))
    return "" if isinstance(said, str) else said["text"]


def _patient(payload: object) -> dict[str, object]:
    found = payload.get("patient") if isinstance(payload, dict) else None
    return found if isinstance(found, dict) else {}


async def _template(house: House, release: str, name: str) -> Template | None:
    if (release, name) not in _known:
        async with house.runtime.worker.transaction() as tx:
            row = await tx.one("messaging.template_of", release=release, name=name)
        if row is None:
            return None
        _known[release, name] = revive(row["content"])
    return _known[release, name]
