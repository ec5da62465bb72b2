"""The place of a problem: the name of a parameter, a body's field or a form's field; our words, never a client's."""

from itertools import takewhile
from typing import Final

import msgspec

from carelane.portal.api.cases import Corrected, Written
from carelane.portal.api.operating import Again
from carelane.portal.api.signing import Credentials
from carelane.portal.api.tasks import Act
from carelane.portal.desk import Desk

_PARAMETERS: Final = frozenset({
    "view", "site", "service", "pathway", "name", "owner", "urgency", "opened_after", "after", "limit", "open", "from",
    "to", "actor",
})  # fmt: skip
_BODIES: Final = (Credentials, Act, Written, Corrected, Again)
_NAMES: Final = _PARAMETERS | {
    each.name for body in _BODIES for each in msgspec.structs.fields(body)
}


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
