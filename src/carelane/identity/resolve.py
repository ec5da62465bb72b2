"""Whose message is it: a known subject, a provisional new one at once, or a person must look (SEMANTICS 3).

A usable unknown identifier makes a new subject; a person is asked only for no identifier, one that contradicts
the demographics, or a suspected duplicate.
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
    """The answer. `subject` and `identity` are those of the first usable identifier (None when new or a person's).

    `unknown` are the tokens that become new links of the subject. `reason` says why a person must look:
    `no-identifier`, `contradiction` (identifiers of different subjects) or `demographics`.
    """

    verdict: Verdict
    subject: UUID | None = None
    identity: UUID | None = None
    unknown: tuple[str, ...] = ()
    reason: str = ""


_COMPARED = ("birth_date", "family", "sex")


def resolve(
    known: Mapping[str, Known], tokens: Sequence[str], demographics: Mapping[str, str]
) -> Resolution:
    """Resolve the identifiers of one message, given as tokens in the order sent."""
    wanted = tuple(dict.fromkeys(tokens))
    if not wanted:
        return Resolution(verdict=Verdict.PERSON, reason="no-identifier")
    hits = [known[token] for token in wanted if token in known]
    unknown = tuple(token for token in wanted if token not in known)
    if not hits:
        return Resolution(verdict=Verdict.NEW, unknown=unknown)
    first = hits[0]
    if any(hit.subject != first.subject for hit in hits):
        return Resolution(verdict=Verdict.PERSON, reason="contradiction")
    if contradicts(first.demographics, demographics):
        return Resolution(verdict=Verdict.PERSON, reason="demographics")
    return Resolution(verdict=Verdict.KNOWN, subject=first.subject, identity=first.identity, unknown=unknown)


def contradicts(before: Mapping[str, str], now: Mapping[str, str]) -> bool:
    """Two or more of birth date, family name and sex differ: one alone is a correction or a marriage."""
    differing = [kind for kind in _COMPARED if kind in before and kind in now and before[kind] != now[kind]]
    return len(differing) > 1
