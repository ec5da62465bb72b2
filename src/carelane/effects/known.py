"""What is known of reaching the patients of waiting messages: templates, contacts, consent, what was sent already.

Two round trips for any number of messages, one where none of the patients has an address; `reaching` judges.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from carelane.directory.reaching import Reach, Statement, reach_of
from carelane.effects.flight import Flight
from carelane.effects.outbox import Outbox
from carelane.effects.release_templates import ByName
from carelane.engine.runtime import Runtime
from carelane.store.database import Tx
from carelane.store.vault import Shredded

WEEK = timedelta(days=7)
_json = msgspec.json.Decoder(dict[str, object])


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Of one message. `tokens` are the keyed hashes of the addresses, `sent` the counted messages of the last week."""

    templates: ByName
    reach: Reach
    tokens: Mapping[str, str] = field(repr=False)
    statements: Sequence[Statement]
    sent: int = 0


async def known_of(outbox: Outbox, tx: Tx, flights: Sequence[Flight]) -> Mapping[UUID, Known]:
    """By effect, all that decides how it goes."""
    subjects = list({each.subject for each in flights})
    releases, contacts = await tx.together(
        ("messaging.releases_of", {"cases": list({each.case for each in flights})}),
        ("messaging.contacts_of", {"subjects": subjects}),
    )
    templates = await outbox.templates.of_cases(tx, releases)
    reaches = _reaches(outbox, contacts)
    tokens = {subject: _tokens(outbox, reach) for subject, reach in reaches.items()}
    tokens = {subject: each for subject, each in tokens.items() if each}
    statements, sent = await _said(outbox, tx, flights, tokens) if tokens else ({}, {})
    return {
        each.id: Known(
            templates=templates.get(each.case, {}),
            reach=reaches.get(each.subject, Reach()),
            tokens=tokens.get(each.subject, {}),
            statements=statements.get(each.subject, ()),
            sent=sent.get(each.subject, 0),
        )
        for each in flights
    }


def _reaches(outbox: Outbox, contacts: Iterable[Sequence[Any]]) -> Mapping[UUID, Reach]:
    """The newest that any source says."""
    found: dict[UUID, Reach] = {}
    for subject, reach in said_of(outbox.runtime, contacts):
        found.setdefault(subject, reach)
    return found


def said_of(runtime: Runtime, contacts: Iterable[Sequence[Any]]) -> Iterator[tuple[UUID, Reach]]:
    """What each source says, opened from the rows of `messaging.contacts_of`; a destroyed key says nothing."""
    vault, rules = runtime.vault, runtime.directory.messages
    for subject, identity, sealed, key in contacts:
        vault.learn(identity, key)
        try:
            said = vault.open(identity, "contact", identity, "sealed", sealed)
        except Shredded:
            continue
        yield subject, reach_of(_json.decode(said), rules)


def _tokens(outbox: Outbox, reach: Reach) -> Mapping[str, str]:
    token = outbox.runtime.vault.tokens.correlation
    return {each.address: token("address", each.address) for each in reach.contacts}


async def _said(
    outbox: Outbox, tx: Tx, flights: Sequence[Flight], tokens: Mapping[UUID, Mapping[str, str]]
) -> tuple[Mapping[UUID, Sequence[Statement]], Mapping[UUID, int]]:
    """By patient: what was said about messages to them or to one of their addresses, and how many they got of late."""
    patients = list(tokens)
    addresses = {token for each in tokens.values() for token in each.values()}
    week = {"since": outbox.runtime.now() - WEEK, "effects": [each.id for each in flights]}
    statements, sent = await tx.together(
        ("messaging.statements", {"subjects": patients, "tokens": list(addresses)}),
        ("messaging.counted", {"subjects": patients, **week}),
    )
    return _by_patient(tokens, statements), dict(sent)


def _by_patient(
    tokens: Mapping[UUID, Mapping[str, str]], rows: Iterable[Sequence[Any]]
) -> Mapping[UUID, Sequence[Statement]]:
    about: defaultdict[UUID | str, list[Statement]] = defaultdict(list)
    for given, at, channel, address, scope, subject in rows:
        about[subject or address].append(
            Statement(given=given, at=at, channel=channel, address=address, scope=scope)
        )
    found: dict[UUID, Sequence[Statement]] = {}
    for subject, own in tokens.items():
        keys: set[UUID | str] = {subject, *own.values()}
        found[subject] = [each for key in keys if key in about for each in about[key]]
    return found
