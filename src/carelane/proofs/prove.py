"""`prove(definition)`: every rule of the catalogue, judged over everything that can happen (SEMANTICS 9).

A rule that does not hold is refuted only by a run that the engine has gone to the same end; where that can't be done,
or where there are more cells than are looked at, the rule is not decided, which counts as refused.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial

from carelane.pathways.definition import Definition, State
from carelane.proofs import stale
from carelane.proofs.asking import agree
from carelane.proofs.boxes import Undecided, meet
from carelane.proofs.catalogue import RULES
from carelane.proofs.claims import OtherCase
from carelane.proofs.explore import explore
from carelane.proofs.flags import Flags
from carelane.proofs.nodes import Explored, Grain, Way
from carelane.proofs.paths import Step, concrete, steps_to
from carelane.proofs.promises import Promises
from carelane.proofs.regions import Pieces, Regions
from carelane.proofs.retelling import Told, retell
from carelane.proofs.rules import (
    effects,
    ends,
    flags,
    heard,
    loops,
    promises,
    safety,
    tables,
    waits,
    writes,
)
from carelane.proofs.showing import Rule, Suspect, again, findings, stands, unanswered
from carelane.proofs.turns import Breach, Control, Turn
from carelane.proofs.verdicts import PROVER, Finding, Judgement, Proof, Verdict


def prove(definition: Definition, *, before: Definition | None = None) -> Judgement:
    """Judge a pathway. `before` is the release in force, whose red flags it may only extend."""
    try:
        regions = Regions(definition)
        texts = [*_of_text(definition, regions, before)]
        agree(regions)
        stale.check(definition)
        celled = [*tables.of_text(definition, regions)]
        found, walked = _walked(definition, regions)
        suspects = [
            *(Suspect(found=found, breach=each) for each in texts),
            *_of_tables(found, celled),
            *walked,
            *_of_promises(found),
            *_of_flags(found),
        ]
    except Undecided as why:
        return _undecided(definition, str(why))
    shown = tuple(findings(suspects))
    return Judgement(
        pathway=definition.name,
        version=definition.version,
        proof=Proof(
            release=definition.digest,
            prover=PROVER,
            verdict=_worst(each.verdict for each in shown),
            rules={
                rule: _worst(each.verdict for each in shown if each.rule == rule) for rule in RULES
            },
            counts=_counts(found),
        ),
        findings=shown,
        unchecked=Promises.of(definition).words,
    )


def _of_text(
    definition: Definition, regions: Regions, before: Definition | None
) -> Iterator[Breach]:
    yield from heard.of_text(definition, regions)
    yield from safety.of_text(definition)
    yield from writes.of_text(definition)
    yield from flags.of_text(definition, regions)
    yield from promises.of_text(definition, Promises.of(definition))
    if before is not None:
        yield from flags.shrunk(before, definition)


def _of_turn(turn: Turn) -> Iterator[Breach]:
    yield from waits.of_turn(turn)
    yield from safety.of_turn(turn)
    yield from effects.of_turn(turn)


def _walked(definition: Definition, regions: Regions) -> tuple[Explored, list[Suspect]]:
    """The first rough walk that finds nothing, and whose ways to every state the engine has gone; else a fine one."""
    for grain in (Grain.BROAD, Grain.COARSE):
        with suppress(OtherCase):
            rough = explore(definition, regions, grain=grain)
            if not any(_of_walk(rough)) and not _gone(rough):
                return rough, []
    fine = explore(definition, regions)
    suspects = list(_of_walk(fine))
    if any(state.block for state in definition.states.values()):
        suspects.extend(_doubts(fine))
    return fine, suspects


def _doubts(found: Explored) -> Iterator[Suspect]:
    """Regions are walked apart: a state to which no whole run could be gone may be out of reach."""
    for name in _gone(found):
        breach = Breach(
            rule=ends.REACHED, line=found.definition.states[name].line,
            message=f"No run to state `{name}` could be made concrete.",
            remedy="Make its block simpler, so that it shows how a case comes there.",
        )  # fmt: skip
        yield Suspect(found=found, breach=breach, doubt=True)


def _gone(found: Explored) -> list[str]:
    """The states to which the engine, going from nothing, does not come by the ways that the walk found."""
    known: dict[Control, tuple[Step, ...]] = {Control(): ()}
    left = [name for name in found.arrivals if name]
    grown = True
    while left and grown:
        before = len(left)
        left = [name for name in left if not _come_to(found, name, known)]
        grown = len(left) < before
    return left


def _come_to(found: Explored, name: str, known: dict[Control, tuple[Step, ...]]) -> bool:
    """Whether the engine comes to a state by one of the ways that the walk found; then that way is known."""
    state, full = found.definition.states[name], found.regions.space.full
    for node in found.arrivals[name].values():
        steps = steps_to(found, node, known)
        if _arrived(retell(found.stage, concrete(found, steps, full)), state):
            known[node.control] = steps
            return True
    return False


def _arrived(told: Told, state: State) -> bool:
    case = told.after
    if case is None:
        return False
    if state.region and state.final:
        return state.region in case.regions or state.name in told.path
    return not case.steps if state.final else any(step.state == state.name for step in case.steps)


def _of_walk(found: Explored) -> Iterator[Suspect]:
    yield from _turned(found, _of_turn)
    yield from (Suspect(found=found, breach=each) for each in ends.unreached(found))
    for breach, node, left in ends.stuck(found):
        yield Suspect(
            found=found, breach=breach, node=node, among=left, shown=stands(node.control.state)
        )
    for loop in loops.endless(found):
        yield Suspect(
            found=found, breach=loop.breach, node=replace(loop.node, box=loop.box), last=loop.ways,
            shown=stands(loop.node.control.state),
        )  # fmt: skip


def _of_promises(found: Explored) -> Iterator[Suspect]:
    """Each requirement that could be passed by, walked through once more with an eye on it."""
    promised = Promises.of(found.definition)
    for one in promised.before:
        if promises.may_be_passed(found, one):
            rule = partial(promises.of_turn, promises=promised.only(one.number))
            yield from _watched(
                partial(explore, found.definition, found.regions, promise=one.number), rule
            )


def _of_flags(found: Explored) -> Iterator[Suspect]:
    """Red flags, walked through once more with an eye on them, where some pool could be wrong for one."""
    watched = Flags.of(found.definition, found.regions)
    if watched.may_fail(found.definition):
        walk = partial(explore, found.definition, found.regions, flags=watched)
        if _breaks(partial(walk, only=watched.read), flags.of_turn):
            yield from _watched(walk, flags.of_turn)


def _watched(walk: Callable[..., Explored], rule: Rule) -> Iterator[Suspect]:
    """A coarse walk finds nothing where there is nothing; what it finds must be found by a fine one."""
    if _breaks(partial(walk, grain=Grain.COARSE), rule):
        yield from _turned(walk(enough=_broken(rule)), rule)


def _breaks(walk: Callable[..., Explored], rule: Rule) -> bool:
    """Whether a rough walk ends early, at a turn that breaks the rule or that can't be made."""
    try:
        return walk(enough=_broken(rule)).stopped
    except OtherCase:
        return True


def _broken(rule: Rule) -> Callable[[Way], bool]:
    return lambda way: any(rule(way.turn))


def _turned(found: Explored, rule: Rule) -> Iterator[Suspect]:
    for node, way, taken in found.turns():
        for breach in rule(way.turn):
            yield Suspect(
                found=found, breach=breach, node=node, last=((way, taken),), shown=again(way.turn, rule)
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
                        found=found, breach=breach, node=node, last=((way, here),), shown=unanswered,
                        cells=True,
                    )  # fmt: skip
    return Suspect(found=found, breach=breach)


def _worst(verdicts: Iterable[Verdict]) -> Verdict:
    found = set(verdicts)
    return next(
        (one for one in (Verdict.REFUTED, Verdict.NOT_DECIDED) if one in found), Verdict.PROVED
    )


def _counts(found: Explored) -> dict[str, int]:
    return {
        "states": len(found.definition.states),
        "cells": sum(len(one.cells) for one in found.regions.space.coordinates.values()),
        "nodes": len(found.nodes),
        "decisions": found.decisions,
    }


def _undecided(definition: Definition, why: str) -> Judgement:
    undecided = dict.fromkeys(RULES, Verdict.NOT_DECIDED)
    finding = Finding(
        rule="all", verdict=Verdict.NOT_DECIDED, line=1,
        message=why, remedy="Say it in a simpler way: split the pathway, or let tables read fewer fields.",
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
