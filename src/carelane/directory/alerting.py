"""Where an alert for staff goes: an address of whoever answers to a name, here and now, by channel. Pure."""

from collections.abc import Iterator, Mapping

from carelane.directory.owners import Scope, on_call
from carelane.directory.snapshot import Person, Snapshot

PHONE, MAIL = "phone", "mail"
_CONTACTS: Mapping[str, tuple[str, ...]] = {PHONE: (PHONE, "sms"), MAIL: (MAIL,)}
_WORDS: Mapping[str, str] = {
    "phone": PHONE, "sms": PHONE, "text-message": PHONE, "mail": MAIL, "email": MAIL,
}  # fmt: skip


def reach_of(by: str) -> str:
    """What a level's word asks for, `phone` or `mail`; empty where any will do."""
    return _WORDS.get(by, "")


def has_address(person: Person, reach: str) -> bool:
    """Whether the person can be reached so."""
    return _address(person, reach) is not None


def staff_address(snapshot: Snapshot, reach: str, name: str, scope: Scope) -> str | None:
    """The address of a person, of whoever is on call for a role in this scope, else of a holder or a member.

    Who is on call without an address is passed over: the next one is better than nobody.
    """
    found = (_address(person, reach) for person in _called(snapshot, name, scope))
    return next((each for each in found if each is not None), None)


def _called(snapshot: Snapshot, name: str, scope: Scope) -> Iterator[Person]:
    yield from on_call(snapshot, name, scope)
    yield from on_call(snapshot, name, Scope(site="", service_line="", at=scope.at))
    others = [person for person in snapshot.people.values()
              if person.active and name in (person.name, *person.roles, *person.pools)]  # fmt: skip
    yield from sorted(others, key=lambda each: scope.site not in each.sites)


def _address(person: Person, reach: str) -> str | None:
    wanted = _CONTACTS.get(reach, ())
    return next((each.address for each in person.contacts if each.channel in wanted), None)
