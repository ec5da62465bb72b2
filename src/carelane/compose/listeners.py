"""Which connections of a site are listened for over MLLP, and at which ports; no socket is opened here."""

from typing import Any

from carelane.compose.connections import inbound, settings_of
from carelane.compose.ports import Wanted
from carelane.directory.snapshot import ConnectionRow, Snapshot
from carelane.settings import Settings

HOST = "127.0.0.1"  # where a connection names no `listen_host`


def listened(snapshot: Snapshot) -> dict[str, ConnectionRow]:
    """The connections that other systems send to over MLLP, by name, in the site's order."""
    return {
        name: row
        for name, row in inbound(snapshot).items()
        if row.kind == "hl7v2" and row.settings.get("direction") == "in"
    }


def given_to(settings: Settings, row: ConnectionRow) -> dict[str, Any]:
    """A connection's settings with absolute paths; one without a certificate shows the portal's."""
    given = settings_of(row, settings.home)
    if settings.tls_certificate and not given.get("tls_certificate"):
        given |= {"tls_certificate": settings.tls_certificate, "tls_key": settings.tls_key}
    return given


def port_given(settings: Settings, snapshot: Snapshot, row: ConnectionRow) -> int | None:
    """The port that `mllp_port` gives this connection, if it is set: its own to the first, 0 (any) to the others."""
    if not settings.mllp_port:
        return None
    return settings.mllp_port if row.name == next(iter(listened(snapshot))) else 0


def wanted_by(settings: Settings, snapshot: Snapshot, row: ConnectionRow) -> Wanted:
    """The port of this connection, 0 for any; and the setting, or the line of the site, that names another one."""
    given = port_given(settings, snapshot, row)
    own = f"listen_port of {row.name} in {settings.site / 'connections.yaml'}"
    return Wanted(
        process="listen",
        host=str(row.settings.get("listen_host", HOST)),
        port=int(str(row.settings.get("listen_port", 0))) if given is None else given,
        setting=own if given is None else "CARELANE_MLLP_PORT",
    )
