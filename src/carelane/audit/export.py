"""The exported audit: JSON lines for `verify/carelane_verify.py`, which has no package of ours.

A header, then leaves and checkpoints in tree order. A leaf's body is the exact text that was
hashed. Beside it, outside the database, stand the checkpoints (notes, one after the other) and the
leaf hashes (32 bytes each, in order): with them the verifier names the very leaf that was changed.
"""

import json

from carelane.facts.fact import Json

FORMAT = "carelane-audit-1"


def header(*, origin: str, size: int) -> str:
    """The first line: what this is, whose log, how many leaves follow."""
    return _line({"format": FORMAT, "origin": origin, "size": size})


def leaf(*, tree_index: int, body: bytes) -> str:
    """A leaf's line."""
    return _line({"tree_index": tree_index, "body": body.decode()})


def checkpoint(note: str) -> str:
    """A checkpoint's line, as the database holds it; only externally held ones prove anything."""
    return _line({"checkpoint": note})


def _line(value: dict[str, Json]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"
