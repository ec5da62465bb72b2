"""`doctor` looks at the certificates that we show ourselves, before whoever calls us finds out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from carelane.compose.certificates import own_certificates
from carelane.compose.demo import copied_site, free_ports
from carelane.settings import Settings
from tests.adapters.certificates import certificate

NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A site of this test's own."""
    site = copied_site(Settings().site, tmp_path / "site", free_ports())
    return replace(Settings(), home=tmp_path, site=site)


@pytest.mark.parametrize(
    ("days", "well", "says"),
    [(-1, False, "ended 2026-11-29 09:00 UTC"), (5, False, "ends 2026-12-05"), (60, True, "2027")],
)
def test_each_certificate_is_judged_by_its_end(
    settings: Settings, tmp_path: Path, *, days: int, well: bool, says: str
) -> None:
    """The portal's by its setting, a connection's by the site's files (a relative path is in the home folder)."""
    file = certificate(tmp_path, NOW + timedelta(days=days))
    connections = settings.site / "connections.yaml"
    text = connections.read_text(encoding="utf-8")
    own = f"listen_host: 127.0.0.1\n      tls_certificate: {file.name}"
    connections.write_text(text.replace("listen_host: 127.0.0.1", own, 1), encoding="utf-8")
    found = own_certificates(replace(settings, tls_certificate=str(file)), NOW)
    assert [(each.of, each.well) for each in found] == [
        ("the portal", well),
        ("connection mllp", well),
    ]
    for each in found:
        assert says in each.says
        assert ("Remedy" in each.says) is not well


def test_a_file_that_holds_no_certificate_is_named(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "text.pem").write_text("none", encoding="ascii")
    for name, why in (("gone.pem", "No such file"), ("text.pem", "no certificate")):
        given = replace(settings, tls_certificate=str(tmp_path / name))
        [one] = own_certificates(given, NOW)
        assert not one.well
        assert name in one.says
        assert why in one.says


def test_a_site_without_certificates_has_nothing_to_say(settings: Settings) -> None:
    assert own_certificates(settings, NOW) == ()
