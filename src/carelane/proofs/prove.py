"""`prove(definition)`: every rule of the catalogue, judged over everything that can happen (SEMANTICS 9).

A rule that does not hold is refuted only by a run that the engine has gone to the same end; where that can't be done,
or where there are more cells than are looked at, the rule is not decided, which counts as refused.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

from carelane.cases.model import Case
from carelane.pathways.definition import Definition
from carelane.proofs.boxes import TooMany, meet
from carelane.proofs.catalogue import RULES
from carelane.proofs.explore import explore
from carelane.proofs.nodes import Explored, Node, Way
from carelane.proofs.flags import Flags
from carelane.proofs.paths import legs
from carelane.proofs.promises import Promises
from carelane.proofs.regions import Pieces, Regions
from carelane.proofs.retelling import Told, holds_again, retell
from carelane.proofs.rules import effects, ends, flags, heard, loops, promises, safety, tables, waits, writes
from carelane.proofs.turns import Breach, Turn
from carelane.proofs.verdicts import PROVER, Finding, Judgement, Proof, Verdict

EACH_MAX = 3  # findings shown of one rule
Rule: TypeAlias = Callable[[Turn], Iterator[Breach]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A breach with the run that should show it, and how to see that it does."""

    found: Explored
    breach: Breach
    node: Node | None = None
    last: tuple[tuple[Way, int], ...] = ()
    among: int = 0
    shown: Callable[[Told], bool] | None = None


def prove(definition: Definition, *, before: Definition | None = None) -> Judgement:
    """Judge a pathway. `before` is the release in force, whose red flags it may only extend."""
    try:
        regions = Regions(definition)
        texts = [*_of_text(definition, regions, before)]
        celled = [*tables.of_text(definition, regions)]
        found = explore(definition, regions)
        suspects = [
            *(Suspect(found=found, breach=each) for each in texts),
            *_of_tables(found, celled),
            *_of_walk(found),
            *_of_promises(found),
            *_of_flags(found),
        ]
    except TooMany:
        return _too_many(definition)
    findings = tuple(_findings(suspects))
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
        unchecked=Promises.of(definition).words,
    )


def _of_text(definition: Definition, regions: Regions, before: Definition | None) -> Iterator[Breach]:
    yield from heard.of_text(definition, regions)
    yield from safety.of_text(definition)
    yield from writes.of_text(definition)
    yield from flags.of_text(definition)
    yield from promises.of_text(definition, Promises.of(definition))
    if before is not None:
        yield from flags.shrunk(before, definition)


def _of_turn(turn: Turn) -> Iterator[Breach]:
    yield from waits.of_turn(turn)
    yield from safety.of_turn(turn)
    yield from effects.of_turn(turn)


def _of_walk(found: Explored) -> Iterator[Suspect]:
    yield from _turned(found, _of_turn)
    yield from (Suspect(found=found, breach=each) for each in ends.unreached(found))
    for breach, node, left in ends.stuck(found):
        yield Suspect(
            found=found, breach=breach, node=node, among=left, shown=_stands(node.control.state)
        )
    for loop in loops.endless(found):
        yield Suspect(
            found=found, breach=loop.breach, node=replace(loop.node, box=loop.box), last=loop.ways,
            shown=_stands(loop.node.control.state),
        )  # fmt: skip


def _of_promises(found: Explored) -> Iterator[Suspect]:
    """Each requirement that could be passed by, walked through once more with an eye on it."""
    promised = Promises.of(found.definition)
    for one in promised.before:
        if promises.may_be_passed(found, one):
            rule = partial(promises.of_turn, promises=promised.only(one.number))
            yield from _watched(partial(explore, found.definition, found.regions, promise=one.number), rule)


def _of_flags(found: Explored) -> Iterator[Suspect]:
    """Red flags, walked through once more with an eye on them, where some pool could be wrong for one."""
    watched = Flags.of(found.definition, found.regions)
    if watched.may_fail(found.definition):
        walk = partial(explore, found.definition, found.regions, flags=watched)
        yield from _watched(walk, flags.of_turn)


def _watched(walk: Callable[..., Explored], rule: Rule) -> Iterator[Suspect]:
    """A coarse walk finds nothing where there is nothing; what it finds must be found by a fine one."""

    def broken(way: Way) -> bool:
        return any(rule(way.turn))

    if walk(coarse=True, enough=broken).stopped:
        yield from _turned(walk(enough=broken), rule)


def _turned(found: Explored, rule: Rule) -> Iterator[Suspect]:
    for node, way, taken in found.turns():
        for breach in rule(way.turn):
            yield Suspect(
                found=found, breach=breach, node=node, last=((way, taken),), shown=_again(way.turn, rule)
            )  # fmt: skip


def _of_tables(found: Explored, celled: Iterable[tuple[Breach, Pieces]]) -> Iterator[Suspect]:
    for breach, pieces in celled:
        yield _met(found, breach, pieces) if pieces else Suspect(found=found, breach=breach)


def _met(found: Explored, breach: Breach, pieces: Pieces) -> Suspect:
    """The nearest turn in which these cells are read; without one the cells themselves are the counter-example."""
    for node, way, taken in found.turns():
        if any(intake.open_ for intake in way.move.intakes):
            for piece in pieces:
                if here := meet(taken, piece):
                    return Suspect(
                        found=found, breach=breach, node=node, last=((way, here),), shown=_unanswered
                    )
    return Suspect(found=found, breach=breach)


def _unanswered(told: Told) -> bool:
    case = told.after
    return case is not None and any(value is None for value in case.values.values())


def _again(turn: Turn, rule: Rule) -> Callable[[Told], bool]:
    """Whether the rule is broken by what the engine did at the end of the whole run."""

    def shown(told: Told) -> bool:
        here = replace(turn, before=told.before, after=told.after, steps=told.steps)
        return _where(told.after) == _where(turn.after) and any(rule(here))

    return shown


def _where(case: Case | None) -> tuple[str, ...]:
    return tuple(step.state for step in case.steps) if case is not None else ()


def _stands(state: str) -> Callable[[Told], bool]:
    return lambda told: state in _where(told.after)


def _findings(suspects: Iterable[Suspect]) -> Iterator[Finding]:
    """A few of each rule, each message once."""
    seen: dict[str, set[str]] = {}
    for suspect in suspects:
        messages = seen.setdefault(suspect.breach.rule, set())
        if len(messages) < EACH_MAX and suspect.breach.message not in messages:
            messages.add(suspect.breach.message)
            yield _finding(suspect)


def _finding(suspect: Suspect) -> Finding:
    found, breach, run = suspect.found, suspect.breach, ""
    verdict, path = Verdict.REFUTED, tuple[str, ...]()
    if suspect.node is not None and suspect.shown is not None:
        way = legs(found, suspect.node, suspect.last, among=suspect.among)
        told = retell(found.stage, way)
        run, path = told.text(breach.message), told.path
        if not (suspect.shown(told) and holds_again(found.definition, run)):
            verdict = Verdict.NOT_DECIDED
    return Finding(
        rule=breach.rule, verdict=verdict, line=breach.line, message=breach.message, remedy=breach.remedy,
        run=run, path=path,
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
