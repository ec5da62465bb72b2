"""Every state of every shipped pathway is measured: a metric when a wait begins, metric and span when it ends."""

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from carelane.cases import advance
from carelane.cases.model import Step, View
from carelane.engine.measure import interpreted, marks, received, told
from carelane.engine.telemetry import Telemetry
from carelane.facts.replacing import replace
from carelane.measures.names import METRICS, faults, known_of
from carelane.pathways.definition import Definition
from carelane.pathways.trial import read_trials
from carelane.proofs import playing
from carelane.proofs.trials import run_trial
from tools.house.tree import ROOT
from tools.retention_table import definitions

SHIPPED = {each.name: each for each in definitions()}


def lived(definition: Definition, monkeypatch: pytest.MonkeyPatch) -> list[Step]:
    """Every decision of the pathway's own text tests."""
    found: list[Step] = []

    def kept(view: View, decided: Step) -> View:
        found.append(decided)
        return advance(view, decided)

    monkeypatch.setattr(playing, "advance", kept)
    text = (ROOT / "pathways" / "tests" / f"{definition.name}.txt").read_text(encoding="utf-8")
    cases, problems = read_trials(text, definition)
    assert not problems.problems
    for each in cases:
        run_trial(definition, each)
    return found


def lived_through(definition: Definition, monkeypatch: pytest.MonkeyPatch) -> list[Step]:
    """The same, and each state that no text test enters or leaves, grafted into decisions that were taken."""
    steps = lived(definition, monkeypatch)
    opening = next(s for s in steps if any(change.opened for change in s.changes))
    closing = next(s for s in steps if any(change.closed for change in s.changes))
    begun = {one.state for s in steps for change in s.changes for one in change.opened}
    ended = {one.state for s in steps for change in s.changes for one, _ in change.closed}
    waits = {each.name for each in definition.states.values() if not each.final}
    return [
        *steps,
        *(grafted(opening, state) for state in sorted(waits - begun)),
        *(grafted(closing, state) for state in sorted(waits - ended)),
    ]


def grafted(step: Step, state: str) -> Step:
    """A decision with other states in its waits."""
    changes = tuple(
        replace(
            change,
            opened=tuple(replace(one, state=state) for one in change.opened),
            closed=tuple((replace(one, state=state), how) for one, how in change.closed),
        )
        for change in step.changes
    )
    return replace(step, changes=changes)


def told_to(telemetry: Telemetry, steps: Iterable[Step]) -> dict[str, set[str]]:
    """The states that each series of `/metrics` names, after these decisions."""
    told(telemetry, steps)
    found: dict[str, set[str]] = {}
    for family in telemetry.registry.collect():
        for sample in family.samples:
            if "state" in sample.labels and sample.value:
                found.setdefault(sample.name, set()).add(sample.labels["state"])
    return found


def silent(definition: Definition, series: dict[str, set[str]]) -> dict[str, set[str]]:
    """By series, the waiting states of a pathway that it does not name."""
    waits = {
        f"{definition.name}/{each.name}" for each in definition.states.values() if not each.final
    }
    wanted = (
        "carelane_steps_started_total",
        "carelane_steps_ended_total",
        "carelane_step_seconds_count",
    )
    return {name: left for name in wanted if (left := waits - series.get(name, set()))}


@pytest.mark.requirement("R29", "R32", "R175")
@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.requirement("R171")
def test_every_waiting_state_is_measured_when_it_begins_and_ends(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    definition = SHIPPED[name]
    steps = lived_through(definition, monkeypatch)
    assert silent(definition, told_to(Telemetry(), steps)) == {}


def test_a_state_that_is_not_measured_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mutant that tells of beginnings or of ends only, or forgets one state, is seen."""
    definition = SHIPPED["critical-result"]
    steps = lived_through(definition, monkeypatch)
    forgetful = [
        s for s in steps if not any(o.state == "call" for c in s.changes for o in c.opened)
    ]
    missed = silent(definition, told_to(Telemetry(), forgetful))
    assert missed["carelane_steps_started_total"] == {"critical-result/call"}
    unended = [replace(s, changes=tuple(replace(c, closed=()) for c in s.changes)) for s in steps]
    missed = silent(definition, told_to(Telemetry(), unended))
    assert set(missed) == {"carelane_steps_ended_total", "carelane_step_seconds_count"}


@pytest.mark.invariant("I13")
@pytest.mark.parametrize("name", SHIPPED)
def test_all_labels_come_from_closed_lists(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    known = known_of(SHIPPED.values(), ["ehr"])
    for step in lived(SHIPPED[name], monkeypatch):
        for mark in marks(step):
            assert faults(_listed(mark.name), mark.labels, known) == (), mark.name


def _listed(name: str) -> str:
    return name if name in {each.name for each in METRICS} else f"{name} is not listed"


def test_who_ended_a_wait_and_how_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    telemetry = Telemetry()
    told(telemetry, lived(SHIPPED["critical-result"], monkeypatch))
    ends = [
        (sample.labels["actor"], sample.labels["outcome"])
        for family in telemetry.registry.collect()
        for sample in family.samples
        if sample.name == "carelane_steps_ended_total"
    ]
    assert {("person", "outcome"), ("clock", "expired")} <= set(ends)
    assert b"carelane_clock_late_seconds_count" in telemetry.text()


def test_waits_messages_and_effects_are_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    telemetry = Telemetry(provider.get_tracer("test"))
    steps = lived(SHIPPED["critical-result"], monkeypatch)
    told(telemetry, steps)
    interpreted(telemetry, "lab", steps[0].now, [("facts", steps[0].now)])
    labels = {"connection": "ehr", "capability": "ehr.referral.update"}
    telemetry.observe("carelane_effect_seconds", labels, 2.0)
    found = spans.get_finished_spans()
    assert {each.name for each in found} >= {
        "carelane_step_seconds",
        "carelane_message_seconds",
        "carelane_effect_seconds",
    }
    assert _seconds(
        next(each for each in found if each.name == "carelane_effect_seconds")
    ) == pytest.approx(2.0)
    ended = sum(len(change.closed) for step in steps for change in step.changes)
    assert len([each for each in found if each.name == "carelane_step_seconds"]) == ended


def _seconds(span: ReadableSpan) -> float:
    assert span.start_time is not None
    assert span.end_time is not None
    return (span.end_time - span.start_time) / 1e9


def test_connections_tell_what_they_took_and_what_it_became() -> None:
    telemetry = Telemetry()
    received(telemetry, [("lab", "accepted"), ("lab", "duplicate")])
    now = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
    interpreted(telemetry, "lab", now, [("facts", now)])
    text = telemetry.text().decode()
    for outcome in ("accepted", "duplicate", "facts"):
        assert f'carelane_messages_total{{connection="lab",outcome="{outcome}"}} 1.0' in text
    assert "carelane_message_seconds_count" in text
