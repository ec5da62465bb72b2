"""Decision tables in words: a row as a sentence, a table as rows and columns. For explanations and documents."""

from carelane.pathways.definition import Definition, Row, Table
from carelane.pathways.guard import ALWAYS
from carelane.pathways.wording import value_text, wording


def row_words(row: Row) -> str:
    """`service = cardiology: referral-triage-cardiology`."""
    return f"{condition_words(row)}: {', '.join(outputs(row))}"


def condition_words(row: Row) -> str:
    """When a row answers; `otherwise` for one that always does."""
    return "otherwise" if row.when == ALWAYS else wording(row.when)


def outputs(row: Row) -> tuple[str, ...]:
    """What a row answers; named where it answers several things."""
    if len(row.then) == 1:
        return tuple(value_text(value) for value in row.then.values())
    return tuple(f"{name} {value_text(value)}" for name, value in row.then.items())


def table_rows(table: Table) -> list[tuple[str, str, str]]:
    """Number, condition and answer of each row, under a heading."""
    listed = [
        (str(row.number), condition_words(row), ", ".join(outputs(row))) for row in table.rows
    ]
    return [("row", "when", "answer"), *listed]


def owner_table(definition: Definition, state: str) -> str:
    """The name of the table that names a state's owner; empty if its owner is declared."""
    found = definition.states.get(state)
    output = found.owner.table if found is not None and found.owner is not None else ""
    return next((table.name for table in definition.tables.values() if output in table.outputs), "")
