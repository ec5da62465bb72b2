"""What an activation rests on: a proof of the release, and the report of a back-test where there is one.

Ports: `compose` hands in the callable that proves, and what it read of a report's file. Pure values.
"""

from collections.abc import Callable
from dataclasses import dataclass

from carelane.pathways.definition import Definition


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """The prover's verdict on one release. Anything but `proved` is a refusal; `says` is a sentence for a person."""

    release: str
    verdict: str  # `proved`, `refuted`, `not decided`
    digest: str  # of the proof, for the audit
    says: str = ""

    @property
    def holds(self) -> bool:
        """Whether the release may be put in force."""
        return self.verdict == "proved"


Prove = Callable[[Definition], Proven]


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
