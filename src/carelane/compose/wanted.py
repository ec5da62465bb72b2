"""Every port that `up` will take, looked at before anything starts: a child that can't have its port ends for ever."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from carelane.compose.listeners import HOST, listened, port_given
from carelane.compose.ports import bound
from carelane.compose.site import texts
from carelane.directory.site import load_site
from carelane.directory.snapshot import Snapshot
from carelane.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A port, and what names another one."""

    host: str
    port: int
    setting: str


def require_ports(settings: Settings) -> None:
    """Refuse to start where a port of `up` is another program's, or is named twice; holds none afterwards.

    Raises:
        PortTaken: names the port and the setting that names another one.
    """
    snapshot, _ = load_site(texts(settings.site))
    with ExitStack() as held:
        for each in (*_own(settings), *_mllp(settings, snapshot)):
            if each.port:
                held.enter_context(bound(each.host, each.port, setting=each.setting))


def _own(settings: Settings) -> Iterator[Wanted]:
    """The portal's port, and `/health` of the listener and of each worker."""
    yield Wanted(host=settings.host, port=settings.portal_port, setting="CARELANE_PORTAL_PORT")
    for number in range(1 + settings.workers if settings.health_port else 0):
        port = settings.health_port + number
        yield Wanted(host=settings.host, port=port, setting="CARELANE_HEALTH_PORT")


def _mllp(settings: Settings, snapshot: Snapshot) -> Iterator[Wanted]:
    for row in listened(snapshot).values():
        given = port_given(settings, snapshot, row)
        own = f"listen_port of {row.name} in {settings.site / 'connections.yaml'}"
        yield Wanted(
            host=str(row.settings.get("listen_host", HOST)),
            port=int(str(row.settings.get("listen_port", 0))) if given is None else given,
            setting=own if given is None else "CARELANE_MLLP_PORT",
        )
