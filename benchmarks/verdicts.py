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
    if "backtest" in figures:
        # of a smaller load (--scale) the same pace is asked
        judged = figures["backtest"]
        pace = judged["facts"] / judged["seconds"]
        found["backtest of 1,000,000 facts in under 5 minutes"] = pace > 1_000_000 / 300
    if "waiting" in figures:
        found |= _waiting(figures["waiting"])
        found["drain keeps the order"] = figures["_order_kept"]
        found["drain does urgent ones first"] = figures["_urgent_first"]
    if "drain" in figures and "spine" in figures:
        found["drain at least the spine figure"] = figures["drain"] >= figures["spine"]
    return found


def _waiting(waiting: Mapping[str, Any]) -> dict[str, bool]:
    growth = waiting["growth_bytes"].values()
    return {
        "no process grows by 20 MB": all(each < 20 * MEGABYTE for each in growth),
        "a worker starts in under 3 s": waiting["worker_start_s"] < 3,
        "a due clock fires within 2 s": waiting["clock_lateness_s"] < 2,
    }
