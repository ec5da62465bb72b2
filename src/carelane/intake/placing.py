"""Which service line a fact belongs to, from what it asks for and how the site names its specialties. Pure.

Labels, owners and the scope in which a pathway is in force follow the service line; without one they are those of the
whole site.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from carelane.directory.snapshot import Snapshot
from carelane.facts.fact import Draft


def line_names(directory: Snapshot) -> Mapping[str, str]:
    """The site's service lines by everything that names them: name, title, specialties."""
    found: dict[str, str] = {}
    for row in directory.service_lines.values():
        for each in (row.name, row.title, *row.specialties):
            found.setdefault(plain(each), row.name)
    return found


def service_line(names: Mapping[str, str], draft: Draft) -> str | None:
    """The site's service line that the draft names or asks for; None where nothing says so.

    A code, its text and the draft's own label are compared with the lines' names, titles and specialties, which may
    hold the codes that other systems use.
    """
    for said in _said(draft):
        if line := names.get(plain(said)):
            return line
    return None


@lru_cache(maxsize=1024)
def plain(text: str) -> str:
    """A name without case and signs: `Family medicine` is `family-medicine`."""
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def _said(draft: Draft) -> Iterable[str]:
    if draft.service_line:
        yield draft.service_line
    payload = draft.payload.reveal()
    for role, element in (("request", "performerType"), ("request", "code"), ("appointment", "specialty"),
                          ("appointment", "serviceType"), ("encounter", "serviceType"), ("slot", "specialty"),
                          ("slot", "serviceType")):  # fmt: skip
        resource = payload.get(role)
        if isinstance(resource, Mapping):
            yield from _concepts(resource.get(element))


def _concepts(value: Any) -> Iterable[str]:
    many = value if isinstance(value, list | tuple) else (value,)
    for concept in many:
        if not isinstance(concept, Mapping):
            continue
        for coding in concept.get("coding") or ():
            yield from (str(coding[name]) for name in ("code", "display") if coding.get(name))
        if concept.get("text"):
            yield str(concept["text"])
