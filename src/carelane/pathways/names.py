"""What a pathway declares, by kind: the scope in which its guards, edges and tables are read."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from carelane.facts.fact import Urgency
from carelane.pathways.definition import EffectKind, Input, InputType, Table, TaskKind
from carelane.pathways.findings import Findings, Place
from carelane.pathways.grammar import parse
from carelane.pathways.guard import ALWAYS, Guard
from carelane.pathways.judge import fields_of
from carelane.pathways.reader import Node, Text
from carelane.pathways.shape import Part

URGENCIES = tuple(one.name.lower() for one in Urgency)
STAYS = ("stay", "again")


@dataclass(slots=True, kw_only=True)
class Names:
    """Declared names by kind, gathered before anything that uses them is read.

    Inside a block the scope is narrower: `elsewhere` are states of other regions, `guarded` what another
    region writes. `prefixes` say, for kinds that are local here, what goes before a name in the whole pathway.
    """

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
    elsewhere: frozenset[str] = frozenset()
    guarded: frozenset[str] = frozenset()
    reads: Mapping[str, frozenset[str]] = field(
        default_factory=dict
    )  # output -> what it comes from
    prefixes: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[tuple[str, str], tuple[str, ...]] = field(
        default_factory=dict
    )  # collect tables
    answer: str = ""  # the answer that a `for_each` is read for
    given: Mapping[str, str] = field(default_factory=dict)  # a call's copied fields -> the caller's
    later: list["Later"] = field(
        default_factory=list
    )  # what can be checked once all states are read
    calls: Mapping[str, "Sub"] = field(default_factory=dict)  # by the calling state

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
        if guard is None:
            return ALWAYS
        for name in fields_of(guard) if self.guarded else ():
            self.read(name, node.inside(node.text.find(name) + 1))
        return guard

    def read(self, name: str, at: Place) -> None:
        """Note a read of what a region beside this one may still be writing."""
        if {name, *self.reads.get(name, ())} & self.guarded:
            self.findings.add(
                "region-reads",
                at,
                f"`{name}` is not settled before the regions are joined.",
                "Ask it in the block's `then`, or after the block.",
            )

    def write(self, name: str, at: Place) -> None:
        """Note a write to what a region beside this one writes too."""
        if name in self.guarded:
            self.findings.add(
                "region-writes",
                at,
                f"`{name}` is written in another region too.",
                "Give each region a name of its own.",
            )

    def copied_name(self, name: str) -> str:
        """The copied field that a name stands for here."""
        return self.given.get(name, name)

    def whole(self, what: str, name: str) -> str:
        """The name in the whole pathway of something that may be local here."""
        return f"{self.prefixes.get(what, '')}{name}"

    def within(self, states: frozenset[str], guarded: frozenset[str]) -> "Names":
        """The scope of one region: its own states, and what it must leave alone."""
        beside = (self.elsewhere | self.states) - states
        return replace(self, states=states, elsewhere=beside, guarded=self.guarded | guarded)

    def each(self, block: str, answer: str, counters: frozenset[str]) -> "Names":
        """The scope of one answer of a `for_each`: its states and counters have names of their own."""
        prefix = f"{block}/{answer}/"
        mine = {name: counter(f"{prefix}{name}") for name in counters}
        prefixes = {**self.prefixes, "state": prefix, "counter": prefix}
        return replace(self, prefixes=prefixes, fields={**self.fields, **mine}, answer=answer)

    def use(self, what: str, name: str, at: Place) -> str:
        """The name, checked to be a declared `pool`, `state`, `effect`, ...; else noted."""
        known = self.known(what)
        if what == "state" and name in self.elsewhere:
            self.findings.add(
                "region",
                at,
                f"`{name}` stands in another region.",
                "Lead to a state of this region; what ends or leaves a block stands on the block.",
            )
        elif name and name not in known:
            self.findings.unknown(what, name, at, known)
        if what == "copied field":
            return self.copied_name(name)
        return self.whole(what, name) if name else name

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """A clock of `block` pauses while the case stands in `inside`, a state in the block."""

    block: str
    inside: str
    findings: Findings
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Sub:
    """A sub-pathway as one state calls it: its text, its scope, and what it brings, by names in the whole pathway."""

    caller: str
    label: str
    top: Part
    scope: Names
    outcomes: tuple[str, ...]
    start: str
    inputs: Mapping[str, Input]
    variables: Mapping[str, Input]
    tables: Mapping[str, Table]
    tasks: Mapping[str, TaskKind]
    effects: Mapping[str, EffectKind]


def counter(name: str) -> Input:
    """A counter as guards see it."""
    return Input(name=name, path="", type=InputType.INTEGER)
