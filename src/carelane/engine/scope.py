"""Where a release is in force: site, service line, and at most one of referral type and scheduling lane. Pure.

An empty part says: everywhere. Scopes in force that meet must lie one within the other, so that of all that fit a fact
one is the narrowest; `releases` refuses others.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Scope:
    """A scope, or the place of one fact (then every part is its own)."""

    site: str = ""
    service_line: str = ""
    referral_type: str = ""
    scheduling_lane: str = ""

    def parts(self) -> Mapping[str, str]:
        """What is said, by name."""
        every = {each.name: str(getattr(self, each.name)) for each in fields(self)}
        return {name: value for name, value in every.items() if value}

    @property
    def laned(self) -> bool:
        """Whether it asks what a fact is about, and not only where it came from."""
        return bool(self.referral_type or self.scheduling_lane)

    def within(self, wider: "Scope") -> bool:
        """Whether whatever this scope takes, `wider` would take too."""
        mine = self.parts()
        return all(mine.get(name) == value for name, value in wider.parts().items())

    def meets(self, other: "Scope") -> bool:
        """Whether one fact could lie in both."""
        mine, theirs = self.parts(), other.parts()
        return all(mine[name] == theirs[name] for name in mine.keys() & theirs.keys())

    def ties(self, other: "Scope") -> bool:
        """Whether one fact could lie in both and neither is the narrower: nobody could say which release holds."""
        return self.meets(other) and not self.within(other) and not other.within(self)

    def words(self) -> str:
        """`site north, service line cardiology`; `everywhere` without any."""
        said = [f"{name.replace('_', ' ')} {value}" for name, value in self.parts().items()]
        return ", ".join(said) or "everywhere"


EVERYWHERE = Scope()
