"""`limit`: BEGIN, one-row insert, COMMIT by eight clients on the same server: what commits cost here.

Each client is a process of its own, so that Python's lock does not make the limit look low.
"""

import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import psycopg


def limit(url: str, *, clients: int = 8, seconds: float = 3.0) -> float:
    """Commits per second."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "create table if not exists bench_limit (id bigserial primary key, at int)"
        )
    with ProcessPoolExecutor(clients) as pool:
        list(pool.map(time.sleep, [0.2] * clients))  # all processes are up before the clock runs
        return sum(pool.map(partial(_client, url), [seconds] * clients))


def _client(url: str, seconds: float) -> float:
    done = 0
    with psycopg.connect(url, autocommit=True) as connection:
        start = time.monotonic()
        while time.monotonic() - start < seconds:
            with connection.pipeline():
                connection.execute("begin", prepare=True)
                connection.execute("insert into bench_limit (at) values (1)", prepare=True)
                connection.execute("commit", prepare=True)
            done += 1
        return done / (time.monotonic() - start)
