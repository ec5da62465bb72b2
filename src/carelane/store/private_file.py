"""Private files (0600), whole or not at all: keys, passwords, addresses. Nobody ever reads a part of one.

A process may be ended between the first byte and the last, and two may begin at once: so the content is written beside,
made durable, and put in its place by one step of the file system.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write(file: Path, content: bytes) -> None:
    """Put the content in the place of what is there."""
    with _beside(file, content) as partial:
        partial.rename(file)


def write_once(file: Path, content: bytes) -> None:
    """Make the file; durable when this returns.

    Raises:
        FileExistsError: It is there already, perhaps since an instant ago; what is there stays.
    """
    with _beside(file, content) as partial:
        file.hardlink_to(partial)


@contextmanager
def _beside(file: Path, content: bytes) -> Iterator[Path]:
    partial = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        yield partial
    finally:
        partial.unlink(missing_ok=True)
    _sync(file.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
