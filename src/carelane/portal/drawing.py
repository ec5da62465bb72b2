"""`python -m carelane.portal.drawing`: draws the releases on its standard input; `pictures` starts it, and ends it.

A program of its own, because the layout's runtime keeps its memory for as long as a process lives.
"""

import pickle
import sys
from collections.abc import Sequence

import msgspec

from carelane.pathways.definition import Definition
from carelane.pathways.picture import draw


def draw_all(releases: Sequence[Definition]) -> dict[str, str]:
    """The pictures by release."""
    return {each.digest: draw(each) for each in releases}


def main() -> None:
    """Read definitions, write pictures as JSON."""
    releases: Sequence[Definition] = pickle.loads(sys.stdin.buffer.read())  # noqa: S301  # of the process that started us
    sys.stdout.buffer.write(msgspec.json.encode(draw_all(releases)))


if __name__ == "__main__":
    main()
