"""Who looks and acts: what the rooms above know of the person, passed down with each call."""

from collections.abc import Sequence
from dataclasses import dataclass

from carelane.directory.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """A person with sites, pools and roles, acting for a purpose (v3 PurposeOfUse, `TREAT`)."""

    person: str
    sites: tuple[str, ...] = ()
    pools: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    purpose: str = "TREAT"
    licensed: bool = False

    def owns(self, kind: str, name: str) -> bool:
        """Whether work owned by this pool, role or person is this person's to take."""
        mine: Sequence[str] = {
            "pool": self.pools,
            "role": self.roles,
            "person": (self.person,),
        }.get(kind, ())
        return name in mine


def display(directory: Snapshot, person: str) -> str:
    """The name to show for a person, or the short name if the directory does not know it."""
    known = directory.people.get(person)
    return known.display if known else person
