"""What an activation rests on: a proof of the release, and the report of a back-test where there is one.

Ports: `compose` hands in the callable that proves, and what it read of a report's file. Pure values.
"""

from collections.abc import Callable
from dataclasses import dataclass

from carelane.pathways.definition import Definition


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """The prover's verdict on one release. `says` is a sentence for a person."""

    release: str
    holds: bool  # proved, about this release, by the prover of today
    verdict: str  # in a word, for people
    digest: str  # of the proof, for the audit
    says: str = ""


Prove = Callable[[Definition, Definition | None], Proven]
"""Judges a release; the second is the one in force there, whose red flags it may only extend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a back-test's report says: which release against which, and why it may not be put in force, if so."""

    release: str
    against: str
    digest: str
    blocks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """It was not done, and why: a stable code, what is so, and what to do."""

    code: str
    sentence: str
    remedy: str

    def line(self) -> str:
        """As the command line prints it."""
        return f"{self.code}: {self.sentence} Remedy: {self.remedy}"
