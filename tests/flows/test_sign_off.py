"""A release that five roles must sign is in force once all of them stand behind this very version and proof."""

from dataclasses import replace
from datetime import timedelta

import pytest

from carelane.compose.house import House
from carelane.releases.activate import Approved, InForce, activate
from carelane.releases.evidence import Proven
from tests.flows.conftest import Hand
from tests.flows.releases.changing import NEW, OLD, proved, release, wish

pytestmark = pytest.mark.postgres
ROLES = ("clinical-operations", "informatics", "security", "privacy", "integration")
SIGNERS = {
    "kira.sandoval": ("clinical-operations",),
    "luca.fenwick": ("privacy", "security"),
    "jonas.weald": ("integration",),
    "mina.orlov": ("informatics",),
}


@pytest.fixture
def signed(house: House) -> House:
    """A site that asks for five roles, held by four people."""
    directory = house.runtime.directory
    people = {name: replace(directory.people[name], roles=roles) for name, roles in SIGNERS.items()}
    house.runtime.directory = replace(
        directory, people={**directory.people, **people}, sign_off=ROLES
    )
    return house


async def _sign(house: House, person: str, *, proof: str = "a") -> Approved | InForce:
    assert isinstance(house.runtime.now, Hand)
    house.runtime.now.forward(timedelta(seconds=1))

    def prove(found: object, before: object) -> Proven:
        del found, before
        return Proven(release=digest, holds=True, verdict="proved", digest=proof * 64)

    wanted = await wish(house, NEW, person)
    digest = wanted.release.digest
    done = await activate(house.runtime, wanted, prove)
    assert isinstance(done, Approved | InForce), done
    return done


@pytest.mark.requirement("R122")
async def test_all_five_roles_sign_one_version_or_it_is_not_in_force(signed: House) -> None:
    """Two people are not enough; who is missing is named; the last one's signature puts it in force."""
    waits = []
    for person in ("kira.sandoval", "luca.fenwick", "jonas.weald", "jonas.weald"):
        done = await _sign(signed, person)
        assert isinstance(done, Approved)
        waits.append(done.waits_for())
    assert waits == [
        "somebody of informatics, security, privacy, integration",
        "somebody of informatics, integration",
        "somebody of informatics",
        "somebody of informatics",
    ]
    assert isinstance(await _sign(signed, "mina.orlov"), InForce)
    force = [one for one in signed.runtime.releases.activations if one.scope.service_line]
    assert [one.release for one in force if one.to_at is None] == [
        (await release(signed, NEW)).digest
    ]


@pytest.mark.requirement("R122")
async def test_a_signature_on_another_version_or_proof_does_not_count(signed: House) -> None:
    """Three signed an earlier proof, and everybody another release: the roles are asked for anew."""
    for person in ("kira.sandoval", "luca.fenwick", "jonas.weald"):
        await _sign(signed, person, proof="b")
        await activate(signed.runtime, await wish(signed, OLD, person), proved)
    done = await _sign(signed, "mina.orlov")
    assert isinstance(done, Approved)
    assert done.missing == ("clinical-operations", "security", "privacy", "integration")
