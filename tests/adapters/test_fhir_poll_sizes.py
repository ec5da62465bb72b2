"""Polls of an EHR whose pages, or single resources, are larger than the connection reads: nothing is dropped."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from carelane.connect.fhir.mapping.reading import read
from carelane.connect.fhir.progress import COUNT_MAX
from carelane.connect.fhir.transport import Limits
from carelane.facts.problem import Problem
from carelane.testing.conformance.fhir_rig import STARTS_AT, FhirRig, open_rig
from carelane.testing.conformance.over_fhir import signed_client
from tests.adapters.polled import Ledger, cursor, order, poller

KIND = "ServiceRequest"
LIMIT = 20_000
SMALL, LARGE = 4_000, 30_000
Open = Callable[..., Awaitable[FhirRig]]


@pytest.fixture(params=["a", "b"])
async def opened(request: pytest.FixtureRequest) -> AsyncIterator[Open]:
    rigs: list[FhirRig] = []

    async def start(**ehr: Any) -> FhirRig:
        limits = Limits(response_bytes_max=LIMIT)
        rigs.append(await open_rig(request.param, limits=limits, ehr={"page_size": 50, **ehr}))
        rigs[-1].server.clock.advance(timedelta(hours=2))
        return rigs[-1]

    yield start
    for rig in rigs:
        await rig.client.close()
        await rig.server.stop()


def weighing(number: int, size: int = SMALL) -> dict[str, Any]:
    """An order of about so many bytes."""
    return order(number, note=[{"text": "x" * size}])


async def filled(rig: FhirRig, *sizes: int) -> None:
    """Orders a second apart, old enough for every search to show them."""
    for number, size in enumerate(sizes):
        rig.server.put(weighing(number, size))
        await rig.wait(timedelta(seconds=1))
    await rig.wait(timedelta(seconds=35))


def asked_of(rig: FhirRig) -> list[dict[str, str]]:
    """The parameters of each search, as they leave from now on."""
    asked: list[dict[str, str]] = []
    ask = rig.client.page

    async def noting(kind: str, parameters: Any, **more: Any) -> Any:
        asked.append(dict(parameters))
        return await ask(kind, parameters, **more)

    rig.client.page = noting  # type: ignore[method-assign]  # what leaves is what is looked at
    return asked


def held_back(ledger: Ledger) -> list[Problem]:
    """Problems of what was handed to a person."""
    found = [read(raw, received_at=STARTS_AT) for _, raw in ledger.messages]
    return [problems[0] for reading, problems in found if reading.outcome == "quarantined"]


def whole_ones(ledger: Ledger) -> list[str]:
    """The orders that were received whole, as often as they were."""
    ids = [one for one in ledger.ids(KIND) if "not-read" not in one]
    return [one.split("/")[1] for one in ids]


def names(*numbers: int) -> list[str]:
    return [f"new{number}" for number in numbers]


async def test_too_large_is_told_apart_from_cut_short(opened: Open) -> None:
    rig = await opened()
    await filled(rig, LARGE, SMALL)
    found = await rig.client.search(KIND, {"_id": "new0"}, now=rig.now())
    assert found.cause == "too-large"
    rig.server.faults.add({"mode": "half-json", "kind": KIND})
    found = await rig.client.search(KIND, {"_id": "new1"}, now=rig.now())
    assert found.cause == "half-body"


async def test_a_page_that_is_too_large_is_asked_for_again_with_fewer(opened: Open) -> None:
    """Halved until it fits, so for the rest of the round; the next rounds ask for more again."""
    rig, ledger = await opened(), Ledger()
    await filled(rig, *[SMALL] * 13)
    asked = asked_of(rig)
    one = poller(rig, ledger, KIND)
    [polled] = await one.poll(now=rig.now())
    assert (polled.cause, polled.received) == ("", 13)
    assert whole_ones(ledger) == names(*range(13))
    counts = [int(each["_count"]) for each in asked]
    assert (counts[:6], set(counts[6:])) == ([128, 64, 32, 16, 8, 4], {4})
    await rig.wait(timedelta(minutes=10))
    rig.server.put(weighing(13))
    await rig.wait(timedelta(seconds=35))
    await one.poll(now=rig.now())
    asked.clear()
    for _ in range(5):
        await one.poll(now=rig.now())
        await rig.wait(timedelta(seconds=1))
    assert [int(each["_count"]) for each in asked][-1] == COUNT_MAX
    assert whole_ones(ledger) == names(*range(14))


@pytest.mark.invariant("I9")
async def test_one_that_is_too_large_alone_is_gone_past_and_handed_to_a_person(
    opened: Open,
) -> None:
    """Those before and behind it are received, also at the same instant; a person hears of it once, by its name."""
    rig, ledger = await opened(), Ledger()
    await filled(rig, SMALL, SMALL)
    for number, size in ((2, LARGE), (3, SMALL), (4, SMALL)):
        rig.server.put(weighing(number, size))  # at one instant
    await rig.wait(timedelta(seconds=300))
    rig.server.put(weighing(5))
    await rig.wait(timedelta(seconds=35))
    one = poller(rig, ledger, KIND)
    [polled] = await one.poll(now=rig.now())
    assert polled.cause == ""
    assert sorted(whole_ones(ledger)) == names(0, 1, 3, 4, 5)
    [found] = held_back(ledger)
    assert (found.code, found.place) == ("fhir.too-large", f"ehr {KIND}/new2")
    rig.server.put(weighing(6))
    await rig.wait(timedelta(seconds=35))
    [again] = await one.poll(now=rig.now())
    assert (again.cause, again.received) == ("", 1)
    assert len(held_back(ledger)) == 1


async def test_what_is_held_costs_later_polls_a_list_of_names_only(opened: Open) -> None:
    """The newest of its type is within every overlap; it isn't fetched anew every ten seconds."""
    rig, ledger = await opened(), Ledger()
    await filled(rig, SMALL, LARGE)
    await poller(rig, ledger, KIND).poll(now=rig.now())
    asked = asked_of(rig)
    [again] = await poller(rig, ledger, KIND).poll(now=rig.now())  # also after a restart
    assert (again.cause, again.received) == ("", 0)
    assert not [each for each in asked if "_include" in each or "_id" in each]
    assert len(held_back(ledger)) == 1


async def test_behind_what_is_too_large_it_goes_on_by_pages(opened: Open) -> None:
    """Only its neighbours are asked for one by one; a backlog behind it is not."""
    rig, ledger = await opened(), Ledger()
    await filled(rig, 10, 10, LARGE, *[10] * 200)
    asked = asked_of(rig)
    one = poller(rig, ledger, KIND)
    [polled] = await one.poll(now=rig.now())
    assert polled.cause == ""
    assert sorted(whole_ones(ledger)) == sorted(names(0, 1, *range(3, 203)))
    assert len(held_back(ledger)) == 1
    assert sum("_id" in each for each in asked) <= 33
    assert cursor(ledger).since == STARTS_AT + timedelta(hours=2, seconds=202)


async def test_what_is_listed_and_not_found_stops_the_round(opened: Open) -> None:
    """It may have been deleted in between; then the next list has it no longer. It is not taken for read."""
    rig, ledger = await opened(), Ledger()
    await filled(rig, 10, LARGE, 10)
    ask = rig.client.page

    async def hiding(kind: str, parameters: Any, **more: Any) -> Any:
        pairs = [("_id", "gone") if each == ("_id", "new2") else each for each in parameters]
        return await ask(kind, pairs, **more)

    rig.client.page = hiding  # type: ignore[method-assign]  # an EHR whose list and answers differ
    one = poller(rig, ledger, KIND)
    [polled] = await one.poll(now=rig.now())
    assert polled.cause == "named-not-found"
    rig.client.page = ask  # type: ignore[method-assign]  # and no longer
    [polled] = await one.poll(now=rig.now())
    assert polled.cause == ""
    assert whole_ones(ledger) == names(0, 2)


async def test_a_page_that_was_cut_short_is_asked_for_with_fewer_next_time(opened: Open) -> None:
    """A slow network may carry a smaller one; nothing is gone past for it."""
    rig, ledger = await opened(), Ledger()
    await filled(rig, SMALL)
    asked = asked_of(rig)
    rig.server.faults.add({"mode": "half-json", "kind": KIND, "count": 2})
    one = poller(rig, ledger, KIND)
    causes = [(await one.poll(now=rig.now()))[0].cause for _ in range(3)]
    assert causes == ["half-body", "half-body", ""]
    assert [int(each["_count"]) for each in asked] == [128, 64, 32]
    assert whole_ones(ledger) == names(0)


async def test_with_a_higher_limit_it_is_read_by_itself(opened: Open) -> None:
    rig, ledger = await opened(), Ledger()
    await filled(rig, SMALL, LARGE)
    await poller(rig, ledger, KIND).poll(now=rig.now())
    assert whole_ones(ledger) == names(0)
    await rig.client.close()
    rig.client = signed_client(rig.server, rig.server.base, limits=Limits())
    [polled] = await poller(rig, ledger, KIND).poll(now=rig.now())
    assert (polled.cause, polled.received) == ("", 1)
    assert whole_ones(ledger) == names(0, 1)
    assert not cursor(ledger).held


async def test_a_backlog_is_received_page_by_page(opened: Open) -> None:
    """A crash in the middle loses nothing, and repeats what its last page held at most."""
    rig, ledger = await opened(page_size=4), Ledger()
    await filled(rig, *[10] * 600)
    keep, left = ledger.receive, 500

    async def breaking(connection: str, raw: bytes) -> Any:
        nonlocal left
        left -= 1
        if left == 0:
            raise ConnectionError
        return await keep(connection, raw)

    ledger.receive = breaking  # type: ignore[method-assign]  # a crash, after so many messages
    with pytest.raises(ConnectionError):
        await poller(rig, ledger, KIND).poll(now=rig.now())
    before = len(whole_ones(ledger))
    assert cursor(ledger).since > STARTS_AT + timedelta(hours=2, minutes=3)
    await poller(rig, ledger, KIND).poll(now=rig.now())
    found = whole_ones(ledger)
    assert set(found) == set(names(*range(600)))
    assert len(found) - 600 <= 4
    assert before < 600


@pytest.mark.invariant("I9")
async def test_a_change_between_two_pages_lets_nothing_slip_through(opened: Open) -> None:
    """The rest moves up by one where a server numbers its pages; by time nothing is skipped."""
    rig, ledger = await opened(page_size=4), Ledger()
    await filled(rig, *[10] * 300)
    keep, left = ledger.receive, 30

    async def changing(connection: str, raw: bytes) -> Any:
        nonlocal left
        left -= 1
        if left == 0:
            rig.server.put(weighing(0, 11))
            rig.server.put(weighing(1, 11))
        return await keep(connection, raw)

    ledger.receive = changing  # type: ignore[method-assign]  # an EHR that is being worked in
    for _ in range(2):
        await poller(rig, ledger, KIND).poll(now=rig.now())
        await rig.wait(timedelta(seconds=35))
    assert set(whole_ones(ledger)) == set(names(*range(300)))
    assert len(whole_ones(ledger)) == 302


async def test_more_than_one_round_reads_is_read_by_the_next(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A round is bounded, so that every type has its turn; it says that there is more."""
    monkeypatch.setattr("carelane.connect.fhir.poll_round.PAGES_MAX", 3)
    rig, ledger = await opened(page_size=40), Ledger()
    await filled(rig, *[10] * 300)
    one = poller(rig, ledger, KIND)
    rounds = []
    for _ in range(20):
        [polled] = await one.poll(now=rig.now())
        assert polled.cause == ""
        rounds.append(polled.more)
        if not polled.more:
            break
    assert True in rounds
    assert rounds[-1] is False
    assert set(whole_ones(ledger)) == set(names(*range(300)))


@pytest.mark.parametrize("large", [None, 7])
async def test_a_server_that_does_not_sort_loses_nothing_either(
    opened: Open, large: int | None
) -> None:
    """The cursor waits for the last page: a crash before it repeats, and drops nothing."""
    rig, ledger = await opened(page_size=3, sorts=False), Ledger()
    await filled(rig, *[LARGE if number == large else 10 for number in range(20)])
    start = rig.now() - timedelta(hours=1)
    ask, calls = rig.client.follow, 0

    async def cut(*given: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise ConnectionError
        return await ask(*given, **more)

    rig.client.follow = cut  # type: ignore[method-assign]  # a crash between two pages
    with pytest.raises(ConnectionError):
        await poller(rig, ledger, KIND).poll(now=rig.now())
    assert cursor(ledger).since == start
    one = poller(rig, ledger, KIND)
    ends = [(await one.poll(now=rig.now()))[0].cause for _ in range(3)]
    assert ends[-1] == ""
    assert set(whole_ones(ledger)) == set(names(*range(20))) - {f"new{large}"}
    assert len(held_back(ledger)) == (0 if large is None else 1)


@pytest.mark.invariant("I9")
async def test_where_even_names_are_too_large_the_silence_is_told(opened: Open) -> None:
    """Such an EHR gives no way past it; after an hour it is somebody's work, once, also after a restart."""
    rig, ledger = await opened(narrows=frozenset()), Ledger()
    await filled(rig, SMALL, LARGE, SMALL)
    for _ in range(3):
        [polled] = await poller(rig, ledger, KIND).poll(now=rig.now())
        assert polled.cause == "too-large"
        assert not held_back(ledger)
        await rig.wait(timedelta(minutes=25))
    for _ in range(2):
        await poller(rig, ledger, KIND).poll(now=rig.now())
    found = held_back(ledger)
    assert {each.code for each in found} == {"fhir.not-read"}
    assert {each.place for each in found} == {f"ehr {KIND}"}
    assert len({one for one in ledger.ids(KIND) if "not-read" in one}) == 1
    assert whole_ones(ledger) == names(0)


async def test_a_long_downtime_is_told_once_and_reading_goes_on(opened: Open) -> None:
    """From the first poll on: what changed while nothing could be read is received afterwards."""
    rig, ledger = await opened(), Ledger()
    one = poller(rig, ledger, KIND)
    rig.server.faults.add({"mode": "500", "kind": KIND, "count": 20})
    rig.server.put(order(0))
    for _ in range(20):
        [polled] = await one.poll(now=rig.now())
        assert polled.cause == "http-500"
        await rig.wait(timedelta(minutes=30))
    [found] = held_back(ledger)
    assert "http-500" in found.message
    [polled] = await one.poll(now=rig.now())
    assert (polled.cause, polled.received) == ("", 1)
    assert whole_ones(ledger) == names(0)
