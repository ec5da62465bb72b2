"""The boxes and frames of a pathway's picture, as SVG."""

from collections.abc import Mapping, Sequence
from html import escape

from carelane.pathways.boxes import BOX_WIDTH, LINE, BoxText, says_of, texts
from carelane.pathways.definition import Definition, State
from carelane.pathways.drawn_lines import PATH
from carelane.pathways.places import Box, Frame, Layout
from carelane.pathways.sayings import levels_words

_INK = "#14212B"
_FRAMES = {"block": "#EEF2F5", "region": "#FAFBFC", "call": "#E3F1F3"}


def around(frame: Frame) -> str:
    """A frame with its title."""
    box, fill = frame.box, _FRAMES[frame.group.kind]
    return (
        f'<g class="frame frame-{frame.group.kind}" transform="translate({box.x:.1f} {box.y:.1f})">'
        f'<rect width="{box.width:.1f}" height="{box.height:.1f}" rx="10" fill="{fill}" stroke="#7B8A96" '
        f'stroke-dasharray="{"6 4" if frame.group.kind == "call" else ""}"/>'
        f'<text x="12" y="20" fill="#4A5A67" font-weight="600">{escape(frame.group.title)}</text></g>'
    )


def boxes(
    definition: Definition,
    placed: Layout,
    counts: Mapping[str, int] | None,
    path: Sequence[str],
) -> list[str]:
    """Every box: its text, its count, and at which steps of the path it is passed."""
    return [
        _box(text, placed.boxes[name], definition.states.get(name), path,
             "" if counts is None else str(counts.get(name, 0)), name)
        for name, text in texts(definition).items()
    ]  # fmt: skip


def _box(  # noqa: PLR0913, PLR0917  # all that stands in one box
    text: BoxText, box: Box, state: State | None, path: Sequence[str], count: str, name: str
) -> str:
    where = f'transform="translate({box.x:.1f} {box.y:.1f})"'
    lines = [
        _text(at, words, bold=at < len(text.title))
        for at, words in enumerate((*text.title, *text.says))
    ]
    if state is None:
        frame = _frame(
            box,
            fill="#F4F6F8",
            stroke="#4A5A67",
            width=1.2,
            round_=8,
            dash=' stroke-dasharray="3 3"',
        )
        return f'<g class="state state-own" {where}>{frame}{"".join(lines)}</g>'
    on_path = name in path
    fill = "#E4F3EA" if state.final else "#FFFFFF"
    safety = state.clock is not None and state.clock.safety
    frame = _frame(
        box, fill=fill, stroke=PATH if on_path else "#4A5A67", round_=22 if state.final else 8,
        width=3.5 if on_path else 2.6 if safety else 1.2)  # fmt: skip
    return (
        f'<g id="at-{escape(name)}" class="{_classes(state, safety=safety, on_path=on_path)}" {where}>'
        f"<title>{escape(_full(state))}</title>{frame}{''.join(lines)}"
        f"{_count(name, count) if not state.final else ''}{_passed(path, name)}</g>"
    )


def _count(name: str, count: str) -> str:
    return (
        f'<text class="state-count" data-state="{escape(name)}" x="{BOX_WIDTH - 12}" y="22" '
        f'text-anchor="end" font-weight="680" fill="#0B5C6B">{count}</text>'
    )


def _classes(state: State, *, safety: bool, on_path: bool) -> str:
    found = {
        "state": True,
        "state-final": state.final,
        "state-waiting": not state.final,
        "state-safety": safety,
        "on-path": on_path,
    }
    return " ".join(name for name, holds in found.items() if holds)


def _frame(box: Box, *, fill: str, stroke: str, width: float, round_: int, dash: str = "") -> str:  # noqa: PLR0913  # a rectangle's looks, by name
    return (
        f'<rect width="{box.width:.0f}" height="{box.height:.0f}" rx="{round_}" fill="{fill}" '
        f'stroke="{stroke}" stroke-width="{width}"{dash}/>'
    )


def _passed(path: Sequence[str], name: str) -> str:
    """At which steps of the path the state is passed, in a disc at its corner."""
    steps = [str(at) for at, one in enumerate(path, start=1) if one == name]
    if not steps:
        return ""
    words = ", ".join(steps)
    width = 14 + 7 * len(words)
    return (
        f'<g class="path-step" transform="translate({-width / 2:.0f} -10)">'
        f'<rect width="{width}" height="20" rx="10" fill="{PATH}"/>'
        f'<text x="{width / 2:.1f}" y="14" text-anchor="middle" font-weight="680" fill="#FFFFFF">{words}</text></g>'
    )


def _text(at: int, words: str, *, bold: bool) -> str:
    weight = ' font-weight="680"' if bold else ""
    indent = 22 if words.startswith(" ") else 12
    return (
        f'<text class="state-text" x="{indent}" y="{22 + LINE * at}" fill="{_INK}"{weight}>'
        f"{escape(words.strip())}</text>"
    )


def _full(state: State) -> str:
    levels = levels_words(state)
    return "; ".join(
        [state.name, state.title, *says_of(state), *([f"help: {levels}"] if levels else [])]
    )
