"""The register of one batch: what links say of its identifiers, and what has to be written of new ones.

`identify` decides with it; `sql/intake.sql` holds its statements.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from carelane.engine.runtime import Runtime
from carelane.facts.errors import CarelaneError
from carelane.facts.fact import Draft, Identifier
from carelane.facts.ids import name_id
from carelane.identity.resolve import Known
from carelane.intake.demographics import (
    REACH,
    alike_parts,
    patient_of,
    reached_by,
    shown,
    terms,
    tokens_of,
)
from carelane.store.columns import Columns
from carelane.store.database import Tx
from carelane.store.shapes import encode

_strings = msgspec.json.Decoder(dict[str, str])
NOT_A_PATIENT = frozenset({"AN", "ACSN", "BR", "CC", "DL", "MCN", "NPI", "PPN", "SS", "VN"})
"""Types of HL7 table 0203 that number an account, a visit, a card or a citizen, not a patient of a source."""


class IdentityRaced(CarelaneError):
    """Another interpreter made one of these identities meanwhile; the batch is void, read it again."""

    code = "identity-raced"


def usable(identifiers: Iterable[Identifier]) -> tuple[Identifier, ...]:
    """The identifiers that say who a patient is."""
    return tuple(each for each in identifiers if each.type.upper() not in NOT_A_PATIENT)


def _columns(query: str, *names: str) -> Columns:
    return Columns(f"intake.{query}", names)


@dataclass(slots=True)
class Register:
    """What is known of the batch's identifiers, by token, and the rows to be written in one go."""

    runtime: Runtime
    connection: str
    now: datetime
    known: dict[str, Known] = field(default_factory=dict)
    _alike: dict[str, list[Known]] = field(default_factory=dict)
    _tokens_of: dict[int, str] = field(
        default_factory=dict
    )  # by the payload's object: it lives as long
    _identities: dict[UUID, tuple[object, ...]] = field(default_factory=dict)
    _links: dict[UUID, Known] = field(default_factory=dict)
    _subjects: dict[UUID, tuple[object, ...]] = field(default_factory=dict)
    _search: dict[tuple[str, UUID], str] = field(default_factory=dict)
    _others: dict[UUID, tuple[str, str]] = field(default_factory=dict)
    _contacts: dict[UUID, tuple[object, ...]] = field(default_factory=dict)

    async def load(self, tx: Tx, drafts: Sequence[Draft]) -> None:
        """Read the links of every identifier in the batch, then who else the unknown ones may be."""
        tokens = [token for draft in drafts for token in self.tokens(_all_identifiers(draft))]
        for token, id_, key, subject, demographics in await tx.tuples(
            "intake.links", {"tokens": tokens}
        ):
            self.runtime.vault.learn(id_, key)
            self.known[token] = Known(
                identity=id_, subject=subject, demographics=_strings.decode(demographics)
            )
        await self._load_alike(tx, drafts)

    async def _load_alike(self, tx: Tx, drafts: Sequence[Draft]) -> None:
        wanted = {
            alike: None
            for draft in drafts
            if not any(token in self.known for token in self.tokens(draft.identifiers))
            if (alike := self._alike_token(patient_of(draft)))
        }
        if not wanted:
            return
        for alike, identity, subject, demographics in await tx.tuples(
            "intake.alike", {"tokens": list(wanted)}
        ):
            found = Known(
                identity=identity, subject=subject, demographics=_strings.decode(demographics)
            )
            self._alike.setdefault(alike, []).append(found)

    def tokens(self, identifiers: Iterable[Identifier]) -> list[str]:
        """The tokens of the identifiers that say who a patient is, in the order sent."""
        of = self.runtime.vault.tokens.identifier
        return [of(each.authority, each.value) for each in usable(identifiers)]

    def demographics(self, patient: Mapping[str, Any]) -> dict[str, str]:
        """What is compared of a patient, as tokens."""
        return tokens_of(self.runtime.vault.tokens, patient)

    def alike(self, patient: Mapping[str, Any]) -> Sequence[Known]:
        """Subjects of the same family name, given name and birth date, stored or met in this batch."""
        return self._alike.get(self._alike_token(patient), ())

    def _alike_token(self, patient: Mapping[str, Any]) -> str:
        """One token of all three: three of their own would lead through everybody of that family name."""
        if id(patient) not in self._tokens_of:
            parts = alike_parts(patient)
            token = self.runtime.vault.tokens.of("alike", *parts) if parts else ""
            self._tokens_of[id(patient)] = token
        return self._tokens_of[id(patient)]

    def identity(self, identifier: Identifier) -> UUID:
        """The source identity of an identifier; an unknown one is made, and not linked yet."""
        token = self.runtime.vault.tokens.identifier(identifier.authority, identifier.value)
        if token in self.known:
            return self.known[token].identity
        identity = name_id(self.runtime.organisation, "identity", token)
        if identity not in self._identities:
            key = self.runtime.vault.new_identity(identity)
            self._identities[identity] = (identity, token, identifier.authority, key, self.now)
        return identity

    def link(
        self, identifiers: Iterable[Identifier], subject: UUID, demographics: Mapping[str, str]
    ) -> None:
        """Unknown identifiers become the subject's; what is said under each is remembered if it is new."""
        for each in usable(identifiers):
            token = self.runtime.vault.tokens.identifier(each.authority, each.value)
            before = self.known.get(token)
            newest = {**(before.demographics if before else {}), **demographics}
            if before is not None and newest == before.demographics:
                continue
            known = Known(
                identity=before.identity if before else self.identity(each),
                subject=before.subject if before else subject,
                demographics=newest,
            )
            self.known[token] = self._links[known.identity] = known

    def met(self, patient: Mapping[str, Any], known: Known) -> None:
        """A new subject, for those of this batch who may be the same person."""
        if key := self._alike_token(patient):
            self._alike.setdefault(key, []).append(known)

    def copy(
        self, subject: UUID, identity: UUID, draft: Draft, demographics: Mapping[str, str]
    ) -> None:
        """The minimum copied for people to recognise the patient by; the newest message wins."""
        patient = patient_of(draft)
        vault, identifiers = self.runtime.vault, usable(draft.identifiers)
        sealed = vault.seal(
            identity, "subject", subject, "sealed", encode(shown(patient, identifiers))
        )
        compared, provisional = (
            encode(demographics).decode(),
            not draft.type.startswith("patient."),
        )
        self._subjects[subject] = (
            subject, provisional, draft.site or "", compared, identity, sealed, self.now,
        )  # fmt: skip
        for token in vault.tokens.stored(terms(patient, identifiers)):
            self._search[token.token, subject] = token.kind
        if alike := self._alike_token(patient):
            self._search[alike, subject] = "alike"

    def reach(
        self,
        identity: UUID,
        patient: Mapping[str, Any],
        *,
        now: Mapping[str, str],
        known: Known | None,
    ) -> None:
        """How the patient can be reached, where the message says so and it has changed.

        Many messages name no telecom, and then what was last said holds; `now` are the message's tokens.
        """
        before = known.demographics.get(REACH) if known else None
        if now.get(REACH) and now[REACH] != before:
            said = encode(reached_by(patient))
            sealed = self.runtime.vault.seal(identity, "contact", identity, "sealed", said)
            self._contacts[identity] = (identity, sealed, self.now)

    def other(self, subject: UUID, kind: str, site: str) -> None:
        """A subject that is no patient."""
        self._others[subject] = (kind, site)

    async def write(self, tx: Tx) -> None:
        """Write new identities, links, subjects and search tokens, each table in id order.

        Raises:
            IdentityRaced: somebody else made one of the identities; its key is not ours.
        """
        identities = _columns(
            "new_identities", "id", "token", "authority", "identity_key", "created_at"
        )
        links = _columns("new_links", "identity", "subject", "since", "demographics")
        subjects = _columns(
            "subjects", "id", "provisional", "site", "demographics", "identity", "sealed", "sealed_at"
        )  # fmt: skip
        search = _columns("search_tokens", "token", "subject", "kind")
        others = Columns("facts.subjects", ("ids", "kinds", "sites"))
        contacts = Columns("messaging.contacts", ("identity", "sealed", "sealed_at"))
        _fill(identities, (self._identities[id_] for id_ in sorted(self._identities)))
        _fill(
            links,
            (
                (id_, each.subject, self.now, encode(each.demographics).decode())
                for id_, each in sorted(self._links.items())
            ),
        )
        _fill(subjects, (self._subjects[id_] for id_ in sorted(self._subjects)))
        _fill(search, ((*key, self._search[key]) for key in sorted(self._search)))
        _fill(others, ((id_, *self._others[id_]) for id_ in sorted(self._others)))
        _fill(contacts, (self._contacts[id_] for id_ in sorted(self._contacts)))
        all_ = (identities, links, subjects, search, others, contacts)
        wanted = [each for each in all_ if len(each)]
        organisation = self.runtime.organisation
        made = await tx.pipeline([(each.query, each.values(organisation)) for each in wanted])
        if self._identities and made[0] != len(self._identities):
            raise IdentityRaced("another interpreter met the same new patient")


def _fill(columns: Columns, rows: Iterable[tuple[object, ...]]) -> None:
    for row in rows:
        columns.add(*row)


def _all_identifiers(draft: Draft) -> Sequence[Identifier]:
    named = (*draft.merge.survivor, *draft.merge.retired) if draft.merge else ()
    return (*draft.identifiers, *named)
