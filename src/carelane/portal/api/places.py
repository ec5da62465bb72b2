"""The place of a problem: the name of a parameter, a body's field or a form's field; our words, never a client's."""

from itertools import takewhile
from typing import Final

from carelane.portal.api import cases, operating, signing, tasks
from carelane.portal.api.known import members_of, parameters_of
from carelane.portal.desk import Desk

_ROUTES: Final = (*signing.ROUTES, *tasks.ROUTES, *cases.ROUTES, *operating.ROUTES)
_NAMES: Final = frozenset(
    name for route in _ROUTES for name in (*parameters_of(route), *members_of(route))
)


def placed(desk: Desk, path: tuple[str, ...]) -> str:
    """The field that is meant: the last name that is known on the way there; empty where none is.

    A field of a task's form stands by its own name (`told_how`), as in what `complete` still needs.
    """
    forms = {
        field.name
        for definition in desk.runtime.releases.published.values()
        for kind in definition.tasks.values()
        for field in kind.form
    }
    own = tuple(takewhile(lambda name: name in _NAMES | forms, path))
    return own[-1] if own else ""
