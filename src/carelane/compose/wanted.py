"""Every port that `up` will take, looked at before anything starts, and again where a child could not start."""

from collections.abc import Iterator
from contextlib import ExitStack

from carelane.compose.listeners import listened, wanted_by
from carelane.compose.ports import Wanted, bound
from carelane.compose.site import texts
from carelane.directory.site import load_site
from carelane.settings import Settings


def require_ports(settings: Settings, *, process: str = "") -> None:
    """Refuse to start where a port of `up` (of this process of it) is another program's, or is named twice.

    Holds none afterwards.

    Raises:
        PortTaken: names the port and the setting that names another one.
    """
    with ExitStack() as held:
        for each in (*_own(settings), *_mllp(settings)):
            if each.port and process in {"", each.process}:
                held.enter_context(bound(each.host, each.port, setting=each.setting))


def _own(settings: Settings) -> Iterator[Wanted]:
    """The portal's port, and `/health` of the listener and of each worker."""
    host, port = settings.host, settings.portal_port
    yield Wanted(process="serve", host=host, port=port, setting="CARELANE_PORTAL_PORT")
    for number in range(1 + settings.workers if settings.health_port else 0):
        process = f"work-{number - 1}" if number else "listen"
        port = settings.health_port + number
        yield Wanted(process=process, host=host, port=port, setting="CARELANE_HEALTH_PORT")


def _mllp(settings: Settings) -> Iterator[Wanted]:
    snapshot, _ = load_site(texts(settings.site))
    for row in listened(snapshot).values():
        yield wanted_by(settings, snapshot, row)
