"""What is counted over a period: a table for each measure with its definition, and the same as CSV. Reading only."""

from collections.abc import Mapping
from datetime import timedelta

from litestar import Response, get

from carelane.access.request import Action
from carelane.measures.counted import Asked as Question
from carelane.measures.counted import count, history
from carelane.measures.definitions import MEANINGS
from carelane.measures.figures import PARTS, Figure
from carelane.portal.desk import Asked, Desk, desk_of, session_of
from carelane.portal.filters import choice_of
from carelane.portal.measured import as_csv, tables
from carelane.portal.pages.problems import problem
from carelane.portal.render import Html, page
from carelane.portal.saying import Said, said

DAYS = (7, 30, 90)
_SCREEN = "measures"


@get("/measures")
async def index(request: Asked) -> Html:
    """Tables, narrowed as the address says; `of` is one measure alone."""
    if denied := await _denied(request):
        return problem(request, denied)
    given = request.query_params
    question, figures = await _counted(request)
    return page(
        request,
        "measures.html",
        tables=tables(figures, only=_only(given)),
        meanings=MEANINGS,
        question=question,
        days=_days(given),
        choices=DAYS,
        parts=PARTS,
        only=_only(given),
        among=_choices(desk_of(request)),
    )


@get("/measures/figures.csv")
async def download(request: Asked) -> Response[str]:
    """The same figures, one in a line, all of them."""
    if denied := await _denied(request):
        return problem(request, denied)
    _, figures = await _counted(request)
    text = as_csv(figures, only=_only(request.query_params))
    named = {"content-disposition": 'attachment; filename="carelane-figures.csv"'}
    return Response(content=text, media_type="text/csv; charset=utf-8", headers=named)


async def _denied(request: Asked) -> Said | None:
    """Why this person may not see figures; if they may, a leaf says that they looked."""
    desk, session = desk_of(request), session_of(request)
    denied = await desk.rights.allow(session, Action.MEASURES_VIEW, desk.rights.everywhere())
    if denied:
        return said(denied, desk.runtime.now())
    await desk.rights.read(session, _SCREEN, [])
    return None


async def _counted(request: Asked) -> tuple[Question, tuple[Figure, ...]]:
    """One snapshot, in the person's own sites."""
    runtime, session = desk_of(request).runtime, session_of(request)
    question = _question(desk_of(request), request.query_params)
    definitions = runtime.releases.published
    async with runtime.app.snapshot(sites=session.person.sites) as tx:
        found = await history(tx, question, definitions.values())
    return question, count(found, question, runtime.directory, definitions)


def _question(desk: Desk, given: Mapping[str, str]) -> Question:
    """What is asked; a word that isn't one of the choices is refused."""
    to_at = desk.runtime.now()
    choices = _choices(desk)
    named = {name: choice_of(given, name, choices[f"{name}s"])
             for name in ("pathway", "site", "service_line")}  # fmt: skip
    parts = (choice_of(given, "by", PARTS) or "pathway",)
    return Question(from_at=to_at - timedelta(days=_days(given)), to_at=to_at, parts=parts, **named)


def _days(given: Mapping[str, str]) -> int:
    return int(choice_of(given, "days", DAYS) or 30)


def _only(given: Mapping[str, str]) -> str:
    return choice_of(given, "of", MEANINGS) or ""


def _choices(desk: Desk) -> dict[str, list[str]]:
    directory = desk.runtime.directory
    pathways = {each.name for each in desk.runtime.releases.published.values()}
    return {
        "pathways": sorted(pathways),
        "sites": sorted(directory.sites),
        "service_lines": sorted(directory.service_lines),
    }


ROUTES = (index, download)
