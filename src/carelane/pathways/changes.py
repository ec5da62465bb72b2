"""The single changes of an overlay, section by section, on the base's nodes. `overlay` puts the result together.

Each change is checked against what the base's `overlays` allows. What is not named here can't be changed at all.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta

from carelane.pathways.changes_rows import change_tables
from carelane.pathways.durations import duration
from carelane.pathways.nodes import joined, may, named, put, put_state, section_of, word_of
from carelane.pathways.places_reader import WORDED
from carelane.pathways.reader import Many, Node, Record, Text
from carelane.pathways.shape import Part
from carelane.pathways.translations import without_strays

SECTIONS = ("pools", "owners", "clocks", "settings", "tables", "wording")
_STATE_WORDS = ("title", "milestone")
_TASK_WORDS = ("title", "form")


def apply(base: Record, over: Part) -> Record:
    """The base with every section of the overlay applied; findings where that is not allowed."""
    for key, change in _CHANGES.items():
        if key in over.entries:
            base = change(base, over)
    return base


def _pools(base: Record, over: Part) -> Record:
    """Pools of the service line's own; those of the base stay as they are."""
    section = over.part("pools", "`pools`")
    may(base, section, "pools", None)
    before = section_of(base, "pools")
    for name in section.entries:
        if name in before.entries:
            section.findings.add(
                "overlay", section.place(name), f"The base has a pool `{name}` already.",
                "Leave it out, or give yours a name of its own.",
            )  # fmt: skip
    return put(base, "pools", joined(before, section.entries, section))


def _owners(base: Record, over: Part) -> Record:
    """Another pool owns a state; a table beside it stays."""
    section = over.part("owners", "`owners`")
    for name in section.entries:
        state = named(base, section, "states", name)
        may(base, section, "pools", name)
        owner = state.entries.get("owner") if state else None
        if state is None:
            continue
        if not isinstance(owner, Record) or "pool" not in owner.entries:
            section.findings.add(
                "overlay", section.place(name), f"No pool owns `{name}` in the base.",
                "Change only states that a pool owns.",
            )  # fmt: skip
            continue
        part = section.part(name, f"Owner of `{name}`")
        part.keys(("pool",), ("pool",))
        base = put_state(base, name, put(state, "owner", joined(owner, part.entries, part)))
    return base


def _clocks(base: Record, over: Part) -> Record:
    """Other times; a safety clock's only shorter."""
    section = over.part("clocks", "`clocks`")
    for name in section.entries:
        state = named(base, section, "states", name)
        may(base, section, "clocks", name)
        clock = state.entries.get("clock") if state else None
        if state is None or not isinstance(clock, Record):
            continue
        part = section.part(name, f"Clock of `{name}`")
        part.keys(("due", "warn", "levels"))
        safety = word_of(clock, "safety") == "true"
        times = {key: node for key, node in part.entries.items() if key in ("due", "warn")}
        for key, node in times.items():
            _check_time(part, key, clock.entries.get(key), node, safety=safety)
        state = put(state, "clock", joined(clock, times, part))
        base = put_state(base, name, _levels(state, part, safety=safety))
    return base


def _levels(state: Record, part: Part, *, safety: bool) -> Record:
    """`levels: { 2: 30m }`: another time for a level that is there."""
    section = part.part("levels", "`levels`")
    before = state.entries.get("escalate")
    items = list(before.items) if isinstance(before, Many) else []
    for number, node in section.entries.items():
        at = int(number) - 1 if number.isdecimal() and number.isascii() else -1
        level = items[at] if 0 <= at < len(items) else None
        if not isinstance(level, Record):
            section.findings.unknown(
                "level", number, section.place(number), map(str, range(1, len(items) + 1))
            )
            continue
        _check_time(section, number, level.entries.get("after"), node, safety=safety)
        items[at] = put(level, "after", node)
    if not section.entries or not isinstance(before, Many):
        return state
    return put(state, "escalate", Many(tuple(items), before.at))


def _check_time(part: Part, key: str, before: Node | None, after: Node, *, safety: bool) -> None:
    if isinstance(before, Record):
        part.findings.add(
            "overlay", part.place(key), "The base counts this back from a date.",
            "Change it in the base.",
        )  # fmt: skip
        return
    was, now = _time(before), _time(after)
    if safety and was is not None and now is not None and now > was:
        part.findings.add(
            "safety-clock", after.at, "A safety clock is only made shorter.",
            f"Write at most {before.text if isinstance(before, Text) else 'the base'}.",
        )  # fmt: skip


def _settings(base: Record, over: Part) -> Record:
    """Another site setting for a state's clock."""
    section = over.part("settings", "`settings`")
    for name, node in section.entries.items():
        state = named(base, section, "states", name)
        may(base, section, "settings", name)
        clock = state.entries.get("clock") if state else None
        if state is not None and isinstance(clock, Record):
            base = put_state(base, name, put(state, "clock", put(clock, "setting", node)))
    return base


def _wording(base: Record, over: Part) -> Record:
    """Words that people read: titles, milestones, labels."""
    section = over.part("wording", "`wording`")
    section.keys(WORDED)
    for key in section.entries:
        may(base, section, "wording", key)
    base = _said(base, section.part("pathway", "`pathway`"), ("title",))
    base = _each(base, section, "states", _STATE_WORDS)
    base = _each(base, section, "fields", ("label",))
    base = _each(base, section, "tasks", _TASK_WORDS)
    return _translated(base, section.part("translations", "`translations`"))


def _translated(base: Record, section: Part) -> Record:
    """A language's words for other milestones; those of milestones that are gone go with them."""
    if "translations" not in base.entries and not section.entries:
        return base
    before = without_strays(section_of(base, "translations"), base.entries.get("states"))
    for language in section.entries:
        words = section.part(language, f"`{language}`")
        after = joined(section_of(before, language), words.entries, words)
        before = put(before, language, after)
    return put(base, "translations", before)


def _each(base: Record, wording: Part, key: str, words: tuple[str, ...]) -> Record:
    section = wording.part(key, f"`{key}`")
    for name in section.entries:
        before = named(base, section, key, name)
        if before is not None:
            part = section.part(name, f"Wording of `{name}`")
            after = _said(before, part, words)
            base = (
                put_state(base, name, after)
                if key == "states"
                else put(base, key, put(section_of(base, key), name, after))
            )
    return base


def _said(before: Record, part: Part, words: tuple[str, ...]) -> Record:
    part.keys(words)
    for key, node in part.entries.items():
        if key == "form":
            before = put(before, "form", _labels(before, part))
        elif key in words:
            before = put(before, key, node)
    return before


def _labels(task: Record, part: Part) -> Node:
    form = task.entries.get("form")
    section = part.part("form", "`form`")
    if not isinstance(form, Record):
        part.findings.add(
            "overlay", part.place("form"), "The base's form has names only.",
            "Give its fields labels in the base first.",
        )  # fmt: skip
        return form or Many((), part.at)
    for name, node in section.entries.items():
        field = form.entries.get(name)
        if isinstance(field, Record):
            form = put(form, name, put(field, "label", node))
        else:
            section.findings.unknown("field of this form", name, section.place(name), form.entries)
    return form


def _time(node: Node | None) -> timedelta | None:
    return duration(node.text) if isinstance(node, Text) else None


_CHANGES: Mapping[str, Callable[[Record, Part], Record]] = {
    "pools": _pools,
    "owners": _owners,
    "clocks": _clocks,
    "settings": _settings,
    "tables": change_tables,
    "wording": _wording,
}
