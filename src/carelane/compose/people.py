"""People of the directory as viewers, and this house's outbox: what doors ask services with."""

from carelane.access.policies import load_policies
from carelane.accounts.rights import Rights
from carelane.accounts.sessions import Session, usual_purpose
from carelane.compose import internal
from carelane.compose.connections import destinations, envelopes, senders
from carelane.compose.house import House
from carelane.effects.outbox import Outbox
from carelane.facts.errors import SetupFault
from carelane.worklist.viewer import Viewer


class PoliciesUnusable(SetupFault):
    """The access policies have errors; until they are mended nobody may do anything."""

    code = "policies"


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


def session_of(house: House, name: str) -> Session:
    """A person of the directory acting at this machine's command line: no secret opens it from elsewhere."""
    viewer = viewer_of(house, name)
    runtime = house.runtime
    person = runtime.directory.people[viewer.person]
    return Session(
        secret="",
        person=person,
        purpose=usual_purpose(person),
        ends_at=runtime.now(),
        organisation=str(runtime.organisation),
    )


def rights_of(house: House) -> Rights:
    """The site's policies with this house's runtime.

    Raises:
        PoliciesUnusable: the policies or their schema have errors; nothing is allowed then.
    """
    folder = house.settings.policies
    texts = [
        (folder / f"carelane.{kind}").read_text(encoding="utf-8")
        for kind in ("cedar", "cedarschema")
    ]
    policies, problems = load_policies(*texts)
    if policies is None:
        raise PoliciesUnusable("\n".join(each.line() for each in problems))
    return Rights(house.runtime, policies)


def outbox_of(house: House) -> Outbox:
    """Destinations and senders of this process."""
    directory = house.runtime.directory
    own = internal.InternalSender(house.runtime, envelopes(directory))
    return Outbox(
        runtime=house.runtime,
        destinations=destinations(directory),
        senders={**senders(directory, house.settings.home), internal.NAME: own},
    )
