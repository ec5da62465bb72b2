"""`replace`: a value with some fields changed, whether a dataclass or a `msgspec.Struct`.

The core's values are structs: one decision makes a dozen of them, and a struct is made ten times as fast as a frozen
dataclass (docs/adr/0037). From Python 3.13 on, `copy.replace` does the same.
"""

from dataclasses import replace as _replace_dataclass
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct, structs

_T = TypeVar("_T")

if TYPE_CHECKING:
    from dataclasses import (
        replace,  # the checker holds the names and types of the fields by it, for structs too
    )
else:

    def replace(value: _T, /, **changes: object) -> _T:
        """The value with these fields changed.

        Raises:
            TypeError: There is no such field.
        """
        if isinstance(value, Struct):
            return structs.replace(value, **changes)
        return _replace_dataclass(value, **changes)


__all__ = ["replace"]
