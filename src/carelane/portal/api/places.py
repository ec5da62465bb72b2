"""The place of a problem: the name of a parameter, a body's field or a form's field; our words, never a client's."""

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
    """`form.told_how`: the names that lead there, as far as they are known; empty where none is."""
    forms = {
        field.name
        for definition in desk.runtime.releases.published.values()
        for kind in definition.tasks.values()
        for field in kind.form
    }
    own: list[str] = []
    for name in path:
        if name not in _NAMES | forms:
            break
        own.append(name)
    return ".".join(own)
