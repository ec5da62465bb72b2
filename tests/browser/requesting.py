"""A request for a visit that came by the web form and waits for a time, in a house without a door."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import psycopg

from carelane.compose.house import House
from carelane.compose.people import viewer_of
from carelane.connect.channel.adapter import envelope_for, reader_for
from carelane.engine.drain import drain
from carelane.facts.fact import Json
from carelane.facts.phi import Phi
from carelane.intake.interpret import interpret
from carelane.intake.receive import keep_one
from carelane.worklist import acting

FORM = {"channel": "web-form"}


async def requested(house: House, superuser: "psycopg.Connection[Any]", *, visit: str) -> UUID:
    """The open task that offers a time for this kind of visit in cardiology."""
    runtime = house.runtime
    said = {
        "id": "web-1", "sent_at": runtime.now().isoformat(), "kind": "appointment", "service": "cardiology",
        "visit": visit,
        "patient": {"numbers": [{"authority": "NORTH", "value": "M1"}], "family": "Quimbly"},
    }  # fmt: skip
    raw = json.dumps(said).encode()
    await keep_one(runtime, envelope_for(FORM)(raw), "web-form", raw, site="north")
    await interpret(runtime, {"web-form": reader_for(FORM, source="web-form")}, "web-form")
    await drain(runtime)
    [(task, version)] = superuser.execute(
        "select id, version from task where closed_at is null"
    ).fetchall()
    filled: Mapping[str, Json] = {"service": "cardiology", "payer": "public-plan"}
    await acting.complete(
        runtime,
        viewer_of(house, "bo.tarrant"),
        task,
        version=version,
        outcome="completed",
        form=Phi(filled, "form"),
    )
    await drain(runtime)
    [(offer,)] = superuser.execute("select id from task where closed_at is null").fetchall()
    return UUID(str(offer))
