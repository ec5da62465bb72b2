"""The pieces of `make bench` run and look at what they claim to; its figures are no matter of the test suite."""

import pytest

from benchmarks import parsing
from benchmarks.asking import asking
from benchmarks.backlog import backlog, drain
from benchmarks.house import bench_house
from benchmarks.latency import latency
from benchmarks.spine import spine
from benchmarks.verdicts import verdicts
from benchmarks.waiting import waiting
from carelane.connect.hl7v2.codec import parse

WORKERS = ("work-0", "work-1")


def test_three_parsers_read_the_same_twenty_fields_alike() -> None:
    assert {len(paths) for _, paths in parsing.samples()} == {20}
    assert parsing.differences() == []


def test_a_parser_that_answers_otherwise_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    mutant = {**parsing.READERS, "parse_python_hl7": lambda _raw, paths: ["?"] * len(paths)}
    monkeypatch.setattr(parsing, "READERS", mutant)
    assert "parse_python_hl7 PID-5.1" in parsing.differences()


def test_a_backlog_holds_urgent_and_changed_referrals() -> None:
    triggers = [parse(raw)[0] for raw in backlog(1_500, 1)]
    seen = {message.get("MSH", 9, 2) for message in triggers if message}
    urgencies = {message.get("RF1", 2, 1) for message in triggers if message}
    assert seen == {"I12", "I13"}
    assert {"R", "S"} <= urgencies


@pytest.mark.parametrize(
    ("figures", "met"),
    [
        ({"ratio": 0.15}, [True]),
        ({"ratio": 0.149}, [False]),
        ({"ack_p99_ms": 20.0, "message_to_task_p95_ms": 999.0}, [False, True]),
        ({"parse": 1000, "parse_python_hl7": 100, "parse_hl7apy": 11}, [True, False]),
    ],
)
def test_a_demand_is_met_or_not(figures: dict[str, float], met: list[bool]) -> None:
    assert list(verdicts(figures).values()) == met


@pytest.mark.postgres
@pytest.mark.slow
async def test_every_piece_measures_real_processes() -> None:
    async with bench_house() as bench:
        run = await spine(bench, messages=30, first=1)
        assert run.per_second > 0
        assert run.rows >= 12
        asked = await asking(bench, questions=20)
        assert min(asked.alone, asked.alone_cpu, asked.transaction, asked.transaction_cpu) > 0
        delays = await latency(bench, first=1_000, seconds=0.2)
        assert 0 < delays.ack_p99_ms < delays.message_to_task_p95_ms
        before = bench.memory_bytes()
        await bench.stop(*WORKERS)
        drained = await drain(bench, messages=60, first=2_000, workers=WORKERS)
        assert drained.disordered == 0
        found = await waiting(bench, cases=300, before=before)
        assert found.cases == 300
        assert found.bytes_per_waiting_case > 0
        assert set(found.growth_bytes) == {"listen", *WORKERS}
