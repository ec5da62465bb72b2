"""What a command says where a file or folder can't be had, or its disk is full: place and remedy, no traceback."""

import errno
from typing import Final

from carelane.facts.errors import SetupFault

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})
"""Said by a write to a file that is open: then its name is not known any more."""


class FileUnusable(SetupFault):
    """A file or folder can't be read or written: name another, let this account use it, or make room on its disk."""

    code = "file-unusable"


def unusable(fault: OSError) -> FileUnusable | None:
    """What to tell of an error of the system; None where it is not about files (a socket's, say)."""
    if fault.filename is None and fault.errno not in _FULL:
        return None
    place = "" if fault.filename is None else f"{fault.filename}: "
    remedy = (
        "make room on its disk"
        if fault.errno in _FULL
        else "name one that is there and that this account may use"
    )
    return FileUnusable(f"{place}{fault.strerror}. Remedy: {remedy}")
