"""What a person did, as the audit keeps it: the head of every leaf of this room."""

from datetime import datetime
from uuid import UUID

from carelane.audit.actions import Action
from carelane.engine.runtime import Runtime
from carelane.facts.fact import Actor
from carelane.store.changes import Deed
from carelane.worklist.viewer import Viewer


def deed_of(
    runtime: Runtime, viewer: Viewer, action: Action, case: UUID, *, at: datetime | None = None
) -> Deed:
    """This person did this to a case, for their purpose; now, unless `at` says when."""
    return Deed(
        organisation=runtime.organisation,
        at=at or runtime.now(),
        action=action,
        actor=Actor.PERSON,
        name=viewer.person,
        case=case,
        purpose=viewer.purpose,
    )
