"""The seals of one organisation in one process, over `keys` and `sealing`.

Field data is sealed by its source identity's key, or by the organisation's own when there is none. Wrapped
identity keys arrive with the rows that need them (`learn`); nothing here waits for I/O (SEMANTICS 11).
"""

from collections import OrderedDict
from uuid import UUID

from carelane.facts.errors import CarelaneError, LocalFault
from carelane.store.keys import OrganisationKeys, Wrapped
from carelane.store.sealing import DataKey, place
from carelane.store.tokens import Tokens

# OpenSSL holds 2.7 KB for each key, so these are 3 MB.
_LEARNT_MAX = 1_000


class Shredded(CarelaneError):
    """The key was destroyed, on purpose: this patient's data is gone and replays to `redacted`."""

    code = "shredded"


class UnknownKey(LocalFault):
    """An identity's key is needed that no row brought along; the query must join `identity`."""

    code = "unknown-key"


class Vault:
    """Seals and opens by source identity.

    A vault made for one batch forgets no key (`learnt_max` None): a patient may have many numbers, and all are needed
    until the batch is written.
    """

    def __init__(self, keys: OrganisationKeys, *, learnt_max: int | None = _LEARNT_MAX) -> None:
        self.keys = keys
        self._learnt_max = learnt_max
        self._organisation = keys.organisation
        self._identities: OrderedDict[UUID, DataKey | None] = OrderedDict()

    @property
    def tokens(self) -> Tokens:
        """The organisation's keyed hashes."""
        return self.keys.tokens

    def learn(self, identity: UUID | None, wrapped: bytes | None) -> None:
        """Remember an identity's key, or that it was destroyed (`wrapped` is null)."""
        if identity is None:
            return
        if wrapped is not None and self._identities.get(identity) is not None:
            self._identities.move_to_end(identity)  # needed now: the others go first
            return
        self._keep(identity, self.keys.identity_key(identity, wrapped))

    def new_identity(self, identity: UUID) -> bytes:
        """A key for a new source identity; the wrapped form is to be stored."""
        made = self.keys.new_identity_key(identity)
        self._keep(identity, made.key)
        return made.wrapped

    def new_message(self, message: UUID) -> Wrapped:
        """A key for one message."""
        return self.keys.new_message_key(message)

    def seal(
        self, identity: UUID | None, table: str, row: UUID, column: str, value: bytes
    ) -> bytes:
        """Seal a value for its place, by the identity's key or the organisation's."""
        return self._key(identity).seal(place(self._organisation, table, row, column), value)

    def open(
        self, identity: UUID | None, table: str, row: UUID, column: str, sealed: bytes
    ) -> bytes:
        """The value sealed for this place.

        Raises:
            Shredded: the identity's key was destroyed.
        """
        key = self.keys.opener(sealed) if identity is None else self._key(identity)
        if key is None:
            raise UnknownKey(
                "sealed by an organisation key that is not at hand; restore the key file"
            )
        return key.open(place(self._organisation, table, row, column), sealed)

    def open_message(
        self, message: UUID, wrapped: bytes | None, sealed: bytes, identity: UUID | None = None
    ) -> bytes:
        """The raw bytes of a message."""
        holder = self._identities.get(identity) if identity else None
        key = self.keys.message_key(message, wrapped, identity=holder)
        if key is None:
            raise Shredded("the message's key was destroyed")
        return key.open(place(self._organisation, "message_body", message, "sealed"), sealed)

    def seal_message(self, message: UUID, made: Wrapped, raw: bytes) -> bytes:
        """The raw bytes of a message, compressed and sealed by the message's own key."""
        return made.key.seal(
            place(self._organisation, "message_body", message, "sealed"), raw, compress=True
        )

    def hand_over(self, message: UUID, wrapped: bytes, identity: UUID) -> bytes:
        """The message's key, re-wrapped to its source identity."""
        return self.keys.hand_over(message, wrapped, identity=self._key(identity))

    def take_over(self, keys: OrganisationKeys) -> None:
        """The organisation's keys as they are now, after a rotation; identities that were learnt stay known."""
        self.keys = keys

    def forget(self) -> None:
        """Drop all cached keys: after a shredding."""
        self._identities.clear()
        self.keys.forget()

    def _keep(self, identity: UUID, key: DataKey | None) -> None:
        self._identities[identity] = key
        self._identities.move_to_end(identity)
        if self._learnt_max is not None and len(self._identities) > self._learnt_max:
            self._identities.popitem(last=False)

    def _key(self, identity: UUID | None) -> DataKey:
        if identity is None:
            return self.keys.own
        try:
            key = self._identities[identity]
        except KeyError:
            raise UnknownKey("an identity's key was not loaded with its row") from None
        if key is None:
            raise Shredded("the identity's key was destroyed")
        return key
