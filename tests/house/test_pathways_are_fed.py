"""No shipped pathway waits for what nobody sends: each event, key and input comes of a mapping, a form or a pathway."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from carelane.facts.fact import Payload
from carelane.facts.vocabulary import FACTS
from carelane.intake.insured import WANTING
from carelane.pathways.definition import Definition, Edge, Emit
from carelane.pathways.inputs import read
from carelane.pathways.loading import load
from tests.house.samples import COVERAGE, drafts
from tools.house.tree import ROOT

FILES = sorted((ROOT / "pathways").glob("*.yaml"))
ADDED = {
    "authorisation.answered": {"placer_order"},
    "consent.withdrawn": {"effect", "request", "appointment"},
    "message.received": {"effect", "request", "appointment"},
    "message.replied": {"effect", "request", "appointment", "thread"},
    "request.received": {"request"},
}
"""Keys that intake adds: a request's own, and those of the case that a reply answers."""
UNFED: Mapping[str, str] = {}
"""What is read and not yet sent, as `pathway: event` or `pathway: input`, each with its reason."""


@cache
def shipped() -> dict[str, Definition]:
    """The shipped pathways that others open."""
    found = {}
    for path in FILES:
        definition, problems = load(path.read_bytes(), place=path.name)
        assert definition is not None, [one.line() for one in problems]
        found[path.stem] = definition
    return found


@cache
def sent() -> Mapping[str, list[tuple[Payload, frozenset[str]]]]:
    """What comes in, by type: payloads and keys."""
    found = defaultdict(list)
    for draft in drafts():
        payload: Payload = draft.payload.reveal()
        if draft.type in WANTING:
            payload = {"coverage": COVERAGE, **payload}
        found[draft.type].append((payload, frozenset(draft.keys)))
    return found


def edges(definition: Definition) -> Iterator[Edge]:
    """Every edge on which something may be sent."""
    yield definition.start
    yield from definition.everywhere.values()
    for state in definition.states.values():
        yield from (*state.on.values(), *state.outcomes.values(), *state.effect_outcomes.values())
        if state.fallback is not None and state.fallback.edge is not None:
            yield state.fallback.edge
        if state.block is not None:
            yield state.block.then


def emitted(definition: Definition) -> Iterator[Emit]:
    """What a pathway sends to other subjects."""
    for edge in edges(definition):
        for branch in edge.branches:
            yield from branch.emits
    for state in definition.states.values():
        yield from (*state.enter, *state.leave)


def by_pathways() -> Mapping[str, set[str]]:
    """Facts that pathways send each other, with the keys they carry."""
    found: dict[str, set[str]] = defaultdict(set)
    for definition in shipped().values():
        for emit in emitted(definition):
            named = {"slot"} if emit.to == "slot" else set()  # what is sent to a slot is about it
            found[emit.fact] |= {*emit.keys, *emit.carrying, *named}
        for event in definition.events.values():
            if event.none.reply:  # to whoever sent it, under what the sender named
                found[event.none.reply] |= {*event.keys, "slot"}
    return found


def unheard(definition: Definition) -> Iterator[str]:
    """Events that nobody sends, or that carry none of the keys they are found by."""
    own = by_pathways()
    for name, event in definition.events.items():
        if name == "case.closed":
            continue
        keys = (
            {key for _, named in sent().get(name, ()) for key in named}
            | ADDED.get(name, set())
            | own.get(name, set())
        )
        if name not in sent() and name not in own:
            yield f"{definition.name}: {name}"
        elif event.keys and not set(event.keys) & keys:
            yield f"{definition.name}: {name} by {'/'.join(event.keys)}"
        elif event.start is not None and event.start.unique not in keys:
            yield f"{definition.name}: {name} unique {event.start.unique}"


def carried(definition: Definition) -> set[str]:
    """What other pathways send along with the facts that this one hears."""
    return {
        name
        for other in shipped().values()
        for emit in emitted(other)
        if emit.fact in definition.events
        for name in emit.carrying
    }


def unread(definition: Definition) -> Iterator[str]:
    """Inputs that no fact the pathway hears, and no form of its own, ever gives a value."""
    forms = {field.name for task in definition.tasks.values() for field in task.form}
    along = carried(definition)
    payloads = [payload for name in definition.events for payload, _ in sent().get(name, ())]
    for name, given in definition.inputs.items():
        if given.path.startswith("task.form."):
            if given.path.removeprefix("task.form.") not in forms:
                yield f"{definition.name}: {name}"
        elif given.path in along:
            continue
        elif all(read({name: given}, payload)[name] in (None, 0) for payload in payloads):
            yield f"{definition.name}: {name}"


def test_every_fact_of_the_vocabulary_has_a_sample_here() -> None:
    """What no sample says can't be shown to be read."""
    identity = {name for name, kind in FACTS.items() if kind.identity}
    assert sorted(set(FACTS) - identity - set(sent())) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_pathway_hears_what_somebody_sends_and_reads_what_is_in_it(path: Path) -> None:
    """Without an exception that says why."""
    definition = shipped()[path.stem]
    found = {*unheard(definition), *unread(definition)}
    assert sorted(found - set(UNFED)) == []


def test_no_exception_outlives_its_reason() -> None:
    """What is fed by now is taken off the list; each says why it is there."""
    found = {one for each in shipped().values() for one in (*unheard(each), *unread(each))}
    assert sorted(set(UNFED) - found) == []
    assert all(UNFED.values())


def test_a_pathway_that_waits_for_nobody_is_noticed() -> None:
    """The check is not blind: a word that no form sends, an event that nobody emits, a key that nothing carries."""
    text = (ROOT / "pathways/nurse-triage.yaml").read_text("utf-8")
    for old, new, missing in (
        ("intake.complaint", "intake.complaints", "nurse-triage: complaint"),
        ("reading.received", "reading.arrived", "nurse-triage: reading.arrived"),
        ("keys: [device]", "keys: [slot]", "nurse-triage: reading.received by slot"),
    ):
        changed = text.replace(old, new).replace(
            "unique: device", "unique: slot" if "slot" in new else "unique: device"
        )
        definition, problems = load(changed)
        assert definition is not None, [one.line() for one in problems]
        assert missing in {*unheard(definition), *unread(definition)}
