"""The closed list of metrics: name, kind, meaning, and every label with its vocabulary. Pure.

An `Observer` refuses what is not listed (`check`). Vocabularies that come from a site or a release (pathways,
states, connections) are given as `Known`; no label ever takes free text or patient data (I13).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from carelane.cases.model import Disposition, EffectState
from carelane.facts.fact import Actor
from carelane.pathways.definition import Definition


class Kind(StrEnum):
    """Prometheus types used here."""

    COUNTER = "counter"
    HISTOGRAM = "histogram"
    GAUGE = "gauge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric. A label's values are a closed tuple, or the name of a vocabulary of `Known`."""

    name: str
    kind: Kind
    help: str
    labels: Mapping[str, tuple[str, ...] | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The vocabularies of this site and its releases."""

    connections: frozenset[str] = frozenset()
    capabilities: frozenset[str] = frozenset()
    pathways: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()  # `pathway/state`

    def of(self, name: str) -> frozenset[str]:
        """A vocabulary by name."""
        found: Mapping[str, frozenset[str]] = {
            "connections": self.connections,
            "capabilities": self.capabilities,
            "pathways": self.pathways,
            "states": self.states,
        }
        return found[name]


_ACTORS = tuple(actor.value for actor in Actor)
_ENDS = ("outcome", "event", "expired", "undone", "overridden", "effect", "cancelled")

METRICS: tuple[Metric, ...] = (
    Metric(name="carelane_steps_started_total", kind=Kind.COUNTER, help="Waits opened.",
           labels={"state": "states", "actor": _ACTORS}),
    Metric(name="carelane_steps_ended_total", kind=Kind.COUNTER, help="Waits ended.",
           labels={"state": "states", "actor": _ACTORS, "outcome": _ENDS}),
    Metric(name="carelane_step_seconds", kind=Kind.HISTOGRAM, help="How long waits took.",
           labels={"state": "states", "outcome": _ENDS}),
    Metric(name="carelane_clock_late_seconds", kind=Kind.HISTOGRAM, help="How late clocks were noticed."),
    Metric(name="carelane_message_seconds", kind=Kind.HISTOGRAM, help="From receipt to interpretation.",
           labels={"connection": "connections", "outcome": ("facts", "no mapping", "quarantined", "rejected")}),
    Metric(name="carelane_facts_decided_total", kind=Kind.COUNTER, help="Facts decided.",
           labels={"disposition": tuple(each.value for each in Disposition), "actor": _ACTORS}),
    Metric(name="carelane_effects_total", kind=Kind.COUNTER, help="Changes of effects, by the state they reached.",
           labels={"connection": "connections", "capability": "capabilities",
                   "state": tuple(each.value for each in EffectState)}),
    Metric(name="carelane_effect_seconds", kind=Kind.HISTOGRAM, help="From claim to settlement of one attempt.",
           labels={"connection": "connections", "capability": "capabilities"}),
    Metric(name="carelane_sweep_doubles_total", kind=Kind.COUNTER, help="Identifiers held by another number than one.",
           labels={"connection": "connections"}),
    Metric(name="carelane_messages_total", kind=Kind.COUNTER, help="Messages, by what became of them.",
           labels={"connection": "connections",
                   "outcome": ("facts", "no mapping", "quarantined", "rejected", "duplicate", "conflict", "accepted")}),
    Metric(name="carelane_connection_open", kind=Kind.GAUGE, help="1 while the circuit breaker is open.",
           labels={"connection": "connections"}),
    Metric(name="carelane_open_tasks", kind=Kind.GAUGE, help="Open tasks.", labels={"pathway": "pathways"}),
    Metric(name="carelane_ledger_balanced", kind=Kind.GAUGE, help="1 while a law of conservation balances.",
           labels={"law": ("messages", "facts", "cases", "effects")}),
)  # fmt: skip
BY_NAME: Mapping[str, Metric] = {metric.name: metric for metric in METRICS}


def known_of(definitions: Iterable[Definition], connections: Iterable[str]) -> Known:
    """The vocabularies of these releases and connections."""
    pathways = tuple(definitions)
    return Known(
        connections=frozenset(connections),
        capabilities=frozenset(e.capability for d in pathways for e in d.effects.values())
        | {"staff.alert"},
        pathways=frozenset(each.name for each in pathways),
        states=frozenset(f"{each.name}/{state}" for each in pathways for state in each.states),
    )


def faults(name: str, labels: Mapping[str, str], known: Known) -> tuple[str, ...]:
    """What is wrong with a measurement, as sentences without the value; empty if it may be recorded."""
    metric = BY_NAME.get(name)
    if metric is None:
        return ("it is not in the list of metrics",)
    found = [
        f"label {label} does not belong to it" for label in labels if label not in metric.labels
    ]
    for label, vocabulary in metric.labels.items():
        allowed = known.of(vocabulary) if isinstance(vocabulary, str) else vocabulary
        if label not in labels:
            found.append(f"label {label} is missing")
        elif labels[label] not in allowed:
            found.append(f"label {label} has a value outside its vocabulary")
    return tuple(found)
