"""What a recording says was in force and late-bound, by the very rules of the engine, at each instant of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from carelane.cases.model import Definitions, Late
from carelane.engine.late import Bound
from carelane.engine.releases import Activation, Releases
from carelane.engine.scope import Scope
from carelane.facts.fact import Fact
from carelane.pathways.definition import Definition
from carelane.proofs.events import Active, EventsFault, Header, snapshot_of


class RecordedForce:
    """`engine.Releases` as they were, from one change of what is in force to the next."""

    def __init__(self, activations: Sequence[Active], published: Mapping[str, Definition]) -> None:
        self._activations = activations
        self._published = published
        ends = {each.to_at for each in activations if each.to_at is not None}
        self._changes = sorted({each.from_at for each in activations} | ends)
        self._known: dict[int, Releases] = {}

    def of(self, fact: Fact, now: datetime) -> Definitions:
        """What `step` is given."""
        return self._at(now).of(fact)

    def elsewhere(self, fact: Fact, here: Definitions, now: datetime) -> bool:
        """Whether a pathway that hears such facts was in force, but not for this one."""
        return self._at(now).elsewhere(fact.type, here)

    def _at(self, now: datetime) -> Releases:
        epoch = sum(1 for each in self._changes if each <= now)
        if epoch not in self._known:
            self._known[epoch] = Releases(
                self._published,
                tuple(
                    _activation(each)
                    for each in self._activations
                    if each.from_at <= now and (each.to_at is None or now < each.to_at)
                ),
            )
        return self._known[epoch]


def _activation(active: Active) -> Activation:
    scope = Scope(
        site=active.site,
        service_line=active.service_line,
        referral_type=active.referral_type,
        scheduling_lane=active.scheduling_lane,
    )
    return Activation(
        release=active.release, pathway=active.pathway, scope=scope, from_at=active.from_at
    )


class RecordedLate:
    """Owners, calendars and settings of each version of the directory that decided."""

    def __init__(self, head: Header) -> None:
        self._directories = {each.version: each for each in head.directories}
        self._bound: dict[int, Late] = {}

    def at(self, version: int) -> Late:
        """The answers of one version.

        Raises:
            EventsFault: it was not recorded.
        """
        if version not in self._bound:
            known = self._directories.get(version)
            if known is None:
                raise EventsFault(f"directory {version} is not among the recorded ones")
            self._bound[version] = Bound(snapshot_of(known))
        return self._bound[version]
