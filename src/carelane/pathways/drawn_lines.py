"""The lines of a pathway's picture as SVG: arrows, their labels, and the legend."""

from html import escape

from carelane.pathways.boxes import LABEL_LINE, label_lines
from carelane.pathways.links import EVERYWHERE, START
from carelane.pathways.places import Line

PATH = "#C2410C"  # what is highlighted
STROKES = {  # colour and dash: neither is alone
    "outcome": ("#14212B", "", "a person's outcome"),
    "event": ("#1F4E8C", "2 4", "an event"),
    "effect": ("#5B3A9B", "6 3 2 3", "another system's answer"),
    "fallback": ("#9B1C1C", "8 4", "not done in time"),
}
_SAMPLE = 34  # pixels of line in the legend
_CHARACTER = 6.4  # pixels a character takes at 12 px
LEGEND_WIDTH = 860
_ARROW = (
    '<marker id="{name}-{kind}" class="arrow arrow-{kind}" viewBox="0 0 10 10" refX="9" refY="5" '
    'markerUnits="userSpaceOnUse" markerWidth="{size}" markerHeight="{size}" orient="auto">'
    '<path d="M0 0 10 5 0 10z" fill="{colour}"/></marker>'
)


def markers(name: str) -> str:
    """The arrow heads; `name` keeps their ids apart from those of another picture in the page."""
    made = [
        _ARROW.format(name=name, kind=kind, colour=colour, size=9)
        for kind, (colour, _, _) in STROKES.items()
    ]
    marked = _ARROW.format(name=name, kind="path", colour=PATH, size=14)
    return f"<defs>{''.join(made)}{marked}</defs>"


def arrow(line: Line, name: str, *, on_path: bool) -> str:
    """One arrow; its title says every reason to take it."""
    link = line.link
    title = escape(f"{_spoken(link.tail)} to {link.head}: {', '.join(link.reasons) or 'always'}")
    classes = f"edge edge-{link.kind}{' on-path' if on_path else ''}"
    stroke = _stroke(link.kind, name, on_path=on_path)
    return f'<path class="{classes}" d="{_drawn(line)}" fill="none" {stroke}><title>{title}</title></path>'


def _stroke(kind: str, name: str, *, on_path: bool) -> str:
    colour, dash, _ = STROKES[kind]
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    marker = "path" if on_path else kind
    width = 3.5 if on_path else 1.3
    return (
        f'stroke="{PATH if on_path else colour}" stroke-width="{width}"{dashed} '
        f'marker-end="url(#{name}-{marker})"'
    )


def _spoken(name: str) -> str:
    return {START: "the start", EVERYWHERE: "each open state"}.get(name, name)


def _drawn(line: Line) -> str:
    pairs = [f"{x:.1f} {y:.1f}" for x, y in line.points]
    if line.straight:
        return f"M{pairs[0]}L{' '.join(pairs[1:])}"
    return f"M{pairs[0]}C{' '.join(pairs[1:-1])}L{pairs[-1]}"


def label(line: Line) -> str:
    """What stands beside an arrow."""
    x, y = line.label_at or (0.0, 0.0)
    spans = [
        f'<tspan x="{x:.1f}" y="{y + LABEL_LINE * (at + 0.8):.1f}">{escape(words)}</tspan>'
        for at, words in enumerate(label_lines(line.link))
    ]
    # the paper's own colour around the letters: a line that runs below stays readable
    halo = 'stroke="#FFFFFF" stroke-width="4" paint-order="stroke" stroke-linejoin="round"'
    colour = STROKES[line.link.kind][0]
    return (
        f'<text class="edge-label label-{line.link.kind}" font-size="11" text-anchor="middle" '
        f'fill="{colour}" {halo}>{"".join(spans)}</text>'
    )


def legend(name: str) -> str:
    """What the strokes mean, side by side, and the heavy frame of a safety clock."""
    strokes = [
        (f'class="edge-{kind}" {_stroke(kind, name, on_path=False)}', words)
        for kind, (_, _, words) in STROKES.items()
    ]
    heavy = ('class="state-safety" stroke="#4A5A67" stroke-width="2.6"', "a safety clock (frame)")
    x, parts = 0.0, list[str]()
    for stroke, words in (*strokes, heavy):
        parts.append(
            f'<line x1="{x:.0f}" y1="8" x2="{x + _SAMPLE:.0f}" y2="8" {stroke}/>'
            f'<text x="{x + _SAMPLE + 8:.0f}" y="12" fill="#4A5A67">{words}</text>'
        )
        x += _SAMPLE + 8 + _CHARACTER * len(words) + 20
    return "".join(parts)
