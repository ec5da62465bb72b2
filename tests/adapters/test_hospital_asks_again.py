"""The simulated hospital asks again who is away for a moment: a database that restarts ends nobody's day."""

import asyncio
from collections import deque
from typing import Any

import pytest

from carelane.testing.doorstep import standing
from carelane.testing.hospital import again
from carelane.testing.hospital.wire import session

Scope = dict[str, Any]


class Door:
    """Answers with statuses as planned, and keeps what was said to it."""

    def __init__(self, *plan: int) -> None:
        self.plan = deque(plan)
        self.heard: list[bytes] = []

    async def __call__(self, _: Scope, receive: Any, send: Any) -> None:
        """One request."""
        self.heard.append((await receive())["body"])
        headers = [(b"retry-after", b"0")]
        status = self.plan.popleft()
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"{}"})


@pytest.mark.parametrize(
    ("plan", "status"),
    [((200,), 200), ((503, 503, 200), 200), ((503, 409), 409), ((503,) * 4, 503)],
)
async def test_who_is_away_is_asked_again_with_the_same_words(
    monkeypatch: pytest.MonkeyPatch, plan: tuple[int, ...], status: int
) -> None:
    """Until somebody is there who answers, at most so often."""
    monkeypatch.setattr(again, "TRIES", 3)
    door = Door(*plan)
    async with (
        standing(door) as url,
        session(20) as http,
        http.post(f"{url}/api/tasks/1/complete", data=b"version 3") as answer,
    ):
        assert answer.status == status
    assert door.heard == [b"version 3"] * len(plan)


async def test_a_connection_that_breaks_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(again, "PAUSE_S", 0.0)
    answers = deque([b"", b"", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"])

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answers.popleft())
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server, session(20) as http:
        port = server.sockets[0].getsockname()[1]
        async with http.get(f"http://127.0.0.1:{port}") as answer:
            assert answer.status == 200
    assert not answers
