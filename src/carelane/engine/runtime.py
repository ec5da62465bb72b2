"""What a process shares: databases, keys, releases, directory, clock and observer. Made by `compose`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from carelane.directory.snapshot import Snapshot
from carelane.engine.bell import Bell
from carelane.engine.lead import Lead
from carelane.engine.log import Log, current
from carelane.engine.releases import Releases
from carelane.facts.ports import Observer
from carelane.store.database import Database
from carelane.store.vault import Vault

PAUSE_S = 0.02


@dataclass(slots=True, kw_only=True)
class Runtime:
    """One organisation's engine in one process.

    `worker` decides in the organisation's scope; `app` reads in a person's scope (sites). `now` gives aware
    UTC instants; `attended` the time of those who sit at the screen, where a demo's clock runs ahead of them.
    `directory` is replaced as a whole when the site publishes a new version.
    """

    organisation: UUID
    process: str
    worker: Database
    app: Database
    vault: Vault
    now: Callable[[], datetime]
    observer: Observer
    directory: Snapshot
    releases: Releases
    bell: Bell = field(default_factory=Bell)
    lead: Lead = field(default_factory=Lead)
    log: Log = field(default_factory=current)
    attended: Callable[[], datetime] | None = None
    pause_s: float = PAUSE_S  # after a small batch, so that the next one is larger
    back_since: datetime | None = None  # set while clocks wait after a downtime (`engine.downtime`)
