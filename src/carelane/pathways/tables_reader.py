"""The section `tables`: typed decision tables. `tables` answers them.

An output is a pool, an urgency, a stage, a duration, a template, a boolean, or a code of a list:
nothing else, so that no table can say a diagnosis, a dose or a score (TRUST I17).
"""

from collections.abc import Mapping
from dataclasses import replace

from carelane.pathways.definition import Hit, Input, InputType, Row, Table
from carelane.pathways.durations import duration
from carelane.pathways.findings import choose
from carelane.pathways.guard import Value
from carelane.pathways.judge import fields_of
from carelane.pathways.names import URGENCIES, Names
from carelane.pathways.reader import Many, Node, Record, Text
from carelane.pathways.shape import Part, texts_of

OUTPUT_TYPES = ("pool", "urgency", "stage", "duration", "template", "code", "boolean")
ROWS_MAX = 500
_BOOLEANS = ("true", "false")
_READABLE = ("pool", "urgency", "stage", "code", "boolean")


def read_outputs(top: Part) -> dict[str, dict[str, tuple[str, tuple[str, ...]]]]:
    """The outputs of each table, before its rows: name -> (type, codes)."""
    section = Part(top.node("tables"), top.findings, "`tables`")
    found = {}
    for name, node in section.entries.items():
        part = Part(node if isinstance(node, Record) else None, top.findings, f"Table `{name}`")
        if "outputs" in part.entries:
            outputs = part.part("outputs", "`outputs`")
            found[name] = {key: _output(one, outputs) for key, one in outputs.entries.items()}
        else:
            found[name] = {name: _output(part.node("output"), part)}
    return found


def _output(node: Node | None, part: Part) -> tuple[str, tuple[str, ...]]:
    if node is None:
        return "code", ()
    if isinstance(node, Many):
        return "code", tuple(one.text for one in texts_of(node, part.findings, "output"))
    if isinstance(node, Text) and node.text in OUTPUT_TYPES and node.text != "code":
        return node.text, ()
    said = node.text if isinstance(node, Text) else "this"
    if said == "code":
        part.findings.add(
            "output",
            node.at,
            "A code comes out of a declared list.",
            "Write the list: `output: [one, two]`.",
        )
    else:
        part.findings.add(
            "output",
            node.at,
            f"A table can't answer with `{said}`.",
            f"{choose(said, OUTPUT_TYPES)} A table never says a diagnosis, dose or score.",
        )
    return "code", ()


def output_inputs(
    outputs: Mapping[str, tuple[str, tuple[str, ...]]], names: Names
) -> dict[str, Input]:
    """Table outputs as guards read them."""
    found = {}
    for name, (type_, codes) in outputs.items():
        if type_ not in _READABLE:
            continue
        allowed = _allowed(type_, codes, names)
        found[name] = Input(
            name=names.whole("output", name),
            path="",
            type=InputType.BOOLEAN if type_ == "boolean" else InputType.CODE,
            codes=() if type_ == "boolean" else allowed,
            ordered=type_ == "urgency",
        )
    return found


def _allowed(type_: str, codes: tuple[str, ...], names: Names) -> tuple[str, ...]:
    lists: dict[str, tuple[str, ...]] = {
        "pool": tuple(sorted(names.pools)),
        "urgency": URGENCIES,
        "stage": tuple(sorted(names.statuses)),
        "boolean": _BOOLEANS,
        "code": codes,
    }
    return lists.get(type_, ())


def read_tables(
    top: Part, outputs: Mapping[str, Mapping[str, tuple[str, tuple[str, ...]]]], names: Names
) -> dict[str, Table]:
    """The tables in the order of the text; a table may read the outputs of those above it."""
    found: dict[str, Table] = {}
    base = dict(names.fields)
    scope = replace(names, fields=base)
    for name, part in top.parts("tables", "Table"):
        part.keys(("hit", "inputs", "output", "outputs", "rows"), ("hit", "rows"))
        if "output" not in part.entries and "outputs" not in part.entries:
            part.findings.add(
                "missing-key",
                part.at,
                f"Table `{name}` does not say what it answers.",
                "Add `output: pool` (urgency, stage, duration, template, boolean, or a list).",
            )
        mine = outputs.get(name, {})
        _check_clash(part, mine, base)
        found[name] = _table(name, part, mine, scope)
        base.update(output_inputs(mine, names))
    return found


def sources(tables: Mapping[str, Table]) -> dict[str, frozenset[str]]:
    """What each table's outputs come from, through the tables above it."""
    found: dict[str, frozenset[str]] = {}
    for table in tables.values():
        read = frozenset(table.inputs).union(*(found.get(name, ()) for name in table.inputs))
        found.update(dict.fromkeys(table.outputs, read))
    return found


def answers_of(tables: Mapping[str, Table]) -> dict[tuple[str, str], tuple[str, ...]]:
    """What the rows of each collect table can answer, by table and output, each answer once."""
    return {
        (table.name, output): tuple(dict.fromkeys(str(row.then.get(output)) for row in table.rows))
        for table in tables.values()
        if table.hit is Hit.COLLECT
        for output, type_ in table.outputs.items()
        if type_ in ("pool", "code")
    }


def _check_clash(part: Part, mine: Mapping[str, object], taken: Mapping[str, Input]) -> None:
    for output in mine:
        if output in taken:
            part.findings.add(
                "twice",
                part.at,
                f"`{output}` already names a field.",
                "Give the output a name of its own.",
            )


def _table(
    name: str, part: Part, outputs: Mapping[str, tuple[str, tuple[str, ...]]], names: Names
) -> Table:
    node = part.node("rows")
    items = node.items if isinstance(node, Many) else ()
    if node is not None and not items:
        part.findings.add(
            "rows", node.at, f"Table `{name}` has no rows.", "Write `- { when, then }`."
        )
    if len(items) > ROWS_MAX:
        part.findings.add("rows", part.at, f"More than {ROWS_MAX} rows.", "Split the table.")
    rows = tuple(
        _row(number, Part(item, part.findings, f"Row {number}"), outputs, names)
        for number, item in enumerate(items[:ROWS_MAX], start=1)
    )
    read = sorted({field for row in rows for field in fields_of(row.when)})
    declared = tuple(
        names.fields[one].name if one in names.fields else one for one in part.words("inputs")
    )
    for extra in sorted(set(read) - set(declared)) if declared else ():
        part.findings.add(
            "undeclared-input",
            part.place("inputs"),
            f"A row reads `{extra}`.",
            f"Add `{extra}` to `inputs`.",
        )
    return Table(
        name=name,
        hit=Hit(part.one_of("hit", list(Hit), Hit.UNIQUE)),
        inputs=declared or tuple(read),
        outputs={key: type_ for key, (type_, _) in outputs.items()},
        rows=rows,
        codes={key: _allowed(type_, codes, names) for key, (type_, codes) in outputs.items()},
    )


def _row(
    number: int, part: Part, outputs: Mapping[str, tuple[str, tuple[str, ...]]], names: Names
) -> Row:
    part.keys(("when", "then"), ("when", "then"))
    node = part.node("then")
    cells: dict[str, Value] = {}
    if isinstance(node, Record):
        then = part.part("then", "`then`")
        then.keys(outputs, outputs)
        for key, one in then.entries.items():
            if key in outputs:
                cells[key] = _cell(one, outputs[key], names, key)
    elif node is not None and len(outputs) == 1:
        key = next(iter(outputs))
        cells[key] = _cell(node, outputs[key], names, key)
    elif node is not None:
        part.findings.add(
            "output",
            node.at,
            "This table has several outputs.",
            f"Write `{{ {', '.join(outputs)} }}`.",
        )
    when = names.guard(part.node("when"))
    return Row(number=number, line=part.at.line, when=when, then=cells)


def _cell(node: Node, output: tuple[str, tuple[str, ...]], names: Names, key: str) -> Value:
    type_, codes = output
    if not isinstance(node, Text):
        names.findings.add("output", node.at, f"`{key}` is one {type_}.", "Write one value.")
        return ""
    if type_ in ("duration", "template"):
        return _free_cell(node, type_, names)
    allowed = _allowed(type_, codes, names)
    if node.text not in allowed:
        names.findings.unknown(type_, node.text, node.at, allowed)
    return node.text == "true" if type_ == "boolean" else node.text


def _free_cell(node: Text, type_: str, names: Names) -> Value:
    if type_ == "duration" and duration(node.text) is None:
        names.findings.add(
            "not-a-duration",
            node.at,
            "This output is a duration.",
            "Write it like 5m, 2h, 3d or 1h30m.",
        )
    return node.text
