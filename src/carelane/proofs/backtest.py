"""The report of a back-test: how many cases would have gone otherwise, which way, and whether that blocks activation.

A tally adds up verdicts in any order and in parts, so that the same recording gives the same bytes however many
processes share the work. Divergences are lines of their own: a report is as small for a million facts as for ten.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import msgspec

from carelane.pathways.definition import Definition
from carelane.proofs.divergence import Way
from carelane.proofs.judging import Divergence, Verdict
from carelane.proofs.recall import Difference

SHOWN_MAX = 20


class Void(msgspec.Struct, frozen=True, kw_only=True):
    """Where the old release's replay left the record."""

    subject: UUID
    place: str
    what: str
    recorded: str
    replayed: str


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """A release by its digest."""

    pathway: str
    version: str
    digest: str


class BacktestReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a back-test says. `blocks`: a red-flag case would have been routed down.

    When the replay of the old release leaves the record (`void`), nothing else is said: `blocks` is True then, because
    a void report clears nothing. `events` is the digest of the recording, or of a shadow run.
    """

    old: Release
    new: Release
    events: str
    subjects: int
    facts: int
    cases: int
    same: int
    safer: int
    riskier: int
    needs_a_person: int
    facts_ending_otherwise: int
    kinds: dict[str, int]
    other_release: int
    left_out: dict[str, int]
    void: tuple[Void, ...]
    void_subjects: int
    blocking: tuple[UUID, ...]
    blocking_cases: int
    blocks: bool
    assumes: str = ""


class Tally(msgspec.Struct, kw_only=True):
    """Counts of verdicts; first differences and blocking cases with their line, so that parts can be put together."""

    subjects: int = 0
    facts: int = 0
    cases: int = 0
    ways: dict[str, int] = {}
    kinds: dict[str, int] = {}
    endings: int = 0
    other_release: int = 0
    left_out: dict[str, int] = {}
    void_subjects: int = 0
    void: list[tuple[int, Void]] = []
    blocking_cases: int = 0
    blocking: list[tuple[int, UUID]] = []

    def add(self, line: int, verdict: Verdict) -> None:
        """One more subject."""
        self.subjects += 1
        if verdict.left_out:
            self.left_out[verdict.left_out] = self.left_out.get(verdict.left_out, 0) + 1
            return
        self.facts += verdict.facts
        self.other_release += verdict.other_release
        if verdict.void is not None:
            self.void_subjects += 1
            self.void = sorted([*self.void, (line, _void(verdict.void))], key=_line)[:SHOWN_MAX]
            return
        self.cases += verdict.cases
        for each in verdict.divergences:
            kinds = {parting.kind.value for parting in each.partings}
            self._divergence(line, each.case, each.way.value, kinds=kinds, blocks=each.blocks)

    def count(self, line: int, case: UUID, way: str, found: dict[str, Any]) -> None:
        """One case of a shadow run, as it stands: `same`, or parted as `line_of` said."""
        self.cases += 1
        if way != "same":
            kinds = {parting["kind"] for parting in found["partings"]}
            self._divergence(line, case, way, kinds=kinds, blocks=found["blocks"])

    def _divergence(
        self, line: int, case: UUID | None, way: str, *, kinds: set[str], blocks: bool
    ) -> None:
        if case is None:
            self.endings += 1
        else:
            self.ways[way] = self.ways.get(way, 0) + 1
            if blocks:
                self.blocking_cases += 1
                self.blocking = sorted([*self.blocking, (line, case)])[:SHOWN_MAX]
        for kind in kinds:
            self.kinds[kind] = self.kinds.get(kind, 0) + 1


def together(tallies: Iterable[Tally]) -> Tally:
    """Parts of one recording as one."""
    whole = Tally()
    for each in tallies:
        whole = Tally(
            subjects=whole.subjects + each.subjects,
            facts=whole.facts + each.facts,
            cases=whole.cases + each.cases,
            ways=_added(whole.ways, each.ways),
            kinds=_added(whole.kinds, each.kinds),
            endings=whole.endings + each.endings,
            other_release=whole.other_release + each.other_release,
            left_out=_added(whole.left_out, each.left_out),
            void_subjects=whole.void_subjects + each.void_subjects,
            void=sorted([*whole.void, *each.void], key=_line)[:SHOWN_MAX],
            blocking_cases=whole.blocking_cases + each.blocking_cases,
            blocking=sorted([*whole.blocking, *each.blocking])[:SHOWN_MAX],
        )
    return whole


def report(
    tally: Tally, old: Definition, new: Definition, *, events: str, assumes: str = ""
) -> BacktestReport:
    """The report of a whole recording; a void one says only where and why."""
    void = tally.void_subjects > 0
    told = Tally() if void else tally
    parted = sum(told.ways.values())
    return BacktestReport(
        old=release(old),
        new=release(new),
        events=events,
        subjects=tally.subjects,
        facts=tally.facts,
        cases=told.cases,
        same=told.cases - parted,
        safer=told.ways.get(Way.SAFER.value, 0),
        riskier=told.ways.get(Way.RISKIER.value, 0),
        needs_a_person=told.ways.get(Way.JUDGE.value, 0),
        facts_ending_otherwise=told.endings,
        kinds=dict(sorted(told.kinds.items())),
        other_release=told.other_release,
        left_out=dict(sorted(tally.left_out.items())),
        void=tuple(each for _, each in tally.void),
        void_subjects=tally.void_subjects,
        blocking=tuple(case for _, case in told.blocking),
        blocking_cases=told.blocking_cases,
        blocks=void or told.blocking_cases > 0,
        assumes=assumes,
    )


def release(definition: Definition) -> Release:
    """A definition's name, version and digest."""
    return Release(pathway=definition.name, version=definition.version, digest=definition.digest)


def line_of(found: Divergence, later: Mapping[str, Any] | None = None) -> bytes:
    """A divergence as one line of canonical JSON."""
    body: dict[str, Any] = {
        "subject": found.subject,
        "case": found.case,
        "fact": found.fact,
        "type": found.type,
        "at": found.at,
        "way": found.way.value,
        "red_flag": found.red_flag,
        "blocks": found.blocks,
        "partings": [
            {"kind": each.kind.value, "what": each.what, "old": each.old, "new": each.new,
             "way": each.way.value}
            for each in found.partings
        ],
        "cause": {
            "old": found.cause.old, "new": found.cause.new, "inputs": dict(found.cause.inputs),
        },
    }  # fmt: skip
    if later is not None:
        body["assuming_the_same"] = dict(later)
    return msgspec.json.encode(body, order="deterministic")


def encode(shape: msgspec.Struct) -> bytes:
    """Canonical JSON of a report or tally."""
    return msgspec.json.encode(shape, order="deterministic")


def read_tally(raw: bytes) -> Tally:
    """A tally that another process wrote."""
    return msgspec.json.decode(raw, type=Tally)


def _void(difference: Difference) -> Void:
    return Void(
        subject=difference.subject, place=difference.place, what=difference.what,
        recorded=difference.recorded, replayed=difference.replayed,
    )  # fmt: skip


def _line(numbered: tuple[int, Void]) -> int:
    return numbered[0]


def _added(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return dict(Counter(one) + Counter(other))
