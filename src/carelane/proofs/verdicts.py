"""What the prover says: a proof of a release, rule by rule, and for what does not hold a run that shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

PROVER = 6
"""The prover's own number: it rises when a rule is added or sharpened; proofs of a lower one are out of date."""


class Verdict(StrEnum):
    """How a rule, or a release, was judged. `not-decided` counts as refused."""

    PROVED = "proved"
    REFUTED = "refuted"
    NOT_DECIDED = "not-decided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What may be stored of a judgement and asked for later. Pure data: no run, no text.

    `release` is the definition's digest, `prover` the number of the prover that judged, `rules` each rule's verdict,
    `counts` what was looked at (states, nodes, cells, decisions of the engine).
    """

    release: str
    prover: int
    verdict: Verdict
    rules: Mapping[str, Verdict]
    counts: Mapping[str, int]

    def current(self, release: str) -> bool:
        """Whether this release may go into force on it: proved, about it, and by this prover."""
        return self.verdict is Verdict.PROVED and (self.release, self.prover) == (release, PROVER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One rule that does not hold at one place.

    `run` is a text table that `carelane pathway test` runs, if there is one, and `path` the states that it passes.
    """

    rule: str
    verdict: Verdict
    line: int
    message: str
    remedy: str
    run: str = ""
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A proof with everything that a person needs to mend what does not hold.

    `unchecked` are promises in words only: they stand for people, nothing here holds them.
    """

    pathway: str
    version: str
    proof: Proof
    findings: tuple[Finding, ...] = ()
    unchecked: tuple[str, ...] = ()
