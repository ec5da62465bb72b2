"""`prove(definition)`: every rule of the catalogue, judged over everything that can happen (SEMANTICS 9).

A rule that does not hold is refuted only by a run that the engine has gone to the same end; where that can't be done,
or where there are more cells than are looked at, the rule is not decided, which counts as refused.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from carelane.cases.model import Case
from carelane.pathways.definition import Definition
from carelane.proofs.boxes import TooMany, meet
from carelane.proofs.catalogue import RULES
from carelane.proofs.explore import Explored, Node, Way, explore
from carelane.proofs.paths import legs
from carelane.proofs.promises import Promises
from carelane.proofs.regions import Pieces, Regions
from carelane.proofs.retelling import Told, holds_again, retell
from carelane.proofs.rules import effects, ends, flags, heard, loops, promises, safety, tables, waits, writes
from carelane.proofs.turns import Breach, Turn
from carelane.proofs.verdicts import PROVER, Finding, Judgement, Proof, Verdict
from dataclasses import replace

EACH_MAX = 3  # findings shown of one rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A breach with the run that should show it, and how to see that it does."""

    breach: Breach
    node: Node | None = None
    last: tuple[tuple[Way, int], ...] = ()
    among: int = 0
    shown: Callable[[Told], bool] | None = None


def prove(definition: Definition, *, before: Definition | None = None) -> Judgement:
    """Judge a pathway. `before` is the release in force, whose red flags it may only extend."""
    try:
        regions = Regions(definition)
        static = [Suspect(breach=each) for each in _of_text(definition, regions, before)]
        celled = [*tables.of_text(definition, regions)]
        found = explore(definition)
        suspects = [*static, *_of_tables(found, celled), *_of_walk(found)]
    except TooMany:
        return _too_many(definition)
    findings = tuple(_findings(found, suspects))
    return Judgement(
        pathway=definition.name,
        version=definition.version,
        proof=Proof(
            release=definition.digest,
            prover=PROVER,
            verdict=_worst(each.verdict for each in findings),
            rules={rule: _worst(each.verdict for each in findings if each.rule == rule) for rule in RULES},
            counts=_counts(found),
        ),
        findings=findings,
    )


def _of_text(definition: Definition, regions: Regions, before: Definition | None) -> Iterator[Breach]:
    yield from heard.of_text(definition, regions)
    yield from safety.of_text(definition)
    yield from writes.of_text(definition)
    yield from flags.of_text(definition)
    yield from promises.of_text(definition, Promises.of(definition))
    if before is not None:
        yield from flags.shrunk(before, definition)


def _of_turn(turn: Turn, kept: Promises) -> Iterator[Breach]:
    yield from waits.of_turn(turn)
    yield from safety.of_turn(turn)
    yield from effects.of_turn(turn)
    yield from flags.of_turn(turn)
    yield from promises.of_turn(turn, kept)


def _of_walk(found: Explored) -> Iterator[Suspect]:
    for node, way, taken in found.turns():
        for breach in _of_turn(way.turn, found.promises):
            yield Suspect(
                breach=breach, node=node, last=((way, taken),), shown=_again(way.turn, breach, found.promises)
            )  # fmt: skip
    yield from (Suspect(breach=each) for each in ends.unreached(found))
    for breach, node, left in ends.stuck(found):
        yield Suspect(breach=breach, node=node, among=left, shown=_stands(node.control.state))
    for loop in loops.endless(found):
        yield Suspect(
            breach=loop.breach, node=replace(loop.node, box=loop.box), last=loop.ways,
            shown=_stands(loop.node.control.state),
        )  # fmt: skip


def _of_tables(found: Explored, celled: Iterable[tuple[Breach, Pieces]]) -> Iterator[Suspect]:
    for breach, pieces in celled:
        yield _met(found, breach, pieces) if pieces else Suspect(breach=breach)


def _met(found: Explored, breach: Breach, pieces: Pieces) -> Suspect:
    """The nearest turn in which these cells are read; without one the cells themselves are the counter-example."""
    for node, way, taken in found.turns():
        if any(intake.open_ for intake in way.move.intakes):
            for piece in pieces:
                if here := meet(taken, piece):
                    return Suspect(breach=breach, node=node, last=((way, here),), shown=_unanswered)
    return Suspect(breach=breach)


def _unanswered(told: Told) -> bool:
    case = told.after
    return case is not None and any(value is None for value in case.values.values())


def _again(turn: Turn, breach: Breach, kept: Promises) -> Callable[[Told], bool]:
    """Whether the same rule is broken by what the engine did at the end of the whole run."""

    def shown(told: Told) -> bool:
        here = replace(turn, before=told.before, after=told.after, steps=told.steps)
        return _where(told.after) == _where(turn.after) and any(
            each.rule == breach.rule for each in _of_turn(here, kept)
        )

    return shown


def _where(case: Case | None) -> tuple[str, ...]:
    return tuple(step.state for step in case.steps) if case is not None else ()


def _stands(state: str) -> Callable[[Told], bool]:
    return lambda told: state in _where(told.after)


def _findings(found: Explored, suspects: Iterable[Suspect]) -> Iterator[Finding]:
    """A few of each rule, each message once."""
    seen: dict[str, set[str]] = {}
    for suspect in suspects:
        messages = seen.setdefault(suspect.breach.rule, set())
        if len(messages) < EACH_MAX and suspect.breach.message not in messages:
            messages.add(suspect.breach.message)
            yield _finding(found, suspect)


def _finding(found: Explored, suspect: Suspect) -> Finding:
    breach, run = suspect.breach, ""
    verdict = Verdict.REFUTED
    if suspect.node is not None and suspect.shown is not None:
        way = legs(found, suspect.node, suspect.last, among=suspect.among)
        told = retell(found.stage, way)
        run = told.text(breach.message)
        if not (suspect.shown(told) and holds_again(found.definition, run)):
            verdict = Verdict.NOT_DECIDED
    return Finding(
        rule=breach.rule, verdict=verdict, line=breach.line, message=breach.message, remedy=breach.remedy, run=run
    )  # fmt: skip


def _worst(verdicts: Iterable[Verdict]) -> Verdict:
    found = set(verdicts)
    return next((one for one in (Verdict.REFUTED, Verdict.NOT_DECIDED) if one in found), Verdict.PROVED)


def _counts(found: Explored) -> dict[str, int]:
    return {
        "states": len(found.definition.states),
        "cells": sum(len(one.cells) for one in found.regions.space.coordinates.values()),
        "nodes": len(found.nodes),
        "decisions": found.decisions,
    }


def _too_many(definition: Definition) -> Judgement:
    undecided = dict.fromkeys(RULES, Verdict.NOT_DECIDED)
    finding = Finding(
        rule="all", verdict=Verdict.NOT_DECIDED, line=1,
        message="There are more cells and states than the prover looks at.",
        remedy="Split the pathway, or let tables read fewer fields.",
    )  # fmt: skip
    return Judgement(
        pathway=definition.name,
        version=definition.version,
        proof=Proof(
            release=definition.digest, prover=PROVER, verdict=Verdict.NOT_DECIDED, rules=undecided,
            counts={"states": len(definition.states)},
        ),
        findings=(finding,),
    )  # fmt: skip
