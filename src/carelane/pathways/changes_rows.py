"""Table rows of an overlay: put before the base's, in their place, or, for urgencies, only where they raise."""

from carelane.pathways.names import URGENCIES
from carelane.pathways.nodes import may, named, put, section_of, word_of
from carelane.pathways.reader import Many, Node, Record, Text
from carelane.pathways.shape import Part


def change_tables(base: Record, over: Part) -> Record:
    """Rows: `first` go before the base's, `rows` instead of them, `raise` into a table of urgencies."""
    section = over.part("tables", "`tables`")
    for name in section.entries:
        table = named(base, section, "tables", name)
        may(base, section, "tables", name)
        if table is None:
            continue
        if name in _red(base):
            section.findings.add(
                "overlay",
                section.place(name),
                f"Table `{name}` says red flags.",
                "They have approvers of their own: change it in the base.",
            )
        part = section.part(name, f"Table `{name}`")
        urgent = word_of(table, "output") == "urgency" or "outputs" in table.entries
        part.keys(("raise",) if urgent else ("first", "rows"))
        if len(part.entries) != 1:
            part.findings.add(
                "overlay", part.at, f"Table `{name}` is changed in one way.",
                "Write `raise: [rows]`." if urgent else "Write `first: [rows]` or `rows: [rows]`.",
            )  # fmt: skip
        base = put(base, "tables", put(section_of(base, "tables"), name, _rows(table, part)))
    return base


def _rows(table: Record, part: Part) -> Record:
    before = table.entries.get("rows")
    rows = list(before.items) if isinstance(before, Many) else []
    added = [*_items(part, "first"), *_items(part, "rows"), *_items(part, "raise")]
    if "rows" in part.entries:
        return put(table, "rows", Many(tuple(added), part.place("rows")))
    if "first" in part.entries:
        return put(table, "rows", Many((*added, *rows), part.place("first")))
    for row in added:
        _raise(rows, row, part, hit=word_of(table, "hit"))
    return put(table, "rows", Many(tuple(rows), before.at if before else part.at))


def _raise(rows: list[Node], row: Node, part: Part, *, hit: str) -> None:
    """A row that only raises: before the first row that answers lower, and all behind it answer no higher."""
    said = _urgency(row)
    at = next((n for n, one in enumerate(rows) if _urgency(one) < said), len(rows))
    if said < 0 or hit != "first" or any(_urgency(one) > said for one in rows[at:]):
        part.findings.add(
            "overlay", row.at, "This row could lower an urgency of the base.",
            "A row is added where the table is `hit: first` and its rows go from the highest urgency down.",
        )  # fmt: skip
        return
    rows.insert(at, row)


def _urgency(row: Node) -> int:
    then = row.entries.get("then") if isinstance(row, Record) else None
    word = then.text if isinstance(then, Text) else ""
    return URGENCIES.index(word) if word in URGENCIES else -1


def _items(part: Part, key: str) -> tuple[Node, ...]:
    node = part.node(key)
    if node is None:
        return ()
    if isinstance(node, Many) and node.items:
        return node.items
    part.findings.add(
        "rows", node.at, f"`{key}` is a list of rows.", "Write `- { when: ..., then: ... }`."
    )
    return ()


def _red(base: Record) -> frozenset[str]:
    """Tables whose answers are red flags."""
    outputs = section_of(section_of(base, "red_flags"), "outputs").entries.keys()
    tables = section_of(base, "tables").entries
    named = {
        name
        for name, node in tables.items()
        if isinstance(node, Record) and outputs & section_of(node, "outputs").entries.keys()
    }
    return frozenset(named | outputs)
