"""A state and a table as a page shows them: words from the definition, numbers from what waits now. Pure."""

from dataclasses import dataclass
from datetime import datetime

from carelane.pathways.definition import Definition, State
from carelane.pathways.sayings import (
    clock_words,
    fallback_words,
    leads,
    levels_words,
    owner_words,
)
from carelane.pathways.tables_text import table_rows
from carelane.store.database import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class StateView:
    """One state: what it says, how many wait in it, since when the oldest does, how many are past due."""

    name: str
    title: str
    final: bool
    safety: bool
    owner: str
    clock: str
    help: str
    then: str
    task: str
    leads: tuple[
        tuple[str, str, str], ...
    ]  # why (outcome, event, effect), its name, where it leads
    sends: tuple[str, ...]
    open: int
    late: int
    oldest_at: datetime | None


def view_of(definition: Definition, state: State, row: Row | None) -> StateView:
    """A state of a definition with its row of `measures.standing`, if anything waits there."""
    return StateView(
        name=state.name,
        title=state.title,
        final=state.final,
        safety=state.clock is not None and state.clock.safety,
        owner=owner_words(state.owner),
        clock=clock_words(state.clock),
        help=levels_words(state),
        then=f"ends: {state.outcome}" if state.final else fallback_words(state),
        task=definition.tasks[state.task].title if state.task in definition.tasks else "",
        leads=leads(state),
        sends=state.effects,
        open=row["open"] if row else 0,
        late=row["late"] if row else 0,
        oldest_at=row["oldest_at"] if row else None,
    )


def tables_of(definition: Definition) -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    """Each decision table: its name, how it is read, and its rows without the heading."""
    return [
        (table.name, table.hit.value, table_rows(table)[1:]) for table in definition.tables.values()
    ]
