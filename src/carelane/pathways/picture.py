"""A pathway's picture: SVG with owner, clock and fallback on each state; classes only, no inline style.

Fits a policy of `style-src 'self'`: colours are presentation attributes that a page's style sheet may
override by class. `sayings.table_text` says the same in words; both go side by side.
"""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise

from carelane.pathways.boxes import BOX_WIDTH, LABEL_LINE, LINE, BoxText, label_lines, texts
from carelane.pathways.definition import Definition, State
from carelane.pathways.layout import place
from carelane.pathways.links import EVERYWHERE, START, Link
from carelane.pathways.places import Box, Layout, Line
from carelane.pathways.sayings import (
    clock_words,
    edge_words,
    fallback_words,
    levels_words,
    owner_words,
)

_MARGIN = 20
_LEGEND = 44  # pixels below the picture
_INK, _PATH = "#14212B", "#C2410C"
_STROKES = {  # colour and dash: neither is alone
    "outcome": ("#14212B", "", "a person's outcome"),
    "event": ("#1F4E8C", "2 4", "an event"),
    "effect": ("#5B3A9B", "6 3 2 3", "another system's answer"),
    "fallback": ("#9B1C1C", "8 4", "not done in time"),
}
_ATTRIBUTES = (
    'xmlns="http://www.w3.org/2000/svg" class="pathway" role="img" '
    'font-family="Inter Variable, Inter, sans-serif" font-size="12"'
)
_ARROW = (
    '<marker id="{name}-{kind}" class="arrow arrow-{kind}" viewBox="0 0 10 10" refX="9" refY="5" '
    'markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 10 5 0 10z" fill="{colour}"/></marker>'
)


def draw(
    definition: Definition,
    *,
    counts: Mapping[str, int] | None = None,
    path: Sequence[str] = (),
    layout: Layout | None = None,
) -> str:
    """The picture as an SVG document.

    Args:
        definition: The pathway.
        counts: Open cases by state; shown in text nodes with `data-state`, so that a page can renew them.
        path: States in the order they are passed, such as those of a counter-example; highlighted and numbered.
        layout: One made before by `layout.place`; made anew when absent.
    """
    placed = layout or place(definition)
    width, height = placed.width + 2 * _MARGIN, placed.height + 2 * _MARGIN + _LEGEND
    name = escape(definition.name)
    size = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    passed = set(pairwise(path))
    body = [
        f'<svg {_ATTRIBUTES} {size} aria-labelledby="{name}-title {name}-desc">',
        f'<title id="{name}-title">{escape(definition.title)}</title>',
        f'<desc id="{name}-desc">{escape(_description(definition, path))}</desc>',
        _markers(name),
        f'<g transform="translate({_MARGIN} {_MARGIN})">',
        *(_line(one, name, on_path=(one.link.tail, one.link.head) in passed) for one in placed.lines),
        *(_label(one) for one in placed.lines if one.label_at),
        *_boxes(definition, placed, counts, path),
        f'</g><g class="legend" transform="translate({_MARGIN} {height - _LEGEND:.0f})">',
        *(_legend(at, kind, name) for at, kind in enumerate(_STROKES)),
        "</g></svg>",
    ]
    return "\n".join(body) + "\n"


def _description(definition: Definition, path: Sequence[str]) -> str:
    waiting = [one for one in definition.states.values() if not one.final]
    sentences = [
        f"{state.name}: owner {owner_words(state.owner)}; {clock_words(state.clock)}; "
        f"then {fallback_words(state)}."
        for state in waiting
    ]
    shared = [
        f"{event}: {edge_words(edge)}"
        for event, edge in definition.everywhere.items()
        if edge.branches
    ]
    everywhere = [f"In each open state: {'; '.join(shared)}."] if shared else []
    way = [f"Highlighted: {', then '.join(path)}."] if path else []
    return " ".join([f"{len(waiting)} states wait.", *sentences, *everywhere, *way])


def _markers(name: str) -> str:
    made = [
        _ARROW.format(name=name, kind=kind, colour=colour)
        for kind, (colour, _, _) in _STROKES.items()
    ]
    return f"<defs>{''.join(made)}{_ARROW.format(name=name, kind='path', colour=_PATH)}</defs>"


def _line(line: Line, name: str, *, on_path: bool) -> str:
    link = line.link
    title = escape(f"{_spoken(link.tail)} to {link.head}: {', '.join(link.reasons) or 'always'}")
    classes = f"edge edge-{link.kind}{' on-path' if on_path else ''}"
    stroke = _stroke(link.kind, name, on_path=on_path)
    return f'<path class="{classes}" d="{_drawn(line)}" fill="none" {stroke}><title>{title}</title></path>'


def _stroke(kind: str, name: str, *, on_path: bool) -> str:
    colour, dash, _ = _STROKES[kind]
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    marker = "path" if on_path else kind
    width = 3.5 if on_path else 1.3
    return (
        f'stroke="{_PATH if on_path else colour}" stroke-width="{width}"{dashed} '
        f'marker-end="url(#{name}-{marker})"'
    )


def _spoken(name: str) -> str:
    return {START: "the start", EVERYWHERE: "each open state"}.get(name, name)


def _drawn(line: Line) -> str:
    pairs = [f"{x:.1f} {y:.1f}" for x, y in line.points]
    if line.straight:
        return f"M{pairs[0]}L{' '.join(pairs[1:])}"
    return f"M{pairs[0]}C{' '.join(pairs[1:-1])}L{pairs[-1]}"


def _label(line: Line) -> str:
    x, y = line.label_at or (0.0, 0.0)
    spans = [
        f'<tspan x="{x:.1f}" y="{y + LABEL_LINE * (at + 0.8):.1f}">{escape(words)}</tspan>'
        for at, words in enumerate(label_lines(line.link))
    ]
    # the paper's own colour around the letters: a line that runs below stays readable
    halo = 'stroke="#FFFFFF" stroke-width="4" paint-order="stroke" stroke-linejoin="round"'
    colour = _STROKES[line.link.kind][0]
    return (
        f'<text class="edge-label label-{line.link.kind}" font-size="11" text-anchor="middle" '
        f'fill="{colour}" {halo}>{"".join(spans)}</text>'
    )


def _boxes(
    definition: Definition,
    placed: Layout,
    counts: Mapping[str, int] | None,
    path: Sequence[str],
) -> list[str]:
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
        frame = _frame(box, fill="#F4F6F8", stroke="#4A5A67", width=1.2, round_=8, dash=' stroke-dasharray="3 3"')
        return f'<g class="state state-own" {where}>{frame}{"".join(lines)}</g>'
    on_path = name in path
    fill = "#E4F3EA" if state.final else "#FFFFFF"
    safety = state.clock is not None and state.clock.safety
    frame = _frame(
        box, fill=fill, stroke=_PATH if on_path else "#4A5A67", round_=22 if state.final else 8,
        width=3.5 if on_path else 2.6 if safety else 1.2)  # fmt: skip
    return (
        f'<g class="{_classes(state, safety=safety, on_path=on_path)}" {where}>'
        f"<title>{escape(_full(state))}</title>{frame}{''.join(lines)}"
        f'<text class="state-count" data-state="{escape(name)}" x="{BOX_WIDTH - 12}" y="22" '
        f'text-anchor="end" font-weight="680" fill="#0B5C6B">{count}</text>'
        f"{_passed(path, name)}</g>"
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
        f'<rect width="{width}" height="20" rx="10" fill="{_PATH}"/>'
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
    said = (owner_words(state.owner), clock_words(state.clock), f"then {fallback_words(state)}")
    told = (f"ends: {state.outcome}",) if state.final else said
    return "; ".join([state.name, state.title, *told, *([f"help: {levels}"] if levels else [])])


def _legend(at: int, kind: str, name: str) -> str:
    x = at * 215
    stroke = _stroke(kind, name, on_path=False)
    return (
        f'<line class="edge-{kind}" x1="{x}" y1="8" x2="{x + 34}" y2="8" {stroke}/>'
        f'<text x="{x + 42}" y="12" fill="#4A5A67">{_STROKES[kind][2]}</text>'
    )
