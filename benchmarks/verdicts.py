"""Which demands on speed and memory are met by measured figures. Pure."""

from collections.abc import Mapping
from typing import Any

MEGABYTE = 1_000_000


def verdicts(figures: Mapping[str, Any]) -> dict[str, bool]:
    """Demand by demand; those whose figures were not measured are left out."""
    found: dict[str, bool] = {}
    if "ratio" in figures:
        found["ratio at least 0.15"] = figures["ratio"] >= 0.15
    if "ack_p99_ms" in figures:
        found["ack_p99_ms under 20"] = figures["ack_p99_ms"] < 20
        found["message_to_task_p95_ms under 1000"] = figures["message_to_task_p95_ms"] < 1_000
    if "parse" in figures:
        found["parse at least 10 x python-hl7"] = (
            figures["parse"] >= 10 * figures["parse_python_hl7"]
        )
        found["parse at least 100 x hl7apy"] = figures["parse"] >= 100 * figures["parse_hl7apy"]
    if "table" in figures:
        found |= _rules(figures)
    if "backtest" in figures:
        # of a smaller load (--scale) the same pace is asked
        judged = figures["backtest"]
        pace = judged["facts"] / judged["seconds"]
        found["backtest of 1,000,000 facts in under 5 minutes"] = pace > 1_000_000 / 300
        found["backtest in constant memory"] = judged["growth_bytes"] < 20 * MEGABYTE
        found["backtest gives the same bytes again"] = judged["same_again"]
    if "waiting" in figures:
        found |= _waiting(figures["waiting"])
        found["drain keeps the order"] = figures["_order_kept"]
        found["drain does urgent ones first"] = figures["_urgent_first"]
    if "drain" in figures and "spine" in figures:
        found["drain at least the spine figure"] = figures["drain"] >= figures["spine"]
    return found


def _rules(figures: Mapping[str, Any]) -> dict[str, bool]:
    shipped = [taken for name, taken in figures["prove_s"].items() if name != "generated"]
    return {
        "table at least 1,000,000/s": figures["table"] >= 1_000_000,
        "table at least 5 x zen-engine": figures["table"] >= 5 * figures["table_zen"],
        "step at least 10,000/s": figures["step"] >= 10_000,
        "each shipped pathway proved in under 2 s": max(shipped) < 2,
        "the generated pathway proved in under 60 s": figures["prove_s"]["generated"] < 60,
    }


def _waiting(waiting: Mapping[str, Any]) -> dict[str, bool]:
    growth = waiting["growth_bytes"].values()
    return {
        "no process grows by 20 MB": all(each < 20 * MEGABYTE for each in growth),
        "a worker starts in under 3 s": waiting["worker_start_s"] < 3,
        "a due clock fires within 2 s": waiting["clock_lateness_s"] < 2,
    }
