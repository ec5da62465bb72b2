"""What the demo needs of a private Carelane: free ports, and a copy of the site that uses them."""

import os
import re
import shutil
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from carelane.directory.snapshot import Snapshot
from carelane.settings import Settings

EXAMPLE = "Northgate Health"
"""The organisation of the shipped example site, which is made up: nobody else's passwords are ever set."""
SHIPPED = {
    "mllp": 20575, "mllp_harbour": 20576, "mllp_lakeside": 20577, "ehr": 20580, "smtp": 20525, "texts": 20586,
    "payer": 20587, "portal": 20480, "health": 20481,
}  # fmt: skip
"""Ports that the shipped example site names, each by what a demo calls it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Free ports of this machine, found just now."""

    mllp: int
    mllp_harbour: int
    mllp_lakeside: int
    ehr: int
    smtp: int
    texts: int
    payer: int
    portal: int
    health: int

    def settings(self, settings: Settings, *, home: Path, site: Path) -> Settings:
        """Settings of a private Carelane on these ports, with its own embedded database."""
        return replace(settings, home=home, site=site, database_url="", mllp_port=0,
                       portal_port=self.portal, health_port=self.health, host="127.0.0.1")  # fmt: skip


def free_ports() -> Ports:
    """A port for each, and the first of four in a row for `/health`."""
    with ExitStack() as stack:
        found = {name: _free(stack) for name in SHIPPED if name != "health"}
        health = next(
            first
            for first in _own_order(range(21_000, 29_000, 7))
            if all(_is_free(first + n) for n in range(4))
        )
    return Ports(**found, health=health)


def _own_order(ports: Sequence[int]) -> Sequence[int]:
    """From a place of this process on: two demos that start at once don't look for the same ports."""
    begin = os.getpid() % len(ports)
    return (*ports[begin:], *ports[:begin])


def ports_of(directory: Snapshot, settings: Settings) -> Ports:
    """Where the running example site expects the hospital to be; what it doesn't name is as shipped."""
    rows = directory.connections
    said: dict[str, int] = {
        name.replace("-", "_"): int(str(row.settings["listen_port"]))
        for name, row in rows.items()
        if "listen_port" in row.settings
    }
    for name in ("ehr", "texts"):
        if name in rows:
            said[name] = int(str(rows[name].settings["base_url"]).split(":")[2].split("/")[0])
    said["smtp"] = int(str(rows["staff"].settings["port"]))
    said |= {"mllp": settings.mllp_port} if settings.mllp_port else {}
    said |= {"portal": settings.portal_port, "health": settings.health_port}
    return Ports(**(SHIPPED | {name: port for name, port in said.items() if name in SHIPPED}))


def copied_site(site: Path, target: Path, ports: Ports) -> Path:
    """A copy of the site whose connections lead to the synthetic hospital."""
    shutil.copytree(site, target)
    file = target / "connections.yaml"
    text = file.read_text(encoding="utf-8")
    shipped = "|".join(str(port) for port in SHIPPED.values())
    mine = {str(port): str(getattr(ports, name)) for name, port in SHIPPED.items()}
    text = re.sub(rf"\b({shipped})\b", lambda found: mine[found[0]], text)
    file.write_text(text, encoding="utf-8")
    return target


def _free(stack: ExitStack) -> int:
    probe = stack.enter_context(socket.socket())
    probe.bind(("127.0.0.1", 0))
    return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
