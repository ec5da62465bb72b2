"""Whose message is it: a known subject, a provisional new one at once, or a person must look.

SEMANTICS 3: a usable unknown identifier makes a new subject; a person is asked only for no
identifier, one that contradicts the demographics, or a suspected duplicate. A suspected duplicate
does not hold work back: the new subject works at once, and the question goes beside it.
Everything here is a keyed hash: no value in clear is needed. `merge` moves links afterwards.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A source identity and whose it is now. `demographics` are that subject's tokens by kind."""

    identity: UUID
    subject: UUID
    demographics: Mapping[str, str] = field(default_factory=dict)


class Verdict(StrEnum):
    """How identification ended."""

    KNOWN = "known"
    NEW = "new"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """The answer. `subject` and `identity` are those of the first known identifier, else None.

    `unknown` are the tokens that become new links of the subject. `reason` says why a person must
    look: `no-identifier`, `contradiction` (identifiers of different subjects, in `subjects`) or
    `demographics`. `suspected` are subjects that a NEW one may be a duplicate of: a question for a
    person, while work goes on.
    """

    verdict: Verdict
    subject: UUID | None = None
    identity: UUID | None = None
    unknown: tuple[str, ...] = ()
    reason: str = ""
    subjects: tuple[UUID, ...] = ()
    suspected: tuple[UUID, ...] = ()


COMPARED = ("birth_date", "family", "sex")
_DIFFERENCES_MAX = 1


def resolve(
    known: Mapping[str, Known],
    tokens: Sequence[str],
    demographics: Mapping[str, str],
    *,
    alike: Sequence[Known] = (),
) -> Resolution:
    """Resolve the identifiers of one message, given as tokens in the order sent.

    `known` is what links say of them; `alike` are subjects that a blind search by demographics
    found, and that may be the same person under another identifier.
    """
    wanted = tuple(dict.fromkeys(token for token in tokens if token))
    if not wanted:
        return Resolution(verdict=Verdict.PERSON, reason="no-identifier")
    hits = [known[token] for token in wanted if token in known]
    unknown = tuple(token for token in wanted if token not in known)
    if not hits:
        return Resolution(
            verdict=Verdict.NEW, unknown=unknown, suspected=_suspected(alike, demographics)
        )
    subjects = tuple(dict.fromkeys(hit.subject for hit in hits))
    if len(subjects) > 1:
        return Resolution(verdict=Verdict.PERSON, reason="contradiction", subjects=subjects)
    first = hits[0]
    if contradicts(first.demographics, demographics):
        return Resolution(verdict=Verdict.PERSON, reason="demographics", subjects=subjects)
    return Resolution(
        verdict=Verdict.KNOWN, subject=first.subject, identity=first.identity, unknown=unknown
    )


def contradicts(before: Mapping[str, str], now: Mapping[str, str]) -> bool:
    """Two or more of birth date, family name and sex differ: one is a correction or a marriage."""
    return len(differences(before, now)) > _DIFFERENCES_MAX


def differences(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """Which of the compared kinds are known on both sides and differ."""
    both = (kind for kind in COMPARED if before.get(kind) and now.get(kind))
    return tuple(kind for kind in both if before[kind] != now[kind])


def same_person(before: Mapping[str, str], now: Mapping[str, str]) -> bool:
    """Family name, birth date and sex are all known on both sides and all agree."""
    return all(before.get(kind) and before.get(kind) == now.get(kind) for kind in COMPARED)


def _suspected(alike: Sequence[Known], demographics: Mapping[str, str]) -> tuple[UUID, ...]:
    found = (each.subject for each in alike if same_person(each.demographics, demographics))
    return tuple(dict.fromkeys(found))
