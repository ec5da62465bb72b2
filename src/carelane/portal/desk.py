"""What every page and action is given: the runtime, the rights, and who asks. `app` puts it into each request."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from litestar import Request
from litestar.datastructures import State

from carelane.access.views import Fields, Screen, fields_of
from carelane.accounts.rights import Rights
from carelane.accounts.sessions import Session
from carelane.engine.runtime import Runtime
from carelane.facts.chart import ChartReader
from carelane.facts.openings import OpeningReader
from carelane.pathways.notes import NoteTemplate
from carelane.pathways.openings import OpeningList
from carelane.portal.failures import Failures
from carelane.portal.pictures import Drawings
from carelane.portal.trials import Tried
from carelane.releases.evidence import Prove
from carelane.worklist.viewer import Viewer

Asked = Request[Any, Any, State]
Health = Callable[[], Awaitable[Mapping[str, object]]]
COOKIE = "carelane"
COOKIE_TLS = "__Host-carelane"


class NotSignedIn(Exception):
    """Nobody is signed in, or the session is over: pages lead to the sign-in, the API answers 401."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One process's portal. `secure` is set where it is served over TLS."""

    runtime: Runtime
    rights: Rights
    health: Health
    prove: Prove  # judges a release before it is put in force
    secure: bool = False
    trials: Mapping[str, str] = field(default_factory=dict)  # text tables by pathway
    drawings: Drawings = field(default_factory=Drawings)
    chart: ChartReader | None = None
    notes: tuple[NoteTemplate, ...] = ()
    openings: OpeningReader | None = None
    opening_lists: tuple[OpeningList, ...] = ()
    tried: dict[str, tuple[Tried, ...]] = field(default_factory=dict)  # by release
    failures: Failures = field(default_factory=Failures)

    @property
    def cookie(self) -> str:
        """The session cookie's name; the prefix binds it to this host, over TLS."""
        return COOKIE_TLS if self.secure else COOKIE


def desk_of(request: Asked) -> Desk:
    """The desk of this process."""
    desk: Desk = request.app.state.desk
    return desk


def session_of(request: Asked) -> Session:
    """Who asks.

    Raises:
        NotSignedIn: nobody does.
    """
    session: Session | None = request.scope.get("carelane_session")  # type: ignore[assignment]  # put there by `shield`
    if session is None:
        raise NotSignedIn
    return session


def viewer_of(session: Session) -> Viewer:
    """The person as the services know them."""
    person = session.person
    return Viewer(
        person=person.name,
        sites=person.sites,
        pools=person.pools,
        roles=person.roles,
        purpose=session.purpose.value,
        licensed=bool(person.licences),
    )


def fields_for(session: Session, screen: Screen) -> Fields:
    """What may leave to this person on this screen."""
    return fields_of(frozenset(session.person.roles), session.purpose, screen)
