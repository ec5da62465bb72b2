"""People of the directory as viewers, and this house's outbox: what doors ask services with."""

from carelane.access.request import Purpose
from carelane.accounts.rights import Rights
from carelane.accounts.sessions import Session, usual_purpose
from carelane.compose import internal
from carelane.compose.connections import destinations, envelopes, readers, senders
from carelane.compose.house import House
from carelane.compose.policies import policies_of
from carelane.effects.outbox import Outbox
from carelane.facts.errors import SetupFault
from carelane.facts.ports import Receipt, Receive
from carelane.intake.receive import keep_one
from carelane.worklist.viewer import Viewer


class UnknownPerson(SetupFault):
    """The person named is not in the site's directory; see site/people.yaml."""

    code = "unknown-person"


def viewer_of(house: House, name: str) -> Viewer:
    """A person of the directory as a viewer."""
    directory = house.runtime.directory
    person = directory.people.get(name)
    if person is None or not person.active:
        raise UnknownPerson(
            f"no active person is called `{name}`. Remedy: use a name of site/people.yaml"
        )
    return Viewer(
        person=person.name,
        sites=person.sites or tuple(directory.sites),
        pools=person.pools,
        roles=person.roles,
        licensed=bool(person.licences),
    )


def session_of(house: House, name: str, *, purpose: Purpose | None = None) -> Session:
    """A person of the directory acting at this machine's command line: no secret opens it from elsewhere."""
    viewer = viewer_of(house, name)
    runtime = house.runtime
    person = runtime.directory.people[viewer.person]
    return Session(
        secret="",
        person=person,
        purpose=purpose or usual_purpose(person),
        ends_at=runtime.now(),
        organisation=str(runtime.organisation),
    )


def rights_of(house: House) -> Rights:
    """The site's policies with this house's runtime."""
    return Rights(house.runtime, policies_of(house.settings))


def keeper_of(house: House) -> Receive:
    """Stores what another side answered to us, as a message of its connection."""
    runtime = house.runtime

    async def receive(connection: str, raw: bytes) -> Receipt:
        row = runtime.directory.connections[connection]
        envelope = envelopes(runtime.directory)[connection](raw)
        return await keep_one(runtime, envelope, connection, raw, site=row.site)

    return receive


def outbox_of(house: House) -> Outbox:
    """Destinations and senders of this process."""
    runtime, directory = house.runtime, house.runtime.directory
    own = internal.InternalSender(runtime, envelopes(directory), readers(directory))
    return Outbox(
        runtime=runtime,
        destinations=destinations(directory),
        senders={**senders(directory, house.settings.home, keeper_of(house)), internal.NAME: own},
    )
