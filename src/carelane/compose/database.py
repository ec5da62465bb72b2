"""Which PostgreSQL: an external one by CARELANE_DATABASE_URL, the embedded one we own, or the one `up` runs."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

from carelane.engine.periodic import schema
from carelane.facts.errors import SetupFault
from carelane.settings import Settings
from carelane.store import private_file
from carelane.store.embedded import Embedded, start
from carelane.store.external import external_urls, prepare_external
from carelane.store.foreign import apply_once
from carelane.store.migrate import migrate
from carelane.store.roles import DatabaseUrls, Role

Progress = Callable[[str], None]
_FILE = "database.json"


class NoDatabase(SetupFault):
    """No database runs for this home: start `carelane up`, or set CARELANE_DATABASE_URL."""

    code = "no-database"


@dataclass(frozen=True, slots=True)
class Owned:
    """The addresses of a whole Carelane's database, and its server where we started it."""

    urls: DatabaseUrls
    server: Embedded | None = None


@contextmanager
def owned(settings: Settings, progress: Progress) -> Iterator[Owned]:
    """A migrated database for a whole Carelane; the embedded server stops when the block ends."""
    settings.home.mkdir(mode=0o711, parents=True, exist_ok=True)
    if settings.database_url:
        urls = prepare_external(settings.database_url, given=_given(settings), progress=progress)
        _bring_up(urls, progress)
        yield Owned(urls)
        return
    with start(settings.home / "postgres", progress=progress) as embedded:
        urls = embedded.urls()
        _bring_up(urls, progress)
        file = settings.home / _FILE
        _write(file, urls)
        try:
            yield Owned(urls, embedded)
        finally:
            file.unlink(missing_ok=True)


def _bring_up(urls: DatabaseUrls, progress: Progress) -> None:
    migrate(urls.owner, progress=progress)
    version, text = schema()
    apply_once(urls.owner, name="procrastinate", version=version, text=text)


def runs(settings: Settings) -> bool:
    """Whether a Carelane runs already: an external database is named, or an embedded one is up in the home."""
    return bool(settings.database_url) or (settings.home / _FILE).exists()


def running(settings: Settings) -> DatabaseUrls:
    """The database of a Carelane that runs already.

    Raises:
        NoDatabase: none does.
    """
    if settings.database_url:
        return external_urls(settings.database_url, given=_given(settings))
    file = settings.home / _FILE
    if not file.exists():
        raise NoDatabase(
            f"no Carelane runs in {settings.home}. Remedy: `carelane up`, or set CARELANE_DATABASE_URL"
        )
    return DatabaseUrls(**json.loads(file.read_text()))


def _given(settings: Settings) -> dict[Role, str]:
    """Addresses of roles that the site's administrator made."""
    named = {
        Role.APP: settings.database_app_url,
        Role.WORKER: settings.database_worker_url,
        Role.AUDIT: settings.database_audit_url,
    }
    return {role: url for role, url in named.items() if url}


def _write(file: Path, urls: DatabaseUrls) -> None:
    text = json.dumps({each.name: getattr(urls, each.name) for each in fields(urls)})
    private_file.write(file, text.encode())
