"""Recorded vectors as `cases.step` reads them: facts whose payload is the vector, releases that read from it.

A release for replay is the very release with one change: each input is read from where the vector has its value,
instead of from where the source's payload had it. States, tables, guards, clocks, tasks and effects are untouched.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from carelane.cases.model import Definitions, Late
from carelane.facts.fact import Actor, Fact, Urgency
from carelane.facts.phi import Phi
from carelane.pathways.definition import Definition, Input, Reduce
from carelane.proofs.events import Active, Header, Heard

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
        given, path=place(pathway, given.name, same=same), reduce=Reduce.FIRST, aliases={}
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


@dataclass(slots=True, kw_only=True)
class World:
    """The releases of a recording as they were in force, one of them perhaps taken by another."""

    pinned: Mapping[str, Definition]
    activations: Sequence[Active]
    instead: tuple[str, Definition] | None = None  # (digest of the old, the new)
    _instants: tuple[datetime, ...] = ()
    _scoped: dict[tuple[str, str, int], Definitions] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ends = [each.to_at for each in self.activations if each.to_at is not None]
        self._instants = tuple(sorted({*(each.from_at for each in self.activations), *ends}))
        if self.instead is not None:
            self.pinned = {**self.pinned, self.instead[1].digest: self.instead[1]}

    def at(self, site: str, service_line: str, now: datetime) -> Definitions:
        """What `step` is given for a fact of this scope, then."""
        epoch = sum(1 for each in self._instants if each <= now)
        key = (site, service_line, epoch)
        found = self._scoped.get(key)
        if found is None:
            chosen = self._chosen(site, service_line, now)
            found = self._scoped[key] = Definitions(
                pinned=self.pinned, active=tuple(self._taken(each) for each in chosen)
            )
        return found

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

    def _chosen(self, site: str, service_line: str, now: datetime) -> list[str]:
        """The most specific activation of each pathway, then the newest (as `engine.releases`)."""
        fitting = [
            each
            for each in self.activations
            if each.from_at <= now
            and (each.to_at is None or now < each.to_at)
            and each.site in {"", site}
            and each.service_line in {"", service_line}
        ]
        chosen: dict[str, str] = {}
        for each in sorted(
            fitting, key=lambda one: (bool(one.site) + bool(one.service_line), one.from_at)
        ):
            chosen[each.pathway] = each.release
        return list(chosen.values())


def world(header: Header, definitions: Mapping[str, Definition]) -> World:
    """The recording's own world; `definitions` are its releases as published, by digest."""
    pinned = {digest: for_replay(each) for digest, each in definitions.items()}
    return World(pinned=pinned, activations=header.activations)
