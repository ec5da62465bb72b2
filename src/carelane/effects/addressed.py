"""A message to a patient, asked about afterwards: which case, whose it is now, and how that patient may be spoken to.

What its link shows goes by what holds when it is opened: a number that is the patient's no more opens nothing, and who
took back the consent to be told what is the matter is not told it here either. An opt-out of messages ends messages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from carelane.directory.reaching import CLINICAL, Reach, Statement, standing
from carelane.effects.known import said_of
from carelane.effects.release_templates import ByName, ReleaseTemplates
from carelane.engine.runtime import Runtime
from carelane.pathways.templates import Language
from carelane.store.database import Row, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressed:
    """One message. `subject` has the case now, `whose` the message; `own` is the language of the pathway's words.

    `born` are tokens of the birth dates that sources say of the patient: more than one after a merge.
    """

    effect: UUID
    case: UUID
    subject: UUID
    whose: UUID | None
    site: str
    service_line: str
    language: str
    clinical: bool
    own: str
    languages: Mapping[str, Language]
    born: frozenset[str] = field(repr=False)


async def addressed(
    runtime: Runtime, templates: ReleaseTemplates, effect: UUID
) -> Addressed | None:
    """The message; None where it is gone, or went to an address that is not its patient's any more."""
    async with runtime.worker.transaction() as tx:
        row = await tx.one("messaging.addressed", effect=effect)
        if row is None:
            return None
        contacts = await tx.tuples("messaging.contacts_of", {"subjects": [row["subject"]]})
        reaches = [reach for _, reach in said_of(runtime, contacts)]  # the newest first
        if not any(row["address"] in _tokens(runtime, each) for each in reaches):
            return None
        said = await _statements(tx, row)
        named = (await templates.of_cases(tx, [(row["case"], row["release"])]))[row["case"]]
    return _addressed(runtime, row, reaches, said, named)


def _addressed(
    runtime: Runtime, row: Row, reaches: Sequence[Reach], said: Sequence[Statement], named: ByName
) -> Addressed:
    template = named.get(row["template"])
    rules = runtime.directory.messages
    return Addressed(
        effect=row["effect"],
        case=row["case"],
        subject=row["subject"],
        whose=row["whose"],
        site=row["site"],
        service_line=row["service_line"],
        language=next((each.language for each in reaches if each.language), ""),
        clinical=standing(said, row["channel"], row["address"], CLINICAL) is True,
        own=template.default if template is not None else rules.language,
        languages={name: one for each in named.values() for name, one in each.languages.items()},
        born=frozenset(row["born"]),
    )


def _tokens(runtime: Runtime, reach: Reach) -> frozenset[str]:
    token = runtime.vault.tokens.correlation
    return frozenset(token("address", each.address) for each in reach.contacts)


async def _statements(tx: Tx, row: Row) -> list[Statement]:
    """What was said about messages to this patient, or to this address by whomever."""
    found = await tx.rows(
        "messaging.statements", subjects=[row["subject"]], tokens=[row["address"]]
    )
    return [
        Statement(**{name: value for name, value in each.items() if name != "subject"})
        for each in found
    ]
