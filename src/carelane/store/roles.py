"""The database's roles, and the addresses by which each is reached.

Four roles, none a superuser and none past row-level security (TRUST.md I12). `embedded.py` and
`external.py` make them; the migrations grant to them by these names; `pool.py` checks them again.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """A role's name in PostgreSQL."""

    OWNER = "carelane_owner"  # owns the schema; migrations only
    APP = "carelane_app"  # listeners and portal: a person's or a connection's scope
    WORKER = "carelane_worker"  # drainers and senders: one organisation
    AUDIT = "carelane_audit"  # sequencer and verifier: reads leaves, writes the tree


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseUrls:
    """One database's address per role; each holds a password and is never printed.

    `superuser` exists for the embedded server only: it makes databases and roles.
    """

    owner: str = field(repr=False)
    app: str = field(repr=False)
    worker: str = field(repr=False)
    audit: str = field(repr=False)
    superuser: str | None = field(default=None, repr=False)

    def of(self, role: Role) -> str:
        """The address for `role`."""
        return {
            Role.OWNER: self.owner,
            Role.APP: self.app,
            Role.WORKER: self.worker,
            Role.AUDIT: self.audit,
        }[role]
