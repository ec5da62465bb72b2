"""The vault keeps keys of a bounded number of source identities; what was learnt last stays."""

from uuid import UUID

import pytest
from typing_extensions import override

from carelane.facts.ids import name_id
from carelane.store.keys import OrganisationKeys
from carelane.store.sealing import new_key
from carelane.store.tokens import Tokens
from carelane.store.vault import UnknownKey, Vault

ROOM = 5
EARLY = name_id("learnt early")


class ByFirst(Vault):
    """The mutant: whoever was learnt first goes first, even if a row has just brought the key again."""

    @override
    def learn(self, identity: UUID | None, wrapped: bytes | None) -> None:
        if identity not in self._identities:
            super().learn(identity, wrapped)


def _learn_again_then_others(made: type[Vault]) -> bytes:
    keys = OrganisationKeys(
        name_id("a"), versions={1: new_key(b"version1")}, tokens=Tokens(bytes(32))
    )
    vault = made(keys, learnt_max=ROOM)
    wrapped = vault.new_identity(EARLY)
    for n in range(ROOM - 1):
        vault.new_identity(name_id(f"before {n}"))
    vault.learn(EARLY, wrapped)
    for n in range(ROOM - 1):
        vault.new_identity(name_id(f"after {n}"))
    return vault.seal(EARLY, "fact", name_id("row"), "sealed", b"said")


def test_a_key_that_was_just_learnt_outlives_those_before_it() -> None:
    assert b"said" not in _learn_again_then_others(Vault)


def test_mutant_that_forgets_by_first_learning_is_caught() -> None:
    with pytest.raises(UnknownKey):
        _learn_again_then_others(ByFirst)
