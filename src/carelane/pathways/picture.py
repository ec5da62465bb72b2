"""A pathway's picture: SVG with owner, clock and fallback on each state; classes only, no inline style.

Fits a policy of `style-src 'self'`: colours are presentation attributes that a page's style sheet may
override by class. `sayings.table_text` says the same in words; both go side by side.
"""

from collections.abc import Collection, Mapping
from html import escape

from carelane.pathways.definition import Definition, State
from carelane.pathways.layout import BOX_HEIGHT, BOX_WIDTH, Layout, Link, place
from carelane.pathways.sayings import (
    clock_words,
    edge_words,
    fallback_words,
    levels_words,
    owner_words,
)

_MARGIN = 16
_LINE = 17
_CHARACTERS_MAX = 40
_DASHES = {
    "outcome": "",
    "event": "2 4",
    "fallback": "8 4",
    "effect": "6 3 2 3",
    "waits": "2 4",
    "region": "1 2",
    "join": "",
}
_SPLINE_POINTS_MIN = 5  # start, two controls, end, tip


_ATTRIBUTES = (
    'xmlns="http://www.w3.org/2000/svg" class="pathway" role="img" '
    'font-family="Inter, sans-serif" font-size="12"'
)
_ARROW = (
    '<defs><marker id="{name}-arrow" class="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" '
    'markerHeight="7" orient="auto"><path d="M0 0 10 5 0 10z" fill="#4A5A67"/></marker></defs>'
)


def draw(
    definition: Definition,
    *,
    counts: Mapping[str, int] | None = None,
    path: Collection[str] = (),
    layout: Layout | None = None,
) -> str:
    """The picture as an SVG document.

    Args:
        definition: The pathway.
        counts: Open cases by state; shown in text nodes with `data-state`, so that a page can renew them.
        path: States to highlight, such as those of a counter-example.
        layout: One made before by `layout.place`; made anew when absent.
    """
    placed = layout or place(definition)
    width, height = placed.width + 2 * _MARGIN, placed.height + 2 * _MARGIN
    name = escape(definition.name)
    size = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    body = [
        f'<svg {_ATTRIBUTES} {size} aria-labelledby="{name}-title {name}-desc">',
        f'<title id="{name}-title">{escape(definition.title)}</title>',
        f'<desc id="{name}-desc">{escape(_description(definition))}</desc>',
        _ARROW.format(name=name),
        f'<g transform="translate({_MARGIN} {_MARGIN})">',
        *(_line(link, points, path, name) for link, points in placed.lines),
        *(
            _box(state, placed.boxes[state.name], (counts or {}).get(state.name), path)
            for state in definition.states.values()
        ),
        "</g></svg>",
    ]
    return "\n".join(body) + "\n"


def _description(definition: Definition) -> str:
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
    return " ".join([f"{len(waiting)} states wait.", *sentences, *everywhere])


def _line(
    link: Link, points: tuple[tuple[float, float], ...], path: Collection[str], name: str
) -> str:
    on_path = " on-path" if link.tail in path and link.head in path else ""
    dash = f' stroke-dasharray="{_DASHES[link.kind]}"' if _DASHES[link.kind] else ""
    title = escape(f"{link.tail} to {link.head}: {', '.join(link.labels)}")
    return (
        f'<path class="edge edge-{link.kind}{on_path}" d="{_drawn(points)}" fill="none" '
        f'stroke="#4A5A67" stroke-width="{2.5 if on_path else 1.2}"{dash} marker-end="url(#{name}-arrow)">'
        f"<title>{title}</title></path>"
    )


def _drawn(points: tuple[tuple[float, float], ...]) -> str:
    pairs = [f"{x:.1f} {y:.1f}" for x, y in points]
    if len(points) >= _SPLINE_POINTS_MIN:
        return f"M{pairs[0]}C{' '.join(pairs[1:-1])}L{pairs[-1]}"
    return f"M{pairs[0]}L{' '.join(pairs[1:])}"


def _box(
    state: State, corner: tuple[float, float], count: int | None, path: Collection[str]
) -> str:
    classes = ["state", "state-final" if state.final else "state-waiting"]
    if state.clock is not None and state.clock.safety:
        classes.append("state-safety")
    if state.name in path:
        classes.append("on-path")
    heavy = 3 if state.name in path or "state-safety" in classes else 1.2
    fill = "#E4F3EA" if state.final else "#FFFFFF"
    texts = [_text(at, words) for at, words in enumerate(_says(state))]
    shown = "" if count is None else str(count)
    return (
        f'<g class="{" ".join(classes)}" transform="translate({corner[0]:.1f} {corner[1]:.1f})">'
        f"<title>{escape(_full(state))}</title>"
        f'<rect width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="{24 if state.final else 8}" '
        f'fill="{fill}" stroke="#4A5A67" stroke-width="{heavy}"/>{"".join(texts)}'
        f'<text class="state-count" data-state="{escape(state.name)}" x="{BOX_WIDTH - 10}" y="20" '
        f'text-anchor="end" fill="#0B5C6B">{shown}</text></g>'
    )


def _text(at: int, words: str) -> str:
    weight = ' font-weight="680"' if at == 0 else ""
    place_ = f'x="10" y="{20 + _LINE * at}"'
    return (
        f'<text class="state-text" {place_} fill="#14212B"{weight}>{escape(_short(words))}</text>'
    )


def _says(state: State) -> tuple[str, ...]:
    if state.final:
        return (state.title, f"ends: {state.outcome}")
    return (
        state.title,
        owner_words(state.owner),
        clock_words(state.clock),
        f"then {fallback_words(state)}",
    )


def _full(state: State) -> str:
    levels = levels_words(state)
    return "; ".join([state.name, *_says(state), *([f"help: {levels}"] if levels else [])])


def _short(words: str) -> str:
    return words if len(words) <= _CHARACTERS_MAX else words[: _CHARACTERS_MAX - 1] + "…"
