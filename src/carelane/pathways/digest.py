"""A release's name: SHA-256 over the canonical JSON of a definition, without places and comments.

Canonical is RFC 8785 in effect: sorted keys, no spaces, UTF-8; sets are sorted, guards in their one wording.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import timedelta
from enum import Enum

from carelane.facts.fact import Json
from carelane.pathways.definition import Definition
from carelane.pathways.durations import duration_text
from carelane.pathways.guard import (
    All,
    Compare,
    Either,
    Elapsed,
    Missing,
    Not,
    Same,
    Until,
    Within,
)
from carelane.pathways.wording import wording

_GUARDS = (All, Compare, Either, Elapsed, Missing, Not, Same, Until, Within)
_LEFT_OUT = frozenset({"digest", "line"})


def digest(definition: Definition) -> str:
    """The digest, hex. Moving lines or changing comments does not change it; any other edit does."""
    return hashlib.sha256(canonical(definition).encode()).hexdigest()


def canonical(definition: Definition) -> str:
    """The canonical JSON text of a definition."""
    return json.dumps(plain(definition), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def plain(value: object) -> Json:
    """A definition's part as JSON: also what `diff` and reference documents work on."""
    if isinstance(value, _GUARDS):
        return wording(value)
    if isinstance(value, timedelta):
        return duration_text(value)
    if isinstance(value, Enum):
        return value.name.lower() if isinstance(value.value, int) else str(value.value)
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    return _record(value)


def _record(value: object) -> Json:
    if is_dataclass(value) and not isinstance(value, type):
        return {
            one.name: plain(getattr(value, one.name))
            for one in fields(value)
            if one.name not in _LEFT_OUT and not _silent(value, one)
        }
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _silent(value: object, one: Field[object]) -> bool:
    """Whether a field that came with a later language number says nothing here: older digests stay."""
    if "since" not in one.metadata:
        return False
    given = getattr(value, one.name)
    return bool(given == (one.default if one.default is not MISSING else {}))
