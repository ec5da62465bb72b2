"""What a milestone's link shows: the message, then the patient and the rights, the case, and its words.

Each room says its part: `effects` whose message it is and how that patient is spoken to, `accounts` whether this
visitor may look (and writes it down), `access` which fields, `casebook` where the case stands, `connect.link` the page.
"""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from carelane.access.request import Purpose
from carelane.access.views import PATIENT, Screen, fields_of
from carelane.accounts.by_link import OFTEN, WRONG, Visit, admitted
from carelane.accounts.rights import Rights
from carelane.casebook.standing import Milestone, Standing, standing
from carelane.compose.house import House
from carelane.compose.policies import policies_of
from carelane.connect.link.page import WORDS
from carelane.connect.link.status_door import ENDED, Look
from carelane.connect.link.status_door import OFTEN as TRIED_OFTEN
from carelane.connect.link.status_door import WRONG as NOT_BORN_THEN
from carelane.connect.link.status_page import Line, Told
from carelane.effects.addressed import Addressed, addressed
from carelane.effects.release_templates import ReleaseTemplates
from carelane.engine.runtime import Runtime
from carelane.facts.errors import CarelaneError
from carelane.pathways.templates import Language

_REASONS: Mapping[str, str] = {OFTEN.reason: TRIED_OFTEN, WRONG.reason: NOT_BORN_THEN}


def looking(house: House) -> Look | None:
    """What the door asks. None where the policies can't be read: then nobody may look, and messages still come in."""
    try:
        rights = Rights(house.runtime, policies_of(house.settings))
    except CarelaneError as fault:
        house.runtime.log.failed("failed", fault, part="policies", number=1)
        return None
    templates = ReleaseTemplates()

    async def look(effect: UUID, born: date, language: str) -> Told | str:
        found = await addressed(rights.runtime, templates, effect)
        if found is None:
            return ENDED
        denied = await admitted(rights, _visit(found), born)
        if denied is not None:
            return _REASONS.get(denied.reason, ENDED)
        stands = await standing(rights.runtime, found.case, sites=(found.site,))
        return ENDED if stands is None else _told(rights.runtime, found, stands, language)

    return look


def _visit(found: Addressed) -> Visit:
    return Visit(effect=found.effect, case=found.case, subject=found.subject, whose=found.whose, site=found.site,
                 service_line=found.service_line, born=found.born)  # fmt: skip


def _told(runtime: Runtime, found: Addressed, stands: Standing, asked: str) -> Told:
    """The page in the patient's language, where it has that; only the fields that are listed for it (I19)."""
    language = found.language if found.language in WORDS else asked
    sites, now = runtime.directory.sites, runtime.now()
    place = sites.get(found.site) or next(iter(sites.values()))
    says = Dates(found.languages.get(language), place.zone, now)
    shown = fields_of(frozenset({PATIENT}), Purpose.PATRQT, Screen.STATUS).shown
    milestones = stands.milestones if "milestones" in shown else ()
    due = stands.due_at if "due_at" in shown else None
    over = stands.closed_at if "closed_at" in shown else None
    return Told(
        language=language,
        now=says.instant(now),
        lines=tuple(_line(found, each, language, says) for each in milestones),
        due=says.instant(due) if due else "",
        late=due is not None and due < now,
        over=says.day(over) if over else "",
    )


def _line(found: Addressed, milestone: Milestone, language: str, says: "Dates") -> Line:
    """The pathway's words for those who agreed to hear what is the matter; a phrase for everybody else."""
    words = milestone.said(language, found.own) if found.clinical else ""
    return Line(when=says.day(milestone.at), words=words, status=milestone.status)


class Dates:
    """Dates as the templates of a release write them in a language, at the site; as numbers where they don't.

    Templates name no year: one is added where it isn't this one, for a wait may be as long as that.
    """

    def __init__(self, language: Language | None, zone: str, now: datetime) -> None:
        self._said = language
        self._zone = ZoneInfo(zone)
        self._year = now.astimezone(self._zone).year

    def day(self, at: datetime) -> str:
        """A date."""
        local = at.astimezone(self._zone)
        if self._said is None:
            return local.date().isoformat()
        said = self._said.day(local)
        return said if local.year == self._year else f"{said} {local.year}"

    def instant(self, at: datetime) -> str:
        """A date and a time of day."""
        local = at.astimezone(self._zone)
        return f"{self.day(at)}, {self._said.time(local) if self._said else f'{local:%H:%M}'}"
