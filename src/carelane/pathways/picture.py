"""A pathway's picture: SVG with owner, clock and fallback on each state; classes only, no inline style.

Fits a policy of `style-src 'self'`: colours are presentation attributes that a page's style sheet may
override by class. `sayings.table_text` says the same in words; both go side by side.
"""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise

from carelane.pathways.definition import Definition
from carelane.pathways.drawn_boxes import around, boxes
from carelane.pathways.drawn_lines import LEGEND_WIDTH, arrow, label, legend, markers
from carelane.pathways.layout import place
from carelane.pathways.links import EVERYWHERE, START
from carelane.pathways.places import Layout
from carelane.pathways.sayings import clock_words, edge_words, fallback_words, owner_words

_MARGIN = 20
_LEGEND = 44  # pixels below the picture
_ATTRIBUTES = (
    'xmlns="http://www.w3.org/2000/svg" class="pathway" role="img" '
    'font-family="Inter Variable, Inter, sans-serif" font-size="12"'
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
    width = max(placed.width, LEGEND_WIDTH) + 2 * _MARGIN
    height = placed.height + 2 * _MARGIN + _LEGEND
    name = escape(definition.name)
    size = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    passed = _passed(placed, path)
    body = [
        f'<svg {_ATTRIBUTES} {size} aria-labelledby="{name}-title {name}-desc">',
        f'<title id="{name}-title">{escape(definition.title)}</title>',
        f'<desc id="{name}-desc">{escape(_description(definition, path))}</desc>',
        markers(name),
        f'<g transform="translate({_MARGIN} {_MARGIN})">',
        *(around(frame) for frame in placed.frames),
        *(
            arrow(one, name, on_path=(one.link.tail, one.link.head) in passed)
            for one in placed.lines
        ),
        *(label(one) for one in placed.lines if one.label_at),
        *boxes(definition, placed, counts, path),
        f'</g><g class="legend" transform="translate({_MARGIN} {height - _LEGEND:.0f})">',
        legend(name),
        "</g></svg>",
    ]
    return "\n".join(body) + "\n"


def _passed(placed: Layout, path: Sequence[str]) -> set[tuple[str, str]]:
    """The arrows of the path; where no arrow of its own leads on, what holds in each open state did."""
    drawn = {(one.link.tail, one.link.head) for one in placed.lines}
    ways = set(pairwise((START, *path)))
    return ways | {(EVERYWHERE, head) for tail, head in ways - drawn}


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
