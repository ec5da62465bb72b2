"""A port of our own, or one line that says how to get another: before a server starts, not from inside it."""

import socket
from dataclasses import dataclass

from carelane.facts.errors import SetupFault

_BACKLOG = 2048


class PortTaken(SetupFault):
    """Another program listens on the port: stop it, or name another one."""

    code = "port-taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A port that `process` (its name under `up`) will take, and what names another one."""

    process: str
    host: str
    port: int
    setting: str


def bound(host: str, port: int, *, setting: str) -> socket.socket:
    """A listening socket on this port; `setting` is what names another one.

    Raises:
        PortTaken: another program has the port, or it is not ours to take.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as cause:
        raise taken(host, port, cause, setting=setting) from cause


def taken(host: str, port: int, cause: OSError, *, setting: str) -> PortTaken:
    """The line for a port that can't be had."""
    return PortTaken(
        f"port {port} on {host} can't be had ({cause.strerror}). Remedy: set {setting} to a free one"
    )
