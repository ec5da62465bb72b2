"""`python -m carelane.testing.payer --port 0`: prints one JSON line of addresses, runs until stopped."""

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

from carelane.testing.payer.server import PayerServer


async def run(arguments: argparse.Namespace) -> None:
    """Serve until SIGINT or SIGTERM."""
    server = PayerServer(seed=arguments.seed)
    if arguments.jwks:
        text = await asyncio.to_thread(Path(arguments.jwks).read_text, encoding="utf-8")
        server.tokens.register(arguments.client, json.loads(text))
    base = await server.start(arguments.host, arguments.port)
    addresses = {"base": str(base), "admin": str(server.root / "admin"), "seed": arguments.seed}
    sys.stdout.write(json.dumps(addresses) + "\n")
    sys.stdout.flush()
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await stop.wait()
    await server.stop()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m carelane.testing.payer", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--seed", type=int, default=1, help="of the payer's decisions")
    parser.add_argument("--client", default="carelane", help="client id to register")
    parser.add_argument("--jwks", help="file with the client's public keys (JWKS)")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
