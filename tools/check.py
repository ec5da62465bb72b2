"""`make check`: every static check of the house, all of them even when one fails, and a summary at the end."""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent

CHECKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("lint", ("ruff", "check", "--quiet", "--output-format=concise", ".")),
    ("format", ("ruff", "format", "--check", "--quiet", ".")),
    ("imports", ("lint-imports", "--no-logo")),
    ("house rules", ("pytest", "-q", "-n", "0", "-p", "no:randomly", "tests/house")),
    ("types", ("mypy",)),
)


def main() -> int:
    """Runs the checks one after another; 1 when any found something."""
    failed = []
    for name, (program, *arguments) in CHECKS:
        begun = time.monotonic()
        status = subprocess.run([BIN / program, *arguments], cwd=ROOT, check=False).returncode
        print(
            f"carelane check: {name}: {'red' if status else 'green'} ({time.monotonic() - begun:.0f} s)",
            flush=True,
        )
        if status:
            failed.append(name)
    print(f"carelane check: {'red: ' + ', '.join(failed) if failed else 'all green'}", flush=True)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
