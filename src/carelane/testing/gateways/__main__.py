"""`python -m carelane.testing.gateways --flavour twilio`: prints one JSON line of addresses, runs until stopped."""

import argparse
import asyncio
import json
import signal
import sys

from carelane.testing.gateways.admin import Admin
from carelane.testing.gateways.flavours import ACCOUNT, FLAVOURS, SECRET, SENDER
from carelane.testing.gateways.server import GatewayServer


async def run(arguments: argparse.Namespace) -> None:
    """Serve until SIGINT or SIGTERM."""
    server = GatewayServer(flavour=FLAVOURS[arguments.flavour]())
    base = await server.start(arguments.host, arguments.port, beside=Admin(gateway=server).routes())
    addresses = {"base": str(base), "admin": str(base / "admin"), "flavour": arguments.flavour,
                 "account": ACCOUNT, "secret": SECRET, "sender": SENDER}  # fmt: skip
    sys.stdout.write(json.dumps(addresses) + "\n")
    sys.stdout.flush()
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await stop.wait()
    await server.stop()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(
        prog="python -m carelane.testing.gateways", description=__doc__
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--flavour", choices=sorted(FLAVOURS), default="twilio")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
