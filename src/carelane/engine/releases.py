"""Releases in force in this process: by digest for running cases, by scope for new ones."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from carelane.cases.model import Definitions
from carelane.engine.scope import EVERYWHERE, Scope
from carelane.facts.fact import Fact
from carelane.pathways import inputs, tables
from carelane.pathways.definition import Definition


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """A release in force from an instant on, in a scope."""

    release: str
    pathway: str
    scope: Scope = EVERYWHERE
    from_at: datetime
    to_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Releases:
    """All published releases by digest, and the activations, newest last. `recalled` ones start nothing."""

    published: Mapping[str, Definition]
    activations: tuple[Activation, ...]
    recalled: frozenset[str] = frozenset()
    _placed: dict[tuple[str, str], tuple[Definition, ...]] = field(
        default_factory=dict, repr=False, compare=False
    )
    _narrowest: list[Activation] = field(default_factory=list, repr=False, compare=False)
    _laned: list[Activation] = field(default_factory=list, repr=False, compare=False)
    _cancels: set[str] = field(default_factory=set, repr=False, compare=False)
    _heard: dict[str, set[str]] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._cancels.update(cancel_class(self.published.values()))
        in_force = (each for each in self.activations if each.to_at is None)
        wider_first = sorted(in_force, key=lambda each: (len(each.scope.parts()), each.from_at))
        self._narrowest.extend(wider_first)
        self._laned.extend(each for each in wider_first if each.scope.laned)
        for each in wider_first:
            for event in self.published[each.release].events:
                self._heard.setdefault(event, set()).add(each.pathway)

    def cancels(self, fact_type: str) -> bool:
        """True if a pending fact of this type stops new effects of its subject (I6)."""
        return fact_type in self._cancels

    def elsewhere(self, fact_type: str, here: Definitions) -> bool:
        """True if a pathway hears this type, and is in force, but not here."""
        heard = self._heard.get(fact_type)
        return heard is not None and not heard <= {each.name for each in here.active}

    def active(self, place: Scope) -> tuple[Definition, ...]:
        """The releases in force at a place: of each pathway the one whose scope is the narrowest there."""
        at = (place.site, place.service_line)
        if at not in self._placed:
            self._placed[at] = self._chosen(
                each for each in self._narrowest if place.within(each.scope)
            )
        return self._placed[at]

    def of(self, fact: Fact) -> Definitions:
        """What `cases.step` is given for a fact."""
        place = Scope(site=fact.site or "", service_line=fact.service_line or "")
        if not self._laned:
            return Definitions(pinned=self.published, active=self.active(place))
        fitting = (each for each in self._narrowest if self._takes(each, fact, place))
        return Definitions(pinned=self.published, active=self._chosen(fitting))

    def _chosen(self, fitting: Iterable[Activation]) -> tuple[Definition, ...]:
        chosen = {each.pathway: each.release for each in fitting}  # the last is the narrowest
        return tuple(self.published[release] for release in chosen.values())

    def _takes(self, activation: Activation, fact: Fact, place: Scope) -> bool:
        if not activation.scope.laned:
            return place.within(activation.scope)
        definition = self.published[activation.release]
        return replaced(place, lanes(definition, fact)).within(activation.scope)


def replaced(place: Scope, lane: Mapping[str, str]) -> Scope:
    """A place with what the fact is about."""
    return Scope(
        site=place.site,
        service_line=place.service_line,
        referral_type=lane.get("referral_type", ""),
        scheduling_lane=lane.get("scheduling_lane", ""),
    )


def lanes(definition: Definition, fact: Fact) -> dict[str, str]:
    """The referral type or scheduling lane of a fact, as this release reads it; nothing where it says none."""
    if not definition.lanes:
        return {}
    read = inputs.read(definition.inputs, fact.payload.reveal())
    known, _ = tables.evaluate(definition.tables, read, now=fact.recorded_at)
    found = {key: known.get(name) for key, name in definition.lanes.items()}
    return {key: str(value) for key, value in found.items() if value is not None}


def cancel_class(definitions: Iterable[Definition]) -> set[str]:
    """The event names that any release declares as cancelling."""
    return {name for each in definitions for name, event in each.events.items() if event.cancels}
