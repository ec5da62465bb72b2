"""A port of our own, or one line that says how to get another: before a server starts, not from inside it."""

import socket

from carelane.facts.errors import SetupFault

_BACKLOG = 2048


class PortTaken(SetupFault):
    """Another program listens on the port: stop it, or name another one."""

    code = "port-taken"


def bound(host: str, port: int, *, setting: str) -> socket.socket:
    """A listening socket on this port; `setting` is what names another one.

    Raises:
        PortTaken: another program has the port, or it is not ours to take.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as cause:
        raise PortTaken(
            f"port {port} on {host} can't be had ({cause.strerror}). Remedy: set {setting} to a free one"
        ) from cause
