"""Releases in force in this process: by digest for running cases, by scope for new ones."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from carelane.cases.model import Definitions
from carelane.pathways.definition import Definition


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """A release in force from an instant on, for a site and service line (empty: everywhere)."""

    release: str
    pathway: str
    site: str = ""
    service_line: str = ""
    from_at: datetime
    to_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Releases:
    """All published releases by digest, and the activations, newest last."""

    published: Mapping[str, Definition]
    activations: tuple[Activation, ...]
    _scoped: dict[tuple[str, str], tuple[Definition, ...]] = field(
        default_factory=dict, repr=False, compare=False
    )
    _cancels: set[str] = field(default_factory=set, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._cancels.update(cancel_class(self.published.values()))

    def cancels(self, fact_type: str) -> bool:
        """True if a pending fact of this type stops new effects of its subject (I6)."""
        return fact_type in self._cancels

    def active(self, site: str, service_line: str) -> tuple[Definition, ...]:
        """The releases in force in a scope: the most specific activation of each pathway wins, then the newest."""
        scope = (site, service_line)
        if scope not in self._scoped:
            self._scoped[scope] = tuple(
                self.published[each.release] for each in self._chosen(site, service_line)
            )
        return self._scoped[scope]

    def _chosen(self, site: str, service_line: str) -> Iterable[Activation]:
        chosen: dict[str, Activation] = {}
        fitting = (a for a in self.activations if a.to_at is None and a.site in ("", site)
                   and a.service_line in ("", service_line))  # fmt: skip
        for each in sorted(fitting, key=lambda a: (bool(a.site) + bool(a.service_line), a.from_at)):
            chosen[each.pathway] = each
        return chosen.values()

    def scope(self, site: str, service_line: str) -> Definitions:
        """What `cases.step` is given."""
        return Definitions(pinned=self.published, active=self.active(site, service_line))


def cancel_class(definitions: Iterable[Definition]) -> set[str]:
    """The event names that any release declares as cancelling."""
    return {name for each in definitions for name, event in each.events.items() if event.cancels}
