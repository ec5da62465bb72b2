"""Identify: the subjects behind a batch's drafts, in order, with what is new gathered for one write.

The rules are `identity.resolve`; this reads and writes what they need. A subject that is merged away meanwhile
is found again by the drainer, which reads the link under the turn (SEMANTICS 3).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from carelane.engine.runtime import Runtime
from carelane.facts.fact import Draft, Identifier, SubjectKind
from carelane.facts.ids import name_id
from carelane.identity.resolve import Known, Resolution, Verdict, resolve
from carelane.intake.demographics import shown, terms, tokens_of
from carelane.intake.quarantine import connection_subject
from carelane.store.columns import Columns
from carelane.store.database import Tx
from carelane.store.shapes import encode

_strings = msgspec.json.Decoder(dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """Whose a draft is. `review` says why a person must look; then the subject is the connection's."""

    subject: UUID
    identity: UUID | None = None
    review: str = ""


@dataclass(slots=True)
class Register:
    """What is known of the batch's identifiers, and what has to be written."""

    runtime: Runtime
    connection: str
    now: datetime
    known: dict[str, Known]
    provisional: set[UUID] = field(default_factory=set)
    _identities: Columns = field(default_factory=lambda: Columns(
        "intake.new_identities", ("id", "token", "authority", "identity_key", "created_at")))  # fmt: skip
    _links: Columns = field(
        default_factory=lambda: Columns("intake.new_links", ("identity", "subject", "since"))
    )
    _subjects: dict[UUID, tuple[object, ...]] = field(default_factory=dict)
    _search: dict[tuple[str, UUID], str] = field(default_factory=dict)
    _others: dict[UUID, tuple[str, str]] = field(default_factory=dict)

    @classmethod
    async def load(
        cls, runtime: Runtime, tx: Tx, connection: str, drafts: Iterable[Draft], now: datetime
    ) -> "Register":
        """Read the links of every identifier in the batch, in one statement."""
        tokens = [token for draft in drafts for token in _tokens(runtime, _all_identifiers(draft))]
        known: dict[str, Known] = {}
        provisional: set[UUID] = set()
        for token, id_, key, subject, demographics, new in await tx.tuples(
            "intake.links", {"tokens": tokens}
        ):
            runtime.vault.learn(id_, key)
            known[token] = Known(
                identity=id_, subject=subject, demographics=_strings.decode(demographics)
            )
            if new:
                provisional.add(subject)
        return cls(runtime, connection, now, known, provisional)

    def identify(self, draft: Draft) -> Identified:
        """The subject of one draft; new identifiers become new links at once."""
        if draft.subject is not SubjectKind.PATIENT:
            return self._other(draft)
        tokens = _tokens(self.runtime, draft.identifiers)
        patient = _patient(draft)
        demographics = tokens_of(self.runtime.vault.tokens, patient)
        found = resolve(self.known, tokens, demographics)
        if found.verdict is Verdict.PERSON:
            return Identified(subject=self._connection(), review=found.reason)
        subject = found.subject or name_id(self.runtime.organisation, "patient", tokens[0])
        self._link(dict(zip(tokens, draft.identifiers, strict=True)), found, subject, demographics)
        identity = found.identity or self.known[tokens[0]].identity
        self._copy(subject, identity, patient, demographics, draft)
        self._retired(draft, subject)
        return Identified(subject=subject, identity=identity)

    async def write(self, tx: Tx) -> None:
        """Write new identities, links, subjects and search tokens."""
        organisation = self.runtime.organisation
        subjects = Columns(
            "intake.subjects",
            ("id", "provisional", "site", "demographics", "identity", "sealed", "sealed_at"),
        )
        search = Columns("intake.search_tokens", ("token", "subject", "kind"))
        others = Columns("facts.subjects", ("ids", "kinds", "sites"))
        for row in self._subjects.values():
            subjects.add(*row)
        for (token, subject), kind in self._search.items():
            search.add(token, subject, kind)
        for subject, (kind, site) in self._others.items():
            others.add(subject, kind, site)
        wanted = (self._identities, self._links, subjects, search, others)
        await tx.pipeline([(each.query, each.values(organisation)) for each in wanted if len(each)])

    def _other(self, draft: Draft) -> Identified:
        """A fact without a patient: its own subject, by its entity's key, else its connection's."""
        value = draft.keys.get(draft.entity or "")
        if draft.subject is SubjectKind.CONNECTION or value is None:
            return Identified(subject=self._connection())
        token = self.runtime.vault.tokens.correlation(draft.entity or "", value)
        subject = name_id(self.runtime.organisation, draft.subject, token)
        self._others[subject] = (draft.subject.value, draft.site or "")
        return Identified(subject=subject)

    def _connection(self) -> UUID:
        # The connection's own subject was made when the site was loaded.
        return connection_subject(self.runtime.organisation, self.connection)

    def _link(
        self,
        sent: Mapping[str, Identifier],
        found: Resolution,
        subject: UUID,
        demographics: Mapping[str, str],
    ) -> None:
        for token in found.unknown:
            identity = name_id(self.runtime.organisation, "identity", token)
            key = self.runtime.vault.new_identity(identity)
            self._identities.add(identity, token, sent[token].authority, key, self.now)
            self._links.add(identity, subject, self.now)
            self.known[token] = Known(identity=identity, subject=subject, demographics=demographics)
        for token in sent:
            before = self.known[token]
            self.known[token] = Known(
                identity=before.identity,
                subject=before.subject,
                demographics={**before.demographics, **demographics},
            )

    def _retired(self, draft: Draft, subject: UUID) -> None:
        """Identifiers that a merge names and nobody has heard of belong to the survivor from now on."""
        if draft.merge is None:
            return
        tokens = _tokens(self.runtime, draft.merge.retired)
        unknown = tuple(token for token in tokens if token not in self.known)
        sent = {
            token: each
            for token, each in zip(tokens, draft.merge.retired, strict=True)
            if token in unknown
        }
        if draft.merge.kind != "unlink" and unknown:
            self._link(sent, Resolution(verdict=Verdict.NEW, unknown=unknown), subject, {})

    def _copy(
        self,
        subject: UUID,
        identity: UUID,
        patient: Mapping[str, Any],
        demographics: Mapping[str, str],
        draft: Draft,
    ) -> None:
        """The minimum copied for people to recognise the patient by; the newest message wins."""
        if not patient:
            return
        known = self.known[_tokens(self.runtime, draft.identifiers)[0]]
        sealed = self.runtime.vault.seal(
            identity, "subject", subject, "sealed", encode(shown(patient, draft.identifiers))
        )
        self._subjects[subject] = (
            subject, _provisional(draft), draft.site or "", encode({**known.demographics, **demographics}).decode(),
            identity, sealed, self.now,
        )  # fmt: skip
        for token in self.runtime.vault.tokens.stored(terms(patient, draft.identifiers)):
            self._search[token.token, subject] = token.kind


def _provisional(draft: Draft) -> bool:
    return not draft.type.startswith("patient.")


def _patient(draft: Draft) -> Mapping[str, Any]:
    found = draft.payload.reveal().get("patient")
    return found if isinstance(found, Mapping) else {}


def _all_identifiers(draft: Draft) -> Sequence[Identifier]:
    return (
        (*draft.identifiers, *draft.merge.survivor, *draft.merge.retired)
        if draft.merge
        else draft.identifiers
    )


def _tokens(runtime: Runtime, identifiers: Iterable[Identifier]) -> list[str]:
    return [runtime.vault.tokens.identifier(each.authority, each.value) for each in identifiers]
