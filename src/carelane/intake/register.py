"""The register of one batch: what links say of its identifiers, and what has to be written of new ones.

`identify` decides with it; `sql/intake.sql` holds its statements.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
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
    Described,
    described,
    patient_of,
    reached_by,
    shown,
)
from carelane.intake.placing import line_names
from carelane.store.columns import Columns
from carelane.store.database import Tx
from carelane.store.shapes import encode
from carelane.store.tokens import SEARCHED, SearchRow

Alike = tuple[str, str, str]
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
    lines: Mapping[str, str] = field(init=False)
    _tokens: dict[tuple[str, str], str] = field(default_factory=dict)
    _alike: dict[Alike, list[Known]] = field(default_factory=dict)
    _described: dict[int, Described] = field(default_factory=dict)  # by the draft: it lives as long
    _identities: dict[UUID, tuple[object, ...]] = field(default_factory=dict)
    _links: dict[UUID, Known] = field(default_factory=dict)
    _subjects: dict[UUID, tuple[object, ...]] = field(default_factory=dict)
    _search: dict[tuple[UUID, int], SearchRow] = field(default_factory=dict)
    _others: dict[UUID, tuple[str, str]] = field(default_factory=dict)
    _contacts: dict[UUID, tuple[object, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.lines = line_names(self.runtime.directory)

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
            if (alike := self.described(draft).alike)
        }
        if not wanted:
            return
        asked = Columns("intake.alike", ("family", "given", "birth_date"))
        asked.extend(wanted)
        rows = await tx.tuples("intake.alike", asked.values(self.runtime.organisation))
        found = tuple(wanted)
        for number, identity, subject, demographics in rows:
            self._alike.setdefault(found[number - 1], []).append(
                Known(
                    identity=identity, subject=subject, demographics=_strings.decode(demographics)
                )
            )

    def tokens(self, identifiers: Iterable[Identifier]) -> list[str]:
        """The tokens of the identifiers that say who a patient is, in the order sent."""
        return [self.token(each) for each in usable(identifiers)]

    def token(self, identifier: Identifier) -> str:
        """The token of one identifier; hashed once in a batch, however often it is asked for."""
        named = (identifier.authority, identifier.value)
        token = self._tokens.get(named)
        if token is None:
            token = self._tokens[named] = self.runtime.vault.tokens.identifier(*named)
        return token

    def described(self, draft: Draft) -> Described:
        """The draft's patient as tokens, hashed once."""
        found = self._described.get(id(draft))
        if found is None:
            tokens = self.runtime.vault.tokens
            found = described(tokens, patient_of(draft), usable(draft.identifiers))
            self._described[id(draft)] = found
        return found

    def alike(self, draft: Draft) -> Sequence[Known]:
        """Subjects of the same family name, given name and birth date, stored or met in this batch."""
        key = self.described(draft).alike
        return self._alike.get(key, ()) if key else ()

    def identity(self, identifier: Identifier) -> UUID:
        """The source identity of an identifier; an unknown one is made, and not linked yet."""
        token = self.token(identifier)
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
            token = self.token(each)
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

    def met(self, draft: Draft, known: Known) -> None:
        """A new subject, for those of this batch who may be the same person."""
        if key := self.described(draft).alike:
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
            encode(demographics),
            not draft.type.startswith("patient."),
        )
        self._subjects[subject] = (
            subject, provisional, draft.site or "", compared, identity, sealed, self.now,
        )  # fmt: skip
        for row in self.described(draft).search:
            self._search[subject, row[0]] = row

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
        search = _columns("search_tokens", "subject", "mark", *SEARCHED)
        others = Columns("facts.subjects", ("ids", "kinds", "sites"))
        contacts = Columns("messaging.contacts", ("identity", "sealed", "sealed_at"))
        _fill(identities, (self._identities[id_] for id_ in _sorted(self._identities)))
        _fill(
            links,
            (
                (id_, each.subject, self.now, encode(each.demographics))
                for id_ in _sorted(self._links)
                for each in (self._links[id_],)
            ),
        )
        _fill(subjects, (self._subjects[id_] for id_ in _sorted(self._subjects)))
        _fill(
            search, ((key[0], *self._search[key]) for key in sorted(self._search, key=_by_subject))
        )
        _fill(others, ((id_, *self._others[id_]) for id_ in _sorted(self._others)))
        _fill(contacts, (self._contacts[id_] for id_ in _sorted(self._contacts)))
        organisation = self.runtime.organisation
        if len(identities):
            made = await tx.run(identities.query, **identities.values(organisation))
            if made != len(identities):
                raise IdentityRaced("another interpreter met the same new patient")
        for each in (links, subjects, search, others, contacts):
            each.put(tx, organisation)


def _sorted(ids: Iterable[UUID]) -> list[UUID]:
    """Ids in order; by their numbers, because two ids are compared in Python."""
    return sorted(ids, key=attrgetter("int"))


def _by_subject(key: tuple[UUID, int]) -> tuple[int, int]:
    return (key[0].int, key[1])


def _fill(columns: Columns, rows: Iterable[tuple[object, ...]]) -> None:
    for row in rows:
        columns.add(*row)


def _all_identifiers(draft: Draft) -> Sequence[Identifier]:
    named = (*draft.merge.survivor, *draft.merge.retired) if draft.merge else ()
    return (*draft.identifiers, *named)
