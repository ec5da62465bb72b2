"""What a process sends with: its runtime, the site's destinations and their senders, by connection name."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from carelane.effects.destinations import Destination
from carelane.effects.flight import Flight
from carelane.effects.release_templates import ReleaseTemplates
from carelane.effects.settlement import Terms
from carelane.engine.chance import full_jitter
from carelane.engine.runtime import Runtime
from carelane.facts.ports import Capability, Sender


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """Made by `compose`; every destination has a sender of the same name."""

    runtime: Runtime
    destinations: Mapping[str, Destination]
    senders: Mapping[str, Sender] = field(repr=False)
    templates: ReleaseTemplates = field(default_factory=ReleaseTemplates, repr=False)

    def capability(self, flight: Flight) -> Capability | None:
        """What its connection says about this effect, or None if it can't do it."""
        return self.senders[flight.connection].capabilities().get(flight.capability)

    def terms(self, flight: Flight) -> Terms:
        """Limits, class, instant and dice for judging this effect."""
        destination = self.destinations[flight.connection]
        return Terms(
            destination=destination,
            capability=self.capability(flight),
            now=self.runtime.now(),
            jitter=lambda n: full_jitter(
                n, base=destination.retry_base, limit=destination.retry_limit
            ),
        )
