"""What a pathway declares, by kind: the scope in which its guards, edges and tables are read."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from carelane.facts.fact import Urgency
from carelane.pathways.definition import Input, InputType
from carelane.pathways.findings import Findings, Place
from carelane.pathways.grammar import parse
from carelane.pathways.guard import ALWAYS, Guard
from carelane.pathways.reader import Node, Text

URGENCIES = tuple(one.name.lower() for one in Urgency)
STAYS = ("stay", "again")


@dataclass(slots=True, kw_only=True)
class Names:
    """Declared names by kind, gathered before anything that uses them is read."""

    findings: Findings
    fields: Mapping[str, Input] = field(default_factory=dict)  # what guards read, by name
    variables: Mapping[str, Input] = field(default_factory=dict)
    copied: frozenset[str] = frozenset()
    tables: frozenset[str] = frozenset()
    outputs: Mapping[str, str] = field(default_factory=dict)  # table output -> type
    events: frozenset[str] = frozenset()
    tasks: frozenset[str] = frozenset()
    effects: frozenset[str] = frozenset()
    pools: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    counters: frozenset[str] = frozenset()

    def guard(self, node: Node | None) -> Guard:
        """The guard a scalar says; `always` when absent or wrong."""
        if node is None:
            return ALWAYS
        if not isinstance(node, Text):
            self.findings.add("not-text", node.at, "A guard is one text.", 'Write "field = value".')
            return ALWAYS
        guard, slips = parse(node.text, self.fields)
        for slip in slips:
            self.findings.add("guard", node.inside(slip.column), slip.message, slip.remedy)
        return ALWAYS if guard is None else guard

    def use(self, what: str, name: str, at: Place) -> str:
        """The name, checked to be a declared `pool`, `state`, `effect`, ...; else noted."""
        known = self.known(what)
        if name and name not in known:
            self.findings.unknown(what, name, at, known)
        return name

    def known(self, what: str) -> frozenset[str]:
        """All declared names of a kind."""
        kinds: dict[str, frozenset[str]] = {
            "copied field": self.copied,
            "table output": frozenset(self.outputs),
            "event": self.events,
            "task": self.tasks,
            "effect": self.effects,
            "pool": self.pools,
            "role": self.roles,
            "pool or role": self.pools | self.roles,
            "state": self.states,
            "variable": frozenset(self.variables),
        }
        return kinds[what]


def counter(name: str) -> Input:
    """A counter as guards see it."""
    return Input(name=name, path="", type=InputType.INTEGER)
