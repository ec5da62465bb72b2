"""How a patient is reached: contacts, language and zone of a record; wish, consent, quiet hours. Tables, properties."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carelane.directory.reaching import (
    CLINICAL,
    Contact,
    MessageRules,
    NoWay,
    Offer,
    Reach,
    Statement,
    Way,
    choose,
    language_of,
    number_of,
    quiet_until,
    reach_of,
    standing,
)
from carelane.directory.site import load_site

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
RULES = MessageRules(zones={"IL": "America/Chicago"})
ZONES = (
    "America/New_York",
    "America/Chicago",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "UTC",
    "America/St_Johns",
)


@pytest.mark.parametrize(
    ("text", "number"),
    [("(555) 555-0101", "+15555550101"), ("+44 20 7946 0000", "+442079460000"), ("15555550101", "+15555550101"),
     ("0044 20 7946 0000", "+442079460000"), ("12", ""), ("", ""), ("none", ""), ("555-0101", ""), ("+0", "")],
)  # fmt: skip
def test_numbers_as_people_write_them(text: str, number: str) -> None:
    assert number_of(text, "1") == number


@pytest.mark.parametrize(
    ("telecom", "wanted"),
    [
        ([{"system": "phone", "value": "555-555-0101", "use": "home"}], []),
        ([{"system": "phone", "value": "555-555-0101"}], ["text"]),
        ([{"system": "phone", "value": "555-555-0101", "use": "mobile"}], ["text"]),
        ([{"system": "sms", "value": "555-555-0101", "use": "home"}], ["text"]),
        ([{"value": "555-555-0101"}, {"value": "555-555-0102", "use": "mobile"}], ["text"]),
        ([{"system": "phone", "value": "555-555-0101", "use": "old"}], []),
        ([{"system": "sms", "value": "555-555-0101", "period": {"end": "2020"}}], []),
        ([{"system": "email", "value": "a@example.org"}], ["mail"]),
        ([{"system": "email", "value": "nobody"}, {"system": "fax", "value": "555-555-0101"}], []),
        (None, []),
        ([None, "x", 3], []),
    ],
)
def test_contacts_that_can_take_a_message(telecom: Any, wanted: list[str]) -> None:
    assert [each.channel for each in reach_of({"telecom": telecom}, RULES).contacts] == wanted


@pytest.mark.parametrize(
    ("codes", "language"),
    [(["en-US"], "en"), (["spa"], "es"), (["FRE"], "fr"), (["", "de_CH"], "de"), ([], "")],
)
def test_language_of_a_record(codes: list[str], language: str) -> None:
    said = [{"language": {"coding": [{"code": code}]}} for code in codes]
    assert language_of({"communication": said}) == language


def test_the_preferred_language_wins() -> None:
    said = [
        {"language": {"coding": [{"code": "en"}]}},
        {"language": {"coding": [{"code": "es"}]}, "preferred": True},
    ]
    assert language_of({"communication": said}) == "es"


def test_zone_of_a_record() -> None:
    """The record's own, else the state's; one that is none counts as not said."""
    url = "http://hl7.org/fhir/StructureDefinition/timezone"
    own = {"extension": [{"url": url, "valueCode": "Europe/Zurich"}], "address": [{"state": "il"}]}
    assert reach_of(own, RULES).zone == "Europe/Zurich"
    assert reach_of({"address": [{"state": "il"}]}, RULES).zone == "America/Chicago"
    assert reach_of({"extension": [{"url": url, "valueCode": "Mars"}]}, RULES).zone == ""


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 120)
    | st.sampled_from(["", "sms", "555-555-0101", "a@b.org", "mobile"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "system",
                    "value",
                    "use",
                    "rank",
                    "period",
                    "end",
                    "language",
                    "coding",
                    "code",
                    "state",
                    "url",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["telecom", "communication", "address", "extension"]), JSON))
def test_no_record_raises(patient: dict[str, Any]) -> None:
    """Whatever an EHR sends as a Patient."""
    reach = reach_of(patient, RULES)
    assert all(each.channel in ("text", "mail") and each.rank > 0 for each in reach.contacts)


TEXT = Contact(channel="text", address="+1")
MAIL = Contact(channel="mail", address="a@b")
TOKENS = {"+1": "t1", "a@b": "t2"}


def offer(*channels: str, ask_first: bool = False, scope: str = "messages") -> Offer:
    return Offer(channels=channels, tokens=TOKENS, ask_first=ask_first, scope=scope)


def no(
    channel: str = "", address: str = "", *, hours: int = 0, scope: str = "messages"
) -> Statement:
    return Statement(
        given=False, at=NOW + timedelta(hours=hours), channel=channel, address=address, scope=scope
    )


def yes(
    channel: str = "", address: str = "", *, hours: int = 0, scope: str = "messages"
) -> Statement:
    return Statement(
        given=True, at=NOW + timedelta(hours=hours), channel=channel, address=address, scope=scope
    )


@pytest.mark.parametrize(
    ("contacts", "said", "offered", "wanted"),
    [
        ((TEXT, MAIL), [], offer("text", "mail"), "text"),
        ((TEXT, MAIL), [], offer("mail", "text"), "mail"),
        ((TEXT, Contact(channel="mail", address="a@b", rank=1)), [], offer("text", "mail"), "mail"),
        ((TEXT, MAIL), [no("text")], offer("text", "mail"), "mail"),
        ((TEXT, MAIL), [no("", "t1")], offer("text", "mail"), "mail"),
        ((TEXT, MAIL), [no()], offer("text", "mail"), NoWay(reason="opted-out")),
        ((TEXT,), [no("text"), yes("text", "t1", hours=1)], offer("text"), "text"),
        ((TEXT,), [yes("text", hours=1), no("text", hours=1)], offer("text"), NoWay(reason="opted-out")),
        ((TEXT,), [no("", "t9")], offer("text"), "text"),
        ((), [], offer("text", "mail"), NoWay(reason="no-address")),
        ((MAIL,), [], offer("text"), NoWay(reason="no-address")),
        ((TEXT,), [], offer(), NoWay(reason="no-channel")),
        ((TEXT,), [], offer("text", ask_first=True), NoWay(reason="no-consent")),
        ((TEXT,), [yes("text")], offer("text", ask_first=True), "text"),
        ((TEXT,), [yes("text")], offer("text", scope=CLINICAL), NoWay(reason="no-consent")),
        ((TEXT,), [yes("text", scope=CLINICAL)], offer("text", scope=CLINICAL), "text"),
        ((TEXT,), [yes("text", scope=CLINICAL), no("text")], offer("text", scope=CLINICAL), NoWay(reason="opted-out")),
    ],
)  # fmt: skip
def test_which_way_a_message_goes(
    contacts: tuple[Contact, ...], said: list[Statement], offered: Offer, wanted: str | NoWay
) -> None:
    found = choose(Reach(contacts=contacts), said, offered)
    if isinstance(wanted, str):
        assert isinstance(found, Way)
        assert found.channel == wanted
        assert found.token == TOKENS[found.address]
    else:
        assert found == wanted


STATEMENTS = st.lists(
    st.builds(
        Statement,
        given=st.booleans(),
        at=st.integers(0, 5).map(lambda hours: NOW + timedelta(hours=hours)),
        channel=st.sampled_from(["", "text", "mail"]),
        address=st.sampled_from(["", "t1", "t2"]),
        scope=st.sampled_from(["messages", "clinical"]),
    ),
    max_size=6,
)


@given(STATEMENTS, st.permutations(range(6)), st.sampled_from(["messages", "clinical"]))
def test_an_opt_out_that_was_said_last_always_holds(
    said: list[Statement], order: list[int], scope: str
) -> None:
    """Whatever came before, in whichever order it is read; and the order never matters."""
    last = Statement(given=False, at=NOW + timedelta(hours=6), channel="text")
    shuffled = [[*said, last][place] for place in order if place <= len(said)]
    rest = [one for one in [*said, last] if one not in shuffled]
    found = choose(Reach(contacts=(TEXT,)), [*shuffled, *rest], offer("text", scope=scope))
    assert found == NoWay(reason="opted-out")
    assert standing(said, "text", "t1") == standing(list(reversed(said)), "text", "t1")


INSTANTS = st.integers(0, 3 * 365 * 24 * 60).map(
    lambda minutes: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
CLOCKS = st.times().map(lambda one: one.replace(second=0, microsecond=0))


def is_quiet(at: datetime, zone: str, rules: MessageRules) -> bool:
    """The rule, said another way: a minute of the local day is in the stretch that may go over midnight."""
    local = at.astimezone(ZoneInfo(zone))
    minute = local.hour * 60 + local.minute
    first, last = (one.hour * 60 + one.minute for one in (rules.quiet_from, rules.quiet_to))
    return (minute - first) % 1440 < (last - first) % 1440


@given(INSTANTS, st.sampled_from(ZONES), CLOCKS, CLOCKS)
def test_quiet_hours_over_both_changes_of_the_clock(
    at: datetime, zone: str, begins: time, ends: time
) -> None:
    """Quiet exactly in the stretch; the end is later, and soon; asking again at the end comes to an end."""
    rules = MessageRules(quiet_from=begins, quiet_to=ends)
    until = quiet_until(at, zone, rules)
    assert (until is not None) == is_quiet(at, zone, rules)
    for _ in range(3):
        if until is None:
            return
        assert at < until <= at + timedelta(hours=26)
        at, until = until, quiet_until(until, zone, rules)
    assert until is None


def mutant_by_the_sites_clock(at: datetime, _zone: str, rules: MessageRules) -> datetime | None:
    """Mutant: quiet hours by one zone, whoever's they are."""
    return quiet_until(at, "America/New_York", rules)


def test_mutant_quiet_by_the_sites_clock_is_caught() -> None:
    at = datetime(2026, 3, 3, 13, 30, tzinfo=UTC)  # 8:30 in New York, 7:30 in Chicago
    assert mutant_by_the_sites_clock(at, "America/Chicago", RULES) is None
    assert quiet_until(at, "America/Chicago", RULES) == datetime(2026, 3, 3, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "key"),
    [("quiet: late", "quiet"), ("per_week: 0", "per_week"), ("country: US", "country"), ("consent: maybe", "consent"),
     ("untranslated: x", "untranslated"),
     ("zones: { IL: Nowhere }", "zones"), ("zones: x", "zones"), ("same_request: 90d", "same_request"),
     ("other: 1", "other")],
)  # fmt: skip
def test_rules_with_a_mistake_are_refused_with_their_place(line: str, key: str) -> None:
    _, problems = load_site({"m.yaml": f"messages:\n  {line}\n"})
    found = [each for each in problems if each.place == "m.yaml, line 2, column 3"]
    assert found, key
    assert all(each.remedy for each in found)


def test_rules_of_a_site() -> None:
    text = 'messages:\n  quiet: "20:00-09:00"\n  per_week: 3\n  consent: asked\n  zones: { il: America/Chicago }\n'
    snapshot, _ = load_site({"m.yaml": text})
    rules = snapshot.messages
    assert (rules.quiet_from, rules.quiet_to) == (time(20), time(9))
    assert (rules.per_week, rules.ask_first, rules.zones) == (3, True, {"IL": "America/Chicago"})
