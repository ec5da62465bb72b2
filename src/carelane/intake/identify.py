"""Identify: the subject behind each draft of a batch, in order.

The rules are `identity.resolve`; `register` holds what they need and what is to be written. A subject that is merged
away meanwhile is found again by the drainer, which reads the link under the turn (SEMANTICS 3).
"""

from dataclasses import dataclass
from uuid import UUID

from carelane.facts.fact import Draft, SubjectKind
from carelane.facts.ids import name_id
from carelane.identity.merge import UNLINK
from carelane.identity.resolve import Known, Verdict, resolve
from carelane.intake.demographics import patient_of
from carelane.intake.quarantine import connection_subject
from carelane.intake.register import Register, usable


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """Whose a draft is. `review` says why a person must look; then the subject is the connection's.

    `suspected` are subjects that a new one may be the same as: a question beside the work. `survivor` and
    `retired` are the source identities that a merge names.
    """

    subject: UUID
    identity: UUID | None = None
    review: str = ""
    suspected: tuple[UUID, ...] = ()
    survivor: tuple[UUID, ...] = ()
    retired: tuple[UUID, ...] = ()


def identify(register: Register, draft: Draft) -> Identified:
    """The subject of one draft; new identifiers become new links at once, those of a merge by its plan."""
    if draft.subject is not SubjectKind.PATIENT:
        return _other(register, draft)
    tokens = register.tokens(draft.identifiers)
    patient = patient_of(draft)
    demographics = register.described(draft).compared
    found = resolve(register.known, tokens, demographics, alike=register.alike(draft))
    if found.verdict is Verdict.PERSON:
        return Identified(subject=_connection(register), review=found.reason)
    subject = found.subject or name_id(register.runtime.organisation, "patient", tokens[0])
    known = next((register.known[each] for each in tokens if each in register.known), None)
    newest = {**(known.demographics if known else {}), **demographics}
    merging = draft.merge is not None and draft.merge.kind != UNLINK
    if not merging:
        register.link(draft.identifiers, subject, newest)
    identity = found.identity or register.identity(usable(draft.identifiers)[0])
    if patient or known is None:
        register.copy(subject, identity, draft, newest)
        register.reach(identity, patient, now=demographics, known=known)
    if merging:
        return _merging(register, draft, subject, identity)
    if found.verdict is Verdict.NEW:
        met = Known(identity=identity, subject=subject, demographics=demographics)
        register.met(draft, met)
    if draft.merge is not None:
        return _parting(register, draft, subject, identity)
    suspected = tuple(each for each in found.suspected if each != subject)
    return Identified(subject=subject, identity=identity, suspected=suspected)


def _merging(register: Register, draft: Draft, subject: UUID, identity: UUID) -> Identified:
    merge = draft.merge
    survivor, retired = (usable(merge.survivor), usable(merge.retired)) if merge else ((), ())
    return Identified(
        subject=subject,
        identity=identity,
        survivor=tuple(register.identity(each) for each in survivor),
        retired=tuple(register.identity(each) for each in retired),
    )


def _parting(register: Register, draft: Draft, subject: UUID, identity: UUID) -> Identified:
    """To separate, only what is known matters: nothing is made for an identifier nobody has heard of."""
    merge = draft.merge
    named = (merge.survivor, merge.retired) if merge else ((), ())
    survivor, retired = (
        tuple(
            register.known[token].identity
            for token in register.tokens(each)
            if token in register.known
        )
        for each in named
    )
    return Identified(subject=subject, identity=identity, survivor=survivor, retired=retired)


def _other(register: Register, draft: Draft) -> Identified:
    """A fact without a patient: its own subject, by its entity's key, else its connection's.

    A slot is known by its name, as pathways name it (`emit ... to: slot, by: slot`): it says nothing of a patient.
    """
    value = draft.keys.get(draft.entity or "")
    if draft.subject is SubjectKind.CONNECTION or value is None:
        return Identified(subject=_connection(register))
    runtime = register.runtime
    named = draft.entity == "slot"
    token = value if named else runtime.vault.tokens.correlation(draft.entity or "", value)
    subject = name_id(runtime.organisation, draft.subject, token)
    register.other(subject, draft.subject.value, draft.site or "")
    return Identified(subject=subject)


def _connection(register: Register) -> UUID:
    # The connection's own subject was made when the site was loaded.
    return connection_subject(register.runtime.organisation, register.connection)
