"""The doors: `carelane COMMAND ...`. Each has `--help`, `--json` where it answers with data, and an exit status.

0: done. 1: done, and the answer is no (a check failed, a verification found something). 2: it could not be done; the
message says place and remedy. 141: whoever read the answer has gone.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from carelane.cli import (
    audit,
    case,
    coverage,
    data_flow,
    db,
    demo,
    doctor,
    identity,
    keys,
    ledger,
    measures,
    pathway,
    replay,
    retention,
    run,
    task,
    template,
    user,
)
from carelane.cli.files import unusable
from carelane.facts.errors import CarelaneError

DOORS = (
    run,
    demo,
    replay,
    pathway,
    template,
    case,
    task,
    coverage,
    measures,
    ledger,
    audit,
    data_flow,
    user,
    identity,
    keys,
    db,
    retention,
    doctor,
)


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(prog="carelane", description=__doc__.split("\n")[0])
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for door in DOORS:
        door.add(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    options = parser().parse_args(arguments)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except CarelaneError as fault:
        return _could_not(fault)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our answer (`| head`) has gone. Python flushes once more at its end: into nothing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        if (said := unusable(error)) is None:
            raise
        return _could_not(said)
    return status


def _could_not(fault: CarelaneError) -> int:
    sys.stderr.write(f"carelane: {fault.code}: {fault}\n")
    return 2
