"""One decision's surroundings: definitions, view, what is late-bound, the fact, and the one `now`."""

from datetime import datetime

from msgspec import Struct

from carelane.cases.model import Case, Definitions, Late, View
from carelane.cases.prepared import Prepared, prepare
from carelane.facts.errors import LocalFault
from carelane.facts.fact import Fact


class ReleaseMissing(LocalFault):
    """A case's release was not given to the decision: the view must be read with its definitions."""

    code = "release-missing"


class DefinitionBroken(LocalFault):
    """A definition that `load` would have refused reached the core: load and publish the pathway again."""

    code = "definition-broken"


class Moment(Struct, frozen=True, kw_only=True):
    """What every part of one decision sees. `now` never goes back for a subject."""

    definitions: Definitions
    view: View
    late: Late
    fact: Fact
    now: datetime


def pinned(moment: Moment, case: Case) -> Prepared:
    """The release this case is pinned to.

    Raises:
        ReleaseMissing: The caller did not load it; the pair (case, fact) is parked.
    """
    definition = moment.definitions.pinned.get(case.release)
    if definition is None:
        for active in moment.definitions.active:
            if active.digest == case.release:
                return prepare(active)
        raise ReleaseMissing("a case's release is not among the definitions given")
    return prepare(definition)
