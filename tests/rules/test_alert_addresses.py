"""Whoever a pathway may call has an address for the channel that alerts leave by; `doctor` names who has none."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from carelane.compose.alerts import Unreached, unreachable, unserved
from carelane.compose.site import texts
from carelane.directory.alerting import staff_address
from carelane.directory.owners import Scope
from carelane.directory.site import load_site
from carelane.directory.snapshot import ConnectionRow, Contact, Snapshot
from carelane.pathways.definition import Definition
from carelane.pathways.loading import load

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PLAIN = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOLIDAY = datetime(2026, 12, 25, 12, tzinfo=UTC)


def _definitions() -> list[Definition]:
    found = (
        load(file.read_bytes(), place=file.name)[0]
        for file in sorted((ROOT / "pathways").rglob("*.yaml"))
    )
    return [each for each in found if each is not None]


@pytest.fixture(scope="module")
def site() -> Snapshot:
    """The example site."""
    return load_site(texts(ROOT / "site"))[0]


def _without_mail(site: Snapshot, *names: str) -> Snapshot:
    people = {
        name: replace(each, contacts=tuple(c for c in each.contacts if c.channel != "mail"))
        if name in names
        else each
        for name, each in site.people.items()
    }
    return replace(site, people=people)


def test_everyone_of_the_example_site_is_reached(site: Snapshot) -> None:
    assert unreachable(site, _definitions(), NOW) == ()


def test_who_is_on_call_without_an_address_is_named_for_each_role(site: Snapshot) -> None:
    found = unreachable(_without_mail(site, "gwen.ashby"), _definitions(), NOW)
    assert {each.name: each.people for each in found} == {
        "covering-clinician": ("gwen.ashby",),
        "physician-on-call": ("gwen.ashby",),
        "responsible-clinician": ("gwen.ashby",),
    }
    assert {each.channel for each in found} == {"mail"}


def test_a_role_that_nobody_has_and_a_site_without_an_alert_connection_are_found(
    site: Snapshot,
) -> None:
    left = replace(site, coverage=(), people={name: each for name, each in site.people.items()
                                              if "physician-on-call" not in each.roles})  # fmt: skip
    assert Unreached(name="physician-on-call", channel="mail") in unreachable(
        left, _definitions(), NOW
    )
    mute = replace(site, connections={})
    assert "physician-on-call" in {each.name for each in unreachable(mute, _definitions(), NOW)}
    assert unreachable(mute, [], NOW) == ()


def _with(site: Snapshot, *kinds: str) -> Snapshot:
    """The site with alerts by connections of these kinds, in this order."""
    rows = {kind: ConnectionRow(name=kind, kind=kind, serves=("staff.alert",)) for kind in kinds}
    return replace(site, connections=rows)


def test_a_level_that_calls_by_phone_needs_a_connection_that_writes_to_phones(
    site: Snapshot,
) -> None:
    assert unserved(_with(site, "mail"), _definitions()) == ("phone",)
    assert unserved(_with(site, "mail", "sms"), _definitions()) == ()
    assert unserved(_with(site, "mail"), []) == ()


def test_who_has_only_mail_is_named_where_levels_reach_phones(site: Snapshot) -> None:
    people = {
        name: replace(each, contacts=tuple(c for c in each.contacts if c.channel != "phone"))
        for name, each in site.people.items()
    }
    found = unreachable(replace(_with(site, "mail", "sms"), people=people), _definitions(), NOW)
    assert "physician-on-call" in {each.name for each in found if each.channel == "phone"}
    assert not unreachable(replace(_with(site, "mail"), people=people), _definitions(), NOW)


@pytest.mark.parametrize(
    ("site_name", "line", "at", "name", "wanted"),
    [
        ("", "", PLAIN, "physician-on-call", "gwen.ashby"),
        ("", "", HOLIDAY, "physician-on-call", "hugo.lindqvist"),  # a stand-in wins
        ("north", "cardiology", PLAIN, "covering-clinician", "hugo.lindqvist"),
        ("north", "orthopaedics", PLAIN, "covering-clinician", "farid.noor"),
        ("harbour", "orthopaedics", PLAIN, "covering-clinician", "hugo.lindqvist"),
        ("north", "", PLAIN, "jonas.weald", "jonas.weald"),
        ("north", "", PLAIN, "nobody-such", None),
    ],
)
@pytest.mark.parametrize("reach", ["mail", "phone"])
def test_staff_is_called_by_the_calendar_of_site_and_service_line(  # noqa: PLR0917  # a row of the table
    site: Snapshot,
    reach: str,
    site_name: str,
    line: str,
    at: datetime,
    name: str,
    wanted: str | None,
) -> None:
    people = {n: replace(each, contacts=(Contact(channel="mail", address=f"{n} by mail"),
                                         Contact(channel="sms", address=f"{n} by phone")))
              for n, each in site.people.items()}  # fmt: skip
    here = Scope(site=site_name, service_line=line, at=at)
    found = staff_address(replace(site, people=people), reach, name, here)
    assert found == (wanted and f"{wanted} by {reach}")
    bare = {n: replace(each, contacts=()) for n, each in site.people.items()}
    assert staff_address(replace(site, people=bare), reach, name, here) is None
