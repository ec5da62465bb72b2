"""Named queries from `sql/*.sql`: `-- name: claim` and a sentence, then one statement.

`sql/effects.sql` with `-- name: claim` is `effects.claim`. Files are read once; a name twice is an error.
"""

import re
from functools import cache
from importlib.resources import files

from carelane.facts.errors import LocalFault

_HEAD = re.compile(r"^-- name: *([a-z_]+) *$", re.MULTILINE)


class QueryFault(LocalFault):
    """A query is named twice, or not at all: look into store/sql."""

    code = "query"


@cache
def _all() -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in sorted(files("carelane.store").joinpath("sql").iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".sql"):
            found.update(
                _split(entry.name.removesuffix(".sql"), entry.read_text(encoding="utf-8"), found)
            )
    return found


def _split(room: str, text: str, known: dict[str, str]) -> dict[str, str]:
    parts = _HEAD.split(text)
    queries: dict[str, str] = {}
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        full = f"{room}.{name}"
        if full in known or full in queries:
            raise QueryFault(f"the query {full} is written twice; rename one")
        queries[full] = body.strip()
    return queries


def sql(name: str) -> str:
    """The text of a named query, for example `sql("effects.claim")`."""
    try:
        return _all()[name]
    except KeyError:
        raise QueryFault(
            f"no query is called {name}; it belongs into store/sql/{name.partition('.')[0]}.sql"
        ) from None


def names() -> list[str]:
    """Every query there is."""
    return sorted(_all())
