"""`carelane up` looks at certificates and keys before it starts anything: one line names the files and what is wrong.

Found out by a child, it was started anew for ever, and the portal's way out was a traceback.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from carelane.cli import main
from carelane.compose.database import Owned
from carelane.compose.demo import copied_site, free_ports
from carelane.compose.exposure import CertificateUnusable, NotEncrypted, require_doors
from carelane.connect.hl7v2.listener import NotEncrypted as ListenerNotEncrypted
from carelane.connect.hl7v2.tls import CertificateUnusable as ListenerCertificateUnusable
from carelane.settings import Settings
from carelane.store.roles import DatabaseUrls
from tests.adapters.certificates import certificate

ENDS = datetime(2126, 1, 1, tzinfo=UTC)


@pytest.fixture
def free(tmp_path: Path) -> Settings:
    """Settings and a site of this test's own."""
    ports = free_ports()
    site = copied_site(Settings().site, tmp_path / "site", ports)
    return ports.settings(Settings(), home=tmp_path / "home", site=site)


def listening_with(settings: Settings, *lines: str) -> None:
    """The site's first listener has these settings instead of its host."""
    file = settings.site / "connections.yaml"
    text = file.read_text(encoding="utf-8")
    given = "\n      ".join(lines)
    file.write_text(text.replace("listen_host: 127.0.0.1", given, 1), encoding="utf-8")


def test_a_pair_that_fits_opens_all_doors(free: Settings, tmp_path: Path) -> None:
    """In two files or in one; a listener without a certificate of its own shows the portal's."""
    both = str(certificate(tmp_path, ENDS))
    listening_with(free, "listen_host: 0.0.0.0")
    for key in (both, ""):
        require_doors(replace(free, host="0.0.0.0", tls_certificate=both, tls_key=both))  # noqa: S104  # nothing is opened
        require_doors(replace(free, tls_certificate=both, tls_key=key))


def test_a_listeners_own_certificate_needs_no_key_of_the_portal(
    free: Settings, tmp_path: Path
) -> None:
    """One file with both: the portal's key is another certificate's."""
    portal, own = (str(certificate(tmp_path, ENDS, name=name)) for name in ("portal", "own"))
    listening_with(free, "listen_host: 0.0.0.0", f"tls_certificate: {own}")
    require_doors(replace(free, tls_certificate=portal, tls_key=portal))


@pytest.mark.parametrize("wrong", ["another", "missing", "folder", "text", "passphrase"])
def test_files_that_can_not_be_loaded_are_named_with_the_reason(
    free: Settings, tmp_path: Path, wrong: str
) -> None:
    """For the portal by the setting, for a listener by file and connection; nobody is asked for a passphrase."""
    good, key = str(certificate(tmp_path, ENDS)), tmp_path / wrong
    if wrong == "another":
        key = certificate(tmp_path, ENDS, name="second")
    elif wrong == "folder":
        key.mkdir()
    elif wrong == "text":
        key.write_text("no key", encoding="ascii")
    elif wrong == "passphrase":
        locked = serialization.BestAvailableEncryption(b"a passphrase")
        made = ec.generate_private_key(ec.SECP256R1())
        pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        key.write_bytes(made.private_bytes(*pem, locked))
    with pytest.raises(CertificateUnusable, match=rf"CARELANE_TLS_KEY: .*{key} .*\(.+\).*Remedy"):
        require_doors(replace(free, tls_certificate=good, tls_key=str(key)))
    listening_with(free, f"tls_certificate: {good}", f"tls_key: {key}")
    with pytest.raises(
        ListenerCertificateUnusable, match=rf"connection mllp in .*connections.yaml: .*{key} "
    ):
        require_doors(free)


def test_an_address_beyond_this_machine_is_refused_before_the_start(free: Settings) -> None:
    with pytest.raises(NotEncrypted, match="CARELANE_TLS_CERTIFICATE"):
        require_doors(replace(free, host="0.0.0.0"))  # noqa: S104  # refused
    listening_with(free, "listen_host: 0.0.0.0")
    with pytest.raises(ListenerNotEncrypted, match=r"connection mllp in .*0\.0\.0\.0 without TLS"):
        require_doors(free)


def test_up_ends_with_status_2_and_has_started_nothing(
    free: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    @contextmanager
    def owned(*_: object) -> Iterator[Owned]:
        yield Owned(DatabaseUrls(owner="", app="", worker="", audit=""))

    monkeypatch.setattr("carelane.cli.run.owned", owned)
    flags = {
        "--home": free.home, "--site": free.site, "--portal-port": free.portal_port,
        "--health-port": free.health_port, "--tls-certificate": tmp_path / "none.pem",
    }  # fmt: skip

    assert main(["up", *(str(word) for pair in flags.items() for word in pair)]) == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("carelane: tls-certificate: CARELANE_TLS_CERTIFICATE")
