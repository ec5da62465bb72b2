"""Whoever a pathway may call has an address for the channel that alerts leave by; `doctor` names who has none."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from carelane.compose.alerts import Unreached, unreachable
from carelane.compose.site import texts
from carelane.directory.site import load_site
from carelane.directory.snapshot import Snapshot
from carelane.pathways.definition import Definition
from carelane.pathways.loading import load

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


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
