"""Recorded vectors as `cases.step` reads them: facts whose payload is the vector, releases that read from it.

A release for replay is the very release with one change: each input is read from where the vector has its value,
instead of from where the source's payload had it. States, tables, guards, clocks, tasks and effects are untouched.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from carelane.cases.model import Definitions, Late
from carelane.facts.fact import Actor, Fact, Urgency
from carelane.facts.phi import Phi
from carelane.facts.replacing import replace
from carelane.pathways.definition import Definition, Input, Reduce
from carelane.proofs.events import Heard

ROLE = "recorded"


def for_replay(definition: Definition, recorded: Mapping[str, Input] | None = None) -> Definition:
    """The release reading its inputs from vectors; `recorded` are the declarations that made them (its own if None).

    An input that is declared otherwise than it was recorded reads as missing: see `unrecorded`.
    """
    made = definition.inputs if recorded is None else recorded
    inputs = {
        name: _rooted(definition.name, given, same=_same(given, made.get(name)))
        for name, given in definition.inputs.items()
    }
    return replace(definition, inputs=inputs)


def unrecorded(definition: Definition, recorded: Mapping[str, Input]) -> tuple[str, ...]:
    """The inputs that the vectors can't give this release as it would have read them."""
    return tuple(
        name for name, given in definition.inputs.items() if not _same(given, recorded.get(name))
    )


def place(pathway: str, name: str, *, same: bool = True) -> str:
    """The payload part that has an input: one each, so that what is missing costs one look.

    What was not recorded as it is declared has a place of its own, which is empty.
    """
    return f"{pathway}/{name}" if same else f"{pathway}?/{name}"


def _rooted(pathway: str, given: Input, *, same: bool) -> Input:
    return replace(
        given,
        path=place(pathway, given.name, same=same),
        reduce=Reduce.FIRST,
        aliases={},
        phrase_table="",
        phrases={},
    )


def _same(given: Input, made: Input | None) -> bool:
    """Whether both declarations read the same value of the same payload."""
    return made is not None and replace(given, raise_only=made.raise_only) == made


def fact_of(heard: Heard, subject: UUID, organisation: UUID) -> Fact:
    """The fact with its vector for a payload."""
    payload = dict(heard.said)
    for pathway, values in heard.read.items():
        payload.update((f"{pathway}/{name}", value) for name, value in values.items())
    return Fact(
        id=heard.id,
        type=heard.type,
        subject=subject,
        organisation=organisation,
        occurred_at=heard.occurred_at,
        recorded_at=heard.recorded_at,
        payload=Phi(payload, ROLE),
        keys=heard.keys,
        refers=heard.refers,
        entity=heard.entity or None,
        urgency=Urgency(heard.urgency),
        actor=Actor(heard.actor),
        actor_name=heard.actor_name,
        identity=heard.identity,
        connection=heard.connection or None,
        origin=heard.origin,
        correlation=heard.correlation,
        site=heard.site or None,
        service_line=heard.service_line or None,
    )


Lates = Callable[[int], Late]
"""What is late-bound, by the directory's version."""


class InForce(Protocol):
    """Which releases were in force for a fact, then; `releases.backtest` has it from a recording's activations."""

    def of(self, fact: Fact, now: datetime) -> Definitions:
        """What `step` is given."""

    def elsewhere(self, fact: Fact, here: Definitions, now: datetime) -> bool:
        """Whether a pathway that hears such facts was in force, but not for this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The releases of a recording as they were in force, one of them perhaps taken by another."""

    pinned: Mapping[str, Definition]
    in_force: InForce
    instead: tuple[str, Definition] | None = None  # (digest of the old, the new)

    def opening(self, given: Definitions, pathway: str, release: str) -> Definitions:
        """The same, with the release that a case was opened by: a process may see an activation seconds late."""
        if any(self._was(each) == release for each in given.active) or release not in self.pinned:
            return given
        active = [each for each in given.active if each.name != pathway]
        return replace(given, active=(*active, self._taken(release)))

    def _was(self, definition: Definition) -> str:
        if self.instead is not None and definition is self.instead[1]:
            return self.instead[0]
        return definition.digest

    def _taken(self, digest: str) -> Definition:
        if self.instead is not None and digest == self.instead[0]:
            return self.instead[1]
        return self.pinned[digest]
