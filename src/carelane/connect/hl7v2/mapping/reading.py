"""Stored bytes to drafts: the pure incoming half of the adapter (`facts.ports.Reader`).

Outcomes: `facts`; `no mapping` (a trigger without a rule); `quarantined` (readable, but it can't be
trusted to a patient or is incomplete; a person decides); `rejected` (no header to read it by).
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from carelane.connect.hl7v2.codec import Message, parse
from carelane.connect.hl7v2.codec.header import coded
from carelane.connect.hl7v2.mapping.context import Context
from carelane.connect.hl7v2.mapping.local import DEFAULT, Local
from carelane.connect.hl7v2.mapping.several import parts_of
from carelane.connect.hl7v2.mapping.triggers import SUBJECTLESS, TRIGGERS, Maker, who
from carelane.connect.hl7v2.mapping.values import clean
from carelane.facts.fact import Draft
from carelane.facts.ports import Reading
from carelane.facts.problem import Problem, Severity

_USUAL_EVENT = {"ORU": "R01", "ORM": "O01"}  # types that have one listed event only


def read(
    raw: bytes, *, received_at: datetime, local: Local = DEFAULT
) -> tuple[Reading, Sequence[Problem]]:
    """What one stored message says. Never raises on bad bytes.

    `received_at` is part of the port; facts carry the source's own times.
    """
    del received_at
    message, problems = parse(raw)
    if message is None:
        return Reading(outcome="rejected", trigger="", control_id=None), problems
    context = Context(message=message, local=local, problems=list(problems))
    trigger = trigger_of(message)
    reading = _interpret(context, trigger)
    return reading, tuple(context.problems)


def trigger_of(message: Message) -> str:
    """MSH-9 as `ADT^A01`; a missing event is taken from EVN-1, or is the type's only one."""
    event = clean(message.get("MSH", 9, 2)) or clean(message.get("EVN", 1))
    return _trigger(message.get("MSH", 9, 1) or "", event or "")


@lru_cache(maxsize=256)
def _trigger(sent: str, said: str) -> str:
    kind, event = coded(sent.strip().upper()), coded(said)
    return f"{kind}^{(event or _USUAL_EVENT.get(kind, '')).upper()}" if kind else ""


def _interpret(context: Context, trigger: str) -> Reading:
    control = clean(context.message.get("MSH", 10))
    if control is None:
        _no_control_id(context)
    maker = TRIGGERS.get(trigger)
    if not trigger:
        _no_type(context)
        return Reading(outcome="quarantined", trigger="", control_id=control)
    if maker is None:
        _no_mapping(context)
        return Reading(outcome="no mapping", trigger=trigger, control_id=control)
    if context.message.segment("PID") is None and trigger not in SUBJECTLESS:
        _no_patient(context)
        return Reading(outcome="quarantined", trigger=trigger, control_id=control)
    drafts = _drafts(context, trigger, maker)
    return Reading(
        outcome="facts" if drafts else "quarantined",
        trigger=trigger,
        control_id=control,
        drafts=drafts,
    )


def _drafts(context: Context, trigger: str, maker: Maker) -> tuple[Draft, ...]:
    """The drafts of every patient's part; none at all if a part has none."""
    drafts: list[Draft] = []
    for part in parts_of(context, trigger):
        own = Context(message=part, local=context.local, problems=context.problems)
        found = maker(own, who(own, trigger[-3:]))
        if not found:
            return ()
        drafts += found
    return tuple(drafts)


def _no_mapping(context: Context) -> None:
    context.report(
        "no-mapping",
        "MSH-9",
        "There is no rule for this kind of message; it is stored and nothing else happens.",
        "Nothing to do, unless the site expects work from it: then ask for a mapping.",
        Severity.NOTE,
    )


def _no_type(context: Context) -> None:
    context.report(
        "type-missing",
        "MSH-9",
        "The message does not say what kind it is.",
        "Ask the sender to fill MSH-9, then send the message again.",
        Severity.ERROR,
    )


def _no_patient(context: Context) -> None:
    context.report(
        "patient-missing",
        "PID",
        "The message needs a patient and has no PID segment.",
        "Ask the sender for a complete message, or assign it to a patient by hand.",
        Severity.ERROR,
    )


def _no_control_id(context: Context) -> None:
    context.report(
        "control-id-missing",
        "MSH-10",
        "The message has no control id; a repetition is recognised by its content only.",
        "Ask the sender to fill MSH-10.",
        Severity.NOTE,
    )
