"""What the demo needs of a private Carelane: free ports, and a copy of the site that uses them."""

import re
import shutil
import socket
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from carelane.directory.snapshot import Snapshot
from carelane.settings import Settings

EXAMPLE = "Northgate Health"
"""The organisation of the shipped example site, which is made up: nobody else's passwords are ever set."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Free ports of this machine, found just now."""

    mllp: int
    ehr: int
    smtp: int
    portal: int
    health: int

    def settings(self, settings: Settings, *, home: Path, site: Path) -> Settings:
        """Settings of a private Carelane on these ports, with its own embedded database."""
        return replace(settings, home=home, site=site, database_url="", mllp_port=self.mllp,
                       portal_port=self.portal, health_port=self.health, host="127.0.0.1")  # fmt: skip


def free_ports() -> Ports:
    """Four ports, and the first of four in a row for `/health`."""
    with ExitStack() as stack:
        mllp, ehr, smtp, portal = (_free(stack) for _ in range(4))
        health = next(
            first
            for first in range(21_000, 29_000, 7)
            if all(_is_free(first + n) for n in range(4))
        )
    return Ports(mllp, ehr, smtp, portal, health)


def ports_of(directory: Snapshot, settings: Settings) -> Ports:
    """Where the running example site expects the hospital to be."""
    rows = directory.connections
    mllp = settings.mllp_port or int(str(rows["mllp"].settings["listen_port"]))
    ehr = int(str(rows["ehr"].settings["base_url"]).split(":")[2].split("/")[0])
    smtp = int(str(rows["staff"].settings["port"]))
    return Ports(mllp, ehr, smtp, settings.portal_port, settings.health_port)


def copied_site(site: Path, target: Path, ports: Ports) -> Path:
    """A copy of the site whose connections lead to the synthetic hospital."""
    shutil.copytree(site, target)
    file = target / "connections.yaml"
    text = file.read_text(encoding="utf-8")
    for before, after in ((20575, ports.mllp), (20580, ports.ehr), (20525, ports.smtp)):
        text = re.sub(rf"\b{before}\b", str(after), text)
    file.write_text(text, encoding="utf-8")
    return target


def _free(stack: ExitStack) -> int:
    probe = stack.enter_context(socket.socket())
    probe.bind(("127.0.0.1", 0))
    return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
