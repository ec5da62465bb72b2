"""Asking once more where Carelane was away for a moment: people press the button again, and so do their systems.

Only what can't do harm twice goes this way: a question, work with the version it was seen in, a message with its id.
"""

import asyncio
from typing import Final

from aiohttp import ClientConnectionError, ClientHandlerType, ClientRequest, ClientResponse

AWAY: Final = frozenset({502, 503, 504})
TRIES: Final = 20
PAUSE_S: Final = 1.0


async def asked_again(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """A session's middleware: the first answer of somebody who is there, else what the last try came to.

    Raises:
        ClientConnectionError: nobody was there each time.
    """
    for _ in range(TRIES):
        try:
            answer = await handler(request)
        except ClientConnectionError:
            await asyncio.sleep(PAUSE_S)
            continue
        if answer.status not in AWAY:
            return answer
        pause = float(answer.headers.get("Retry-After", PAUSE_S))
        answer.release()
        await asyncio.sleep(pause)
    return await handler(request)
