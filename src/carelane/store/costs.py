"""What messages cost here so far: rows and bytes from the database's own statistics."""

from carelane.store.database import Tx


async def costs(tx: Tx) -> dict[str, object]:
    """Bytes, rows and sends per 1,000 messages, and CPU seconds of PostgreSQL's statements where it counts them."""
    row = await tx.one("doctor.costs")
    if row is None or not row["messages"]:
        return {"messages": 0}
    thousand = 1000 / float(row["messages"])
    return {
        "messages": row["messages"],
        "rows_per_1000_messages": round(float(row["rows"]) * thousand),
        "disk_bytes_per_1000_messages": round(float(row["bytes"]) * thousand),
        "sends_per_1000_messages": round(float(row["sends"]) * thousand),
    }
