"""What is known of reaching the patients of waiting messages: templates, contacts, consent, what was sent already.

Four statements for any number of messages, two where none of the patients has an address; `reaching` judges.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import msgspec

from carelane.directory.reaching import Reach, Statement, reach_of
from carelane.effects.flight import Flight
from carelane.effects.outbox import Outbox
from carelane.effects.release_templates import ByName
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
    templates = await outbox.templates.of_cases(tx, (each.case for each in flights))
    reaches = await _reaches(outbox, tx, subjects)
    tokens = {subject: _tokens(outbox, reach) for subject, reach in reaches.items()}
    tokens = {subject: each for subject, each in tokens.items() if each}
    statements = await _statements(tx, tokens) if tokens else {}
    sent = await _sent(outbox, tx, flights, list(tokens)) if tokens else {}
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


async def _reaches(outbox: Outbox, tx: Tx, subjects: Sequence[UUID]) -> Mapping[UUID, Reach]:
    """The newest that any source says; one whose key was destroyed says nothing."""
    vault, rules = outbox.runtime.vault, outbox.runtime.directory.messages
    found: dict[UUID, Reach] = {}
    for row in await tx.rows("messaging.contacts_of", subjects=subjects):
        if row["subject"] in found:
            continue
        vault.learn(row["identity"], row["identity_key"])
        try:
            said = vault.open(row["identity"], "contact", row["identity"], "sealed", row["sealed"])
        except Shredded:
            continue
        found[row["subject"]] = reach_of(_json.decode(said), rules)
    return found


def _tokens(outbox: Outbox, reach: Reach) -> Mapping[str, str]:
    token = outbox.runtime.vault.tokens.correlation
    return {each.address: token("address", each.address) for each in reach.contacts}


async def _statements(
    tx: Tx, tokens: Mapping[UUID, Mapping[str, str]]
) -> Mapping[UUID, Sequence[Statement]]:
    """By patient: what was said about messages to them, or about one of their addresses."""
    addresses = {token for each in tokens.values() for token in each.values()}
    rows = await tx.rows("messaging.statements", subjects=list(tokens), tokens=list(addresses))
    about: defaultdict[UUID | str, list[Statement]] = defaultdict(list)
    for row in rows:
        whose: UUID | str = row.pop("subject") or row["address"]
        about[whose].append(Statement(**row))
    found: dict[UUID, Sequence[Statement]] = {}
    for subject, own in tokens.items():
        keys: set[UUID | str] = {subject, *own.values()}
        found[subject] = [each for key in keys if key in about for each in about[key]]
    return found


async def _sent(
    outbox: Outbox, tx: Tx, flights: Sequence[Flight], subjects: Sequence[UUID]
) -> Mapping[UUID, int]:
    rows = await tx.rows(
        "messaging.counted",
        since=outbox.runtime.now() - WEEK,
        effects=[each.id for each in flights],
        subjects=subjects,
    )
    return {row["subject"]: row["sent"] for row in rows}
