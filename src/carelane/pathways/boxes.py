"""What stands in each box of a pathway's picture, wrapped so that nothing is cut off, and how large that makes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap

from carelane.pathways.definition import Definition, State
from carelane.pathways.links import EVERYWHERE, START, Link, holds_everywhere
from carelane.pathways.sayings import clock_words, fallback_words, owner_words

BOX_WIDTH = 276
LINE = 17
LABEL_LINE = 14
LABEL_CHARACTER = 6.0  # pixels a character of a label takes at 11 px, on the safe side
_PADDING = 20
_CHARACTERS = 40  # of 12 px text in a box
_TITLE_CHARACTERS = 33  # bold, and the count stands beside it
_LABEL_CHARACTERS = 26
_LABELS_MAX = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxText:
    """One box: `title` is bold, `says` plain; each entry is a line as it is drawn."""

    title: tuple[str, ...]
    says: tuple[str, ...]

    @property
    def height(self) -> int:
        """Pixels it takes."""
        return _PADDING + LINE * (len(self.title) + len(self.says))


def texts(definition: Definition) -> Mapping[str, BoxText]:
    """Every box by the name of its state, with the two boxes of the picture's own."""
    opening = ", ".join(name for name, event in definition.events.items() if event.start)
    own = {START: BoxText(title=("A case starts",), says=_wrapped((f"by {opening}",)))}
    if holds_everywhere(definition):
        own[EVERYWHERE] = BoxText(title=("In each open state",), says=())
    return own | {state.name: _text(state) for state in definition.states.values()}


def label_lines(link: Link) -> tuple[str, ...]:
    """A link's names as they are drawn; what doesn't fit is counted, and told in full by its title."""
    shown = link.labels if len(link.labels) <= _LABELS_MAX else link.labels[: _LABELS_MAX - 1]
    lines = [line for label in shown for line in wrap(label, _LABEL_CHARACTERS)]
    more = len(link.labels) - len(shown)
    return (*lines, f"and {more} more") if more else tuple(lines)


def _text(state: State) -> BoxText:
    return BoxText(title=tuple(wrap(state.title, _TITLE_CHARACTERS)), says=_wrapped(says_of(state)))


def says_of(state: State) -> tuple[str, ...]:
    """Owner, clock and fallback of a state that waits; how a final one ends the case, or its region."""
    if state.final:
        return (f"ends its part: {state.outcome}" if state.region else f"ends: {state.outcome}",)
    return (owner_words(state.owner), clock_words(state.clock), f"then {fallback_words(state)}")


def _wrapped(sentences: Sequence[str]) -> tuple[str, ...]:
    return tuple(
        line
        for sentence in sentences
        for line in wrap(sentence, _CHARACTERS, subsequent_indent="  ")
    )
