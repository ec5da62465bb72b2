"""A gateway as a program of its own: started, texted, told to call back, asked what went out twice."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from carelane.connect.sms.adapter import open_sender
from carelane.facts.ids import name_id
from carelane.facts.intent import PATIENT_MESSAGE, Audience, IfUnknown, Intent
from carelane.facts.phi import Phi
from carelane.facts.ports import Verdict
from carelane.testing.doorstep import standing
from tests.adapters.programs import asked, program

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("flavour", ["twilio", "vonage"])
async def test_a_program_that_counts_what_it_sent_twice(flavour: str, tmp_path: Path) -> None:
    """One text sent twice by us is a double; receipts and replies reach a door."""
    heard: list[bytes] = []

    async def door(_scope: Any, source: Any, sink: Any) -> None:
        heard.append((await source())["body"])
        await sink({"type": "http.response.start", "status": 204, "headers": []})
        await sink({"type": "http.response.body", "body": b""})

    async with (
        program("carelane.testing.gateways", "--flavour", flavour) as at,
        standing(door) as base,
    ):
        (tmp_path / "key").write_text(at["secret"])
        sender = open_sender(
            {
                "dialect": flavour,
                "base_url": at["base"],
                "account": at["account"],
                "sender": at["sender"],
                "secret_file": str(tmp_path / "key"),
                "callback_url": base,
            }
        )
        intent = Intent(id=name_id("program", flavour), case=name_id("case"), step=None, name="text",
                        capability=PATIENT_MESSAGE, audience=Audience.PATIENT, if_unknown=IfUnknown.DROP,
                        content=Phi({"message": {"to": "+15550000001", "text": "Hello"}}, "content"))  # fmt: skip
        await asked(f"{at['admin']}/faults", {"faults": ["reset-after"]})
        assert (await sender.send(intent, attempt=1, now=NOW)).verdict is Verdict.UNKNOWN
        assert (await sender.send(intent, attempt=2, now=NOW)).verdict is Verdict.DONE
        await sender.close()
        told = await asked(f"{at['admin']}/texts")
        assert (len(told["texts"]), told["doubles"], told["requests"]) == (2, 1, 2)
        assert (await asked(f"{at['admin']}/receipts", {}))["answers"] == [204, 204]
        reply = {"from": "+15550000001", "text": "STOP", "url": base}
        assert (await asked(f"{at['admin']}/reply", reply))["answer"] == 204
        assert len(heard) == 3
        numbers = await asked(f"{at['admin']}/numbers", {"bad": ["+15550000002"]})
        assert numbers == {"bad": 1, "opted_out": 1}
