"""The section `events`: what a pathway hears, how it finds its case, what if there is none."""

import re
from dataclasses import replace
from datetime import timedelta

from carelane.pathways.definition import (
    Event,
    Input,
    InputType,
    NoCase,
    Order,
    Reopen,
    Several,
    Start,
)
from carelane.pathways.guard import ALWAYS, Guard
from carelane.pathways.judge import reads_elapsed
from carelane.pathways.names import Names
from carelane.pathways.reader import Record, Text
from carelane.pathways.shape import Part

KEYS = (
    "placer_order",
    "filler_order",
    "referral",
    "appointment",
    "encounter",
    "document",
    "slot",
    "offer",
    "patient",
    "case",
    "task",
    "effect",
    "message",
    "fact",
    "question",
    "prescription",
    "appointment_request",
    "request",
    "authorisation",
    "access",
    "thread",
    "device",
)
FIRST_MAX = 12
ORDERS = ("urgency", "opened", "entered")
RANKED = (
    InputType.INTEGER,
    InputType.DECIMAL,
    InputType.DATE,
    InputType.INSTANT,
    InputType.BOOLEAN,
)
_EVENT_KEYS = ("key", "keys", "start", "several", "none", "stale", "reopens", "cancels")
_RESERVED = re.compile(
    r"case\.closed|task\..*|clock\..*|effect\.settled|calendar\.changed|case\.redriven|routing\.overridden"
)


def read_events(top: Part, names: Names) -> dict[str, Event]:
    """The events in the order of the text."""
    found = {}
    for name, part in top.parts("events", "Event"):
        part.keys(_EVENT_KEYS, ("none",))
        if _RESERVED.fullmatch(name):
            part.findings.add(
                "reserved-event",
                part.at,
                f"`{name}` is not declared as an event.",
                "Use `outcomes` for people, `fallback` for clocks, `effect_outcomes` for effects.",
            )
        found[name] = _event(name, part, names)
    if found and not any(event.start for event in found.values()):
        top.findings.add(
            "no-start",
            top.place("events"),
            "No event opens a case.",
            "Add `start: { when, unique }` to one.",
        )
    return found


def _event(name: str, part: Part, names: Names) -> Event:
    keys = _keys(part)
    several, first = _several(part)
    where, order = _chosen(part, names)
    return Event(
        name=name,
        keys=keys,
        start=_start(part, keys, names),
        several=several,
        first=first,
        none=_none(part, names),
        stale_by=_stale(part),
        reopens=_reopens(part, names),
        cancels=part.flag("cancels"),
        where=where,
        order=order,
    )


def _keys(part: Part) -> tuple[str, ...]:
    key = "keys" if "keys" in part.entries else "key"
    if "keys" in part.entries and "key" in part.entries:
        part.findings.add(
            "twice", part.place("key"), "`key` and `keys` say the same.", "Keep one of the two."
        )
    keys = part.words(key)
    for one in keys:
        if one not in KEYS:
            part.findings.unknown("correlation key", one, part.place(key), KEYS)
    return keys


def _start(part: Part, keys: tuple[str, ...], names: Names) -> Start | None:
    if "start" not in part.entries:
        return None
    start = part.part("start", "`start`")
    start.keys(("when", "unique"), ("when", "unique"))
    unique = start.text("unique")
    if unique and unique not in keys:
        part.findings.unknown("key of this event", unique, start.place("unique"), keys)
    return Start(when=names.guard(start.node("when")), unique=unique)


def _several(part: Part) -> tuple[Several, int]:
    if isinstance(part.node("several"), Record):
        several = part.part("several", "`several`")
        several.keys(("first", "where", "by"), ("first",))
        return Several.FIRST, several.number("first", least=1, most=FIRST_MAX)
    choices = [one for one in Several if one is not Several.FIRST]
    return Several(part.one_of("several", choices, Several.ASK)), 0


def _chosen(part: Part, names: Names) -> tuple[Guard, tuple[Order, ...]]:
    """Which of several cases may be chosen, and in which order: `{ first: 3, where, by: [urgency desc, opened] }`."""
    if not isinstance(part.node("several"), Record):
        return ALWAYS, ()
    several = part.part("several", "`several`")
    state = Input(name="state", path="", codes=tuple(sorted(names.states)))
    scope = replace(names, fields={**names.fields, "state": state})
    said = several.node("where")
    where = scope.guard(said)
    if isinstance(said, Text) and reads_elapsed(where):
        several.findings.add(
            "guard",
            said.inside(said.text.find("elapsed") + 1),
            "Which case is chosen does not depend on how long its state has been entered.",
            "Ask `until` a date or `state`, or put `entered` into `by`.",
        )
    return where, tuple(_order(word, several, names) for word in several.words("by"))


def _order(word: str, several: Part, names: Names) -> Order:
    name, _, way = word.partition(" ")
    known = {one for one, given in names.fields.items() if given.ordered or given.type in RANKED}
    if name not in {*known, *ORDERS} or way not in ("", "asc", "desc"):
        several.findings.unknown("ordered field", word, several.place("by"), {*known, *ORDERS})
        return Order(field=name)
    return Order(field=names.fields[name].name if name in known else name, descending=way == "desc")


def _none(part: Part, names: Names) -> NoCase:
    if "none" not in part.entries:
        return NoCase(ignore="-")
    none = part.part("none", "`none`")
    none.keys(("ignore", "hold", "then", "person", "reply"))
    said = [key for key in ("ignore", "hold", "person", "reply") if key in none.entries]
    if len(said) != 1:
        part.findings.add(
            "none",
            none.at,
            "`none` says exactly one thing.",
            "Write `ignore: reason`, `hold: 30d` with `then`, `person: pool` or `reply: event`.",
        )
    then = none.text("then", "ignore")
    if then != "ignore":
        names.use("pool", then, none.place("then"))
    if "then" in none.entries and "hold" not in none.entries:
        part.findings.add("none", none.place("then"), "`then` follows a `hold`.", "Remove `then`.")
    person, reply = none.text("person"), none.text("reply")
    names.use("pool", person, none.place("person"))
    if reply:
        none.name(reply, none.place("reply"), dotted=True)
    return NoCase(
        ignore=none.text("ignore"), hold=none.span("hold"), then=then, person=person, reply=reply
    )


def _stale(part: Part) -> str:
    if "stale" not in part.entries:
        return ""
    stale = part.part("stale", "`stale`")
    stale.keys(("by", "of"), ("by", "of"))
    stale.one_of("by", ("source_time",), "source_time")
    return stale.one_of("of", KEYS)


def _reopens(part: Part, names: Names) -> Reopen | None:
    if "reopens" not in part.entries:
        return None
    reopens = part.part("reopens", "`reopens`")
    reopens.keys(("within", "at"), ("within", "at"))
    at = names.use("state", reopens.text("at"), reopens.place("at"))
    return Reopen(within=reopens.span("within") or timedelta(0), at=at)
