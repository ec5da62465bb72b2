"""What messages cost here so far: from the database's own statistics and the processes' heartbeats."""

from datetime import datetime

from carelane.store.database import Tx


async def costs(tx: Tx, now: datetime) -> dict[str, object]:
    """Memory now, and CPU seconds, disk, rows and sends per 1,000 messages.

    CPU and memory are those of Carelane's processes as their heartbeats tell; PostgreSQL's are apart.
    """
    row = await tx.one("doctor.costs", now=now)
    if row is None or not row["messages"]:
        return {"messages": 0}
    per = {
        "cpu_seconds": row["cpu_s"],
        "disk_bytes": row["bytes"],
        "rows": row["rows"],
        "sends": row["sends"],
    }
    thousand = 1000 / float(row["messages"])
    return {
        "messages": row["messages"],
        "memory_bytes": int(row["memory"]),
        **{
            f"{name}_per_1000_messages": round(float(value) * thousand, 1)
            for name, value in per.items()
        },
    }
