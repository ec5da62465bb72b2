"""How far away care is, for the front page of whoever may see figures: third next available, request to appointment."""

from dataclasses import dataclass
from datetime import timedelta

from carelane.access.request import Action
from carelane.accounts.sessions import Session
from carelane.measures.counted import Asked, access
from carelane.measures.definitions import MEANINGS
from carelane.measures.figures import Figure
from carelane.portal.desk import Desk

PERIOD = timedelta(days=30)
_DAY_S = 86_400
_IN_DAYS = {"third_next": 1, "appointments": _DAY_S}
"""What stands on the page, and how many of the measure's own units make a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """One number of the front page: the measure, its title, half of them within so many days, of how many."""

    measure: str
    title: str
    days: str
    n: int


async def nearness(desk: Desk, session: Session) -> tuple[Near, ...]:
    """In the person's own sites, over the last 30 days; none for who may not see figures."""
    if desk.rights.may(session, Action.MEASURES_VIEW, desk.rights.everywhere()):
        return ()
    runtime = desk.runtime
    now = runtime.now()
    zones = {each.name: each.zone for each in runtime.directory.sites.values()}
    asked = Asked(from_at=now - PERIOD, to_at=now, parts=())
    async with runtime.app.snapshot(sites=session.person.sites) as tx:
        found = await access(tx, asked, runtime.releases.published.values(), zones)
    told = {each.measure: each for each in found}
    return tuple(_near(name, told.get(name)) for name in _IN_DAYS)


def _near(name: str, figure: Figure | None) -> Near:
    median = figure.median if figure is not None else None
    days = "not known" if median is None else f"{median / _IN_DAYS[name]:.1f} d"
    return Near(measure=name, title=MEANINGS[name].title, days=days, n=figure.n if figure else 0)
