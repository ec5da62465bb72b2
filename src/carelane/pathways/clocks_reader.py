"""A state's `clock`, `escalate`, `fallback` and `pause`: when it is due, who is told, what then."""

from datetime import timedelta

from carelane.pathways.definition import (
    ClockKind,
    ClockSpec,
    CountBack,
    Fallback,
    InputType,
    Level,
    Pause,
    PauseRule,
)
from carelane.pathways.edges_reader import read_edge
from carelane.pathways.names import Later, Names
from carelane.pathways.reader import Many, Record
from carelane.pathways.shape import Part

CHANNELS = ("worklist", "secure-message", "phone", "pager", "text-message", "email")
LEVELS_MAX = 9
_CLOCK_KEYS = ("kind", "due", "warn", "safety", "from", "latest", "setting", "most", "pauses")
PAUSES_MAX = 12
_DAY = timedelta(days=1)
_MOMENTS = (InputType.DATE, InputType.INSTANT)
_IN_DAYS = (ClockKind.BUSINESS_DAYS, ClockKind.CALENDAR_DAYS)


def read_clock(part: Part, names: Names, state: str = "") -> ClockSpec:
    """`clock` of a state; what it says of states inside is checked once all are read."""
    clock = part.part("clock", "`clock`")
    clock.keys(_CLOCK_KEYS, ("kind", "due"))
    kind = ClockKind(clock.one_of("kind", list(ClockKind), ClockKind.WALL))
    back = _back(clock, names) if isinstance(clock.node("due"), Record) else None
    due = None if back else clock.span("due")
    spec = ClockSpec(
        kind=kind,
        due=due,
        back=back,
        warn=clock.span("warn"),
        safety=clock.flag("safety"),
        start=_moment(clock, "from", names),
        latest=clock.span("latest"),
        setting=clock.text("setting"),
        most=clock.span("most"),
        pauses=_pauses(clock, state, names),
    )
    _check(clock, spec)
    return spec


def _check(clock: Part, spec: ClockSpec) -> None:
    findings = clock.findings
    if spec.due is not None and spec.due <= timedelta(0):
        findings.add(
            "clock", clock.place("due"), "A clock is due after it starts.", "Write at least 1m."
        )
    if spec.due is not None and spec.warn is not None and spec.warn >= spec.due:
        findings.add(
            "clock",
            clock.place("warn"),
            "`warn` counts from the start and comes before `due`.",
            "Write a shorter time than `due`.",
        )
    if spec.safety and spec.kind is not ClockKind.WALL:
        findings.add(
            "safety-clock",
            clock.place("kind"),
            "A safety clock runs on wall time.",
            "Write `kind: wall`.",
        )
    if spec.start and spec.back:
        findings.add(
            "clock", clock.place("from"), "A clock that counts back has no `from`.", "Remove it."
        )
    if spec.pauses and (spec.safety or spec.back):
        findings.add(
            "safety-clock" if spec.safety else "clock",
            clock.place("pauses"),
            "A safety clock is never paused." if spec.safety else "A date does not wait.",
            "Remove `pauses`.",
        )
    if spec.most is not None and (not spec.setting or spec.due is None or spec.most < spec.due):
        findings.add(
            "clock",
            clock.place("most"),
            "`most` bounds what a site's `setting` may say.",
            "Write a `setting`, a `due`, and no less than that.",
        )
    for key, value in (("due", spec.due), ("warn", spec.warn), ("most", spec.most)):
        if value is not None:
            _check_unit(clock, key, value, spec.kind)


def _pauses(clock: Part, state: str, names: Names) -> tuple[PauseRule, ...]:
    """What stops the clock: states inside the block, and events until another one."""
    pauses = clock.part("pauses", "`pauses`")
    pauses.keys(("in", "on"))
    found: list[PauseRule] = []
    for name, part in _named(pauses, "in"):
        part.keys(("reason", "resume_by"), ("reason", "resume_by"))
        whole = names.whole("state", name)
        at = pauses.part("in", "`in`").place(name)
        names.later.append(Later(block=state, inside=whole, findings=part.findings, at=at))
        found.append(_rule(part, state=whole))
    for name, part in _named(pauses, "on"):
        part.keys(("reason", "resume_by", "until"), ("reason", "resume_by"))
        names.use("event", name, part.at)
        until = names.use("event", part.text("until"), part.place("until"))
        found.append(_rule(part, event=name, until=until))
    return tuple(found[:PAUSES_MAX])


def _named(pauses: Part, key: str) -> list[tuple[str, Part]]:
    section = pauses.part(key, f"`{key}`")
    return [
        (name, Part(node, section.findings, f"The pause `{name}`"))
        for name, node in section.entries.items()
    ]


def _rule(part: Part, *, state: str = "", event: str = "", until: str = "") -> PauseRule:
    return PauseRule(
        reason=part.text("reason"),
        resume_by=part.span("resume_by") or timedelta(0),
        state=state,
        event=event,
        until=until,
    )


def _check_unit(clock: Part, key: str, value: timedelta, kind: ClockKind) -> None:
    node = clock.node(key)
    at = node.at if node else clock.at
    if kind in _IN_DAYS and value % _DAY:
        clock.findings.add(
            "clock", at, f"A clock in {kind} counts whole dates.", "Write days, such as 2d."
        )
    if kind is ClockKind.BUSINESS and "d" in clock.text(key):
        clock.findings.add(
            "clock",
            at,
            "A day of business time has no length of its own.",
            "Write hours, such as 8h, or `kind: business-days`.",
        )


def _moment(part: Part, key: str, names: Names) -> str:
    name = part.text(key)
    if not name:
        return ""
    known = {one for one, given in names.fields.items() if given.type in _MOMENTS}
    if name not in known:
        node = part.node(key)
        part.findings.unknown("date or instant input", name, node.at if node else part.at, known)
        return name
    return names.fields[name].name


def _back(clock: Part, names: Names) -> CountBack:
    due = clock.part("due", "`due`")
    due.keys(("before", "by", "if_past"), ("before", "by", "if_past"))
    return CountBack(
        before=_moment(due, "before", names),
        by=due.span("by") or timedelta(0),
        if_past=due.span("if_past") or timedelta(minutes=1),
    )


def read_levels(part: Part, names: Names) -> tuple[Level, ...]:
    """`escalate` of a state: levels 1, 2, ... with rising times."""
    node = part.node("escalate")
    if node is None:
        return ()
    items = node.items if isinstance(node, Many) else ()
    if not items or len(items) > LEVELS_MAX:
        part.findings.add(
            "levels",
            node.at,
            f"`escalate` is a list of 1 to {LEVELS_MAX} levels.",
            "Write `- { level: 1, after: 0m, to: role, by: phone }`.",
        )
    found: list[Level] = []
    for number, item in enumerate(items[:LEVELS_MAX], start=1):
        level = _level(number, Part(item, part.findings, f"Level {number}"), names)
        if found and level.after <= found[-1].after:
            part.findings.add(
                "levels",
                item.at,
                "A level comes after the one before.",
                f"Write more than level {number - 1}'s.",
            )
        found.append(level)
    return tuple(found)


def _level(number: int, part: Part, names: Names) -> Level:
    part.keys(("level", "after", "to", "by"), ("level", "after", "to", "by"))
    if part.number("level", least=1, most=LEVELS_MAX) != number:
        part.findings.add(
            "levels", part.place("level"), "Levels count 1, 2, 3.", f"Write {number} here."
        )
    return Level(
        level=number,
        after=part.span("after") or timedelta(0),
        to=read_told(part, "to", names),
        by=part.one_of("by", CHANNELS, "worklist"),
    )


def read_told(part: Part, key: str, names: Names) -> str:
    """A pool, a role or `last_actor`."""
    name = part.text(key)
    if name and name != "last_actor":
        node = part.node(key)
        names.use("pool or role", name, node.at if node else part.at)
    return name


def read_fallback(part: Part, names: Names) -> Fallback:
    """`fallback` of a state: where an expiry leads, or whom it repeats to."""
    node = part.node("fallback")
    if node is None:
        return Fallback()
    if not isinstance(node, Record):
        return Fallback(edge=read_edge(node, names, "The fallback"))
    if "repeat" in node.entries:
        return _repeat(part.part("fallback", "`fallback`"), names)
    fallback = part.part("fallback", "`fallback`")
    if "state" not in node.entries:
        plain = {key: one for key, one in node.entries.items() if key != "tell"}
        edge = read_edge(Record(plain, node.places, node.at), names, "The fallback")
    else:
        fallback.keys(("state", "tell"))
        edge = read_edge(node.entries["state"], names, "The fallback")
    if edge.ignore:
        names.findings.add("fallback", node.at, "An expiry can't be ignored.", "Name a state.")
    return Fallback(edge=edge, tell=read_told(fallback, "tell", names))


def _repeat(fallback: Part, names: Names) -> Fallback:
    fallback.keys(("repeat", "to", "tell"), ("repeat", "to"))
    fallback.one_of("repeat", ("until acknowledged",), "until acknowledged")
    return Fallback(
        repeat=True, to=read_told(fallback, "to", names), tell=read_told(fallback, "tell", names)
    )


def read_pause(part: Part, clock: ClockSpec | None) -> Pause | None:
    """`pause` of a state: entered with its clock stopped, for a reason and with an end."""
    if "pause" not in part.entries:
        return None
    pause = part.part("pause", "`pause`")
    pause.keys(("reason", "resume_by"), ("reason", "resume_by"))
    if clock is not None and clock.safety:
        part.findings.add(
            "safety-clock",
            pause.at,
            "A safety clock is never paused.",
            "Remove `pause`, or `safety`.",
        )
    return Pause(reason=pause.text("reason"), resume_by=pause.span("resume_by") or timedelta(0))
